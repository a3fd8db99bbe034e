/* Order in the world: foreign facts become its commands, its events become facts; customers ask it, and it asks payment. */
#include "sides.h"

#include "invariant.h"
#include "order.h"
#include <string.h>

static const struct order *order_of(const struct world *w, int number)
{
    const struct aggregate *a = number < 0 ? NULL : context_look(w, ORDER_SERVICE, ORDER, w->orders[number].id);
    return a ? a->state : NULL;
}

/* ── inbound/events.c ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool happened(struct world *w, const struct fact *f, struct command *c, enum order_command type)
{
    struct order_fact *fact = ARENA_NEW(&w->arena, struct order_fact);
    fact->order = f->correlation;
    c->type = (int)type;
    c->data = fact;
    return true;
}

static bool take_outcome(struct world *w, const struct fact *f, struct command *c, enum payment_outcome outcome)
{
    struct record_payment r = {.order = f->correlation, .outcome = outcome, .attempt = f->attempt, .decline_code = f->code};
    if (outcome == PAYMENT_APPROVED) {
        r.payment_id = f->payment;
        r.amount = f->money;
    }
    c->type = RECORD_PAYMENT;
    c->data = arena_copy(&w->arena, &r, sizeof r);
    return true;
}

static bool take_refund(struct world *w, const struct fact *f, struct command *c)
{
    struct record_refund r = {.order = f->correlation, .amount = f->money};
    c->type = RECORD_REFUNDED;
    c->data = arena_copy(&w->arena, &r, sizeof r);
    return true;
}

static bool take_review(struct world *w, const struct fact *f, struct command *c)
{
    struct payment_review r = {.order = f->correlation, .attempt = f->attempt, .reason = f->reason};
    c->type = RECORD_PAYMENT_NEEDS_REVIEW;
    c->data = arena_copy(&w->arena, &r, sizeof r);
    return true;
}

static bool take_product(struct world *w, const struct fact *f, struct command *c)
{
    const struct fact_product *p = &f->product;
    struct record_product r = {
        .product = p->id,
        .item = {
            .product_version = p->version, .name = p->name, .price = p->price, .available = p->available, .discontinued = p->discontinued}};
    c->type = RECORD_PRODUCT;
    c->data = arena_copy(&w->arena, &r, sizeof r);
    return true;
}

static bool take(struct world *w, const struct fact *f, struct command *c)
{
    switch ((int)f->type) {
    case FACT_PaymentApproved: return take_outcome(w, f, c, PAYMENT_APPROVED);
    case FACT_PaymentDeclined: return take_outcome(w, f, c, PAYMENT_DECLINED);
    case FACT_PaymentCancelRequested: return happened(w, f, c, RECORD_PAYMENT_CANCELLED);
    case FACT_PaymentRefunded: return take_refund(w, f, c);
    case FACT_PaymentClosed: return happened(w, f, c, RECORD_PAYMENT_CLOSED);
    case FACT_PaymentNeedsReview: return take_review(w, f, c);
    case FACT_PreparationCompleted: return happened(w, f, c, RECORD_PREPARED);
    case FACT_PreparationRejected: return happened(w, f, c, RECORD_PREPARATION_REJECTED);
    case FACT_PreparationCancelled: return happened(w, f, c, RECORD_RELEASED);
    case FACT_DeliveryStarted: return happened(w, f, c, RECORD_SHIPPED);
    case FACT_DeliveryCompleted: return happened(w, f, c, RECORD_DELIVERED);
    case FACT_DeliveryCancelRefused: return happened(w, f, c, RECORD_CANCEL_REFUSED);
    case FACT_ProductRegistered:
    case FACT_ProductChanged:
    case FACT_ProductDiscontinued:
    case FACT_StockChanged: return take_product(w, f, c);
    }
    return false;
}

/* ── outbound/event_data.c ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct fact_lines lines_of(struct world *w, const struct order *order)
{
    struct fact_line *lines = ARENA_ARRAY(&w->arena, struct fact_line, order->lines.count);
    for (size_t i = 0; i < order->lines.count; i++) {
        const struct order_line *line = &order->lines.items[i];
        lines[i] = (struct fact_line){line->product, line->name, line->quantity, line->unit_price};
    }
    return (struct fact_lines){lines, order->lines.count};
}

static void placed(struct world *w, const struct order *order, struct uuid id)
{
    for (int i = 0; i < w->order_count; i++)
        if (uuid_equal(w->orders[i].customer, order->customer)) {
            w->orders[i].id = id;
            if (++w->orders[i].places > 1)
                violated(w, "20: two orders by one Idempotency-Key");
        }
}

/* No order is ever concluded unpaid. */
static void confirmed(struct world *w, const struct fact *f)
{
    w->orders[order_number(w, f->subject)].ever_confirmed = true;
    if (provider_captured(w, f->subject) == 0)
        violated(w, "1: OrderConfirmed, but the provider has taken no money");
    if (provider_refunds(w, f->subject) > 0)
        violated(w, "1: OrderConfirmed, but the money was given back");
}

