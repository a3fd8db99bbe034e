/* The order's decisions, told as stories; and a table of every state and command. */
#include "given.h"
#include "invariant.h"
#include "order.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid order_id = {{1}}, customer = {{2}}, stranger = {{3}}, payment_id = {{4}};
static const struct uuid tea = {{0x10}}, cup = {{0x11}};

static struct money krw(int64_t amount)
{
    return (struct money){amount, "KRW"};
}

/* ── what is said ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct command product_is(struct uuid id, int64_t version, struct str name, struct money price, int64_t available)
{
    static struct record_product seen;
    seen = (struct record_product){id, {.product_version = version, .name = name, .price = price, .available = available}};
    return (struct command){.type = RECORD_PRODUCT, .data = &seen};
}

static struct command place(const struct place_item *items, size_t n, struct payment_means means)
{
    static struct place_order said;
    said = (struct place_order){
        .order = order_id,
        .customer = customer,
        .items = items,
        .item_count = n,
        .address = {.recipient = STR("김주문"), .phone = STR("010-1234-5678"), .zip = STR("04524"), .line1 = STR("세종대로 110")},
        .means = means,
    };
    return (struct command){.type = PLACE_ORDER, .data = &said};
}

static const struct payment_means card = {STR_CONST("card"), STR_CONST("tok_ok")};

static struct command place_two_teas_and_a_cup(void)
{
    static const struct place_item items[] = {{{{0x10}}, 2}, {{{0x11}}, 1}};
    return place(items, 2, card);
}

static struct command pay_by(struct uuid who, struct payment_means means, bool repeated)
{
    static struct pay_order said;
    said = (struct pay_order){order_id, who, means, repeated};
    return (struct command){.type = PAY_ORDER, .data = &said};
}

static struct command pay(void)
{
    return pay_by(customer, card, false);
}

static struct command payment(int64_t attempt, enum payment_outcome outcome, struct money amount)
{
    static struct record_payment said;
    said = (struct record_payment){.order = order_id, .attempt = attempt, .outcome = outcome};
    if (outcome == PAYMENT_APPROVED) {
        said.payment_id = payment_id;
        said.amount = amount;
    }
    if (outcome == PAYMENT_DECLINED)
        said.decline_code = STR("insufficient_funds");
    return (struct command){.type = RECORD_PAYMENT, .data = &said};
}

static struct command approved(int64_t attempt)
{
    return payment(attempt, PAYMENT_APPROVED, krw(25000));
}

static struct command declined(int64_t attempt)
{
    return payment(attempt, PAYMENT_DECLINED, krw(0));
}

static struct command unknown(int64_t attempt)
{
    return payment(attempt, PAYMENT_UNKNOWN, krw(0));
}

static struct command fact(enum order_command type)
{
    static const struct order_fact said = {{{1}}};
    return (struct command){.type = (int)type, .data = &said};
}

static struct command time_to_ask(void)
{
    static const struct timer_due due = {.timer = ORDER_ASK_PAYMENT_TIMER, .aggregate_kind = ORDER, .id = {{1}}};
    return (struct command){.type = COMMAND_TIMER_DUE, .data = &due};
}

static const struct order *order(struct story *s)
{
    return story_state(s, ORDER, order_id);
}

static void given_a_catalog(struct story *s)
{
    given(s, product_is(tea, 1, STR("녹차"), krw(10000), 10));
    given(s, product_is(cup, 1, STR("찻잔"), krw(5000), 3));
}

static int setup(void **state)
{
    static struct story s;
    story_init(&s, &order_decider);
    given_a_catalog(&s);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    story_release(*state);
    return 0;
}

static void refused_for(struct story *s, int status, const char *type, const char *pointer, const char *code)
{
    const struct refusal *r = then_refused(s, status, type);
    for (size_t i = 0; i < r->error_count; i++)
        if (str_is(r->errors[i].pointer, pointer) && strcmp(r->errors[i].code, code) == 0)
            return;
    fail_msg("no error %s at %s", code, pointer);
}

/* ── placing ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_order_is_priced_by_the_catalog_and_asks_for_its_payment(void **state)
{
    struct story *s = *state;
    when(s, place_two_teas_and_a_cup());
    const struct order_placed *placed = then_event(s, ORDER_PLACED_EVENT);
    assert_true(money_equal(placed->total, krw(25000)));
    assert_int_equal(placed->lines.count, 2);
    assert_true(str_is(placed->lines.items[0].name, "녹차"));
    assert_int_equal(placed->lines.items[1].unit_price, 5000);
    const struct order_payment_asked *asked = then_event(s, ORDER_PAYMENT_ASKED_EVENT);
    assert_int_equal(asked->attempt, 1);
    then_no_more(s);
    const struct ask_payment *ask = then_effect(s, ORDER_ASK_PAYMENT);
    assert_true(money_equal(ask->amount, krw(25000)));
    assert_string_equal(ask->method, "card");
    assert_string_equal(ask->token, "tok_ok");
    assert_int_equal(then_timer(s, ORDER_ASK_PAYMENT_TIMER), s->now + ORDER_ASK_AGAIN);
    assert_int_equal(order(s)->status, ORDER_PENDING_PAYMENT);
    assert_int_equal(order(s)->created_at, s->now);
}

static void a_request_that_was_cut_off_places_nothing_again(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, place_two_teas_and_a_cup());
    then_nothing(s);
}

static void all_faults_are_told_at_once(void **state)
{
    struct story *s = *state;
    static const struct place_item items[] = {{{{0x12}}, 1}, {{{0x10}}, 0}, {{{0x11}}, 4}, {{{0x11}}, 1}};
    when(s, place(items, 4, (struct payment_means){STR("cash"), STR("tok ok")}));
    const char *type = "/problems/invalid-fields";
    refused_for(s, 422, type, "/items/0/productId", "unknown-product");
    refused_for(s, 422, type, "/items/1/quantity", "out-of-range");
    refused_for(s, 422, type, "/items/2/quantity", "sold-out");
    refused_for(s, 422, type, "/items/3/productId", "duplicate");
    refused_for(s, 422, type, "/payment/method", "unsupported");
    refused_for(s, 422, type, "/payment/token", "invalid");
    assert_int_equal(s->decision.refusal->error_count, 6);
}

static void an_address_fits_on_a_parcel(void **state)
{
    struct story *s = *state;
    struct command c = place_two_teas_and_a_cup();
    struct place_order two_lines = *(const struct place_order *)c.data;
    two_lines.address.line2 = STR("3층\n302호");
    c.data = &two_lines;
    when(s, c);
    refused_for(s, 422, "/problems/invalid-fields", "/address/line2", "invalid");
}

static void what_is_sold_out_is_a_conflict_and_says_how_much_is_left(void **state)
{
    struct story *s = *state;
    static const struct place_item items[] = {{{{0x10}}, 2}, {{{0x11}}, 4}};
    when(s, place(items, 2, card));
    refused_for(s, 409, "/problems/sold-out", "/items/1/quantity", "sold-out");
    assert_true(str_is(s->decision.refusal->detail, "1 of 2 lines can be delivered. Lower the quantity or remove the line."));
    assert_true(str_is(s->decision.refusal->errors[0].detail, "wanted 4, available 3"));
}

static void a_discontinued_product_is_not_sold(void **state)
{
    struct story *s = *state;
    struct record_product gone = {tea,
                                  {.product_version = 2, .name = STR("녹차"), .price = krw(10000), .available = 5, .discontinued = true}};
    given(s, (struct command){.type = RECORD_PRODUCT, .data = &gone});
    when(s, place_two_teas_and_a_cup());
    refused_for(s, 422, "/problems/invalid-fields", "/items/0/productId", "discontinued");
}

static void an_order_has_one_to_a_hundred_lines(void **state)
{
    struct story *s = *state;
    static struct place_item items[101];
    when(s, place(items, 0, card));
    refused_for(s, 422, "/problems/invalid-fields", "/items", "out-of-range");
    when(s, place(items, 101, card));
    refused_for(s, 422, "/problems/invalid-fields", "/items", "out-of-range");
}

static void a_hundred_faulty_lines_are_all_told(void **state)
{
    struct story *s = *state;
    static struct place_item items[100]; /* no such product, a hundred times the same, none of it */
    when(s, place(items, 100, (struct payment_means){STR("cash"), STR("")}));
    assert_int_equal(then_refused(s, 422, "/problems/invalid-fields")->error_count, 102);
}

