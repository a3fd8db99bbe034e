/* A table of every state and every command. */
#include "order_said.h"

/* ── every state and every command ──────────────────────────────────────────────────────────────────────────────────────────────── */

enum {
    END, /* of a list of steps */
    PLACE,
    PAY,
    APPROVAL,
    DECLINE,
    SILENCE,
    CLOSED_ANSWER,
    PREPARED,
    REJECTED,
    SHIPPED,
    DELIVERED,
    CANCEL,
    CANCEL_BY_OPERATOR,
    PAYMENT_CANCELLED,
    CANCEL_REFUSED,
    RELEASED,
    REFUNDED,
    CLOSED,
    REVIEW,
    TIMER,
    WINDOW_END,
    CELLS
};

static struct command cell_command(struct story *s, int cell)
{
    switch (cell) {
    case PLACE: return place_two_teas_and_a_cup();
    case PAY: return pay();
    case APPROVAL: return approved(1);
    case DECLINE: return declined(1);
    case SILENCE: return unknown(1);
    case CLOSED_ANSWER: return payment(1, PAYMENT_CLOSED, krw(0));
    case PREPARED: return fact(RECORD_PREPARED);
    case REJECTED: return fact(RECORD_PREPARATION_REJECTED);
    case SHIPPED: return fact(RECORD_SHIPPED);
    case DELIVERED: return fact(RECORD_DELIVERED);
    case CANCEL: return cancel_by(customer, false);
    case CANCEL_BY_OPERATOR: return cancel_by(stranger, true);
    case PAYMENT_CANCELLED: return fact(RECORD_PAYMENT_CANCELLED);
    case CANCEL_REFUSED: return fact(RECORD_CANCEL_REFUSED);
    case RELEASED: return fact(RECORD_RELEASED);
    case REFUNDED: return refunded(krw(25000));
    case CLOSED: return fact(RECORD_PAYMENT_CLOSED);
    case REVIEW: return review(1);
    case TIMER: return timer_due();
    case WINDOW_END: s->now += WINDOW; return timer_due();
    }
    unreachable();
}

/* Events by name (without "Order"), "ask" when payment is asked, "-" for nothing, or the refusal's status and type. */
struct row {
    enum order_status status;
    enum order_payment payment;
    bool released;
    int steps[6]; /* that lead there */
    const char *cells[CELLS];
};

/* clang-format off */
#define GONE     "404 not-found"
#define NO_ORDER "404 unknown-order"
#define UNPAID   "409 order-not-paid"
#define PAID     "409 already-paid"
#define DENIED   "409 order-not-under-way"
#define TOO_LATE "409 already-shipped"
#define NO_MORE  "409 order-cancelled"
#define CANCELS  "CancelRequested"

/* Facts that only an order on its way back can have. */
#define NOTHING_COMES_BACK [RELEASED] = DENIED, [REFUNDED] = DENIED, [CLOSED] = DENIED
/* What an order that is confirmed, and one that is past cancelling, does not hear any more. */
#define NOT_PAYABLE(why) [PLACE] = "-", [PAY] = (why), [APPROVAL] = "-", [DECLINE] = "-", [SILENCE] = "-", [CLOSED_ANSWER] = "-", \
                         [TIMER] = "-", [WINDOW_END] = "-"
#define CANCELLING_ALREADY NOT_PAYABLE(NO_MORE), [PREPARED] = "-", [REJECTED] = "-", [CANCEL] = "-", [CANCEL_BY_OPERATOR] = "-", \
                           [PAYMENT_CANCELLED] = "-"
#define STAYS [SHIPPED] = DENIED, [DELIVERED] = DENIED, [CANCEL_REFUSED] = DENIED

