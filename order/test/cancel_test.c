/* The one way back, told as stories; and facts in every order. */
#include "order_said.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_customer_cancels_before_anything_is_paid),
        STORY(an_operator_cancels_anybodys_order),
        STORY(an_operators_own_order_is_a_customers),
        STORY(what_cannot_be_prepared_is_cancelled),
        STORY(who_wants_the_payment_back_gets_no_goods),
        STORY(who_wants_the_payment_back_too_late_is_told),
        STORY(the_parcel_had_left),
        STORY(a_refund_over_another_amount_cancels_nothing),
        cmocka_unit_test(a_cancelled_order_ends_the_same_whatever_comes_first),
        cmocka_unit_test(an_order_that_had_left_ends_the_same_whatever_comes_first),
    };
    return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