static void a_sum_beyond_all_money_is_refused(void **state)
{
    struct story *s = *state;
    given(s, product_is(tea, 2, STR("금차"), krw(INT64_MAX / 2), 10));
    static const struct place_item items[] = {{{{0x10}}, 3}};
    when(s, place(items, 1, card));
    refused_for(s, 422, "/problems/invalid-fields", "/items", "out-of-range");
    static const struct place_item both[] = {{{{0x11}}, 3}, {{{0x10}}, 2}};
    when(s, place(both, 2, card));
    refused_for(s, 422, "/problems/invalid-fields", "/items", "out-of-range");
}

static void currencies_are_not_mixed(void **state)
{
    struct story *s = *state;
    given(s, product_is(cup, 2, STR("찻잔"), (struct money){5, "EUR"}, 3));
    when(s, place_two_teas_and_a_cup());
    refused_for(s, 422, "/problems/invalid-fields", "/items/1/productId", "other-currency");
}

static void an_older_word_about_a_product_changes_nothing(void **state)
{
    struct story *s = *state;
    given(s, product_is(tea, 3, STR("녹차"), krw(12000), 10));
    when(s, product_is(tea, 2, STR("녹차"), krw(1), 10));
    then_nothing(s);
    when(s, product_is(tea, 3, STR("녹차"), krw(1), 10));
    then_nothing(s);
    assert_int_equal(((const struct catalog_item *)story_state(s, CATALOG_ITEM, tea))->price.amount, 12000);
}

