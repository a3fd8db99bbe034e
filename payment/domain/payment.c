/* The payment as a decider: its names, which payment a command is about, and who decides on it. */
#include "inside.h"

#include "invariant.h"

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

const struct str payment_review_reasons[PAYMENT_REVIEWS] = {
#define PAYMENT_REVIEW(review, passes, reason) [PAYMENT_REVIEW_##review] = STR_CONST(reason),
#include "payment.def"
};

#define PAYMENT_REFUSAL(why, status, type, title, detail)                                                                                  \
    const struct refusal PAYMENT_REFUSED_##why = {status, type, title, STR_CONST(detail), NULL, 0};
#include "payment.def"

/* ── attempts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

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

/* ── asking again ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

instant payment_ask_again_at(instant began, instant now)
{
    duration wait = now - began;
    if (wait < PAYMENT_ASK_AGAIN_FIRST)
        wait = PAYMENT_ASK_AGAIN_FIRST;
    if (wait > PAYMENT_ASK_AGAIN_MOST)
        wait = PAYMENT_ASK_AGAIN_MOST;
    return now + wait;
}

void payment_stop_asking(const struct aggregate *a, struct decision *d)
{
    decision_timer(d, a, PAYMENT_ASK_PROVIDER_TIMER, 0);
}

static void ask_provider_due(const struct command *c, struct aggregate *a, struct decision *d)
{
    switch ((enum payment_status)((const struct payment *)a->state)->status) {
    case PAYMENT_PROCESSING:
    case PAYMENT_UNKNOWN: payment_ask_charge_again(c, a, d); return;
    case PAYMENT_REFUNDING: payment_ask_refund_again(c, a, d); return;
    case PAYMENT_NONE:
    case PAYMENT_APPROVED:
    case PAYMENT_DECLINED:
    case PAYMENT_REFUNDED:
    case PAYMENT_CLOSED: return;
    case PAYMENT_STATUSES: break;
    }
    unreachable();
}

/* ── the decider ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void payment_keys(const struct command *c, struct keys *keys)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: keys_add(keys, PAYMENT, ((const struct timer_due *)c->data)->id); return;
    case MAKE_ATTEMPT: keys_add(keys, PAYMENT, ((const struct make_attempt *)c->data)->order); return;
    case RECORD_OUTCOME: keys_add(keys, PAYMENT, ((const struct record_outcome *)c->data)->order); return;
    case CANCEL_PAYMENT: keys_add(keys, PAYMENT, ((const struct cancel_payment *)c->data)->order); return;
    case RECORD_DELIVERY_CANCELLED: keys_add(keys, PAYMENT, ((const struct record_delivery_cancelled *)c->data)->order); return;
    case RECORD_REFUND: keys_add(keys, PAYMENT, ((const struct record_refund *)c->data)->order); return;
    }
    unreachable();
}

static void payment_decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: ask_provider_due(c, a[0], d); return;
    case MAKE_ATTEMPT: payment_make_attempt(c, a[0], d); return;
    case RECORD_OUTCOME: payment_record_outcome(c, a[0], d); return;
    case CANCEL_PAYMENT: payment_cancel(c, a[0], d); return;
    case RECORD_DELIVERY_CANCELLED: payment_record_delivery_cancelled(c, a[0], d); return;
    case RECORD_REFUND: payment_record_refund(c, a[0], d); return;
    }
    unreachable();
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
