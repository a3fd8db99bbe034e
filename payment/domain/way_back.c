/* The way back: the customer asks for it, delivery decides it, the provider gives the money back. */
#include "inside.h"

#include "invariant.h"
#include <string.h>

/* ── asking the provider to refund ─────────────────────────────────────────────────────────────────────────────────────────────────── */

static void ask_refund(struct decision *d, const struct aggregate *a, const struct payment_refund *refund, struct money amount, instant now)
{
    struct ask_refund ask = {.order = a->id, .refund = refund->number, .key = refund->key, .amount = amount};
    invariant(refund->charge.n < sizeof ask.charge);
    memcpy(ask.charge, refund->charge.p, refund->charge.n);
    decision_effect(d, a, PAYMENT_ASK_REFUND, &ask, sizeof ask);
    decision_timer(d, a, PAYMENT_ASK_PROVIDER_TIMER, payment_ask_again_at(refund->at, now));
}

static void begin_refund(const struct command *c, struct aggregate *a, struct payment_refund refund, struct decision *d)
{
    refund.key = uuid_named(a->id, arena_printf(d->arena, "refund %lld", (long long)refund.number));
    decision_event(d, a, PAYMENT_REFUND_BEGUN_EVENT,
                   &(struct payment_refund_begun){.at = c->now, .refund = refund.number, .key = refund.key, .charge = refund.charge});
    ask_refund(d, a, &refund, ((const struct payment *)a->state)->amount, c->now);
}

void payment_give_back(const struct command *c, struct aggregate *a, struct str charge, struct decision *d)
{
    begin_refund(c, a, (struct payment_refund){.number = 1, .charge = charge, .at = c->now}, d);
}

void payment_ask_refund_again(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct payment *payment = a->state;
    const struct payment_refund *refund = &payment->refund;
    if (str_absent(refund->fault_code))
        ask_refund(d, a, refund, payment->amount, c->now);
    else
        begin_refund(c, a, (struct payment_refund){.number = refund->number + 1, .charge = refund->charge, .at = refund->at}, d);
}

/* ── when the order is cancelled ───────────────────────────────────────────────────────────────────────────────────────────────────── */

void payment_close(const struct command *c, struct aggregate *a, struct decision *d)
{
    decision_event(d, a, PAYMENT_CLOSED_EVENT, &(struct payment_closed){.at = c->now, .payment = c->fresh});
}

void payment_record_delivery_cancelled(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct payment *payment = a->state;
    switch ((enum payment_status)payment->status) {
    case PAYMENT_NONE:
    case PAYMENT_DECLINED: payment_close(c, a, d); return;
    case PAYMENT_PROCESSING:
    case PAYMENT_UNKNOWN: /* decided when the outcome is known */
        if (!payment->closing)
            decision_event(d, a, PAYMENT_CLOSING_EVENT, &(struct payment_closing){.at = c->now});
        return;
    case PAYMENT_APPROVED: payment_give_back(c, a, payment_telling_attempt(payment, 0)->reference, d); return;
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUNDED:
    case PAYMENT_CLOSED: return;
    case PAYMENT_STATUSES: break;
    }
    unreachable();
}

void payment_cancel(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct cancel_payment *cancel = c->data;
    const struct payment *payment = a->state;
    if (!uuid_equal(payment->customer, cancel->customer)) {
        decision_refuse(d, &PAYMENT_REFUSED_NOT_FOUND);
        return;
    }
    switch ((enum payment_status)payment->status) {
    case PAYMENT_PROCESSING:
    case PAYMENT_APPROVED:
    case PAYMENT_DECLINED:
    case PAYMENT_UNKNOWN:
        if (!payment->cancel_requested && !payment->closing)
            decision_event(d, a, PAYMENT_CANCEL_REQUESTED_EVENT, &(struct payment_cancel_requested){.at = c->now});
        return;
    case PAYMENT_REFUNDING: decision_refuse(d, &PAYMENT_REFUSED_REFUNDING); return;
    case PAYMENT_REFUNDED: decision_refuse(d, &PAYMENT_REFUSED_REFUNDED); return;
    case PAYMENT_CLOSED: decision_refuse(d, &PAYMENT_REFUSED_CLOSED); return;
    case PAYMENT_NONE: decision_refuse(d, &PAYMENT_REFUSED_NOT_FOUND); return;
    case PAYMENT_STATUSES: break;
    }
    unreachable();
}

/* ── what the provider says of a refund ────────────────────────────────────────────────────────────────────────────────────────────── */

static void settle_refund(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_refund *r = c->data;
    const struct payment_refund *refund = &((const struct payment *)a->state)->refund;
    if (r->answer == PROVIDER_APPROVED) {
        decision_event(d, a, PAYMENT_REFUNDED_EVENT,
                       &(struct payment_refunded){.at = c->now, .refund = r->refund, .reference = r->reference});
        payment_stop_asking(a, d);
        return;
    }
    if (r->answer == PROVIDER_DECLINED && r->refund == refund->number && str_absent(refund->fault_code))
        decision_event(d, a, PAYMENT_REFUND_FAILED_EVENT,
                       &(struct payment_refund_failed){.at = c->now, .refund = r->refund, .code = r->fault_code});
    payment_review_beyond_patience(c, a, refund->at, r->patience, PAYMENT_REVIEW_REFUND_DELAYED, d);
}

void payment_record_refund(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_refund *r = c->data;
    const struct payment *payment = a->state;
    if (r->refund < 1 || r->refund > payment->refund.number)
        decision_refuse(d, &PAYMENT_REFUSED_UNKNOWN_REFUND);
    else if (payment->status == PAYMENT_REFUNDING)
        settle_refund(c, a, d);
}