static void shipped(struct world *w, const struct fact *f)
{
    struct delivery_view delivery;
    delivery_look(w, f->subject, &delivery);
    w->orders[order_number(w, f->subject)].ever_shipped = true;
    if (!delivery.started && !delivery.completed)
        violated(w, "3: OrderShipped, but delivery has not started");
}

static void cancelled(struct world *w, const struct fact *f)
{
    struct preparation_view preparation;
    preparation_look(w, f->subject, &preparation);
    if (w->orders[order_number(w, f->subject)].ever_delivery_started)
        violated(w, "3: OrderCancelled, but its goods have left");
    if (preparation.prepared)
        violated(w, "6: OrderCancelled, but stock is still reserved for it");
    if (provider_captured(w, f->subject) != provider_refunded(w, f->subject))
        violated(w, "2: OrderCancelled, but %lld of %lld came back", (long long)provider_refunded(w, f->subject),
                 (long long)provider_captured(w, f->subject));
    if (f->money.amount != provider_refunded(w, f->subject))
        violated(w, "2: OrderCancelled says that %lld came back, it is %lld", (long long)f->money.amount,
                 (long long)provider_refunded(w, f->subject));
}

static void cover_reason(struct world *w, struct str reason)
{
    static const enum covered reasons[ORDER_REASONS] = {
        [ORDER_REASON_CUSTOMER] = COVERED_FOR_CUSTOMER,
        [ORDER_REASON_OPERATOR] = COVERED_FOR_OPERATOR,
        [ORDER_REASON_PAYMENT_CANCELLED] = COVERED_FOR_PAYMENT_CANCELLED,
        [ORDER_REASON_PAYMENT_WINDOW_CLOSED] = COVERED_FOR_WINDOW_CLOSED,
        [ORDER_REASON_OUT_OF_STOCK] = COVERED_FOR_OUT_OF_STOCK,
    };
    for (int i = 0; i < ORDER_REASONS; i++)
        if (str_is(reason, order_reason_names[i]))
            cover(w, reasons[i]);
}

static void tell_side(struct world *w, const struct decided_event *e, struct fact *f)
{
    const struct order *order = e->aggregate->state;
    f->customer = order->customer;
    switch ((enum order_event)e->type) {
    case ORDER_PLACED_EVENT:
        f->lines = lines_of(w, order);
        f->money = order->total;
        f->address = order->address.line1;
        placed(w, order, e->aggregate->id);
        break;
    case ORDER_CONFIRMED_EVENT:
        f->lines = lines_of(w, order);
        f->money = order->total;
        f->address = order->address.line1;
        f->payment = order->payment_id;
        confirmed(w, f);
        break;
    case ORDER_PAYMENT_DECLINED_EVENT:
        f->attempt = ((const struct order_payment_declined *)e->data)->attempt;
        f->code = ((const struct order_payment_declined *)e->data)->code;
        break;
    case ORDER_SHIPPED_EVENT: shipped(w, f); break;
    case ORDER_CANCEL_REQUESTED_EVENT:
        f->reason = ((const struct order_cancel *)e->data)->reason;
        cover_reason(w, f->reason);
        f->lines = lines_of(w, order);
        break;
    case ORDER_CANCEL_REFUSED_EVENT: f->reason = ((const struct order_cancel *)e->data)->reason; break;
    case ORDER_CANCELLED_EVENT:
        f->reason = order->cancel_reason;
        f->money = order_refunded(order);
        cancelled(w, f);
        break;
    default: break;
    }
    notices_expect(w, f);
}

/* ── outbound/payment_client.c ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void start_effect(struct world *w, const struct decided_effect *e, const struct command *c, struct uuid cause, struct parked *asker)
{
    (void)c;
    const struct ask_payment *ask = e->data;
    struct call *call = ARENA_NEW(&w->arena, struct call);
    *call = (struct call){.order = ask->order,
                          .customer = ask->customer,
                          .cause = cause,
                          .attempt = ask->attempt,
                          .amount = ask->amount,
                          .method = str_of(ask->method),
                          .token = str_of(ask->token),
                          .customer_waits = asker};
    call_payment(w, call);
}

void order_answered(struct world *w, const struct call *call)
{
    static const enum payment_outcome outcomes[] = {
        [CALL_UNKNOWN] = PAYMENT_UNKNOWN,
        [CALL_APPROVED] = PAYMENT_APPROVED,
        [CALL_DECLINED] = PAYMENT_DECLINED,
        [CALL_CLOSED] = PAYMENT_CLOSED,
    };
    struct record_payment r = {.order = call->order, .attempt = call->attempt, .outcome = outcomes[call->said]};
    if (call->said != CALL_UNKNOWN) {
        r.attempt = call->said_attempt;
        r.payment_id = call->payment;
        r.amount = call->amount;
        r.decline_code = call->code;
    }
    struct entry e = {
        .c = command_of(w, RECORD_PAYMENT, &r, sizeof r, call->order, call->cause), .asker = call->customer_waits, .answers = true};
    context_submit(w, ORDER_SERVICE, &e);
}

/* ── inbound/http.c ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* As answer() has it: who asked goes along with the question to payment. */
bool order_compose(struct world *w, struct parked *asker, struct aggregate *const *a, const struct command *c, const struct decision *d)
{
    (void)w, (void)asker, (void)a, (void)c;
    return d->effect_count > 0;
}

