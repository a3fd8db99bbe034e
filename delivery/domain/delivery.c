/* What may be done with a delivery. */
#include "delivery.h"

#include "invariant.h"

const char *const delivery_state_names[DELIVERY_STATES] = {
#define DELIVERY_STATE(state) [DELIVERY_##state] = #state,
#include "delivery.def"
};

static const struct event_type events[DELIVERY_EVENTS] = {
#define DELIVERY_EVENT(event, name, reach, data) [event##_EVENT] = {(name), (reach), "jumun.delivery", (data)},
#include "delivery.def"
};

static const char *const timers[DELIVERY_TIMERS] = {
#define DELIVERY_TIMER(timer, name) [timer##_TIMER] = (name),
#include "delivery.def"
};

enum delivery_refusal {
#define DELIVERY_REFUSAL(refusal, ...) refusal,
#include "delivery.def"
    DELIVERY_REFUSALS
};
static const struct refusal refusals[DELIVERY_REFUSALS] = {
#define DELIVERY_REFUSAL(refusal, problem_status, problem_type, problem_title, problem_detail)                                             \
    [refusal] = {.status = (problem_status),                                                                                               \
                 .type = (problem_type),                                                                                                   \
                 .title = (problem_title),                                                                                                 \
                 .detail = {(problem_detail), sizeof(problem_detail) - 1}},
#include "delivery.def"
};

struct str delivery_tracking_number(struct arena *arena, const char *prefix, struct uuid order)
{
    return arena_printf(arena, "%s%012llu", prefix, (unsigned long long)(uuid_hash(order) % 1000000000000));
}

/* ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct uuid order_of(const struct command *c)
{
    switch (c->type) {
    case DELIVERY_TIMER_DUE: return ((const struct timer_due *)c->data)->id;
    case RECORD_CONFIRMED: return ((const struct record_confirmed *)c->data)->order;
    case RECORD_PREPARED: return ((const struct record_prepared *)c->data)->order;
    case START: return ((const struct start_delivery *)c->data)->order;
    case COMPLETE: return ((const struct complete_delivery *)c->data)->order;
    case CANCEL: return ((const struct cancel_delivery *)c->data)->order;
    }
    unreachable();
}

static void keys_of(const struct command *c, struct keys *keys)
{
    keys_add(keys, DELIVERY, order_of(c));
}

/* ── the two facts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void request(struct aggregate *a, const struct delivery_facts *facts, duration carrier_patience, struct decision *d)
{
    invariant(carrier_patience > 0);
    decision_event(d, a, DELIVERY_REQUESTED_EVENT, facts);
    decision_effect(d, a, HAND_TO_CARRIER, NULL, 0);
    decision_timer(d, a, CARRIER_TIMER, facts->at + carrier_patience);
}

static void record_confirmed(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct delivery *delivery = a->state;
    const struct record_confirmed *confirmed = c->data;
    struct delivery_facts facts = {.customer = confirmed->customer, .address = confirmed->address, .at = c->now};
    switch (delivery->state) {
    case DELIVERY_NONE: decision_event(d, a, DELIVERY_AWAITED_EVENT, &facts); return;
    case DELIVERY_AWAITING:
        if (uuid_is_nil(delivery->customer))
            request(a, &facts, confirmed->carrier_patience, d);
        return;
    case DELIVERY_READY:
    case DELIVERY_STARTED:
    case DELIVERY_COMPLETED:
    case DELIVERY_CANCELLED: return;
    case DELIVERY_STATES: break;
    }
    unreachable();
}

static void record_prepared(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct delivery *delivery = a->state;
    const struct record_prepared *prepared = c->data;
    struct delivery_facts facts = {.lines = prepared->lines, .at = c->now};
    switch (delivery->state) {
    case DELIVERY_NONE: decision_event(d, a, DELIVERY_PREPARED_EVENT, &facts); return; /* the confirmation will come */
    case DELIVERY_AWAITING:
        if (str_absent(delivery->lines))
            request(a, &facts, prepared->carrier_patience, d);
        return;
    case DELIVERY_READY:
    case DELIVERY_STARTED:
    case DELIVERY_COMPLETED:
    case DELIVERY_CANCELLED: return;
    case DELIVERY_STATES: break;
    }
    unreachable();
}

/* ── the way ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What a courier is refused, a carrier may say: again, since it may have been asked again, or too late, since nobody tells it of a cancel.
 */
static void refuse_courier(struct decision *d, enum delivery_agent by, enum delivery_refusal refusal)
{
    if (by == BY_COURIER)
        decision_refuse(d, &refusals[refusal]);
}

/* Dispatch is the pivot: here, and nowhere else, an order becomes shipped; in cancel(), and nowhere else, it is kept from that. */
static void start(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct delivery *delivery = a->state;
    const struct start_delivery *start = c->data;
    struct delivery_started started = {start->carrier, start->tracking_number, delivery->lines, c->now};
    switch (delivery->state) {
    case DELIVERY_NONE: decision_refuse(d, &refusals[DELIVERY_UNKNOWN]); return;
    case DELIVERY_AWAITING: decision_refuse(d, &refusals[NOT_READY]); return;
    case DELIVERY_READY: decision_event(d, a, DELIVERY_STARTED_EVENT, &started); return;
    case DELIVERY_STARTED: refuse_courier(d, start->by, ALREADY_STARTED); return;
    case DELIVERY_COMPLETED: refuse_courier(d, start->by, ALREADY_COMPLETED); return;
    case DELIVERY_CANCELLED: refuse_courier(d, start->by, IS_CANCELLED); return;
    case DELIVERY_STATES: break;
    }
    unreachable();
}

