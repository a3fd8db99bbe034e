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

#define WINDOW MINUTES(15)

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
        .payment_window = WINDOW,
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

static struct command cancel_by(struct uuid who, bool by_operator)
{
    static struct cancel_order said;
    said = (struct cancel_order){order_id, who, by_operator};
    return (struct command){.type = CANCEL_ORDER, .data = &said};
}

static struct command refunded(struct money amount)
{
    static struct record_refund said;
    said = (struct record_refund){order_id, amount};
    return (struct command){.type = RECORD_REFUNDED, .data = &said};
}

static struct command review(int64_t attempt)
{
    static struct payment_review said;
    said = (struct payment_review){order_id, attempt, STR("the provider is silent")};
    return (struct command){.type = RECORD_PAYMENT_NEEDS_REVIEW, .data = &said};
}

static struct command timer_due(void)
{
    static const struct timer_due due = {.timer = ORDER_UNPAID_TIMER, .aggregate_kind = ORDER, .id = {{1}}};
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
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), s->now + ORDER_ASK_AGAIN);
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

static void a_new_price_is_the_next_orders(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, product_is(tea, 2, STR("금차"), krw(99000), 10));
    assert_int_equal(order(s)->total.amount, 25000);
    assert_int_equal(order(s)->lines.items[0].unit_price, 10000);
    assert_true(str_is(order(s)->lines.items[0].name, "녹차"));
    when(s, payment(1, PAYMENT_APPROVED, krw(203000)));
    then_refused(s, 409, "/problems/other-amount");
    when(s, approved(1));
    then_event(s, ORDER_CONFIRMED_EVENT);
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
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), 0);
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
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), s->now + WINDOW);
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
    when(s, timer_due());
    then_no_more(s);
    const struct ask_payment *ask = then_effect(s, ORDER_ASK_PAYMENT);
    assert_int_equal(ask->attempt, 1);
    assert_string_equal(ask->token, "tok_ok");
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), s->now + ORDER_ASK_AGAIN);
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

/* ── waiting for the money ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Fires the timer until `end`; returns how often payment was asked, and in *longest the longest pause. */
static int ask_until(struct story *s, instant end, duration *longest)
{
    int asked = 0;
    *longest = 0;
    for (instant due = then_timer(s, ORDER_UNPAID_TIMER); due < end; due = then_timer(s, ORDER_UNPAID_TIMER)) {
        duration pause = due - s->now;
        *longest = pause > *longest ? pause : *longest;
        s->now = due;
        when(s, timer_due());
        then_effect(s, ORDER_ASK_PAYMENT);
        asked++;
    }
    return asked;
}

static void a_silent_payment_is_asked_ever_more_rarely(void **state)
{
    struct story *s = *state;
    duration longest;
    when(s, place_two_teas_and_a_cup());
    instant placed = s->now;
    assert_int_equal(ask_until(s, placed + SECONDS(21), &longest), 3); /* after 5, 10, 20 s */
    assert_int_equal(ask_until(s, placed + SECONDS(81), &longest), 3); /* and every 20 s from then on */
    assert_int_equal(longest, ORDER_ASK_AGAIN_MOST);
}

static void those_who_wait_together_do_not_ask_together(void **state)
{
    struct story *s = *state;
    static struct place_order said;
    duration seen[3];
    for (uint8_t i = 0; i < 3; i++) {
        struct command c = place_two_teas_and_a_cup();
        said = *(const struct place_order *)c.data;
        said.order = (struct uuid){{1, [14] = (uint8_t)(i * 100), [15] = 7}};
        c.data = &said;
        when(s, c);
        seen[i] = then_timer(s, ORDER_UNPAID_TIMER) - s->now;
        assert_in_range(seen[i], ORDER_ASK_AGAIN, ORDER_ASK_AGAIN * 3 / 2);
    }
    assert_true(seen[0] < seen[1] && seen[1] < seen[2]);
}

