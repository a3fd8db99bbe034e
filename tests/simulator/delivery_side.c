/* Delivery in the world: the pivot, the carrier that is asked and forgets, couriers that say it themselves. */
#include "sides.h"

#include "delivery.h"

/*
 * Delivery carries the lines along as JSON and never looks into them, so here they are the lines themselves, as bytes: what comes out is
 * what went in.
 */
static struct str carried(const struct fact_lines *lines)
{
    return (struct str){(const char *)lines->items, lines->count * sizeof *lines->items};
}

static struct fact_lines uncarried(struct str text)
{
    return (struct fact_lines){(const struct fact_line *)text.p, text.n / sizeof(struct fact_line)};
}

/* ── inbound/events.c, outbound/store.c ─────────────────────────────────────────────────────────────────────────────────────────────── */

static bool take(struct world *w, const struct fact *f, struct command *c)
{
    struct record_confirmed confirmed = {f->subject, f->customer, f->address, LONGEST_CARRIER_PATIENCE};
    struct record_prepared prepared = {f->subject, carried(&f->lines), LONGEST_CARRIER_PATIENCE};
    struct cancel_delivery cancel = {f->subject, f->customer, carried(&f->lines)};
    switch ((int)f->type) {
    case FACT_OrderConfirmed:
        c->type = RECORD_CONFIRMED;
        c->data = arena_copy(&w->arena, &confirmed, sizeof confirmed);
        return true;
    case FACT_PreparationCompleted:
        c->type = RECORD_PREPARED;
        c->data = arena_copy(&w->arena, &prepared, sizeof prepared);
        return true;
    case FACT_OrderCancelRequested:
        c->type = CANCEL;
        c->data = arena_copy(&w->arena, &cancel, sizeof cancel);
        return true;
    }
    return false;
}

static void started(struct world *w, const struct fact *f)
{
    struct order_view order;
    int number = order_number(w, f->subject);
    w->orders[number].ever_delivery_started = true;
    order_look(w, number, &order);
    if (order.cancelled)
        violated(w, "3: the delivery of a cancelled order starts");
    if (provider_captured(w, f->subject) == 0)
        violated(w, "1: the delivery of an unpaid order starts");
    if (provider_refunds(w, f->subject) > 0)
        violated(w, "1: the delivery of a refunded order starts");
}

static void tell_side(struct world *w, const struct decided_event *e, struct fact *f)
{
    const struct delivery_started *s = e->data;
    switch (e->type) {
    case DELIVERY_REQUESTED_EVENT:
    case DELIVERY_COMPLETED_EVENT: f->customer = ((const struct delivery *)e->aggregate->state)->customer; break;
    case DELIVERY_STARTED_EVENT:
        f->customer = ((const struct delivery *)e->aggregate->state)->customer;
        f->lines = uncarried(s->lines);
        f->carrier = s->carrier;
        f->tracking_number = s->tracking_number;
        started(w, f);
        break;
    case DELIVERY_CANCELLED_EVENT:
        f->lines = uncarried(((const struct delivery_cancelled *)e->data)->lines);
        if (w->orders[order_number(w, f->subject)].ever_delivery_started)
            violated(w, "3: a delivery that has started is cancelled");
        break;
    default: break;
    }
    notices_expect(w, f);
}

static void start_effect(struct world *w, const struct decided_effect *e, const struct command *c, struct uuid cause, struct parked *asker)
{
    (void)asker;
    if (c->type == COMMAND_TIMER_DUE)
        cover(w, COVERED_CARRIER_FORGOT);
    carrier_handed(w, e->aggregate, cause);
}

/* ── what carrier and couriers say ──────────────────────────────────────────────────────────────────────────────────────────────────── */

void delivery_start(struct world *w, struct uuid order, bool by_courier, struct uuid cause)
{
    struct start_delivery start = {order, by_courier ? BY_COURIER : BY_CARRIER, STR("한빛택배"), STR("1")};
    struct entry e = {.c = command_of(w, START, &start, sizeof start, order, cause)};
    context_submit(w, DELIVERY_SERVICE, &e);
}

void delivery_complete(struct world *w, struct uuid order, bool by_courier, struct uuid cause)
{
    struct complete_delivery complete = {order, by_courier ? BY_COURIER : BY_CARRIER};
    struct entry e = {.c = command_of(w, COMPLETE, &complete, sizeof complete, order, cause)};
    context_submit(w, DELIVERY_SERVICE, &e);
}

/* ── looking at it ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void delivery_look(const struct world *w, struct uuid order, struct delivery_view *v)
{
    const struct aggregate *a = context_look(w, DELIVERY_SERVICE, DELIVERY, order);
    enum delivery_state state = a ? ((const struct delivery *)a->state)->state : DELIVERY_NONE;
    *v = (struct delivery_view){
        .none = state == DELIVERY_NONE,
        .awaiting = state == DELIVERY_AWAITING,
        .ready = state == DELIVERY_READY,
        .started = state == DELIVERY_STARTED,
        .completed = state == DELIVERY_COMPLETED,
        .cancelled = state == DELIVERY_CANCELLED,
    };
}

static const char *command_name(int type)
{
    static const char *const names[DELIVERY_COMMANDS] = {
        [COMMAND_TIMER_DUE] = "timer",
#define DELIVERY_COMMAND(command) [command] = #command,
#include "delivery.def"
    };
    return type < DELIVERY_COMMANDS ? names[type] : NULL;
}

static const char *state_name(const struct aggregate *a)
{
    return delivery_state_names[((const struct delivery *)a->state)->state];
}

static void decided(struct world *w, const struct entry *e, struct aggregate *const *a, const struct decision *d)
{
    (void)d;
    enum delivery_state state = ((const struct delivery *)a[0]->state)->state;
    if (e->c.type == CANCEL && state == DELIVERY_NONE)
        cover(w, COVERED_TOMBSTONE_DELIVERY);
    if (e->c.type == CANCEL && state == DELIVERY_READY)
        cover(w, COVERED_CANCEL_WON);
    if (e->c.type == CANCEL && (state == DELIVERY_STARTED || state == DELIVERY_COMPLETED))
        cover(w, COVERED_START_WON);
    if (e->c.type == RECORD_PREPARED && state == DELIVERY_CANCELLED)
        cover(w, COVERED_PREPARED_AFTER_CANCEL);
    if (e->c.type == START && state == DELIVERY_CANCELLED)
        cover(w, COVERED_CARRIER_AFTER_CANCEL);
}

const struct side delivery_side = {
    .name = "delivery",
    .decider = &delivery_decider,
    .topics = 1u << TOPIC_order | 1u << TOPIC_preparation,
    .take = take,
    .tell = tell_side,
    .start_effect = start_effect,
    .decided = decided,
    .command_name = command_name,
    .state_name = state_name,
};