/* ── paying ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_approval_confirms_and_the_token_is_forgotten(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, approved(1));
    const struct order_confirmed *e = then_event(s, ORDER_CONFIRMED_EVENT);
    then_no_more(s);
    assert_true(uuid_equal(e->payment_id, payment_id));
    assert_int_equal(then_timer(s, ORDER_ASK_PAYMENT_TIMER), 0);
    assert_int_equal(order(s)->status, ORDER_CONFIRMED);
    assert_true(str_absent(order(s)->token));
    when(s, approved(1)); /* the answer and the event tell the same */
    then_nothing(s);
}

static void an_approval_over_another_amount_confirms_nothing(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, payment(1, PAYMENT_APPROVED, krw(24999)));
    then_refused(s, 409, "/problems/other-amount");
    when(s, payment(1, PAYMENT_APPROVED, (struct money){25000, "EUR"}));
    then_refused(s, 409, "/problems/other-amount");
    assert_int_equal(order(s)->status, ORDER_PENDING_PAYMENT);
}

static void a_declined_order_waits_and_may_be_paid_again(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, declined(1));
    const struct order_payment_declined *e = then_event(s, ORDER_PAYMENT_DECLINED_EVENT);
    assert_true(str_is(e->code, "insufficient_funds"));
    assert_int_equal(then_timer(s, ORDER_ASK_PAYMENT_TIMER), 0);
    assert_int_equal(order(s)->status, ORDER_PENDING_PAYMENT);
    assert_true(str_absent(order(s)->token));
    when(s, pay());
    then_event(s, ORDER_PAYMENT_ASKED_EVENT);
    then_no_more(s);
    assert_int_equal(((const struct ask_payment *)then_effect(s, ORDER_ASK_PAYMENT))->attempt, 2);
    assert_true(str_absent(order(s)->decline_code));
    when(s, declined(1)); /* old news */
    then_nothing(s);
    when(s, approved(2));
    then_event(s, ORDER_CONFIRMED_EVENT);
}

