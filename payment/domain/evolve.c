/* What the payment has become by its events. */
#include "inside.h"

#include "invariant.h"
#include <string.h>

static bool review_passes(struct str reason)
{
    static const bool passes_by_itself[PAYMENT_REVIEWS] = {
#define PAYMENT_REVIEW(review, passes, reason) [PAYMENT_REVIEW_##review] = (passes),
#include "payment.def"
    };
    for (int i = 0; i < PAYMENT_REVIEWS; i++)
        if (str_equal(reason, payment_review_reasons[i]))
            return passes_by_itself[i];
    return false;
}

/* A copy, to be changed: the state of before may still be looked at. */
static struct payment_attempt *attempts_copy(struct payment *p, size_t more, struct arena *arena)
{
    struct payment_attempt *items = ARENA_ARRAY(arena, struct payment_attempt, p->attempts.count + more);
    if (p->attempts.count)
        memcpy(items, p->attempts.items, p->attempts.count * sizeof *items);
    p->attempts = (struct payment_attempts){items, p->attempts.count + more};
    return items;
}

static struct payment_attempt *attempt_change(struct payment *p, int64_t number, int status, struct arena *arena)
{
    struct payment_attempt *items = attempts_copy(p, 0, arena);
    for (size_t i = 0; i < p->attempts.count; i++)
        if (items[i].number == number) {
            items[i].status = status;
            return &items[i];
        }
    unreachable();
}

/* What was only waited for is known. */
static void settle_review(struct payment *p)
{
    if (!str_absent(p->needs_review) && review_passes(p->needs_review))
        p->needs_review = (struct str){0};
}

static void evolve_attempted(struct payment *p, const struct payment_attempted *e, struct arena *arena)
{
    if (p->status == PAYMENT_NONE)
        *p = (struct payment){.id = e->payment, .customer = e->customer, .amount = e->amount, .created_at = e->at};
    p->status = PAYMENT_PROCESSING;
    p->token = e->token;
    struct payment_attempt *items = attempts_copy(p, 1, arena);
    items[p->attempts.count - 1] = (struct payment_attempt){.number = e->attempt, .status = PAYMENT_PROCESSING, .key = e->key, .at = e->at};
}

static void evolve_approved(struct payment *p, const struct payment_approved *e, struct arena *arena)
{
    struct payment_attempt *attempt = attempt_change(p, e->attempt, PAYMENT_APPROVED, arena);
    attempt->reference = e->reference;
    attempt->decline_code = (struct str){0};
    p->status = PAYMENT_APPROVED;
    p->token = (struct str){0};
    settle_review(p);
}

static void evolve_declined(struct payment *p, const struct payment_declined *e, struct arena *arena)
{
    attempt_change(p, e->attempt, PAYMENT_DECLINED, arena)->decline_code = e->code;
    p->status = PAYMENT_DECLINED;
    p->token = (struct str){0};
    settle_review(p);
}

static void evolve_closed(struct payment *p, const struct payment_closed *e)
{
    if (p->status == PAYMENT_NONE)
        *p = (struct payment){.id = e->payment, .created_at = e->at};
    p->status = PAYMENT_CLOSED;
    p->closing = false;
}

static void evolve_refund_begun(struct payment *p, const struct payment_refund_begun *e)
{
    instant first = p->refund.number ? p->refund.at : e->at;
    p->refund = (struct payment_refund){.number = e->refund, .key = e->key, .charge = e->charge, .at = first};
    p->status = PAYMENT_REFUNDING;
    p->closing = false;
}

static void evolve_refunded(struct payment *p, const struct payment_refunded *e)
{
    p->refund.fault_code = (struct str){0};
    p->refund.reference = e->reference;
    p->status = PAYMENT_REFUNDED;
    settle_review(p);
}

static void evolve_review(struct payment *p, const struct payment_needs_review *e, struct arena *arena)
{
    if (!str_absent(e->reference))
        attempt_change(p, e->attempt, PAYMENT_APPROVED, arena)->reference = e->reference;
    p->needs_review = e->reason;
}

void payment_evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    struct payment *p = a->state;
    switch ((enum payment_event)event) {
    case PAYMENT_ATTEMPTED_EVENT: evolve_attempted(p, data, arena); break;
    case PAYMENT_APPROVED_EVENT: evolve_approved(p, data, arena); break;
    case PAYMENT_DECLINED_EVENT: evolve_declined(p, data, arena); break;
    case PAYMENT_UNKNOWN_EVENT:
        attempt_change(p, ((const struct payment_unknown *)data)->attempt, PAYMENT_UNKNOWN, arena);
        p->status = PAYMENT_UNKNOWN;
        break;
    case PAYMENT_CANCEL_REQUESTED_EVENT: p->cancel_requested = true; break;
    case PAYMENT_CLOSING_EVENT: p->closing = true; break;
    case PAYMENT_CLOSED_EVENT: evolve_closed(p, data); break;
    case PAYMENT_REFUND_BEGUN_EVENT: evolve_refund_begun(p, data); break;
    case PAYMENT_REFUND_FAILED_EVENT: p->refund.fault_code = ((const struct payment_refund_failed *)data)->code; break;
    case PAYMENT_REFUNDED_EVENT: evolve_refunded(p, data); break;
    case PAYMENT_NEEDS_REVIEW_EVENT: evolve_review(p, data, arena); break;
    case PAYMENT_EVENTS: unreachable();
    }
    p->updated_at = *(const instant *)data; /* each says when, first */
}
