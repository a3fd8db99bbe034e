/* The order's decisions. */
#include "order.h"

#include "cart.h"
#include "invariant.h"
#include <string.h>

const char *const order_status_names[ORDER_STATUSES] = {
    [ORDER_NONE] = "NONE",
#define ORDER_STATUS(status, text, terminal) [ORDER_##status] = #status,
#include "order.def"
};

const char *const order_payment_names[ORDER_PAYMENTS] = {
#define ORDER_PAYMENT(payment) [ORDER_PAYMENT_##payment] = #payment,
#include "order.def"
};

#define ORDER_REFUSAL(why, status, type, title, detail)                                                                                    \
    static const struct refusal REFUSED_##why = {status, type, title, STR_CONST(detail), NULL, 0};
#include "order.def"

/* ── asking for the money ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void copy_text(char *to, size_t room, struct str from)
{
    invariant(from.n < room);
    memcpy(to, from.p, from.n);
    to[from.n] = '\0';
}

/* The timer stands beside the effect, which a crash forgets. */
static void ask_payment(struct decision *d, const struct aggregate *order, struct uuid customer, struct money amount, int64_t attempt,
                        struct payment_means means, instant now)
{
    struct ask_payment ask = {.order = order->id, .customer = customer, .attempt = attempt, .amount = amount};
    copy_text(ask.method, sizeof ask.method, means.method);
    copy_text(ask.token, sizeof ask.token, means.token);
    decision_effect(d, order, ORDER_ASK_PAYMENT, &ask, sizeof ask);
    decision_timer(d, order, ORDER_ASK_PAYMENT_TIMER, now + ORDER_ASK_AGAIN);
}

static void place(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct place_order *place = c->data;
    const struct order *order = a[0]->state;
    if (order->status != ORDER_NONE)
        return; /* the request was cut off before its answer, and comes again: the answer is in the state */
    struct order_placed placed = {.at = c->now, .customer = place->customer, .address = place->address};
    if (!cart_price(place, a + 1, d, &placed.lines, &placed.total))
        return;
    decision_event(d, a[0], ORDER_PLACED_EVENT, &placed);
    decision_event(d, a[0], ORDER_PAYMENT_ASKED_EVENT, &(struct order_payment_asked){.at = c->now, .attempt = 1, .means = place->means});
    ask_payment(d, a[0], place->customer, placed.total, 1, place->means, c->now);
}

static void pay_again(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct pay_order *pay = c->data;
    const struct order *order = a->state;
    if (order->payment == ORDER_PAYMENT_ASKED) {
        decision_refuse(d, &REFUSED_PAYMENT_IN_PROGRESS);
        return;
    }
    if (!payment_means_check(pay->means, d))
        return;
    int64_t attempt = order->attempt + 1;
    decision_event(d, a, ORDER_PAYMENT_ASKED_EVENT, &(struct order_payment_asked){.at = c->now, .attempt = attempt, .means = pay->means});
    ask_payment(d, a, order->customer, order->total, attempt, pay->means, c->now);
}

static void pay(const struct command *c, struct aggregate *a, struct decision *d)
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

static void ask_payment_due(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    if (order->status != ORDER_PENDING_PAYMENT || order->payment != ORDER_PAYMENT_ASKED)
        return;
    struct payment_means means = {.method = order->method, .token = order->token};
    ask_payment(d, a, order->customer, order->total, order->attempt, means, c->now);
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
    decision_timer(d, a, ORDER_ASK_PAYMENT_TIMER, 0);
}

/* An earlier attempt's refusal is old news: a later one is under way, or declined too. */
static void note_decline(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_payment *r = c->data;
    const struct order *order = a->state;
    if (r->attempt != order->attempt || order->payment != ORDER_PAYMENT_ASKED)
        return;
    decision_event(d, a, ORDER_PAYMENT_DECLINED_EVENT,
                   &(struct order_payment_declined){.at = c->now, .attempt = r->attempt, .code = r->decline_code});
    decision_timer(d, a, ORDER_ASK_PAYMENT_TIMER, 0);
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
    }
    unreachable();
}

