/* The members of each event's data. */
#include "event_data.h"

#include "invariant.h"
#include "payment.h"

static void put_attempted(const struct payment_attempted *e, struct json_writer *w)
{
    json_put_integer(w, "attempt", e->attempt);
    json_put_id(w, "providerKey", e->key); /* not the token: a history is for ever */
}

static void put_whose(const struct payment *p, int64_t attempt, struct json_writer *w)
{
    json_put_id(w, "customer", p->customer);
    json_put_id(w, "paymentId", p->id);
    json_put_integer(w, "attempt", attempt);
}

static void put_approved(const struct payment *p, const struct payment_approved *e, struct json_writer *w)
{
    put_whose(p, e->attempt, w);
    json_put_integer(w, "amount", p->amount.amount);
    json_put_text(w, "currency", str_of(p->amount.currency));
}

static void put_declined(const struct payment *p, const struct payment_declined *e, struct json_writer *w)
{
    put_whose(p, e->attempt, w);
    json_put_text(w, "code", e->code);
}

static void put_review(const struct payment *p, const struct payment_needs_review *e, struct json_writer *w)
{
    put_whose(p, e->attempt, w);
    json_put_text(w, "reason", e->reason);
}

static void put_customer(const struct payment *p, struct json_writer *w)
{
    if (!uuid_is_nil(p->customer)) /* a payment that was closed before anything was asked has none */
        json_put_id(w, "customer", p->customer);
}

static void put_refund_begun(const struct payment_refund_begun *e, struct json_writer *w)
{
    json_put_integer(w, "refund", e->refund);
    json_put_id(w, "providerKey", e->key);
}

static void put_refund_failed(const struct payment_refund_failed *e, struct json_writer *w)
{
    json_put_integer(w, "refund", e->refund);
    json_put_text(w, "code", e->code);
}

static void put_refunded(const struct payment *p, struct json_writer *w)
{
    json_put_id(w, "customer", p->customer);
    json_put_id(w, "paymentId", p->id);
    json_put_integer(w, "amount", p->amount.amount);
    json_put_text(w, "currency", str_of(p->amount.currency));
}

void payment_event_data(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    switch ((enum payment_event)event) {
    case PAYMENT_ATTEMPTED_EVENT: put_attempted(data, w); return;
    case PAYMENT_APPROVED_EVENT: put_approved(a->state, data, w); return;
    case PAYMENT_DECLINED_EVENT: put_declined(a->state, data, w); return;
    case PAYMENT_UNKNOWN_EVENT: json_put_integer(w, "attempt", ((const struct payment_unknown *)data)->attempt); return;
    case PAYMENT_CANCEL_REQUESTED_EVENT:
    case PAYMENT_CLOSED_EVENT: put_customer(a->state, w); return;
    case PAYMENT_CLOSING_EVENT: return;
    case PAYMENT_REFUND_BEGUN_EVENT: put_refund_begun(data, w); return;
    case PAYMENT_REFUND_FAILED_EVENT: put_refund_failed(data, w); return;
    case PAYMENT_REFUNDED_EVENT: put_refunded(a->state, w); return;
    case PAYMENT_NEEDS_REVIEW_EVENT: put_review(a->state, data, w); return;
    case PAYMENT_EVENTS: break;
    }
    unreachable();
}