static void what_is_not_known_is_asked_again_by_the_same_attempt(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, unknown(1));
    then_nothing(s);
    s->now += ORDER_ASK_AGAIN;
    when(s, time_to_ask());
    then_no_more(s);
    const struct ask_payment *ask = then_effect(s, ORDER_ASK_PAYMENT);
    assert_int_equal(ask->attempt, 1);
    assert_string_equal(ask->token, "tok_ok");
    assert_int_equal(then_timer(s, ORDER_ASK_PAYMENT_TIMER), s->now + ORDER_ASK_AGAIN);
    when(s, pay());
    then_refused(s, 409, "/problems/payment-in-progress");
    when(s, approved(1));
    then_event(s, ORDER_CONFIRMED_EVENT);
}

static void paying_again_checks_the_means(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, declined(1));
    when(s, pay_by(customer, (struct payment_means){STR("cash"), STR("")}, false));
    refused_for(s, 422, "/problems/invalid-fields", "/method", "unsupported");
    refused_for(s, 422, "/problems/invalid-fields", "/token", "invalid");
}

static void another_customers_order_is_not_there(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, declined(1));
    when(s, pay_by(stranger, card, false));
    then_refused(s, 404, "/problems/not-found");
    when(s, pay_by(stranger, card, true));
    then_refused(s, 404, "/problems/not-found");
}

static void a_payment_that_was_cut_off_is_not_asked_again(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, declined(1));
    given(s, pay());
    when(s, pay_by(customer, card, true));
    then_nothing(s);
    given(s, approved(2));
    when(s, pay_by(customer, card, true));
    then_nothing(s);
}

static void outcomes_of_attempts_never_made_are_refused(void **state)
{
    struct story *s = *state;
    when(s, approved(1));
    then_refused(s, 404, "/problems/unknown-order");
    given(s, place_two_teas_and_a_cup());
    when(s, approved(2));
    then_refused(s, 409, "/problems/unknown-attempt");
    when(s, declined(0));
    then_refused(s, 409, "/problems/unknown-attempt");
}

/* ── going on ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_order_goes_from_the_shelf_to_the_door(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    when(s, fact(RECORD_PREPARED));
    then_event(s, ORDER_PREPARED_EVENT);
    then_no_more(s);
    when(s, fact(RECORD_SHIPPED));
    then_event(s, ORDER_SHIPPED_EVENT);
    then_no_more(s);
    when(s, fact(RECORD_DELIVERED));
    then_event(s, ORDER_COMPLETED_EVENT);
    then_no_more(s);
    assert_int_equal(order(s)->status, ORDER_COMPLETED);
}

static void facts_in_any_order_end_the_same(void **state)
{
    (void)state;
    static const enum order_command orders[][3] = {
        {RECORD_PREPARED, RECORD_SHIPPED, RECORD_DELIVERED}, {RECORD_PREPARED, RECORD_DELIVERED, RECORD_SHIPPED},
        {RECORD_SHIPPED, RECORD_PREPARED, RECORD_DELIVERED}, {RECORD_SHIPPED, RECORD_DELIVERED, RECORD_PREPARED},
        {RECORD_DELIVERED, RECORD_PREPARED, RECORD_SHIPPED}, {RECORD_DELIVERED, RECORD_SHIPPED, RECORD_PREPARED},
    };
    for (size_t i = 0; i < 6; i++) {
        struct story s;
        story_init(&s, &order_decider);
        given_a_catalog(&s);
        given(&s, place_two_teas_and_a_cup());
        given(&s, approved(1));
        size_t events = 0;
        for (size_t k = 0; k < 3; k++) {
            given(&s, fact(orders[i][k]));
            events += s.decision.event_count;
        }
        assert_int_equal(order(&s)->status, ORDER_COMPLETED);
        assert_int_equal(events, 3);
        assert_int_equal(story_aggregate(&s, ORDER, order_id)->version, 6);
        story_release(&s);
    }
}

static void what_cannot_be_prepared_needs_review(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    when(s, fact(RECORD_PREPARATION_REJECTED));
    then_event(s, ORDER_NEEDS_REVIEW_EVENT);
    then_no_more(s);
    assert_true(str_is(order(s)->needs_review, "out of stock"));
    assert_int_equal(order(s)->status, ORDER_CONFIRMED);
    when(s, fact(RECORD_PREPARATION_REJECTED));
    then_nothing(s);
}

/* ── every state and every command ──────────────────────────────────────────────────────────────────────────────────────────────── */

