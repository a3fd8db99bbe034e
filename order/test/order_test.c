/* An order from the cart to the door, told as stories. */
#include "order_said.h"

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
        cmocka_unit_test(facts_in_any_order_end_the_same),
        STORY(a_silent_payment_is_asked_ever_more_rarely),
        STORY(those_who_wait_together_do_not_ask_together),
        STORY(the_window_closes_on_who_waits_for_an_outcome),
        STORY(the_window_closes_on_who_does_not_pay_again),
        STORY(paying_again_does_not_move_the_window),
        STORY(a_closed_payment_is_asked_no_more),
        STORY(what_payment_gives_up_on_is_looked_at_until_it_is_known),
        STORY(an_earlier_attempts_review_is_old_news),
        STORY(an_order_says_what_it_waits_for),
        STORY(what_is_left_of_a_cancel_is_named),
        STORY(machines_have_seconds_and_carriers_days),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
