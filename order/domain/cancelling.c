/* The one way back: whoever asks, delivery decides; with the goods released and the payment settled the order is cancelled. */
#include "decisions.h"
#include "invariant.h"

/* From a state that delivery may still decide on. */
void cancel_for(enum order_reason reason, const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    decision_event(d, a, ORDER_CANCEL_REQUESTED_EVENT, &(struct order_cancel){.at = c->now, .reason = str_of(order_reason_names[reason])});
    if (order->status == ORDER_PENDING_PAYMENT)
        decision_timer(d, a, ORDER_UNPAID_TIMER, 0);
}

void decide_cancel(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct cancel_order *cancel = c->data;
    const struct order *order = a->state;
    bool by_owner = order->status != ORDER_NONE && uuid_equal(order->customer, cancel->who);
    if (order->status == ORDER_NONE || !(by_owner || cancel->by_operator)) {
        decision_refuse(d, &REFUSED_NOT_FOUND);
        return;
    }
    switch ((enum order_status)order->status) {
    case ORDER_PENDING_PAYMENT:
    case ORDER_CONFIRMED:
    case ORDER_PREPARED: cancel_for(by_owner ? ORDER_REASON_CUSTOMER : ORDER_REASON_OPERATOR, c, a, d); return;
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: decision_refuse(d, &REFUSED_ALREADY_SHIPPED); return;
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: return;
    case ORDER_NONE:
    case ORDER_STATUSES: break;
    }
    unreachable();
}

/* Nobody waits for an answer: a customer who asked too late is told by an event. */
void decide_payment_cancelled(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    struct order_cancel refused = {.at = c->now, .reason = str_of(order_reason_names[ORDER_REASON_PAYMENT_CANCELLED])};
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return;
    case ORDER_PENDING_PAYMENT:
    case ORDER_CONFIRMED:
    case ORDER_PREPARED: cancel_for(ORDER_REASON_PAYMENT_CANCELLED, c, a, d); return;
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: decision_event(d, a, ORDER_CANCEL_REFUSED_EVENT, &refused); return;
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: return;
    case ORDER_STATUSES: break;
    }
    unreachable();
}

void decide_rejected(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return;
    case ORDER_PENDING_PAYMENT: decision_refuse(d, &REFUSED_NOT_PAID); return;
    case ORDER_CONFIRMED: cancel_for(ORDER_REASON_OUT_OF_STOCK, c, a, d); return;
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: decision_refuse(d, &REFUSED_NOT_UNDER_WAY); return;
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: return;
    case ORDER_STATUSES: break;
    }
    unreachable();
}

/* ── what comes back ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* It follows from delivery's decision, and so from our asking: any other state rules it out. True: it may be new. */
static bool may_come_back(const struct order *order, struct decision *d)
{
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return false;
    case ORDER_PENDING_PAYMENT:
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: decision_refuse(d, &REFUSED_NOT_UNDER_WAY); return false;
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: return true;
    case ORDER_STATUSES: break;
    }
    unreachable();
}

static void came_back(const struct command *c, struct aggregate *a, struct decision *d, enum order_event what, bool all)
{
    struct order_moved_on now = {.at = c->now};
    decision_event(d, a, (int)what, &now);
    if (all)
        decision_event(d, a, ORDER_CANCELLED_EVENT, &now);
}

void decide_released(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    if (may_come_back(order, d) && !order->released)
        came_back(c, a, d, ORDER_RELEASED_EVENT, order_settled(order));
}

void decide_refunded(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    const struct record_refund *refund = c->data;
    if (!may_come_back(order, d))
        return;
    if (!money_equal(refund->amount, order->total))
        decision_refuse(d, &REFUSED_OTHER_AMOUNT);
    else if (order->payment == ORDER_PAYMENT_NONE)
        decision_refuse(d, &REFUSED_NOT_UNDER_WAY); /* closed without having taken anything, it was said */
    else if (!order_settled(order))
        came_back(c, a, d, ORDER_REFUNDED_EVENT, order->released);
}

void decide_payment_closed(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    if (!may_come_back(order, d))
        return;
    if (order->payment == ORDER_PAYMENT_APPROVED || order->payment == ORDER_PAYMENT_REFUNDED)
        decision_refuse(d, &REFUSED_NOT_UNDER_WAY); /* it was taken: it must be given back */
    else if (!order_settled(order))
        came_back(c, a, d, ORDER_PAYMENT_CLOSED_EVENT, order->released);
}
