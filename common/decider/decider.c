/* What a decision collects while it is made, and what comes of it. */
#include "decider.h"

#include "invariant.h"
#include <string.h>

/* Room for one more item. Arenas do not give back: what grew stays until the batch ends, at most as much again as is used. */
static void *grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room ? *room * 2 : 4;
    void *larger = arena_alloc(arena, *room * size);
    if (count)
        memcpy(larger, items, count * size);
    return larger;
}

/* ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void keys_init(struct keys *keys, struct arena *arena)
{
    *keys = (struct keys){.arena = arena};
}

static void add(struct keys *keys, struct key key)
{
    keys->items = grow(keys->arena, keys->items, keys->count, &keys->room, sizeof(struct key));
    keys->items[keys->count++] = key;
}

void keys_add(struct keys *keys, int kind, struct uuid id)
{
    add(keys, (struct key){.kind = kind, .id = id});
}

void keys_consult(struct keys *keys, int kind, struct uuid id)
{
    add(keys, (struct key){.kind = kind, .id = id, .consulted = true});
}

/* ── decision ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void decision_init(struct decision *d, const struct decider *decider, struct arena *arena)
{
    *d = (struct decision){.arena = arena, .decider = decider};
}

void decision_event(struct decision *d, struct aggregate *a, int event, const void *data)
{
    invariant(event >= 0 && (size_t)event < d->decider->event_count);
    size_t size = d->decider->events[event].data_size;
    invariant(data || size == 0);
    d->events = grow(d->arena, d->events, d->event_count, &d->event_room, sizeof(struct decided_event));
    d->events[d->event_count++] = (struct decided_event){
        .aggregate = a,
        .type = event,
        .data = size ? arena_copy(d->arena, data, size) : NULL,
    };
}

void decision_timer(struct decision *d, const struct aggregate *a, int timer, instant due)
{
    invariant(timer >= 0 && (size_t)timer < d->decider->timer_count);
    for (size_t i = 0; i < d->timer_count; i++)
        if (d->timers[i].aggregate == a && d->timers[i].timer == timer) {
            d->timers[i].due = due;
            return;
        }
    d->timers = grow(d->arena, d->timers, d->timer_count, &d->timer_room, sizeof(struct decided_timer));
    d->timers[d->timer_count++] = (struct decided_timer){.aggregate = a, .timer = timer, .due = due};
}

void decision_effect(struct decision *d, const struct aggregate *a, int effect, const void *data, size_t size)
{
    d->effects = grow(d->arena, d->effects, d->effect_count, &d->effect_room, sizeof(struct decided_effect));
    d->effects[d->effect_count++] = (struct decided_effect){
        .aggregate = a->id,
        .effect = effect,
        .data = size ? arena_copy(d->arena, data, size) : NULL,
    };
}

static const char *copy_text(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text) + 1) : NULL;
}

static const struct refusal_error *copy_errors(struct arena *arena, const struct refusal_error *errors, size_t count)
{
    if (!count)
        return NULL;
    struct refusal_error *copy = ARENA_ARRAY(arena, struct refusal_error, count);
    for (size_t i = 0; i < count; i++)
        copy[i] = (struct refusal_error){
            .pointer = arena_str(arena, errors[i].pointer),
            .code = copy_text(arena, errors[i].code),
            .detail = arena_str(arena, errors[i].detail),
        };
    return copy;
}

void decision_refuse(struct decision *d, const struct refusal *r)
{
    if (d->refusal)
        return;
    struct refusal *copy = ARENA_NEW(d->arena, struct refusal);
    *copy = (struct refusal){
        .status = r->status,
        .type = copy_text(d->arena, r->type),
        .title = copy_text(d->arena, r->title),
        .detail = arena_str(d->arena, r->detail),
        .errors = copy_errors(d->arena, r->errors, r->error_count),
        .error_count = r->error_count,
    };
    d->refusal = copy;
}

void decision_refuse_with(struct decision *d, int status, const char *type, const char *title, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str detail = arena_vprintf(d->arena, format, args);
    va_end(args);
    decision_refuse(d, &(struct refusal){.status = status, .type = type, .title = title, .detail = detail});
}

void decision_apply(const struct decision *d, struct arena *arena)
{
    invariant(!d->refusal);
    for (size_t i = 0; i < d->event_count; i++) {
        const struct decided_event *e = &d->events[i];
        d->decider->evolve(e->aggregate, e->type, e->data, arena);
        e->aggregate->changed = true;
        if (d->decider->events[e->type].reach != EVENT_STATE)
            e->aggregate->version++;
    }
}
