/* What a person is to look at. */
#include "inside.h"

void payment_review(const struct command *c, struct aggregate *a, int64_t attempt, enum payment_review why, struct str reference,
                    struct decision *d)
{
    decision_event(
        d, a, PAYMENT_NEEDS_REVIEW_EVENT,
        &(struct payment_needs_review){.at = c->now, .attempt = attempt, .reference = reference, .reason = payment_review_reasons[why]});
}

/* Once: what is under review already is looked at. */
void payment_review_beyond_patience(const struct command *c, struct aggregate *a, instant since, duration patience, enum payment_review why,
                                    struct decision *d)
{
    const struct payment *payment = a->state;
    if (patience > 0 && c->now - since >= patience && str_absent(payment->needs_review))
        payment_review(c, a, payment_latest(payment)->number, why, (struct str){0}, d);
}