static const struct row table[] = {
    {ORDER_NONE, ORDER_PAYMENT_NONE, false, {END}, {
        [PLACE] = "Placed PaymentAsked ask", [PAY] = GONE, [APPROVAL] = NO_ORDER, [DECLINE] = NO_ORDER, [SILENCE] = NO_ORDER,
        [CLOSED_ANSWER] = NO_ORDER, [PREPARED] = NO_ORDER, [REJECTED] = NO_ORDER, [SHIPPED] = NO_ORDER, [DELIVERED] = NO_ORDER,
        [CANCEL] = GONE, [CANCEL_BY_OPERATOR] = GONE, [PAYMENT_CANCELLED] = NO_ORDER, [CANCEL_REFUSED] = NO_ORDER,
        [RELEASED] = NO_ORDER, [REFUNDED] = NO_ORDER, [CLOSED] = NO_ORDER, [REVIEW] = NO_ORDER, [TIMER] = "-", [WINDOW_END] = "-"}},
    {ORDER_PENDING_PAYMENT, ORDER_PAYMENT_ASKED, false, {PLACE}, {
        [PLACE] = "-", [PAY] = "409 payment-in-progress", [APPROVAL] = "Confirmed", [DECLINE] = "PaymentDeclined", [SILENCE] = "-",
        [CLOSED_ANSWER] = "-", [PREPARED] = UNPAID, [REJECTED] = UNPAID, [SHIPPED] = UNPAID, [DELIVERED] = UNPAID,
        [CANCEL] = CANCELS, [CANCEL_BY_OPERATOR] = CANCELS, [PAYMENT_CANCELLED] = CANCELS, [CANCEL_REFUSED] = DENIED,
        NOTHING_COMES_BACK, [REVIEW] = "NeedsReview", [TIMER] = "ask", [WINDOW_END] = CANCELS}},
    {ORDER_PENDING_PAYMENT, ORDER_PAYMENT_DECLINED, false, {PLACE, DECLINE}, {
        [PLACE] = "-", [PAY] = "PaymentAsked ask", [APPROVAL] = "Confirmed", [DECLINE] = "-", [SILENCE] = "-",
        [CLOSED_ANSWER] = "-", [PREPARED] = UNPAID, [REJECTED] = UNPAID, [SHIPPED] = UNPAID, [DELIVERED] = UNPAID,
        [CANCEL] = CANCELS, [CANCEL_BY_OPERATOR] = CANCELS, [PAYMENT_CANCELLED] = CANCELS, [CANCEL_REFUSED] = DENIED,
        NOTHING_COMES_BACK, [REVIEW] = "-", [TIMER] = "-", [WINDOW_END] = CANCELS}},
    {ORDER_CONFIRMED, ORDER_PAYMENT_APPROVED, false, {PLACE, APPROVAL}, {
        NOT_PAYABLE(PAID), [PREPARED] = "Prepared", [REJECTED] = CANCELS, [SHIPPED] = "Prepared Shipped",
        [DELIVERED] = "Prepared Shipped Completed", [CANCEL] = CANCELS, [CANCEL_BY_OPERATOR] = CANCELS,
        [PAYMENT_CANCELLED] = CANCELS, [CANCEL_REFUSED] = DENIED, NOTHING_COMES_BACK, [REVIEW] = "-"}},
    {ORDER_PREPARED, ORDER_PAYMENT_APPROVED, false, {PLACE, APPROVAL, PREPARED}, {
        NOT_PAYABLE(PAID), [PREPARED] = "-", [REJECTED] = DENIED, [SHIPPED] = "Shipped",
        [DELIVERED] = "Shipped Completed", [CANCEL] = CANCELS, [CANCEL_BY_OPERATOR] = CANCELS,
        [PAYMENT_CANCELLED] = CANCELS, [CANCEL_REFUSED] = DENIED, NOTHING_COMES_BACK, [REVIEW] = "-"}},
    {ORDER_SHIPPED, ORDER_PAYMENT_APPROVED, false, {PLACE, APPROVAL, SHIPPED}, {
        NOT_PAYABLE(PAID), [PREPARED] = "-", [REJECTED] = DENIED, [SHIPPED] = "-", [DELIVERED] = "Completed",
        [CANCEL] = TOO_LATE, [CANCEL_BY_OPERATOR] = TOO_LATE, [PAYMENT_CANCELLED] = "CancelRefused", [CANCEL_REFUSED] = "-",
        NOTHING_COMES_BACK, [REVIEW] = "-"}},
    {ORDER_COMPLETED, ORDER_PAYMENT_APPROVED, false, {PLACE, APPROVAL, DELIVERED}, {
        NOT_PAYABLE(PAID), [PREPARED] = "-", [REJECTED] = DENIED, [SHIPPED] = "-", [DELIVERED] = "-",
        [CANCEL] = TOO_LATE, [CANCEL_BY_OPERATOR] = TOO_LATE, [PAYMENT_CANCELLED] = "CancelRefused", [CANCEL_REFUSED] = "-",
        NOTHING_COMES_BACK, [REVIEW] = "-"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_APPROVED, false, {PLACE, APPROVAL, CANCEL}, {
        CANCELLING_ALREADY, [SHIPPED] = "CancelRefused Shipped", [DELIVERED] = "CancelRefused Shipped Completed",
        [CANCEL_REFUSED] = "CancelRefused Shipped", [RELEASED] = "Released", [REFUNDED] = "Refunded", [CLOSED] = DENIED,
        [REVIEW] = "NeedsReview"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_APPROVED, true, {PLACE, APPROVAL, CANCEL, RELEASED}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "-", [REFUNDED] = "Refunded Cancelled", [CLOSED] = DENIED, [REVIEW] = "NeedsReview"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_ASKED, false, {PLACE, CANCEL}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "Released", [REFUNDED] = "Refunded", [CLOSED] = "PaymentClosed",
        [REVIEW] = "NeedsReview"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_ASKED, true, {PLACE, CANCEL, RELEASED}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "-", [REFUNDED] = "Refunded Cancelled", [CLOSED] = "PaymentClosed Cancelled",
        [REVIEW] = "NeedsReview"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_DECLINED, false, {PLACE, DECLINE, CANCEL}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "Released", [REFUNDED] = "Refunded", [CLOSED] = "PaymentClosed",
        [REVIEW] = "NeedsReview"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_DECLINED, true, {PLACE, DECLINE, CANCEL, RELEASED}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "-", [REFUNDED] = "Refunded Cancelled", [CLOSED] = "PaymentClosed Cancelled",
        [REVIEW] = "NeedsReview"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_REFUNDED, false, {PLACE, APPROVAL, CANCEL, REFUNDED}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "Released Cancelled", [REFUNDED] = "-", [CLOSED] = DENIED, [REVIEW] = "-"}},
    {ORDER_CANCELLING, ORDER_PAYMENT_NONE, false, {PLACE, CANCEL, CLOSED}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "Released Cancelled", [REFUNDED] = DENIED, [CLOSED] = "-", [REVIEW] = "-"}},
    {ORDER_CANCELLED, ORDER_PAYMENT_REFUNDED, true, {PLACE, APPROVAL, CANCEL, REFUNDED, RELEASED}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "-", [REFUNDED] = "-", [CLOSED] = DENIED, [REVIEW] = "-"}},
    {ORDER_CANCELLED, ORDER_PAYMENT_NONE, true, {PLACE, CANCEL, CLOSED, RELEASED}, {
        CANCELLING_ALREADY, STAYS, [RELEASED] = "-", [REFUNDED] = DENIED, [CLOSED] = "-", [REVIEW] = "-"}},
};
#define ROWS (sizeof table / sizeof *table)
/* clang-format on */