static void record_payment(const struct command *c, struct aggregate *a, struct decision *d)
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

/* ── preparation and delivery ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static void move_on(const struct command *c, struct aggregate *a, struct decision *d, enum order_status to)
{
    const struct order *order = a->state;
    static const enum order_event events[ORDER_STATUSES] = {
        [ORDER_PREPARED] = ORDER_PREPARED_EVENT,
        [ORDER_SHIPPED] = ORDER_SHIPPED_EVENT,
        [ORDER_COMPLETED] = ORDER_COMPLETED_EVENT,
    };
    for (int next = order->status + 1; next <= (int)to; next++)
        decision_event(d, a, (int)events[next], &(struct order_moved_on){.at = c->now});
}

/* The states from CONFIRMED to COMPLETED stand in their order: a fact moves the order up to its state, through all that it implies. */
static void record_progress(const struct command *c, struct aggregate *a, struct decision *d, enum order_status to)
{
    const struct order *order = a->state;
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return;
    case ORDER_PENDING_PAYMENT: decision_refuse(d, &REFUSED_NOT_PAID); return;
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: move_on(c, a, d, to); return;
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: /* prepared before it heard of the cancel: it will put everything back. Delivered, it cannot be */
        if (to > ORDER_PREPARED)
            decision_refuse(d, &REFUSED_NOT_UNDER_WAY);
        return;
    case ORDER_STATUSES: break;
    }
    unreachable();
}

static void record_rejected(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct order *order = a->state;
    switch ((enum order_status)order->status) {
    case ORDER_NONE: decision_refuse(d, &REFUSED_UNKNOWN_ORDER); return;
    case ORDER_PENDING_PAYMENT: decision_refuse(d, &REFUSED_NOT_PAID); return;
    case ORDER_CONFIRMED:
        if (str_absent(order->needs_review))
            decision_event(d, a, ORDER_NEEDS_REVIEW_EVENT, &(struct order_needs_review){.at = c->now, .reason = STR("out of stock")});
        return;
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: decision_refuse(d, &REFUSED_NOT_UNDER_WAY); return;
    case ORDER_CANCELLING:
    case ORDER_CANCELLED: return;
    case ORDER_STATUSES: break;
    }
    unreachable();
}