static void submit(struct world *w, int type, const void *data, size_t size, struct uuid order, struct parked *asker)
{
    struct entry e = {.c = command_of(w, type, data, size, order, world_id(w)), .asker = asker};
    context_submit(w, ORDER_SERVICE, &e);
}

void order_place(struct world *w, int number, bool adopted, struct parked *asker)
{
    struct customer_order *o = &w->orders[number];
    if (!adopted)
        o->resource = world_id(w);
    struct place_item *items = ARENA_ARRAY(&w->arena, struct place_item, o->wanted.count);
    for (size_t i = 0; i < o->wanted.count; i++)
        items[i] = (struct place_item){o->wanted.items[i].product, o->wanted.items[i].quantity};
    struct place_order place = {.order = o->resource,
                                .customer = o->customer,
                                .items = items,
                                .item_count = o->wanted.count,
                                .address = {.recipient = STR("김민수"), .phone = STR("010"), .zip = STR("1"), .line1 = STR("서울")},
                                .means = {STR("card"), o->token},
                                .payment_window = PAYMENT_WINDOW};
    submit(w, PLACE_ORDER, &place, sizeof place, o->resource, asker);
}

void order_pay(struct world *w, int number, struct str token, bool adopted, struct parked *asker)
{
    struct customer_order *o = &w->orders[number];
    struct pay_order pay = {.order = o->id, .customer = o->customer, .means = {STR("card"), token}, .repeated = adopted};
    submit(w, PAY_ORDER, &pay, sizeof pay, o->id, asker);
}

void order_cancel(struct world *w, int number, bool by_operator, struct parked *asker)
{
    struct customer_order *o = &w->orders[number];
    struct cancel_order cancel = {.order = o->id, .who = by_operator ? world_id(w) : o->customer, .by_operator = by_operator};
    submit(w, CANCEL_ORDER, &cancel, sizeof cancel, o->id, asker);
}

/* ── looking at it ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void order_look(const struct world *w, int number, struct order_view *v)
{
    const struct order *order = order_of(w, number);
    *v = (struct order_view){0};
    if (!order)
        return;
    *v = (struct order_view){
        .placed = true,
        .confirmed = order->status == ORDER_CONFIRMED || order->status == ORDER_PREPARED,
        .shipped = order->status == ORDER_SHIPPED,
        .completed = order->status == ORDER_COMPLETED,
        .cancelling = order->status == ORDER_CANCELLING,
        .cancelled = order->status == ORDER_CANCELLED,
        .may_be_paid = order->status == ORDER_PENDING_PAYMENT && order->payment != ORDER_PAYMENT_ASKED,
        .paid = order->payment == ORDER_PAYMENT_APPROVED,
        .refunded = order->payment == ORDER_PAYMENT_REFUNDED,
        .asked = order->payment == ORDER_PAYMENT_ASKED,
        .review = !str_absent(order->needs_review),
        .total = order->total,
    };
    for (size_t i = 0; i < order->lines.count; i++)
        v->lines_total += order->lines.items[i].quantity * order->lines.items[i].unit_price;
}

static const char *command_name(int type)
{
    static const char *const names[ORDER_COMMANDS] = {
        [COMMAND_TIMER_DUE] = "timer",
        [PLACE_ORDER] = "PlaceOrder",
        [PAY_ORDER] = "PayOrder",
        [RECORD_PAYMENT] = "RecordPayment",
        [RECORD_PREPARED] = "RecordPrepared",
        [RECORD_PREPARATION_REJECTED] = "RecordRejected",
        [RECORD_SHIPPED] = "RecordShipped",
        [RECORD_DELIVERED] = "RecordDelivered",
        [RECORD_PRODUCT] = "RecordProduct",
        [CANCEL_ORDER] = "CancelOrder",
        [RECORD_PAYMENT_CANCELLED] = "RecordPaymentCancelled",
        [RECORD_CANCEL_REFUSED] = "RecordCancelRefused",
        [RECORD_RELEASED] = "RecordReleased",
        [RECORD_REFUNDED] = "RecordRefunded",
        [RECORD_PAYMENT_CLOSED] = "RecordPaymentClosed",
        [RECORD_PAYMENT_NEEDS_REVIEW] = "RecordNeedsReview",
    };
    return type < ORDER_COMMANDS ? names[type] : NULL;
}

static const char *state_name(const struct aggregate *a)
{
    return a->kind == ORDER ? order_status_names[((const struct order *)a->state)->status] : NULL;
}

/* From status to status; a decision may go several steps at once. */
static bool is_legal(int from, int to)
{
    switch ((enum order_status)from) {
    case ORDER_NONE: return to == ORDER_PENDING_PAYMENT;
    case ORDER_PENDING_PAYMENT: return to == ORDER_CONFIRMED || to == ORDER_CANCELLING;
    case ORDER_CONFIRMED:
    case ORDER_PREPARED: return to > from && to != ORDER_CANCELLED;
    case ORDER_SHIPPED: return to == ORDER_COMPLETED;
    case ORDER_CANCELLING: return to == ORDER_SHIPPED || to == ORDER_COMPLETED || to == ORDER_CANCELLED;
    case ORDER_COMPLETED:
    case ORDER_CANCELLED:
    case ORDER_STATUSES: break;
    }
    return false;
}

