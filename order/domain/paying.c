/* From the cart to the money: placing, asking payment, and what comes of it. */
#include "cart.h"
#include "decisions.h"
#include "invariant.h"
#include <string.h>

/* ── asking for the money ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void copy_text(char *to, size_t room, struct str from)
{
    invariant(from.n < room);
    memcpy(to, from.p, from.n);
    to[from.n] = '\0';
}

/* How long until the next question, `waited` after the first. The order's own share of the delay is taken from its id's random end. */
static duration ask_again(struct uuid order, duration waited)
{
    duration wait = waited;
    if (wait < ORDER_ASK_AGAIN)
        wait = ORDER_ASK_AGAIN;
    if (wait > ORDER_ASK_AGAIN_MOST)
        wait = ORDER_ASK_AGAIN_MOST;
    return wait + wait / 2 * (order.b[14] << 8 | order.b[15]) / 65536;
}

/* The timer stands beside the effect, which a crash forgets. */
static void ask_payment(struct decision *d, const struct aggregate *a, struct ask_payment ask, struct payment_means means, instant again,
                        instant pay_until)
{
    ask.order = a->id;
    copy_text(ask.method, sizeof ask.method, means.method);
    copy_text(ask.token, sizeof ask.token, means.token);
    decision_effect(d, a, ORDER_ASK_PAYMENT, &ask, sizeof ask);
    decision_timer(d, a, ORDER_UNPAID_TIMER, again < pay_until ? again : pay_until);
}

/* A new attempt. */
static void attempt_payment(const struct command *c, struct aggregate *a, struct decision *d, struct ask_payment ask,
                            struct payment_means means, instant pay_until)
{
    decision_event(d, a, ORDER_PAYMENT_ASKED_EVENT, &(struct order_payment_asked){.at = c->now, .attempt = ask.attempt, .means = means});
    ask_payment(d, a, ask, means, c->now + ask_again(a->id, 0), pay_until);
}

void decide_place(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct place_order *place = c->data;
    const struct order *order = a[0]->state;
    invariant(place->payment_window > 0);
    if (order->status != ORDER_NONE)
        return; /* the request was cut off before its answer, and comes again: the answer is in the state */
    struct order_placed placed = {
        .at = c->now, .customer = place->customer, .address = place->address, .pay_until = c->now + place->payment_window};
    if (!cart_price(place, a + 1, d, &placed.lines, &placed.total))
        return;
    decision_event(d, a[0], ORDER_PLACED_EVENT, &placed);
    attempt_payment(c, a[0], d, (struct ask_payment){.customer = place->customer, .attempt = 1, .amount = placed.total}, place->means,
                    placed.pay_until);
}

static void pay_again(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct pay_order *pay = c->data;
    const struct order *order = a->state;
    if (order->payment == ORDER_PAYMENT_ASKED)
        decision_refuse(d, &REFUSED_PAYMENT_IN_PROGRESS);
    else if (c->now >= order->deadline)
        decision_refuse(d, &REFUSED_WINDOW_CLOSED);
    else if (payment_means_check(pay->means, d))
        attempt_payment(c, a, d, (struct ask_payment){.customer = order->customer, .attempt = order->attempt + 1, .amount = order->total},
                        pay->means, order->deadline);
}

void decide_pay(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct pay_order *pay = c->data;
    const struct order *order = a->state;
    if (order->status == ORDER_NONE || !uuid_equal(order->customer, pay->customer)) {
        decision_refuse(d, &REFUSED_NOT_FOUND);
        return;
    }
    if (pay->repeated)
        return; /* the answer is in the state */
    switch ((enum order_status)order->status) {
    case ORDER_PENDING_PAYMENT: pay_again(c, a, d); return;
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: decision_refuse(d, &REFUSED_ALREADY_PAID); return;
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: decision_refuse(d, &REFUSED_ORDER_CANCELLED); return;
    case ORDER_NONE:
    case ORDER_STATUSES: break;
    }
    unreachable();
}

/* ── what is due while it is not paid ───────────────────────────────────────────────────────────────────────────────────────────── */