static void the_window_closes_on_who_waits_for_an_outcome(void **state)
{
    struct story *s = *state;
    duration longest;
    when(s, place_two_teas_and_a_cup());
    instant end = s->now + WINDOW;
    assert_int_equal(order(s)->deadline, end);
    ask_until(s, end, &longest);
    s->now = then_timer(s, ORDER_UNPAID_TIMER);
    assert_int_equal(s->now, end);
    when(s, timer_due());
    const struct order_cancel *e = then_event(s, ORDER_CANCEL_REQUESTED_EVENT);
    then_no_more(s);
    assert_true(str_is(e->reason, "payment-window-closed"));
    assert_int_equal(order(s)->status, ORDER_CANCELLING);
    assert_true(str_absent(order(s)->token));
    when(s, approved(1)); /* too late: payment gives it back */
    then_nothing(s);
    given(s, refunded(krw(25000)));
    given(s, fact(RECORD_RELEASED));
    assert_int_equal(order(s)->status, ORDER_CANCELLED);
}

static void the_window_closes_on_who_does_not_pay_again(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    instant end = s->now + WINDOW;
    s->now += MINUTES(1);
    when(s, declined(1));
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), end);
    when(s, timer_due()); /* too early: of an older question */
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), end);
    then_no_more(s);
    s->now = end;
    when(s, pay());
    then_refused(s, 409, "/problems/payment-window-closed");
    when(s, timer_due());
    assert_true(str_is(((const struct order_cancel *)then_event(s, ORDER_CANCEL_REQUESTED_EVENT))->reason, "payment-window-closed"));
}

static void paying_again_does_not_move_the_window(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    instant end = s->now + WINDOW;
    given(s, declined(1));
    s->now = end - SECONDS(1);
    when(s, pay());
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), end);
    s->now = end;
    when(s, approved(2)); /* before the timer: the money is taken, and so the order stands */
    then_event(s, ORDER_CONFIRMED_EVENT);
}

static void a_closed_payment_is_asked_no_more(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, payment(1, PAYMENT_CLOSED, krw(0)));
    then_no_more(s);
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), s->now + WINDOW);
}

static void what_payment_gives_up_on_is_looked_at_until_it_is_known(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, review(1));
    then_event(s, ORDER_NEEDS_REVIEW_EVENT);
    then_no_more(s);
    assert_true(str_is(order(s)->needs_review, "the provider is silent"));
    when(s, review(1));
    then_nothing(s);
    given(s, approved(1));
    assert_true(str_absent(order(s)->needs_review));
    when(s, review(1)); /* overtaken */
    then_nothing(s);
    given(s, cancel_by(customer, false));
    given(s, review(1)); /* the refund */
    assert_false(str_absent(order(s)->needs_review));
    given(s, refunded(krw(25000)));
    assert_true(str_absent(order(s)->needs_review));
}

static void an_earlier_attempts_review_is_old_news(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, declined(1));
    given(s, pay());
    when(s, review(1));
    then_nothing(s);
}

