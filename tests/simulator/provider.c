/*
 * The payment provider, with a ledger of its own: idempotent by key, and as untrustworthy as the card's token says.
 *
 * Its memory survives all crashes but its answers do not reach a process that is gone. Beside the tokens' habits questions and answers are
 * lost at random.
 */
#include "sides.h"

#include "invariant.h"
#include <string.h>

#define SLOW  MILLISECONDS(800)
#define LATE  SECONDS(5)
#define NEVER INT64_MAX

static struct charge *charge_of(struct world *w, const struct provider_question *q)
{
    for (int i = 0; i < w->charge_count; i++)
        if (uuid_equal(w->charges[i].key, q->key))
            return &w->charges[i];
    invariant(w->charge_count < CHARGES_MAX);
    struct charge *c = &w->charges[w->charge_count++];
    *c = (struct charge){.key = q->key, .order = q->order, .amount = q->amount, .token = q->token, .refund = q->refund};
    if (str_is(q->token, "tok_hang") && !q->refund) /* in one of eight longer than anybody waits */
        c->opens = choose(&w->choices, PROVIDER, 8) == 7 ? NEVER : w->now + wait_chosen(&w->choices, PROVIDER, 22);
    return c;
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void answer_arrives(struct world *w, const struct happening *h)
{
    payment_told(w, h->what);
}

static void answer(struct world *w, struct provider_question *q, enum provider_says says, duration wait)
{
    if (wait > w->mood.provider_deadline || says == PROVIDER_SAYS_NOTHING) {
        says = PROVIDER_SAYS_NOTHING;
        wait = w->mood.provider_deadline;
    }
    q->says = says;
    announce(w, wait, PAYMENT_SERVICE, answer_arrives, q, 0);
}

static struct str reference_of(struct world *w, const struct charge *c)
{
    char text[UUID_TEXT + 1];
    uuid_format(c->key, text);
    return arena_str(&w->arena, str_of(text));
}

/* ── refunds ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct charge *charge_referred(struct world *w, struct str reference)
{
    struct uuid key;
    for (int i = 0; uuid_parse(reference, &key) && i < w->charge_count; i++)
        if (uuid_equal(w->charges[i].key, key) && w->charges[i].charged)
            return &w->charges[i];
    violated(w, "4: a refund names a charge that the provider does not know");
}

static void refund(struct world *w, struct provider_question *q, struct charge *r)
{
    struct charge *charged = charge_referred(w, q->charge);
    if (!r->charged && !r->declined) {
        r->declined = str_is(charged->token, "tok_refund_fails_twice") && charged->refunds_asked < 2;
        r->charged = !r->declined;
        charged->refunds_asked++;
        charged->refunds += r->charged;
        TELL_HISTORY(w, "the provider %s %lld for order %d", r->charged ? "gives back" : "fails to give back", (long long)q->amount.amount,
                     order_number(w, q->order) + 1);
    }
    if (charged->refunds > 1)
        violated(w, "2: one charge was given back twice");
    if (provider_refunded(w, q->order) > provider_captured(w, q->order))
        violated(w, "2: more was given back than taken");
}

/* ── charges ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void capture(struct world *w, struct charge *c)
{
    if (c->charged)
        return;
    c->charged = true;
    c->charged_at = w->now;
    TELL_HISTORY(w, "the provider takes %lld for order %d", (long long)c->amount.amount, order_number(w, c->order) + 1);
    if (provider_captures(w, c->order) > 1)
        violated(w, "4: two captures for one order");
}

static void capture_later(struct world *w, const struct happening *h)
{
    capture(w, h->what);
}

/* What it would say now; a wait beyond the deadline is no answer. */
static enum provider_says charge(struct world *w, struct charge *c, duration *wait)
{
    struct str token = c->token;
    if (c->charged)
        return PROVIDER_SAYS_YES;
    if (str_is(token, "tok_declined"))
        return PROVIDER_SAYS_NO;
    if (str_is(token, "tok_hang") && w->now < c->opens) {
        cover(w, COVERED_PROVIDER_HANGS);
        return PROVIDER_SAYS_NOTHING;
    }
    if (str_is(token, "tok_late")) {
        if (c->charged_at == 0)
            announce(w, LATE, -1, capture_later, c, 0);
        c->charged_at = w->now;
        cover(w, COVERED_PROVIDER_LATE);
        return PROVIDER_SAYS_NOTHING;
    }
    if (str_is(token, "tok_slow")) {
        *wait += SLOW;
        cover(w, COVERED_PROVIDER_SLOW);
    }
    capture(w, c);
    return str_is(token, "tok_lost") ? PROVIDER_SAYS_NOTHING : PROVIDER_SAYS_YES;
}

static void question_arrives(struct world *w, const struct happening *h)
{
    struct provider_question *q = h->what;
    duration wait = wait_for(w, PROVIDER, w->mood.slow_provider);
    struct charge *c = charge_of(w, q);
    enum provider_says says;
    if (q->refund) {
        refund(w, q, c);
        says = c->charged ? PROVIDER_SAYS_YES : PROVIDER_SAYS_NO;
    } else {
        says = charge(w, c, &wait);
    }
    q->reference = reference_of(w, c);
    q->code = STR("declined");
    if (says == PROVIDER_SAYS_YES && fault(w, COVERED_PROVIDER_LOST_ANSWER, PROVIDER, w->mood.provider_lost))
        says = PROVIDER_SAYS_NOTHING;
    if (w->contexts[PAYMENT_SERVICE].life == (uint16_t)h->number_of)
        answer(w, q, says, wait);
}

/* On its way it belongs to nobody: a payment that crashes now has asked all the same. */
void provider_asked(struct world *w, struct provider_question *q)
{
    if (fault(w, COVERED_PROVIDER_LOST_QUESTION, PROVIDER, w->mood.provider_lost))
        answer(w, q, PROVIDER_SAYS_NOTHING, 0);
    else
        announce(w, wait_for(w, PROVIDER, w->mood.slow_http), -1, question_arrives, q, w->contexts[PAYMENT_SERVICE].life);
}

/* ── its ledger ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int lines_of(const struct world *w, struct uuid order, bool refunds, int64_t *sum)
{
    int n = 0;
    *sum = 0;
    for (int i = 0; i < w->charge_count; i++)
        if (w->charges[i].charged && w->charges[i].refund == refunds && uuid_equal(w->charges[i].order, order)) {
            *sum += w->charges[i].amount.amount;
            n++;
        }
    return n;
}

bool provider_never_answers(const struct world *w, struct uuid order)
{
    for (int i = 0; i < w->charge_count; i++)
        if (w->charges[i].opens == NEVER && uuid_equal(w->charges[i].order, order))
            return true;
    return false;
}

int64_t provider_captured(const struct world *w, struct uuid order)
{
    int64_t sum;
    (void)lines_of(w, order, false, &sum);
    return sum;
}

int64_t provider_refunded(const struct world *w, struct uuid order)
{
    int64_t sum;
    (void)lines_of(w, order, true, &sum);
    return sum;
}

int provider_captures(const struct world *w, struct uuid order)
{
    int64_t sum;
    return lines_of(w, order, false, &sum);
}

int provider_refunds(const struct world *w, struct uuid order)
{
    int64_t sum;
    return lines_of(w, order, true, &sum);
}
