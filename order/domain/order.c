/* The order's decider: which command touches what, and who decides it. */
#include "order.h"

#include "decisions.h"
#include "invariant.h"

/* ── the tables ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

const char *const order_status_names[ORDER_STATUSES] = {
    [ORDER_NONE] = "NONE",
#define ORDER_STATUS(status, text, terminal, patience) [ORDER_##status] = #status,
#include "order.def"
};

const char *const order_payment_names[ORDER_PAYMENTS] = {
#define ORDER_PAYMENT(payment) [ORDER_PAYMENT_##payment] = #payment,
#include "order.def"
};

const char *const order_reason_names[ORDER_REASONS] = {
#define ORDER_REASON(reason, name) [ORDER_REASON_##reason] = (name),
#include "order.def"
};

const char *const order_wait_names[ORDER_WAITS] = {
#define ORDER_WAIT(wait, name) [ORDER_WAITS_FOR_##wait] = (name),
#include "order.def"
};

#define ORDER_REFUSAL(why, status, type, title, detail)                                                                                    \
    const struct refusal REFUSED_##why = {status, type, title, STR_CONST(detail), NULL, 0};
#include "order.def"

/* ── what an order is asked ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define BIT(wait) (1u << ORDER_WAITS_FOR_##wait)

static unsigned cancelling_waits_for(const struct order *order)
{
    return (order->released ? 0 : BIT(RELEASE)) | (order_settled(order) ? 0 : BIT(PAYMENT));
}

unsigned order_waits_for(const struct order *order)
{
    switch ((enum order_status)order->status) {
    case ORDER_PENDING_PAYMENT: return order->payment == ORDER_PAYMENT_DECLINED ? BIT(CUSTOMER) : BIT(PAYMENT);
    case ORDER_CONFIRMED: return BIT(PREPARATION);
    case ORDER_PREPARED: return BIT(DELIVERY_START);
    case ORDER_SHIPPED: return BIT(DELIVERY_COMPLETION);
    case ORDER_CANCELLING: return cancelling_waits_for(order);
    case ORDER_NONE:
    case ORDER_COMPLETED:
    case ORDER_CANCELLED: return 0;
    case ORDER_STATUSES: break;
    }
    unreachable();
}

struct money order_refunded(const struct order *order)
{
    struct money refunded = order->total;
    if (order->payment != ORDER_PAYMENT_REFUNDED)
        refunded.amount = 0;
    return refunded;
}

/* ── the catalog's mirror ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void decide_product(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_product *r = c->data;
    const struct catalog_item *item = a->state;
    if (r->item.product_version > item->product_version)
        decision_event(d, a, ORDER_PRODUCT_SEEN_EVENT, &r->item);
}

/* ── the decider ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void place_keys(const struct place_order *place, struct keys *keys)
{
    keys_add(keys, ORDER, place->order);
    for (size_t i = 0; i < place->item_count; i++)
        keys_consult(keys, CATALOG_ITEM, place->items[i].product);
}

static void order_keys(const struct command *c, struct keys *keys)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: keys_add(keys, ORDER, ((const struct timer_due *)c->data)->id); return;
    case PLACE_ORDER: place_keys(c->data, keys); return;
    case PAY_ORDER: keys_add(keys, ORDER, ((const struct pay_order *)c->data)->order); return;
    case RECORD_PAYMENT: keys_add(keys, ORDER, ((const struct record_payment *)c->data)->order); return;
    case RECORD_PRODUCT: keys_add(keys, CATALOG_ITEM, ((const struct record_product *)c->data)->product); return;
    case CANCEL_ORDER: keys_add(keys, ORDER, ((const struct cancel_order *)c->data)->order); return;
    case RECORD_REFUNDED: keys_add(keys, ORDER, ((const struct record_refund *)c->data)->order); return;
    case RECORD_PAYMENT_NEEDS_REVIEW: keys_add(keys, ORDER, ((const struct payment_review *)c->data)->order); return;
    case RECORD_PREPARED:
    case RECORD_PREPARATION_REJECTED:
    case RECORD_SHIPPED:
    case RECORD_DELIVERED:
    case RECORD_PAYMENT_CANCELLED:
    case RECORD_CANCEL_REFUSED:
    case RECORD_RELEASED:
    case RECORD_PAYMENT_CLOSED: keys_add(keys, ORDER, ((const struct order_fact *)c->data)->order); return;
    }
    unreachable();
}

static void order_decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: decide_unpaid(c, a[0], d); return;
    case PLACE_ORDER: decide_place(c, a, d); return;
    case PAY_ORDER: decide_pay(c, a[0], d); return;
    case RECORD_PAYMENT: decide_payment(c, a[0], d); return;
    case RECORD_PREPARED: decide_progress(c, a[0], d, ORDER_PREPARED); return;
    case RECORD_PREPARATION_REJECTED: decide_rejected(c, a[0], d); return;
    case RECORD_SHIPPED: decide_progress(c, a[0], d, ORDER_SHIPPED); return;
    case RECORD_DELIVERED: decide_progress(c, a[0], d, ORDER_COMPLETED); return;
    case RECORD_PRODUCT: decide_product(c, a[0], d); return;
    case CANCEL_ORDER: decide_cancel(c, a[0], d); return;
    case RECORD_PAYMENT_CANCELLED: decide_payment_cancelled(c, a[0], d); return;
    case RECORD_CANCEL_REFUSED: decide_cancel_refused(c, a[0], d); return;
    case RECORD_RELEASED: decide_released(c, a[0], d); return;
    case RECORD_REFUNDED: decide_refunded(c, a[0], d); return;
    case RECORD_PAYMENT_CLOSED: decide_payment_closed(c, a[0], d); return;
    case RECORD_PAYMENT_NEEDS_REVIEW: decide_needs_review(c, a[0], d); return;
    }
    unreachable();
}

static const struct aggregate_type aggregates[ORDER_AGGREGATES] = {
    [ORDER] = {"order", sizeof(struct order)},
    [CATALOG_ITEM] = {"catalog_item", sizeof(struct catalog_item)},
};

static const struct event_type events[ORDER_EVENTS] = {
#define ORDER_EVENT(event, name, reach, data) [ORDER_##event##_EVENT] = {name, reach, "jumun.order", sizeof(data)},
#include "order.def"
};

/* By the name that its rows have had since it could only ask. */
static const char *const timers[ORDER_TIMERS] = {[ORDER_UNPAID_TIMER] = "ASK_PAYMENT"};

const struct decider order_decider = {
    .aggregates = aggregates,
    .aggregate_count = ORDER_AGGREGATES,
    .events = events,
    .event_count = ORDER_EVENTS,
    .timers = timers,
    .timer_count = ORDER_TIMERS,
    .keys = order_keys,
    .decide = order_decide,
    .evolve = order_evolve,
};
