/* Attempts: asking the provider to charge, and what it says of that. */
#include "inside.h"

#include "invariant.h"
#include <string.h>

static bool is_open(const struct payment_attempt *attempt)
{
    return attempt->status == PAYMENT_PROCESSING || attempt->status == PAYMENT_UNKNOWN;
}

/* ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The timer stands beside the effect, which a crash forgets. */
static void ask_provider(struct decision *d, const struct aggregate *a, const struct payment_attempted *attempted, instant now)
{
    struct ask_provider ask = {.order = a->id, .attempt = attempted->attempt, .key = attempted->key, .amount = attempted->amount};
    invariant(attempted->token.n < sizeof ask.token);
    memcpy(ask.token, attempted->token.p, attempted->token.n);
    decision_effect(d, a, PAYMENT_ASK_PROVIDER, &ask, sizeof ask);
    decision_timer(d, a, PAYMENT_ASK_PROVIDER_TIMER, payment_ask_again_at(attempted->at, now));
}

/* The same attempt has the same key for ever, even for a payment that lost its memory. */
static struct uuid attempt_key(struct uuid order, int64_t number, struct arena *arena)
{
    return uuid_named(order, arena_printf(arena, "attempt %lld", (long long)number));
}

static void begin(const struct command *c, struct aggregate *a, struct uuid payment, struct decision *d)
{
    const struct make_attempt *make = c->data;
    struct payment_attempted attempted = {
        .at = c->now,
        .attempt = make->attempt,
        .key = attempt_key(a->id, make->attempt, d->arena),
        .payment = payment,
        .customer = make->customer,
        .amount = make->amount,
        .token = make->token,
    };
    decision_event(d, a, PAYMENT_ATTEMPTED_EVENT, &attempted);
    ask_provider(d, a, &attempted, c->now);
}

static bool means_valid(const struct make_attempt *make)
{
    return str_is(make->method, "card") && !str_empty(make->token) && make->token.n <= PAYMENT_TOKEN_MAX;
}

static void begin_first(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct make_attempt *make = c->data;
    if (make->attempt != 1)
        decision_refuse(d, &PAYMENT_REFUSED_FIRST_ATTEMPT);
    else
        begin(c, a, c->fresh, d);
}

static void begin_next(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct make_attempt *make = c->data;
    const struct payment *payment = a->state;
    if (make->attempt == payment_latest(payment)->number + 1)
        begin(c, a, payment->id, d);
}

void payment_make_attempt(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct make_attempt *make = c->data;
    const struct payment *payment = a->state;
    if (!means_valid(make)) {
        decision_refuse_with(d, 422, "/problems/invalid-fields", "Some fields are not as they should be",
                             "The method is \"card\", the token 1 to %d characters.", PAYMENT_TOKEN_MAX);
        return;
    }
    bool known = !uuid_is_nil(payment->customer); /* neither when nothing was ever asked, nor when it was closed before */
    if (known && !uuid_equal(payment->customer, make->customer)) {
        decision_refuse(d, &PAYMENT_REFUSED_NOT_FOUND);
        return;
    }
    if (known && !money_equal(payment->amount, make->amount)) {
        decision_refuse(d, &PAYMENT_REFUSED_OTHER_AMOUNT);
        return;
    }
    switch ((enum payment_status)payment->status) {
    case PAYMENT_NONE: begin_first(c, a, d); return;
    case PAYMENT_DECLINED: begin_next(c, a, d); return;
    case PAYMENT_PROCESSING: /* it is being asked: the answer says so */
    case PAYMENT_UNKNOWN:    /* a next charge might be a second one */
    case PAYMENT_APPROVED:
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUNDED:
    case PAYMENT_CLOSED: return; /* the answer tells the state */
    case PAYMENT_STATUSES: break;
    }
    unreachable();
}

void payment_ask_charge_again(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct payment *payment = a->state;
    const struct payment_attempt *latest = payment_latest(payment);
    ask_provider(d, a,
                 &(struct payment_attempted){
                     .at = latest->at, .attempt = latest->number, .key = latest->key, .amount = payment->amount, .token = payment->token},
                 c->now);
}

/* ── what the provider says of a charge ────────────────────────────────────────────────────────────────────────────────────────────── */

/* The first approval of any attempt takes the money, even one that was declined before. Asking on for another would charge again. */
static void approve(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    const struct record_outcome *r = c->data;
    const struct payment *payment = a->state;
    const struct payment_attempt *latest = payment_latest(payment);
    decision_event(d, a, PAYMENT_APPROVED_EVENT,
                   &(struct payment_approved){.at = c->now, .attempt = attempt->number, .reference = r->reference});
    if (attempt != latest && is_open(latest))
        payment_review(c, a, latest->number, PAYMENT_REVIEW_ATTEMPT_LEFT, (struct str){0}, d);
    if (payment->closing || payment->status == PAYMENT_CLOSED)
        payment_give_back(c, a, r->reference, d);
    else
        payment_stop_asking(a, d);
}

static void decline(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    const struct record_outcome *r = c->data;
    const struct payment *payment = a->state;
    if (!is_open(attempt))
        return;
    decision_event(d, a, PAYMENT_DECLINED_EVENT,
                   &(struct payment_declined){.at = c->now, .attempt = attempt->number, .code = r->decline_code});
    if (payment->closing)
        payment_close(c, a, d);
    payment_stop_asking(a, d);
}

static void note_silence(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    const struct record_outcome *r = c->data;
    if (attempt->status == PAYMENT_PROCESSING)
        decision_event(d, a, PAYMENT_UNKNOWN_EVENT, &(struct payment_unknown){.at = c->now, .attempt = attempt->number});
    if (is_open(attempt))
        payment_review_beyond_patience(c, a, attempt->at, r->patience, PAYMENT_REVIEW_PROVIDER_SILENT, d);
}

static void settle_attempt(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    const struct record_outcome *r = c->data;
    switch (r->answer) {
    case PROVIDER_APPROVED: approve(c, a, attempt, d); return;
    case PROVIDER_DECLINED: decline(c, a, attempt, d); return;
    case PROVIDER_SILENT: note_silence(c, a, attempt, d); return;
    }
    unreachable();
}

/* Money that came although nothing was to come any more is never lost from sight. */
static void note_surplus(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    const struct record_outcome *r = c->data;
    if (r->answer == PROVIDER_APPROVED && attempt->status != PAYMENT_APPROVED)
        payment_review(c, a, attempt->number, PAYMENT_REVIEW_SECOND_APPROVAL, r->reference, d);
}

void payment_record_outcome(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_outcome *r = c->data;
    const struct payment *payment = a->state;
    const struct payment_attempt *attempt = payment_attempt(payment, r->attempt);
    if (!attempt) {
        decision_refuse(d, &PAYMENT_REFUSED_UNKNOWN_ATTEMPT);
        return;
    }
    switch ((enum payment_status)payment->status) {
    case PAYMENT_PROCESSING:
    case PAYMENT_UNKNOWN:
    case PAYMENT_DECLINED:
    case PAYMENT_CLOSED: settle_attempt(c, a, attempt, d); return;
    case PAYMENT_APPROVED:
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUNDED: note_surplus(c, a, attempt, d); return;
    case PAYMENT_NONE:
    case PAYMENT_STATUSES: break;
    }
    unreachable();
}
