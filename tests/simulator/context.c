/* A context's engine, in memory: batches, inbox, outbox, timers, effects after the commit — what common/engine does with PostgreSQL. */
#include "world.h"

#include "invariant.h"
#include <stdio.h>
#include <string.h>

#define TIMER_PERIOD_DOUBLINGS 4 /* how late a timer is seen */

void context_begin(struct world *w, enum service service)
{
    struct context *x = &w->contexts[service];
    x->side = sides[service];
    memset(x->slots, 0, sizeof x->slots);
    memset(x->polls, 0, sizeof x->polls);
    x->slot_count = x->touched_count = x->queued = 0;
    x->batch = x->outbox_first = x->outbox_last = 0;
    x->batch_planned = x->relay_planned = false;
    x->up = true;
    x->life = 1;
}

/* ── aggregates ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct slot **place_of(struct context *x, int kind, struct uuid id)
{
    size_t i = (uuid_hash(id) + (size_t)kind) & (SLOTS - 1);
    while (x->slots[i] && !(x->slots[i]->a.kind == kind && uuid_equal(x->slots[i]->a.id, id)))
        i = (i + 1) & (SLOTS - 1);
    return &x->slots[i];
}

struct slot *context_slot(struct world *w, enum service service, int kind, struct uuid id)
{
    struct context *x = &w->contexts[service];
    struct slot **place = place_of(x, kind, id);
    if (!*place) {
        invariant(++x->slot_count < SLOTS / 2);
        *place = ARENA_NEW(&w->arena, struct slot);
        (*place)->a =
            (struct aggregate){.kind = kind, .id = id, .state = arena_alloc(&w->arena, x->side->decider->aggregates[kind].state_size)};
    }
    return *place;
}

const struct aggregate *context_look(const struct world *w, enum service service, int kind, struct uuid id)
{
    struct slot *slot = *place_of((struct context *)&w->contexts[service], kind, id);
    return slot && slot->a.version > 0 ? &slot->a : NULL;
}

/* Every aggregate that a decider gets is a slot's. */
static struct slot *slot_of(struct aggregate *a)
{
    return (struct slot *)((char *)a - offsetof(struct slot, a));
}

/* ── the queue ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void run_batch(struct world *w, const struct happening *h);

struct command command_of(struct world *w, int type, const void *data, size_t size, struct uuid correlation, struct uuid cause)
{
    return (struct command){
        .type = type, .data = arena_copy(&w->arena, data, size), .correlation = correlation, .cause = cause, .fresh = world_id(w)};
}

void context_submit(struct world *w, enum service service, const struct entry *e)
{
    struct context *x = &w->contexts[service];
    invariant(x->up && x->queued < QUEUE_MAX);
    x->queue[x->queued++] = *e;
    if (!x->batch_planned)
        announce(w, wait_for(w, BATCHING + (int)service, w->mood.slow_batch), service, run_batch, NULL, service);
    x->batch_planned = true;
}

/* ── timers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void timer_found(struct world *w, const struct happening *h)
{
    struct slot *slot = h->what;
    int timer = (int)(h->number_of & 15);
    enum service service = (enum service)h->service;
    if (slot->due[timer] == 0 || slot->due[timer] > w->now)
        return; /* moved or cleared: the look at the database does not find it */
    struct timer_due due = {.timer = timer, .aggregate_kind = slot->a.kind, .id = slot->a.id};
    static const struct uuid no_cause;
    struct entry e = {.c = command_of(w, COMMAND_TIMER_DUE, &due, sizeof due, slot->correlation[timer], no_cause)};
    context_submit(w, service, &e);
}

void context_plan_timer(struct world *w, enum service service, struct slot *slot, int timer)
{
    duration wait = slot->due[timer] > w->now ? slot->due[timer] - w->now : 0;
    announce(w, wait + wait_for(w, TIMING + (int)service, w->mood.slow_timers), service, timer_found, slot, timer);
}

static void set_timer(struct world *w, enum service service, struct slot *slot, int timer, instant due, struct uuid correlation)
{
    slot->due[timer] = due;
    slot->correlation[timer] = correlation;
    slot->decided[timer] = w->contexts[service].batch;
    if (due)
        context_plan_timer(w, service, slot, timer);
}

/* False: it was moved, cleared or decided, in this batch too. Fired, it is gone; what decides on it may set it again. */
static bool timer_fires(struct world *w, enum service service, const struct command *c)
{
    const struct timer_due *t = c->data;
    struct slot *slot = context_slot(w, service, t->aggregate_kind, t->id);
    if (slot->decided[t->timer] == w->contexts[service].batch || slot->due[t->timer] == 0 || slot->due[t->timer] > w->now) {
        cover(w, COVERED_TIMER_STALE);
        return false;
    }
    slot->due[t->timer] = 0;
    slot->decided[t->timer] = w->contexts[service].batch;
    return true;
}