/* ── the way back ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void cancelled_for(struct story *s, const char *reason)
{
    assert_true(str_is(((const struct order_cancel *)then_event(s, ORDER_CANCEL_REQUESTED_EVENT))->reason, reason));
    then_no_more(s);
    assert_int_equal(order(s)->status, ORDER_CANCELLING);
    assert_true(str_is(order(s)->cancel_reason, reason));
}

static void a_customer_cancels_before_anything_is_paid(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, cancel_by(customer, false));
    cancelled_for(s, "customer");
    assert_int_equal(then_timer(s, ORDER_UNPAID_TIMER), 0);
    assert_true(str_absent(order(s)->token));
    when(s, timer_due());
    then_nothing(s);
    given(s, fact(RECORD_PAYMENT_CLOSED));
    when(s, fact(RECORD_RELEASED));
    then_event(s, ORDER_RELEASED_EVENT);
    then_event(s, ORDER_CANCELLED_EVENT);
    then_no_more(s);
    assert_int_equal(order(s)->payment, ORDER_PAYMENT_NONE);
    assert_int_equal(order_refunded(order(s)).amount, 0);
}

static void an_operator_cancels_anybodys_order(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    when(s, cancel_by(stranger, false));
    then_refused(s, 404, "/problems/not-found");
    when(s, cancel_by(stranger, true));
    cancelled_for(s, "operator");
}

static void an_operators_own_order_is_a_customers(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    when(s, cancel_by(customer, true));
    cancelled_for(s, "customer");
}

static void what_cannot_be_prepared_is_cancelled(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    when(s, fact(RECORD_PREPARATION_REJECTED));
    cancelled_for(s, "out-of-stock");
}

static void who_wants_the_payment_back_gets_no_goods(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    given(s, fact(RECORD_PREPARED));
    when(s, fact(RECORD_PAYMENT_CANCELLED));
    cancelled_for(s, "payment-cancelled");
}

static void who_wants_the_payment_back_too_late_is_told(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    given(s, fact(RECORD_SHIPPED));
    when(s, fact(RECORD_PAYMENT_CANCELLED));
    assert_true(str_is(((const struct order_cancel *)then_event(s, ORDER_CANCEL_REFUSED_EVENT))->reason, "payment-cancelled"));
    then_no_more(s);
    assert_int_equal(order(s)->status, ORDER_SHIPPED);
    when(s, cancel_by(customer, false));
    then_refused(s, 409, "/problems/already-shipped");
}

static void the_parcel_had_left(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    given(s, cancel_by(customer, false));
    when(s, fact(RECORD_CANCEL_REFUSED));
    assert_true(str_is(((const struct order_cancel *)then_event(s, ORDER_CANCEL_REFUSED_EVENT))->reason, "customer"));
    then_event(s, ORDER_SHIPPED_EVENT);
    then_no_more(s);
    assert_int_equal(order(s)->status, ORDER_SHIPPED);
    assert_true(str_absent(order(s)->cancel_reason));
    when(s, fact(RECORD_SHIPPED));
    then_nothing(s);
    when(s, fact(RECORD_DELIVERED));
    then_event(s, ORDER_COMPLETED_EVENT);
}

static void a_refund_over_another_amount_cancels_nothing(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    given(s, cancel_by(customer, false));
    when(s, refunded(krw(24999)));
    then_refused(s, 409, "/problems/other-amount");
    when(s, refunded((struct money){25000, "EUR"}));
    then_refused(s, 409, "/problems/other-amount");
}

/* ── facts in any order, each of them twice ─────────────────────────────────────────────────────────────────────────────────────────── */

/* All orders of `n` facts, each of which comes again at once and at the very end; every one must end in the same state. */
static void permute(struct command (*const facts[])(void), size_t n, size_t chosen, size_t *order_of, void (*check)(struct story *s))
{
    for (size_t i = 0; chosen < n && i < n; i++) {
        bool taken = false;
        for (size_t k = 0; k < chosen; k++)
            taken |= order_of[k] == i;
        if (taken)
            continue;
        order_of[chosen] = i;
        permute(facts, n, chosen + 1, order_of, check);
    }
    if (chosen < n)
        return;
    struct story s;
    story_init(&s, &order_decider);
    given_a_catalog(&s);
    given(&s, place_two_teas_and_a_cup());
    given(&s, approved(1));
    given(&s, cancel_by(customer, false));
    for (size_t i = 0; i < 2 * n; i++)
        given(&s, facts[order_of[i / 2]]());
    for (size_t i = 0; i < n; i++) {
        when(&s, facts[order_of[i]]());
        then_nothing(&s);
    }
    check(&s);
    story_release(&s);
}

static struct command late_approval(void)
{
    return approved(1);
}
static struct command late_preparation(void)
{
    return fact(RECORD_PREPARED);
}
static struct command release(void)
{
    return fact(RECORD_RELEASED);
}
static struct command refund(void)
{
    return refunded(krw(25000));
}
static struct command start(void)
{
    return fact(RECORD_SHIPPED);
}
static struct command completion(void)
{
    return fact(RECORD_DELIVERED);
}
static struct command cancel_refusal(void)
{
    return fact(RECORD_CANCEL_REFUSED);
}

static void is_cancelled(struct story *s)
{
    assert_int_equal(order(s)->status, ORDER_CANCELLED);
    assert_int_equal(order(s)->payment, ORDER_PAYMENT_REFUNDED);
    assert_int_equal(order_refunded(order(s)).amount, 25000);
    assert_int_equal(order(s)->deadline, 0);
    assert_int_equal(story_aggregate(s, ORDER, order_id)->version, 7);
}

