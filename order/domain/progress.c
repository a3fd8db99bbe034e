/* Preparation and delivery: facts move the order up, through all that they imply. */
#include "decisions.h"
#include "invariant.h"

/* The states from CONFIRMED to COMPLETED stand in their order. */
static void move_on(const struct command *c, struct aggregate *a, struct decision *d, int from, enum order_status to)
{
    static const enum order_event events[ORDER_STATUSES] = {
        [ORDER_PREPARED] = ORDER_PREPARED_EVENT,
        [ORDER_SHIPPED] = ORDER_SHIPPED_EVENT,
        [ORDER_COMPLETED] = ORDER_COMPLETED_EVENT,
    };
    invariant(from >= ORDER_CONFIRMED && to <= ORDER_COMPLETED);
    for (int next = from + 1; next <= (int)to; next++)
        decision_event(d, a, (int)events[next], &(struct order_moved_on){.at = c->now});
}

/* It left before it could be stopped: who asked for the cancel is told, and the order goes on from there. */
static void delivery_went_first(const struct command *c, struct aggregate *a, struct decision *d, enum order_status to)
{
    const struct order *order = a->state;
    if (order->payment != ORDER_PAYMENT_APPROVED || order->released) {
        decision_refuse(d, &REFUSED_NOT_UNDER_WAY); /* it was never confirmed, or delivery has said that it stays */
        return;
    }
    decision_event(d, a, ORDER_CANCEL_REFUSED_EVENT, &(struct order_cancel){.at = c->now, .reason = order->cancel_reason});
    move_on(c, a, d, ORDER_PREPARED, to);
}

void decide_progress(const struct command *c, struct aggregate *a, struct decision *d, enum order_status to)
{
    const struct order *order = a->state;
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return;
    case ORDER_PENDING_PAYMENT: decision_refuse(d, &REFUSED_NOT_PAID); return;
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: move_on(c, a, d, order->status, to); return;
    case ORDER_CANCELLING:
        if (to > ORDER_PREPARED) /* prepared before it heard of the cancel: it will put everything back */
            delivery_went_first(c, a, d, to);
        return;
    case ORDER_CANCELLED:
        if (to > ORDER_PREPARED)
            decision_refuse(d, &REFUSED_NOT_UNDER_WAY);
        return;
    case ORDER_STATUSES: break;
    }
    unreachable();
}

void decide_cancel_refused(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return;
    case ORDER_PENDING_PAYMENT:
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_CANCELLED: decision_refuse(d, &REFUSED_NOT_UNDER_WAY); return;
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: return; /* the start of the delivery has told it already */
    case ORDER_CANCELLING: delivery_went_first(c, a, d, ORDER_SHIPPED); return;
    case ORDER_STATUSES: break;
    }
    unreachable();
}