enum { PLACE, PAY, APPROVAL, DECLINE, SILENCE, PREPARED, REJECTED, SHIPPED, DELIVERED, TIMER, CELLS };

/* Events by name (without "Order"), "ask" when payment is asked, "-" for nothing, or the refusal's status and type. */
struct row {
    enum order_status status;
    enum order_payment payment;
    const char *cells[CELLS];
};

/* clang-format off */
#define GONE     "404 not-found"
#define NO_ORDER "404 unknown-order"
#define UNPAID   "409 order-not-paid"
#define PAID     "409 already-paid"
#define DENIED   "409 order-not-under-way"
static const struct row table[] = {
    /*                                              PLACE                     PAY                        APPROVAL    DECLINE            SILENCE   PREPARED    REJECTED       SHIPPED             DELIVERED                    TIMER */
    {ORDER_NONE,            ORDER_PAYMENT_NONE,     {"Placed PaymentAsked ask", GONE,                      NO_ORDER,    NO_ORDER,          NO_ORDER, NO_ORDER,   NO_ORDER,      NO_ORDER,           NO_ORDER,                    "-"}},
    {ORDER_PENDING_PAYMENT, ORDER_PAYMENT_ASKED,    {"-",                       "409 payment-in-progress", "Confirmed", "PaymentDeclined", "-",      UNPAID,     UNPAID,        UNPAID,             UNPAID,                      "ask"}},
    {ORDER_PENDING_PAYMENT, ORDER_PAYMENT_DECLINED, {"-",                       "PaymentAsked ask",        "Confirmed", "-",               "-",      UNPAID,     UNPAID,        UNPAID,             UNPAID,                      "-"}},
    {ORDER_CONFIRMED,       ORDER_PAYMENT_APPROVED, {"-",                       PAID,                      "-",         "-",               "-",      "Prepared", "NeedsReview", "Prepared Shipped", "Prepared Shipped Completed", "-"}},
    {ORDER_PREPARED,        ORDER_PAYMENT_APPROVED, {"-",                       PAID,                      "-",         "-",               "-",      "-",        DENIED,        "Shipped",          "Shipped Completed",         "-"}},
    {ORDER_SHIPPED,         ORDER_PAYMENT_APPROVED, {"-",                       PAID,                      "-",         "-",               "-",      "-",        DENIED,        "-",                "Completed",                 "-"}},
    {ORDER_COMPLETED,       ORDER_PAYMENT_APPROVED, {"-",                       PAID,                      "-",         "-",               "-",      "-",        DENIED,        "-",                "-",                         "-"}},
    {ORDER_CANCELLING,      ORDER_PAYMENT_APPROVED, {"-",                       "409 order-cancelled",     "-",         "-",               "-",      "-",        "-",           DENIED,             DENIED,                      "-"}},
    {ORDER_CANCELLED,       ORDER_PAYMENT_REFUNDED, {"-",                       "409 order-cancelled",     "-",         "-",               "-",      "-",        "-",           DENIED,             DENIED,                      "-"}},
};
/* clang-format on */