static void a_cancelled_order_ends_the_same_whatever_comes_first(void **state)
{
    (void)state;
    size_t order_of[4];
    permute((struct command(*const[])(void)){late_approval, late_preparation, release, refund}, 4, 0, order_of, is_cancelled);
}

static void is_delivered(struct story *s)
{
    assert_int_equal(order(s)->status, ORDER_COMPLETED);
    assert_int_equal(order(s)->payment, ORDER_PAYMENT_APPROVED);
    assert_int_equal(story_aggregate(s, ORDER, order_id)->version, 7);
}

static void an_order_that_had_left_ends_the_same_whatever_comes_first(void **state)
{
    (void)state;
    size_t order_of[4];
    permute((struct command(*const[])(void)){late_preparation, start, completion, cancel_refusal}, 4, 0, order_of, is_delivered);
}

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

/* ── what it waits for, until when ──────────────────────────────────────────────────────────────────────────────────────────────────── */

static void waits(struct story *s, const char *expected)
{
    struct str text = STR("");
    unsigned waits_for = order_waits_for(order(s));
    for (int wait = 0; wait < ORDER_WAITS; wait++)
        if (waits_for & 1u << wait)
            text = arena_printf(&s->arena, "%.*s%s%s", STR_ARG(text), text.n ? " " : "", order_wait_names[wait]);
    if (!str_is(text, expected))
        fail_msg("it waits for \"%.*s\", not \"%s\"", STR_ARG(text), expected);
}

static void an_order_says_what_it_waits_for(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    waits(s, "payment");
    given(s, declined(1));
    waits(s, "customer");
    given(s, approved(1));
    waits(s, "preparation");
    given(s, fact(RECORD_PREPARED));
    waits(s, "delivery-start");
    given(s, cancel_by(customer, false));
    waits(s, "payment delivery-decision-or-release");
    given(s, fact(RECORD_CANCEL_REFUSED));
    waits(s, "delivery-completion");
    given(s, fact(RECORD_DELIVERED));
    waits(s, "");
}

static void what_is_left_of_a_cancel_is_named(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, cancel_by(customer, false));
    given(s, fact(RECORD_PAYMENT_CLOSED));
    waits(s, "delivery-decision-or-release");
    given(s, fact(RECORD_RELEASED));
    waits(s, "");
}

static void machines_have_seconds_and_carriers_days(void **state)
{
    struct story *s = *state;
    given(s, place_two_teas_and_a_cup());
    given(s, approved(1));
    assert_int_equal(order(s)->deadline, s->now + SECONDS(30));
    s->now += SECONDS(1);
    given(s, fact(RECORD_PREPARED));
    assert_int_equal(order(s)->deadline, s->now + MINUTES(24 * 60));
    s->now += SECONDS(1);
    given(s, cancel_by(customer, false));
    assert_int_equal(order(s)->deadline, s->now + SECONDS(30));
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
        STORY(a_new_price_is_the_next_orders),
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
        STORY(a_silent_payment_is_asked_ever_more_rarely),
        STORY(those_who_wait_together_do_not_ask_together),
        STORY(the_window_closes_on_who_waits_for_an_outcome),
        STORY(the_window_closes_on_who_does_not_pay_again),
        STORY(paying_again_does_not_move_the_window),
        STORY(a_closed_payment_is_asked_no_more),
        STORY(what_payment_gives_up_on_is_looked_at_until_it_is_known),
        STORY(an_earlier_attempts_review_is_old_news),
        STORY(a_customer_cancels_before_anything_is_paid),
        STORY(an_operator_cancels_anybodys_order),
        STORY(an_operators_own_order_is_a_customers),
        STORY(what_cannot_be_prepared_is_cancelled),
        STORY(who_wants_the_payment_back_gets_no_goods),
        STORY(who_wants_the_payment_back_too_late_is_told),
        STORY(the_parcel_had_left),
        STORY(a_refund_over_another_amount_cancels_nothing),
        STORY(an_order_says_what_it_waits_for),
        STORY(what_is_left_of_a_cancel_is_named),
        STORY(machines_have_seconds_and_carriers_days),
        STORY(every_state_answers_every_command),
        cmocka_unit_test(a_cancelled_order_ends_the_same_whatever_comes_first),
        cmocka_unit_test(an_order_that_had_left_ends_the_same_whatever_comes_first),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
