/* The members of each event's data. */
#include "event_data.h"

#include "contents.h"
#include "invariant.h"

static void put_contents(const struct order *order, struct json_writer *w)
{
    json_put_id(w, "customer", order->customer);
    lines_put(w, "lines", &order->lines);
    json_put_integer(w, "total", order->total.amount);
    json_put_text(w, "currency", str_of(order->total.currency));
    address_put(w, "address", &order->address);
}

static void put_declined(const struct order *order, const struct order_payment_declined *e, struct json_writer *w)
{
    json_put_id(w, "customer", order->customer);
    json_put_integer(w, "attempt", e->attempt);
    json_put_text(w, "code", e->code);
}

static void put_cancel(const struct order *order, const struct order_cancel *e, struct json_writer *w)
{
    json_put_id(w, "customer", order->customer);
    json_put_text(w, "reason", e->reason);
}

static void put_cancelled(const struct order *order, struct json_writer *w)
{
    struct money refunded = order_refunded(order);
    json_put_id(w, "customer", order->customer);
    json_put_text(w, "reason", order->cancel_reason);
    json_put_integer(w, "refunded", refunded.amount);
    json_put_text(w, "currency", str_of(refunded.currency));
}

void order_event_data(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    const struct order *order = a->state;
    switch ((enum order_event)event) {
    case ORDER_PLACED_EVENT: put_contents(order, w); return;
    case ORDER_CONFIRMED_EVENT:
        put_contents(order, w);
        json_put_id(w, "paymentId", order->payment_id);
        return;
    case ORDER_PAYMENT_ASKED_EVENT: /* not the token: a history is for ever */
        json_put_integer(w, "attempt", ((const struct order_payment_asked *)data)->attempt);
        return;
    case ORDER_PAYMENT_DECLINED_EVENT: put_declined(order, data, w); return;
    case ORDER_SHIPPED_EVENT:
    case ORDER_COMPLETED_EVENT: json_put_id(w, "customer", order->customer); return;
    case ORDER_CANCEL_REQUESTED_EVENT:
        put_cancel(order, data, w);
        quantities_put(w, "lines", &order->lines); /* whoever gives them back must name them before looking: docs/decisions/0006 */
        return;
    case ORDER_CANCEL_REFUSED_EVENT: put_cancel(order, data, w); return;
    case ORDER_CANCELLED_EVENT: put_cancelled(order, w); return;
    case ORDER_PREPARED_EVENT:
    case ORDER_RELEASED_EVENT:
    case ORDER_REFUNDED_EVENT:
    case ORDER_PAYMENT_CLOSED_EVENT: return;
    case ORDER_NEEDS_REVIEW_EVENT: json_put_text(w, "reason", ((const struct order_needs_review *)data)->reason); return;
    case ORDER_PRODUCT_SEEN_EVENT: /* leaves no trace */
    case ORDER_EVENTS: break;
    }
    unreachable();
}
