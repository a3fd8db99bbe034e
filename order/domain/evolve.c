/* What each event makes of an order. */
#include "decisions.h"
#include "invariant.h"

static const duration patience[ORDER_STATUSES] = {
#define ORDER_STATUS(status, text, terminal, patience) [ORDER_##status] = (patience),
#include "order.def"
};

static void enter(struct order *order, enum order_status status, instant at)
{
    order->status = (int)status;
    order->deadline = patience[status] ? at + patience[status] : 0;
}

static void forget_means(struct order *order)
{
    order->method = order->token = (struct str){0};
}

static void evolve_placed(struct order *order, const struct order_placed *e)
{
    *order = (struct order){
        .status = ORDER_PENDING_PAYMENT,
        .payment = ORDER_PAYMENT_NONE,
        .customer = e->customer,
        .lines = e->lines,
        .total = e->total,
        .address = e->address,
        .created_at = e->at,
        .deadline = e->pay_until,
    };
}

static void evolve_asked(struct order *order, const struct order_payment_asked *e)
{
    order->payment = ORDER_PAYMENT_ASKED;
    order->attempt = e->attempt;
    order->method = e->means.method;
    order->token = e->means.token;
    order->decline_code = (struct str){0};
}

/* What a person was asked to look at was that the outcome is not known. */
static void evolve_outcome(struct order *order, enum order_payment payment, struct str decline_code)
{
    order->payment = (int)payment;
    order->decline_code = decline_code;
    order->needs_review = (struct str){0};
    forget_means(order);
}

static void evolve_confirmed(struct order *order, const struct order_confirmed *e)
{
    evolve_outcome(order, ORDER_PAYMENT_APPROVED, (struct str){0});
    enter(order, ORDER_CONFIRMED, e->at);
    order->payment_id = e->payment_id;
}

static void evolve_cancel_requested(struct order *order, const struct order_cancel *e)
{
    enter(order, ORDER_CANCELLING, e->at);
    order->cancel_reason = e->reason;
    forget_means(order); /* nobody asks any more */
}

static void evolve_cancel_refused(struct order *order)
{
    order->cancel_reason = order->needs_review = (struct str){0};
}

static void evolve_order(struct order *order, enum order_event event, const void *data)
{
    instant at = *(const instant *)data; /* each says when, first */
    switch (event) {
    case ORDER_PLACED_EVENT: evolve_placed(order, data); break;
    case ORDER_PAYMENT_ASKED_EVENT: evolve_asked(order, data); break;
    case ORDER_PAYMENT_DECLINED_EVENT:
        evolve_outcome(order, ORDER_PAYMENT_DECLINED, ((const struct order_payment_declined *)data)->code);
        break;
    case ORDER_CONFIRMED_EVENT: evolve_confirmed(order, data); break;
    case ORDER_PREPARED_EVENT: enter(order, ORDER_PREPARED, at); break;
    case ORDER_SHIPPED_EVENT: enter(order, ORDER_SHIPPED, at); break;
    case ORDER_COMPLETED_EVENT: enter(order, ORDER_COMPLETED, at); break;
    case ORDER_CANCEL_REQUESTED_EVENT: evolve_cancel_requested(order, data); break;
    case ORDER_CANCEL_REFUSED_EVENT: evolve_cancel_refused(order); break;
    case ORDER_RELEASED_EVENT: order->released = true; break;
    case ORDER_REFUNDED_EVENT: evolve_outcome(order, ORDER_PAYMENT_REFUNDED, (struct str){0}); break;
    case ORDER_PAYMENT_CLOSED_EVENT: evolve_outcome(order, ORDER_PAYMENT_NONE, (struct str){0}); break;
    case ORDER_CANCELLED_EVENT: enter(order, ORDER_CANCELLED, at); break;
    case ORDER_NEEDS_REVIEW_EVENT: order->needs_review = ((const struct order_needs_review *)data)->reason; break;
    case ORDER_PRODUCT_SEEN_EVENT:
    case ORDER_EVENTS: unreachable();
    }
    order->updated_at = at;
}

void order_evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    (void)arena;
    if (event == ORDER_PRODUCT_SEEN_EVENT)
        *(struct catalog_item *)a->state = *(const struct catalog_item *)data;
    else
        evolve_order(a->state, (enum order_event)event, data);
}