/* ── a decision's events ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static enum fact_type fact_type_of(const struct event_type *type)
{
    for (int i = 0; i < FACT_TYPES; i++)
        if (strcmp(fact_names[i], type->name) == 0)
            return (enum fact_type)i;
    fprintf(stderr, "the simulator does not know the event %s: add it to facts.def\n", type->name);
    __builtin_trap();
}

static const enum topic topics_of[FACT_TYPES] = {
#define FACT(name, topic) [FACT_##name] = TOPIC_##topic,
#include "facts.def"
};

static void publish(struct world *w, enum service service, const struct decided_event *e, const struct command *c)
{
    struct context *x = &w->contexts[service];
    static enum fact_type known[SERVICES][COVERAGE_EVENTS];
    enum fact_type *type = &known[service][e->type];
    if (*type == 0) /* the first is ordered to be looked for each time */
        *type = fact_type_of(&x->side->decider->events[e->type]);
    struct fact *f = ARENA_NEW(&w->arena, struct fact);
    *f = (struct fact){.type = *type,
                       .topic = topics_of[*type],
                       .id = e->id,
                       .subject = e->aggregate->id,
                       .correlation = uuid_is_nil(c->correlation) ? e->aggregate->id : c->correlation,
                       .causation = c->cause,
                       .at = c->now};
    x->side->tell(w, e, f);
    invariant(x->outbox_last - x->outbox_first < OUTBOX_MAX);
    x->outbox[x->outbox_last++ % OUTBOX_MAX] = f;
}

static void note_events(struct world *w, enum service service, struct decision *d, const struct command *c)
{
    for (size_t i = 0; i < d->event_count; i++) {
        struct decided_event *e = &d->events[i];
        enum event_reach reach = d->decider->events[e->type].reach;
        w->digest = (w->digest ^ (uint64_t)w->now ^ (uint64_t)service << 56 ^ (uint64_t)e->type << 48) * 0x100000001b3 ^ w->digest >> 29;
        if (w->coverage)
            w->coverage->events[service][e->type]++;
        TELL_HISTORY(w, "              %s %s", reach == EVENT_PUBLISHED ? "→" : "·", d->decider->events[e->type].name);
        if (reach == EVENT_STATE)
            continue;
        e->id = world_id(w);
        if (reach == EVENT_PUBLISHED)
            publish(w, service, e, c);
    }
}

static void note_timers(struct world *w, enum service service, const struct decision *d, struct uuid correlation)
{
    for (size_t i = 0; i < d->timer_count; i++)
        set_timer(w, service, slot_of((struct aggregate *)d->timers[i].aggregate), d->timers[i].timer, d->timers[i].due, correlation);
}

/* ── one command ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct done { /* what is left to do after the commit */
    struct decision decision;
    bool decided, later;
    struct uuid first_event;
};

static struct aggregate **load(struct world *w, enum service service, const struct command *c, size_t *n)
{
    struct context *x = &w->contexts[service];
    struct keys keys;
    keys_init(&keys, &w->arena);
    x->side->decider->keys(c, &keys);
    struct aggregate **a = ARENA_ARRAY(&w->arena, struct aggregate *, keys.count + 1);
    for (size_t i = 0; i < keys.count; i++)
        a[i] = &context_slot(w, service, keys.items[i].kind, keys.items[i].id)->a;
    *n = keys.count;
    return a;
}

static void tell_command(struct world *w, const struct context *x, const struct entry *e, const struct aggregate *a)
{
    int number = order_number(w, a->id), product = product_number(w, a->id);
    const char *state = x->side->state_name(a);
    char whose[32] = "";
    if (number >= 0)
        (void)snprintf(whose, sizeof whose, " of order %d", number + 1);
    else if (product >= 0)
        (void)snprintf(whose, sizeof whose, " of product %c", 'A' + product);
    tell(w, "%-12s %s%s%s%s%s", x->side->name, e->fact ? fact_names[e->fact->type] : x->side->command_name(e->c.type), whose,
         state ? ", " : "", state ? state : "", e->fact ? " (heard)" : "");
}

static void look_at(struct world *w, enum service service, const struct aggregate *a)
{
    const struct side *side = w->contexts[service].side;
    if (w->coverage)
        coverage_change(w->coverage, service, side->state_name(a));
    if (side->changed)
        side->changed(w, a);
}

static void touch(struct world *w, enum service service, struct aggregate *const *a, size_t n)
{
    struct context *x = &w->contexts[service];
    for (size_t i = 0; i < n; i++) {
        if (!a[i]->changed)
            continue;
        look_at(w, service, a[i]);
        size_t k = 0;
        while (k < x->touched_count && &x->touched[k]->a != a[i])
            k++;
        if (k == x->touched_count)
            x->touched[x->touched_count++] = slot_of(a[i]);
    }
}

/* A message that is refused would go to the dead letters, and a timer's or an effect's would be lost: among us nobody says what cannot be.
 */