static void changed(struct world *w, const struct aggregate *a)
{
    const struct order *order = a->state;
    int number = a->kind == ORDER ? order_number(w, a->id) : -1;
    if (number < 0)
        return;
    int before = w->orders[number].status;
    if (order->status != before && !is_legal(before, order->status))
        violated(w, "8: order %d went from %s to %s", number + 1, order_status_names[before], order_status_names[order->status]);
    bool ended = order->status == ORDER_COMPLETED || order->status == ORDER_CANCELLED;
    if (ended == (order->deadline != 0))
        violated(w, "9: order %d is %s, and has %s deadline", number + 1, order_status_names[order->status], ended ? "still a" : "no");
    w->orders[number].status = order->status;
}

/* ── races ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void decided(struct world *w, const struct entry *e, struct aggregate *const *a, const struct decision *d)
{
    const struct order *order = a[0]->state;
    const struct record_payment *r = e->c.data;
    if (a[0]->kind != ORDER)
        return;
    bool cancelling = order->status == ORDER_CANCELLING || order->status == ORDER_CANCELLED;
    if (e->c.type == RECORD_PAYMENT && r->outcome == PAYMENT_APPROVED && cancelling)
        cover(w, COVERED_APPROVED_AFTER_CANCEL);
    if (e->c.type == RECORD_PAYMENT && r->outcome == PAYMENT_APPROVED && e->fact && order->status == ORDER_PENDING_PAYMENT)
        cover(w, COVERED_CONFIRMED_BY_EVENT);
    if (e->c.type == RECORD_PAYMENT && r->outcome == PAYMENT_CLOSED)
        cover(w, COVERED_ASKED_WHEN_CLOSED);
    if (e->c.type == CANCEL_ORDER && order->payment == ORDER_PAYMENT_ASKED && order->status == ORDER_PENDING_PAYMENT)
        cover(w, COVERED_CANCEL_WHILE_ASKED);
    if (e->c.type == CANCEL_ORDER && d->refusal && order->status == ORDER_SHIPPED)
        cover(w, COVERED_CANCEL_AFTER_SHIPPED);
    if (e->c.type == COMMAND_TIMER_DUE && d->event_count > 0 && order->payment == ORDER_PAYMENT_ASKED)
        cover(w, COVERED_WINDOW_CLOSED_WHILE_ASKED);
    if (e->c.type == RECORD_SHIPPED && order->status == ORDER_CONFIRMED)
        cover(w, COVERED_STARTED_BEFORE_PREPARED);
    if ((e->c.type == RECORD_SHIPPED || e->c.type == RECORD_DELIVERED) && order->status == ORDER_CANCELLING)
        cover(w, COVERED_STARTED_HEARD_WHILE_CANCELLING);
    if (e->c.type == RECORD_RELEASED && order->status == ORDER_CANCELLING)
        cover(w, d->event_count > 1 ? COVERED_RELEASED_LAST : COVERED_RELEASED_FIRST);
}

const struct side order_side = {
    .name = "order",
    .decider = &order_decider,
    .topics = 1u << TOPIC_payment | 1u << TOPIC_preparation | 1u << TOPIC_delivery | 1u << TOPIC_catalog,
    .take = take,
    .tell = tell_side,
    .start_effect = start_effect,
    .decided = decided,
    .changed = changed,
    .command_name = command_name,
    .state_name = state_name,
};