static void bring_to(struct story *s, const struct row *row)
{
    if (row->status == ORDER_NONE)
        return;
    given(s, place_two_teas_and_a_cup());
    if (row->payment == ORDER_PAYMENT_DECLINED)
        given(s, declined(1));
    if (row->payment == ORDER_PAYMENT_APPROVED || row->payment == ORDER_PAYMENT_REFUNDED)
        given(s, approved(1));
    if (row->status == ORDER_PREPARED)
        given(s, fact(RECORD_PREPARED));
    if (row->status == ORDER_SHIPPED)
        given(s, fact(RECORD_SHIPPED));
    if (row->status == ORDER_COMPLETED)
        given(s, fact(RECORD_DELIVERED));
    struct order *o = story_aggregate(s, ORDER, order_id)->state; /* the last two are doors: nothing leads there yet */
    o->status = (int)row->status;
    o->payment = (int)row->payment;
}

static struct command cell_command(int cell)
{
    switch (cell) {
    case PLACE: return place_two_teas_and_a_cup();
    case PAY: return pay();
    case APPROVAL: return approved(1);
    case DECLINE: return declined(1);
    case SILENCE: return unknown(1);
    case PREPARED: return fact(RECORD_PREPARED);
    case REJECTED: return fact(RECORD_PREPARATION_REJECTED);
    case SHIPPED: return fact(RECORD_SHIPPED);
    case DELIVERED: return fact(RECORD_DELIVERED);
    case TIMER: return time_to_ask();
    }
    unreachable();
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

static void check_cell(const struct row *row, int cell)
{
    struct story s;
    story_init(&s, &order_decider);
    given_a_catalog(&s);
    bring_to(&s, row);
    when(&s, cell_command(cell));
    const char *expected = row->cells[cell];
    if (!expected || !str_is(decided(&s), expected))
        fail_msg("%s, payment %s, command %d: expected %s, got %.*s", order_status_names[row->status], order_payment_names[row->payment],
                 cell, expected ? expected : "(not stated)", STR_ARG(decided(&s)));
    story_release(&s);
}

static void every_state_answers_every_command(void **state)
{
    (void)state;
    bool stated[ORDER_STATUSES] = {0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        stated[table[i].status] = true;
        for (int cell = 0; cell < CELLS; cell++)
            check_cell(&table[i], cell);
    }
    for (int status = ORDER_NONE; status < ORDER_STATUSES; status++)
        assert_true(stated[status]);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(an_order_is_priced_by_the_catalog_and_asks_for_its_payment),
        STORY(a_request_that_was_cut_off_places_nothing_again),
        STORY(all_faults_are_told_at_once),
        STORY(an_address_fits_on_a_parcel),
        STORY(what_is_sold_out_is_a_conflict_and_says_how_much_is_left),
        STORY(a_discontinued_product_is_not_sold),
        STORY(an_order_has_one_to_a_hundred_lines),
        STORY(a_hundred_faulty_lines_are_all_told),
        STORY(a_sum_beyond_all_money_is_refused),
        STORY(currencies_are_not_mixed),
        STORY(an_older_word_about_a_product_changes_nothing),
        STORY(an_approval_confirms_and_the_token_is_forgotten),
        STORY(an_approval_over_another_amount_confirms_nothing),
        STORY(a_declined_order_waits_and_may_be_paid_again),
        STORY(what_is_not_known_is_asked_again_by_the_same_attempt),
        STORY(paying_again_checks_the_means),
        STORY(another_customers_order_is_not_there),
        STORY(a_payment_that_was_cut_off_is_not_asked_again),
        STORY(outcomes_of_attempts_never_made_are_refused),
        STORY(an_order_goes_from_the_shelf_to_the_door),
        STORY(facts_in_any_order_end_the_same),
        STORY(what_cannot_be_prepared_needs_review),
        cmocka_unit_test(every_state_answers_every_command),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