static void refused(struct world *w, const struct context *x, const struct entry *e, const struct refusal *r)
{
    TELL_HISTORY(w, "              refused: %s", r->title);
    if (e->fact)
        violated(w, "15: %s refuses %s, which is true: %s (%.*s)", x->side->name, fact_names[e->fact->type], r->type, STR_ARG(r->detail));
    if (e->answers || e->c.type == COMMAND_TIMER_DUE)
        violated(w, "15: %s refuses the answer to its own question: %s (%.*s)", x->side->name, r->type, STR_ARG(r->detail));
}

static void decide(struct world *w, enum service service, struct entry *e, struct done *done)
{
    struct context *x = &w->contexts[service];
    size_t n;
    if (e->c.type == COMMAND_TIMER_DUE && !timer_fires(w, service, &e->c))
        return;
    struct aggregate **a = load(w, service, &e->c, &n);
    if (w->tells)
        tell_command(w, x, e, a[0]);
    if (w->coverage)
        coverage_decision(w->coverage, service, x->side->state_name(a[0]), e->c.type);
    decision_init(&done->decision, x->side->decider, &w->arena);
    x->side->decider->decide(&e->c, a, &done->decision);
    done->decided = true;
    if (x->side->decided)
        x->side->decided(w, e, a, &done->decision);
    if (done->decision.refusal) {
        refused(w, x, e, done->decision.refusal);
    } else {
        decision_apply(&done->decision, &w->arena);
        note_events(w, service, &done->decision, &e->c);
        note_timers(w, service, &done->decision, e->c.correlation);
        touch(w, service, a, n);
        done->first_event = done->decision.event_count ? done->decision.events[0].id : (struct uuid){0};
    }
    done->later = e->asker && e->asker->compose(w, e->asker, a, &e->c, &done->decision);
    if (e->asker && e->asker->noted)
        e->asker->noted(w, e->asker, !done->later);
    invariant(!done->later || done->decision.effect_count > 0);
}

/* ── a batch ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void settle(struct world *w, enum service service, instant now)
{
    struct context *x = &w->contexts[service];
    for (size_t i = 0; i < x->touched_count; i++) {
        struct aggregate *a = &x->touched[i]->a;
        a->changed = false;
        if (!x->side->decider->settle)
            continue;
        struct decision d;
        decision_init(&d, x->side->decider, &w->arena);
        x->side->decider->settle(a, &d);
        decision_apply(&d, &w->arena);
        a->changed = false;
        note_events(w, service, &d, &(struct command){.correlation = a->id, .now = now});
    }
    x->touched_count = 0;
}

static bool is_news(struct world *w, enum service service, const struct entry *e)
{
    if (!e->fact)
        return true;
    uint32_t bit = 1u << service;
    if (e->fact->effective & bit) {
        cover(w, COVERED_READ_TWICE);
        return false;
    }
    e->fact->effective |= bit;
    return true;
}

static void after_commit(struct world *w, enum service service, struct entry *entries, struct done *done, size_t n)
{
    struct context *x = &w->contexts[service];
    for (size_t i = 0; i < n; i++) {
        struct parked *asker = entries[i].asker;
        for (size_t k = 0; done[i].decided && !done[i].decision.refusal && k < done[i].decision.effect_count; k++) {
            x->side->start_effect(w, &done[i].decision.effects[k], &entries[i].c, done[i].first_event, done[i].later ? asker : NULL);
            asker = done[i].later ? NULL : asker;
        }
        if (asker && done[i].decided && !done[i].later)
            asker->answer(w, asker);
    }
}

static void run_batch(struct world *w, const struct happening *h)
{
    enum service service = (enum service)h->number_of;
    struct context *x = &w->contexts[service];
    x->batch_planned = false;
    if (fault(w, COVERED_CRASH_BEFORE_BATCH, CRASHING + (int)service, w->mood.crash)) {
        crash(w, service, COVERED_CRASH_BEFORE_BATCH);
        return;
    }
    size_t n = x->queued;
    struct entry *entries = arena_copy(&w->arena, x->queue, n * sizeof *entries);
    struct done *done = ARENA_ARRAY(&w->arena, struct done, n);
    x->queued = 0;
    x->batch++;
    for (size_t i = 0; i < n; i++) {
        entries[i].c.now = w->now + (instant)i;
        if (is_news(w, service, &entries[i]))
            decide(w, service, &entries[i], &done[i]);
    }
    settle(w, service, w->now + (instant)n);
    if (x->outbox_first != x->outbox_last)
        network_relay(w, service);
    if (fault(w, COVERED_CRASH_BEFORE_EFFECTS, CRASHING + (int)service, w->mood.crash)) {
        crash(w, service, COVERED_CRASH_BEFORE_EFFECTS);
        return;
    }
    after_commit(w, service, entries, done, n);
    uint16_t life = x->life;
    for (size_t i = 0; i < n && life == x->life; i++)
        if (entries[i].poll)
            network_decided(w, service, entries[i].poll);
}