static void complete(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct delivery *delivery = a->state;
    const struct complete_delivery *complete = c->data;
    switch (delivery->state) {
    case DELIVERY_NONE: decision_refuse(d, &refusals[DELIVERY_UNKNOWN]); return;
    case DELIVERY_AWAITING: decision_refuse(d, &refusals[NOT_READY]); return;
    case DELIVERY_READY: decision_refuse(d, &refusals[NOT_STARTED]); return;
    case DELIVERY_STARTED:
        decision_event(d, a, DELIVERY_COMPLETED_EVENT, &(struct delivery_completed){c->now});
        decision_timer(d, a, CARRIER_TIMER, 0);
        return;
    case DELIVERY_COMPLETED: refuse_courier(d, complete->by, ALREADY_COMPLETED); return;
    case DELIVERY_CANCELLED: refuse_courier(d, complete->by, IS_CANCELLED); return;
    case DELIVERY_STATES: break;
    }
    unreachable();
}

static void cancel(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct delivery *delivery = a->state;
    const struct cancel_delivery *cancel = c->data;
    switch (delivery->state) {
    case DELIVERY_NONE:
    case DELIVERY_AWAITING:
    case DELIVERY_READY:
        decision_event(d, a, DELIVERY_CANCELLED_EVENT, &(struct delivery_cancelled){cancel->customer, cancel->lines});
        if (delivery->state == DELIVERY_READY)
            decision_timer(d, a, CARRIER_TIMER, 0);
        return;
    case DELIVERY_STARTED:
    case DELIVERY_COMPLETED: decision_event(d, a, DELIVERY_CANCEL_REFUSED_EVENT, NULL); return;
    case DELIVERY_CANCELLED: return;
    case DELIVERY_STATES: break;
    }
    unreachable();
}

static duration patience_with(duration age)
{
    if (age < LONGEST_CARRIER_PATIENCE)
        return age;
    return age / 10 > LONGEST_CARRIER_PATIENCE ? age / 10 : LONGEST_CARRIER_PATIENCE;
}

/* Not at the door yet: the carrier may never have heard of it, or have forgotten it in a crash. */
static void ask_carrier_again(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct delivery *delivery = a->state;
    if (delivery->state != DELIVERY_READY && delivery->state != DELIVERY_STARTED)
        return;
    decision_effect(d, a, HAND_TO_CARRIER, NULL, 0);
    decision_timer(d, a, CARRIER_TIMER, c->now + patience_with(c->now - delivery->requested_at));
}

static void decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case DELIVERY_TIMER_DUE: ask_carrier_again(c, a[0], d); return;
    case RECORD_CONFIRMED: record_confirmed(c, a[0], d); return;
    case RECORD_PREPARED: record_prepared(c, a[0], d); return;
    case START: start(c, a[0], d); return;
    case COMPLETE: complete(c, a[0], d); return;
    case CANCEL: cancel(c, a[0], d); return;
    }
    unreachable();
}

/* ── evolving ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void learn(struct delivery *delivery, const struct delivery_facts *facts, struct arena *arena)
{
    if (!uuid_is_nil(facts->customer)) {
        delivery->customer = facts->customer;
        delivery->address = arena_str(arena, facts->address);
    }
    if (!str_absent(facts->lines))
        delivery->lines = arena_str(arena, facts->lines);
}

static void evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    struct delivery *delivery = a->state;
    const struct delivery_facts *facts = data;
    const struct delivery_started *started = data;
    switch (event) {
    case DELIVERY_AWAITED_EVENT:
    case DELIVERY_PREPARED_EVENT:
        delivery->state = DELIVERY_AWAITING;
        learn(delivery, facts, arena);
        return;
    case DELIVERY_REQUESTED_EVENT:
        delivery->state = DELIVERY_READY;
        delivery->requested_at = facts->at;
        learn(delivery, facts, arena);
        return;
    case DELIVERY_STARTED_EVENT:
        delivery->state = DELIVERY_STARTED;
        delivery->started_at = started->at;
        delivery->carrier = arena_str(arena, started->carrier);
        delivery->tracking_number = arena_str(arena, started->tracking_number);
        return;
    case DELIVERY_COMPLETED_EVENT:
        delivery->state = DELIVERY_COMPLETED;
        delivery->completed_at = ((const struct delivery_completed *)data)->at;
        return;
    case DELIVERY_CANCELLED_EVENT:
        delivery->state = DELIVERY_CANCELLED;
        delivery->customer = ((const struct delivery_cancelled *)data)->customer; /* who may look at a tombstone */
        return;
    case DELIVERY_CANCEL_REFUSED_EVENT: return;
    }
    unreachable();
}

static const struct aggregate_type aggregates[DELIVERY_AGGREGATES] = {[DELIVERY] = {"delivery", sizeof(struct delivery)}};

const struct decider delivery_decider = {
    .aggregates = aggregates,
    .aggregate_count = DELIVERY_AGGREGATES,
    .events = events,
    .event_count = DELIVERY_EVENTS,
    .timers = timers,
    .timer_count = DELIVERY_TIMERS,
    .keys = keys_of,
    .decide = decide,
    .evolve = evolve,
};