static bool row_is(const struct row *row, const struct order *o)
{
    return o->status == (int)row->status && o->payment == (int)row->payment && o->released == row->released;
}

static void bring_to(struct story *s, const struct row *row)
{
    given_a_catalog(s);
    for (const int *step = row->steps; *step != END; step++)
        given(s, cell_command(s, *step));
    assert_true(row_is(row, order(s)));
}

static struct str decided(struct story *s)
{
    const struct decision *d = &s->decision;
    if (d->refusal)
        return arena_printf(&s->arena, "%d %s", d->refusal->status, d->refusal->type + strlen("/problems/"));
    struct str text = {0};
    for (size_t i = 0; i < d->event_count; i++)
        text = arena_printf(&s->arena, "%.*s%s%s", STR_ARG(text), text.n ? " " : "",
                            order_decider.events[d->events[i].type].name + strlen("Order"));
    if (d->effect_count)
        text = arena_printf(&s->arena, "%.*s%sask", STR_ARG(text), text.n ? " " : "");
    return text.n ? text : STR("-");
}

/* Whatever a command leads to is a state of the table, has a deadline unless it is an end, keeps a token only to ask, waits for something.
 */
static void check_order(const struct order *o)
{
    bool stated = false;
    for (size_t i = 0; i < ROWS; i++)
        stated |= row_is(&table[i], o);
    assert_true(stated);
    bool ended = o->status == ORDER_NONE || o->status == ORDER_COMPLETED || o->status == ORDER_CANCELLED;
    assert_int_equal(o->deadline == 0, ended);
    assert_int_equal(order_waits_for(o) == 0, ended);
    assert_int_equal(!str_absent(o->token), o->status == ORDER_PENDING_PAYMENT && o->payment == ORDER_PAYMENT_ASKED);
    assert_int_equal(!str_absent(o->cancel_reason), o->status == ORDER_CANCELLING || o->status == ORDER_CANCELLED);
}

static void check_cell(const struct row *row, int cell)
{
    struct story s;
    story_init(&s, &order_decider);
    bring_to(&s, row);
    when(&s, cell_command(&s, cell));
    const char *expected = row->cells[cell];
    if (!expected || !str_is(decided(&s), expected))
        fail_msg("%s, payment %s%s, command %d: expected %s, got %.*s", order_status_names[row->status], order_payment_names[row->payment],
                 row->released ? ", released" : "", cell, expected ? expected : "(not stated)", STR_ARG(decided(&s)));
    check_order(order(&s));
    story_release(&s);
}

static void every_state_answers_every_command(void **state)
{
    struct story *s = *state;
    bool status_stated[ORDER_STATUSES] = {0}, command_stated[ORDER_COMMANDS] = {[RECORD_PRODUCT] = true /* is about no order */};
    for (size_t i = 0; i < ROWS; i++) {
        status_stated[table[i].status] = true;
        for (int cell = END + 1; cell < CELLS; cell++)
            check_cell(&table[i], cell);
    }
    for (int cell = END + 1; cell < CELLS; cell++)
        command_stated[cell_command(s, cell).type] = true;
    for (int status = ORDER_NONE; status < ORDER_STATUSES; status++)
        assert_true(status_stated[status]);
    for (int command = COMMAND_TIMER_DUE; command < ORDER_COMMANDS; command++)
        assert_true(command_stated[command]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(every_state_answers_every_command),
    };
    return cmocka_run_group_tests_name("order_table", tests, NULL, NULL);
}
