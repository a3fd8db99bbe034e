/* The payment's decisions. */
#include "payment.h"

#include "invariant.h"
#include <string.h>

const char *const payment_status_names[PAYMENT_STATUSES] = {
    [PAYMENT_NONE] = "NONE",
#define PAYMENT_STATUS(status, taken) [PAYMENT_##status] = #status,
#include "payment.def"
};

bool payment_taken(int status)
{
    static const bool is_taken[PAYMENT_STATUSES] = {
#define PAYMENT_STATUS(status, taken) [PAYMENT_##status] = (taken),
#include "payment.def"
    };
    return is_taken[status];
}

#define PAYMENT_REFUSAL(why, status, type, title, detail)                                                                                  \
    static const struct refusal REFUSED_##why = {status, type, title, STR_CONST(detail), NULL, 0};
#include "payment.def"

/* ── attempts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

const struct payment_attempt *payment_attempt(const struct payment *p, int64_t number)
{
    for (size_t i = 0; i < p->attempts.count; i++)
        if (p->attempts.items[i].number == number)
            return &p->attempts.items[i];
    return NULL;
}

const struct payment_attempt *payment_latest(const struct payment *p)
{
    return p->attempts.count ? &p->attempts.items[p->attempts.count - 1] : NULL;
}

const struct payment_attempt *payment_telling_attempt(const struct payment *p, int64_t number)
{
    for (size_t i = 0; i < p->attempts.count; i++)
        if (p->attempts.items[i].status == PAYMENT_APPROVED)
            return &p->attempts.items[i];
    const struct payment_attempt *itself = payment_attempt(p, number);
    return itself ? itself : payment_latest(p);
}

static bool is_open(const struct payment_attempt *attempt)
{
    return attempt->status == PAYMENT_PROCESSING || attempt->status == PAYMENT_UNKNOWN;
}

/* ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static instant ask_again_at(instant began, instant now)
{
    duration wait = now - began;
    if (wait < PAYMENT_ASK_AGAIN_FIRST)
        wait = PAYMENT_ASK_AGAIN_FIRST;
    if (wait > PAYMENT_ASK_AGAIN_MOST)
        wait = PAYMENT_ASK_AGAIN_MOST;
    return now + wait;
}

/* The timer stands beside the effect, which a crash forgets. */
static void ask_provider(struct decision *d, const struct aggregate *a, const struct payment_attempted *attempted, instant now)
{
    struct ask_provider ask = {.order = a->id, .attempt = attempted->attempt, .key = attempted->key, .amount = attempted->amount};
    invariant(attempted->token.n < sizeof ask.token);
    memcpy(ask.token, attempted->token.p, attempted->token.n);
    decision_effect(d, a, PAYMENT_ASK_PROVIDER, &ask, sizeof ask);
    decision_timer(d, a, PAYMENT_ASK_PROVIDER_TIMER, ask_again_at(attempted->at, now));
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
        decision_refuse(d, &REFUSED_FIRST_ATTEMPT);
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

static void make_attempt(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct make_attempt *make = c->data;
    const struct payment *payment = a->state;
    if (!means_valid(make)) {
        decision_refuse_with(d, 422, "/problems/invalid-fields", "Some fields are not as they should be",
                             "The method is \"card\", the token 1 to %d characters.", PAYMENT_TOKEN_MAX);
        return;
    }
    if (payment->status != PAYMENT_NONE && !uuid_equal(payment->customer, make->customer)) {
        decision_refuse(d, &REFUSED_NOT_FOUND);
        return;
    }
    if (payment->status != PAYMENT_NONE && !money_equal(payment->amount, make->amount)) {
        decision_refuse(d, &REFUSED_OTHER_AMOUNT);
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

static void ask_provider_due(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct payment *payment = a->state;
    if (payment->status != PAYMENT_PROCESSING && payment->status != PAYMENT_UNKNOWN)
        return;
    const struct payment_attempt *latest = payment_latest(payment);
    ask_provider(d, a,
                 &(struct payment_attempted){
                     .at = latest->at, .attempt = latest->number, .key = latest->key, .amount = payment->amount, .token = payment->token},
                 c->now);
}

/* ── what the provider says ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void review(const struct command *c, struct aggregate *a, int64_t attempt, struct str reference, struct str reason,
                   struct decision *d)
{
    decision_event(d, a, PAYMENT_NEEDS_REVIEW_EVENT,
                   &(struct payment_needs_review){.at = c->now, .attempt = attempt, .reference = reference, .reason = reason});
}

static void clear_timer(const struct aggregate *a, struct decision *d)
{
    decision_timer(d, a, PAYMENT_ASK_PROVIDER_TIMER, 0);
}

/* The first approval of any attempt takes the money, even one that was declined before. Asking on for another would charge again. */
static void approve(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    const struct record_outcome *r = c->data;
    const struct payment_attempt *latest = payment_latest(a->state);
    decision_event(d, a, PAYMENT_APPROVED_EVENT,
                   &(struct payment_approved){.at = c->now, .attempt = attempt->number, .reference = r->reference});
    if (attempt != latest && is_open(latest))
        review(c, a, latest->number, (struct str){0}, STR("an earlier attempt was approved while this one is not known"), d);
    clear_timer(a, d);
}

static void decline(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    const struct record_outcome *r = c->data;
    if (!is_open(attempt))
        return;
    decision_event(d, a, PAYMENT_DECLINED_EVENT,
                   &(struct payment_declined){.at = c->now, .attempt = attempt->number, .code = r->decline_code});
    clear_timer(a, d);
}

static void note_silence(const struct command *c, struct aggregate *a, const struct payment_attempt *attempt, struct decision *d)
{
    if (attempt->status == PAYMENT_PROCESSING)
        decision_event(d, a, PAYMENT_UNKNOWN_EVENT, &(struct payment_unknown){.at = c->now, .attempt = attempt->number});
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
        review(c, a, attempt->number, r->reference, STR("approved although the payment was settled already"), d);
}

static void record_outcome(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_outcome *r = c->data;
    const struct payment *payment = a->state;
    const struct payment_attempt *attempt = payment_attempt(payment, r->attempt);
    if (!attempt) {
        decision_refuse(d, &REFUSED_UNKNOWN_ATTEMPT);
        return;
    }
    switch ((enum payment_status)payment->status) {
    case PAYMENT_PROCESSING:
    case PAYMENT_UNKNOWN:
    case PAYMENT_DECLINED: settle_attempt(c, a, attempt, d); return;
    case PAYMENT_APPROVED:
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUNDED:
    case PAYMENT_CLOSED: note_surplus(c, a, attempt, d); return;
    case PAYMENT_NONE:
    case PAYMENT_STATUSES: break;
    }
    unreachable();
}

/* ── the decider ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void payment_keys(const struct command *c, struct keys *keys)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: keys_add(keys, PAYMENT, ((const struct timer_due *)c->data)->id); return;
    case MAKE_ATTEMPT: keys_add(keys, PAYMENT, ((const struct make_attempt *)c->data)->order); return;
    case RECORD_OUTCOME: keys_add(keys, PAYMENT, ((const struct record_outcome *)c->data)->order); return;
    }
    unreachable();
}

static void payment_decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: ask_provider_due(c, a[0], d); return;
    case MAKE_ATTEMPT: make_attempt(c, a[0], d); return;
    case RECORD_OUTCOME: record_outcome(c, a[0], d); return;
    }
    unreachable();
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
}

static void evolve_declined(struct payment *p, const struct payment_declined *e, struct arena *arena)
{
    attempt_change(p, e->attempt, PAYMENT_DECLINED, arena)->decline_code = e->code;
    p->status = PAYMENT_DECLINED;
    p->token = (struct str){0};
}

static void evolve_review(struct payment *p, const struct payment_needs_review *e, struct arena *arena)
{
    if (!str_absent(e->reference))
        attempt_change(p, e->attempt, PAYMENT_APPROVED, arena)->reference = e->reference;
    p->needs_review = e->reason;
}

static void payment_evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
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
    case PAYMENT_NEEDS_REVIEW_EVENT: evolve_review(p, data, arena); break;
    case PAYMENT_EVENTS: unreachable();
    }
    p->updated_at = *(const instant *)data; /* each says when, first */
}

static const struct aggregate_type aggregates[PAYMENT_AGGREGATES] = {
    [PAYMENT] = {"payment", sizeof(struct payment)},
};

static const struct event_type events[PAYMENT_EVENTS] = {
#define PAYMENT_EVENT(event, name, reach, data) [PAYMENT_##event##_EVENT] = {name, reach, "jumun.payment", sizeof(data)},
#include "payment.def"
};

static const char *const timers[PAYMENT_TIMERS] = {[PAYMENT_ASK_PROVIDER_TIMER] = "ASK_PROVIDER"};

const struct decider payment_decider = {
    .aggregates = aggregates,
    .aggregate_count = PAYMENT_AGGREGATES,
    .events = events,
    .event_count = PAYMENT_EVENTS,
    .timers = timers,
    .timer_count = PAYMENT_TIMERS,
    .keys = payment_keys,
    .decide = payment_decide,
    .evolve = payment_evolve,
};