void decide_unpaid(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    if (order->status != ORDER_PENDING_PAYMENT)
        return;
    if (c->now >= order->deadline) {
        cancel_for(ORDER_REASON_PAYMENT_WINDOW_CLOSED, c, a, d);
    } else if (order->payment == ORDER_PAYMENT_ASKED) {
        struct ask_payment ask = {.customer = order->customer, .attempt = order->attempt, .amount = order->total};
        struct payment_means means = {.method = order->method, .token = order->token};
        ask_payment(d, a, ask, means, c->now + ask_again(a->id, c->now - order->updated_at), order->deadline);
    } else {
        decision_timer(d, a, ORDER_UNPAID_TIMER, order->deadline);
    }
}

/* ── what came of it ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The only way into CONFIRMED. Any attempt's approval is good: the money is taken, and payment takes it once. */
static void confirm(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_payment *r = c->data;
    const struct order *order = a->state;
    if (!money_equal(r->amount, order->total)) {
        decision_refuse(d, &REFUSED_OTHER_AMOUNT);
        return;
    }
    decision_event(d, a, ORDER_CONFIRMED_EVENT, &(struct order_confirmed){.at = c->now, .payment_id = r->payment_id});
    decision_timer(d, a, ORDER_UNPAID_TIMER, 0);
}

/* An earlier attempt's outcome is old news: a later one is under way, or declined too. */
static bool is_open(const struct order *order, int64_t attempt)
{
    return attempt == order->attempt && order->payment == ORDER_PAYMENT_ASKED;
}

static void note_decline(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_payment *r = c->data;
    const struct order *order = a->state;
    if (!is_open(order, r->attempt))
        return;
    decision_event(d, a, ORDER_PAYMENT_DECLINED_EVENT,
                   &(struct order_payment_declined){.at = c->now, .attempt = r->attempt, .code = r->decline_code});
    decision_timer(d, a, ORDER_UNPAID_TIMER, order->deadline);
}

/* Payment knows of a cancel that this order does not: its window will close. */
static void ask_no_more(const struct record_payment *r, const struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    if (is_open(order, r->attempt))
        decision_timer(d, a, ORDER_UNPAID_TIMER, order->deadline);
}

static void record_outcome(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_payment *r = c->data;
    const struct order *order = a->state;
    if (r->attempt < 1 || r->attempt > order->attempt) {
        decision_refuse(d, &REFUSED_UNKNOWN_ATTEMPT);
        return;
    }
    switch (r->outcome) {
    case PAYMENT_APPROVED: confirm(c, a, d); return;
    case PAYMENT_DECLINED: note_decline(c, a, d); return;
    case PAYMENT_UNKNOWN: return; /* the timer asks again */
    case PAYMENT_CLOSED: ask_no_more(r, a, d); return;
    }
    unreachable();
}

void decide_payment(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return;
    case ORDER_PENDING_PAYMENT: record_outcome(c, a, d); return;
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED:
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: return; /* told twice, by the answer and by the event; or too late, and payment gives the money back */
    case ORDER_STATUSES: break;
    }
    unreachable();
}

/* ── what payment gives up on ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_unsettled(const struct order *order, int64_t attempt)
{
    switch ((enum order_status)order->status) {
    case ORDER_PENDING_PAYMENT: return is_open(order, attempt);
    case ORDER_CANCELLING: return !order_settled(order);
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED:
    case ORDER_CANCELLED: return false; /* the outcome was known before payment's asking for help came by */
    case ORDER_NONE:
    case ORDER_STATUSES: break;
    }
    unreachable();
}

void decide_needs_review(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct payment_review *review = c->data;
    const struct order *order = a->state;
    if (order->status == ORDER_NONE)
        decision_refuse(d, &REFUSED_UNKNOWN_ORDER);
    else if (is_unsettled(order, review->attempt) && !str_equal(order->needs_review, review->reason))
        decision_event(d, a, ORDER_NEEDS_REVIEW_EVENT, &(struct order_needs_review){.at = c->now, .reason = review->reason});
}