/* ── the catalog's mirror ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void record_product(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct record_product *r = c->data;
    const struct catalog_item *item = a->state;
    if (r->item.product_version > item->product_version)
        decision_event(d, a, ORDER_PRODUCT_SEEN_EVENT, &r->item);
}

/* ── the decider ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void place_keys(const struct place_order *place, struct keys *keys)
{
    keys_add(keys, ORDER, place->order);
    for (size_t i = 0; i < place->item_count; i++)
        keys_consult(keys, CATALOG_ITEM, place->items[i].product);
}

static void order_keys(const struct command *c, struct keys *keys)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: keys_add(keys, ORDER, ((const struct timer_due *)c->data)->id); return;
    case PLACE_ORDER: place_keys(c->data, keys); return;
    case PAY_ORDER: keys_add(keys, ORDER, ((const struct pay_order *)c->data)->order); return;
    case RECORD_PAYMENT: keys_add(keys, ORDER, ((const struct record_payment *)c->data)->order); return;
    case RECORD_PREPARED:
    case RECORD_PREPARATION_REJECTED:
    case RECORD_SHIPPED:
    case RECORD_DELIVERED: keys_add(keys, ORDER, ((const struct order_fact *)c->data)->order); return;
    case RECORD_PRODUCT: keys_add(keys, CATALOG_ITEM, ((const struct record_product *)c->data)->product); return;
    }
    unreachable();
}

static void order_decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: ask_payment_due(c, a[0], d); return;
    case PLACE_ORDER: place(c, a, d); return;
    case PAY_ORDER: pay(c, a[0], d); return;
    case RECORD_PAYMENT: record_payment(c, a[0], d); return;
    case RECORD_PREPARED: record_progress(c, a[0], d, ORDER_PREPARED); return;
    case RECORD_PREPARATION_REJECTED: record_rejected(c, a[0], d); return;
    case RECORD_SHIPPED: record_progress(c, a[0], d, ORDER_SHIPPED); return;
    case RECORD_DELIVERED: record_progress(c, a[0], d, ORDER_COMPLETED); return;
    case RECORD_PRODUCT: record_product(c, a[0], d); return;
    }
    unreachable();
}

static void evolve_placed(struct order *order, const struct order_placed *e)
{
    *order = (struct order){
        .status = ORDER_PENDING_PAYMENT,
        .payment = ORDER_PAYMENT_NONE,
        .customer = e->customer,
        .lines = e->lines,
        .total = e->total,
        .address = e->address,
        .created_at = e->at,
    };
}

static void evolve_asked(struct order *order, const struct order_payment_asked *e)
{
    order->payment = ORDER_PAYMENT_ASKED;
    order->attempt = e->attempt;
    order->method = e->means.method;
    order->token = e->means.token;
    order->decline_code = (struct str){0};
}

static void evolve_outcome(struct order *order, enum order_payment payment)
{
    order->payment = (int)payment;
    order->method = order->token = (struct str){0};
}

static void evolve_order(struct order *order, enum order_event event, const void *data)
{
    switch (event) {
    case ORDER_PLACED_EVENT: evolve_placed(order, data); break;
    case ORDER_PAYMENT_ASKED_EVENT: evolve_asked(order, data); break;
    case ORDER_PAYMENT_DECLINED_EVENT:
        evolve_outcome(order, ORDER_PAYMENT_DECLINED);
        order->decline_code = ((const struct order_payment_declined *)data)->code;
        break;
    case ORDER_CONFIRMED_EVENT:
        evolve_outcome(order, ORDER_PAYMENT_APPROVED);
        order->status = ORDER_CONFIRMED;
        order->decline_code = (struct str){0};
        order->payment_id = ((const struct order_confirmed *)data)->payment_id;
        break;
    case ORDER_PREPARED_EVENT: order->status = ORDER_PREPARED; break;
    case ORDER_SHIPPED_EVENT: order->status = ORDER_SHIPPED; break;
    case ORDER_COMPLETED_EVENT: order->status = ORDER_COMPLETED; break;
    case ORDER_NEEDS_REVIEW_EVENT: order->needs_review = ((const struct order_needs_review *)data)->reason; break;
    case ORDER_PRODUCT_SEEN_EVENT:
    case ORDER_EVENTS: unreachable();
    }
    order->updated_at = *(const instant *)data; /* each says when, first */
}

static void order_evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    (void)arena;
    if (event == ORDER_PRODUCT_SEEN_EVENT)
        *(struct catalog_item *)a->state = *(const struct catalog_item *)data;
    else
        evolve_order(a->state, (enum order_event)event, data);
}

static const struct aggregate_type aggregates[ORDER_AGGREGATES] = {
    [ORDER] = {"order", sizeof(struct order)},
    [CATALOG_ITEM] = {"catalog_item", sizeof(struct catalog_item)},
};

static const struct event_type events[ORDER_EVENTS] = {
#define ORDER_EVENT(event, name, reach, data) [ORDER_##event##_EVENT] = {name, reach, "jumun.order", sizeof(data)},
#include "order.def"
};

static const char *const timers[ORDER_TIMERS] = {[ORDER_ASK_PAYMENT_TIMER] = "ASK_PAYMENT"};

const struct decider order_decider = {
    .aggregates = aggregates,
    .aggregate_count = ORDER_AGGREGATES,
    .events = events,
    .event_count = ORDER_EVENTS,
    .timers = timers,
    .timer_count = ORDER_TIMERS,
    .keys = order_keys,
    .decide = order_decide,
    .evolve = order_evolve,
};
