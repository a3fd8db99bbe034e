/* Decide: all commands of a batch, one after the other, in memory; and what comes of them, ready to be sent. */
#include "batch_inside.h"
#include "clock.h"
#include "invariant.h"
#include <string.h>

static void *grown(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room ? *room * 2 : 64;
    void *larger = arena_alloc(arena, *room * size);
    if (count > 0)
        memcpy(larger, items, count * size);
    return larger;
}

static bool counts(const struct decision *d, size_t i)
{
    return d->decider->events[d->events[i].type].reach != EVENT_STATE;
}

/* The aggregate's version after the decision's event i: its version now, less the events of it that came later in the decision. */
static int64_t version_after(const struct decision *d, size_t i)
{
    int64_t version = d->events[i].aggregate->version;
    for (size_t later = i + 1; later < d->event_count; later++)
        if (d->events[later].aggregate == d->events[i].aggregate && counts(d, later))
            version--;
    return version;
}

static struct str encode(struct batch *b, const struct decided_event *e)
{
    buf_clear(&b->payload);
    struct json_writer w = {.out = &b->payload};
    json_begin_object(&w, NULL);
    b->config->encode(e->type, e->data, e->aggregate, &w);
    json_end_object(&w);
    return arena_str(&b->arena, buf_str(&b->payload));
}

static void note_event(struct batch *b, struct decision *d, size_t i, const struct command *c, struct str trace)
{
    const struct event_type *type = &d->decider->events[d->events[i].type];
    struct decided_event *e = &d->events[i];
    if (type->reach == EVENT_STATE)
        return;
    e->id = uuid_new();
    b->events = grown(&b->arena, b->events, b->event_count, &b->event_room, sizeof *b->events);
    b->events[b->event_count++] = (struct journal_event){
        .id = e->id,
        .aggregate = e->aggregate->id,
        .aggregate_kind = d->decider->aggregates[e->aggregate->kind].name,
        .version = version_after(d, i),
        .type = type,
        .correlation = uuid_is_nil(c->correlation) ? e->aggregate->id : c->correlation,
        .causation = c->cause,
        .traceparent = trace,
        .at = c->now,
        .data = encode(b, e),
    };
    b->published += type->reach == EVENT_PUBLISHED;
}

static void note_decision(struct batch *b, struct entry *e)
{
    struct decision *d = &e->decision;
    for (size_t i = 0; i < d->event_count; i++) {
        note_event(b, d, i, &e->c->command, e->trace);
        if (uuid_is_nil(e->first_event))
            e->first_event = d->events[i].id;
    }
    batch_note_timers(b, e);
}

static void check_locks(const struct batch *b, const struct decision *d)
{
    for (size_t i = 0; i < d->event_count; i++) {
        const struct aggregate *a = d->events[i].aggregate;
        const struct loaded_entry *entry = loaded_find(&b->loaded, a->kind, a->id);
        invariant(entry && entry->locked);
    }
}

static void decide(struct batch *b, struct entry *e, instant now)
{
    struct command *c = &e->c->command;
    c->now = now;
    if (c->type == COMMAND_TIMER_DUE && !batch_timer_fires(b, c)) {
        e->fate = FATE_STALE;
        return;
    }
    e->trace = span_begin(&e->span, &b->arena, c->traceparent, b->started);
    decision_init(&e->decision, b->config->decider, &b->arena);
    b->config->decider->decide(c, e->aggregates, &e->decision);
    if (e->decision.refusal) {
        e->fate = FATE_REFUSED;
    } else {
        e->fate = FATE_DONE;
        check_locks(b, &e->decision);
        decision_apply(&e->decision, &b->arena);
        note_decision(b, e);
    }
    if (e->c->asker)
        e->c->asker->compose(e->c->asker, c, e->aggregates, &e->decision, &e->answer);
    invariant(!e->answer.later || e->decision.effect_count > 0);
}

/* Events that describe a state: once a batch for each aggregate that changed. */
static void settle(struct batch *b, instant now)
{
    if (!b->config->decider->settle)
        return;
    for (size_t i = 0; i < b->loaded.count; i++) {
        struct aggregate *a = &b->loaded.entries[i]->aggregate;
        if (!a->changed)
            continue;
        struct decision *d = &b->settled;
        decision_init(d, b->config->decider, &b->arena);
        b->config->decider->settle(a, d);
        decision_apply(d, &b->arena);
        for (size_t k = 0; k < d->event_count; k++)
            note_event(b, d, k, &(struct command){.correlation = a->id, .now = now}, (struct str){0});
    }
}

/* Each command has a microsecond of its own, so that the order of times is the order in which things were decided. */
void batch_decide(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->entries[i].fate == FATE_OPEN)
            decide(b, &b->entries[i], b->now + (instant)i);
    settle(b, b->now + (instant)b->count);
}
