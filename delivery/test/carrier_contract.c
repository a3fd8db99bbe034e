/* The carrier's side of the port, as stories of any carrier. */
#include "carrier_contract.h"
#include "delivery.h"
#include "heard.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct carrier *carrier;
static void (*move)(void);

static const struct uuid orders[] = {{{1}}, {{2}}, {{3}}};
#define ORDERS (sizeof orders / sizeof orders[0])
#define TRACE  "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void hand_over(struct uuid order)
{
    char traceparent[] = TRACE;
    struct parcel parcel = {.order = order, .cause = {{9}}, .traceparent = str_of(traceparent)};
    carrier->hand_over(&parcel);
    traceparent[0] = '?'; /* it was valid during the call only, and so was the parcel */
    parcel.order = (struct uuid){{0xff}};
}

static void goes_on(void)
{
    if (move)
        move();
}

/* Of the first `n` things heard, how many are of this type and order; *at is the last one's place. */
static size_t times_heard(size_t n, int type, struct uuid order, size_t *at)
{
    size_t times = 0;
    for (size_t i = 0; i < n; i++) {
        const struct command *c = heard_wait(i);
        if (c->type == type && uuid_equal(c->correlation, order)) {
            times++;
            *at = i;
        }
    }
    return times;
}

static void expect_start_before_arrival(size_t n, struct uuid order)
{
    size_t started = 0, arrived = 0;
    assert_int_equal(times_heard(n, START, order, &started), 1);
    assert_int_equal(times_heard(n, COMPLETE, order, &arrived), 1);
    assert_true(started < arrived);
}

static void every_parcel_leaves_and_then_arrives(void **state)
{
    (void)state;
    carrier->start();
    for (size_t i = 0; i < ORDERS; i++)
        hand_over(orders[i]);
    goes_on();
    for (size_t i = 0; i < ORDERS; i++)
        expect_start_before_arrival(2 * ORDERS, orders[i]);
    carrier->stop();
    assert_int_equal(heard_count(), 2 * ORDERS);
}

static void a_parcel_may_come_before_the_start(void **state)
{
    (void)state;
    hand_over(orders[0]);
    carrier->start();
    goes_on();
    expect_start_before_arrival(2, orders[0]);
    carrier->stop();
}

static void expect_what_a_carrier_may_say(const struct command *c, struct uuid order)
{
    assert_true(uuid_equal(c->correlation, order));
    assert_true(uuid_equal(c->cause, (struct uuid){{9}}));
    assert_true(str_is(c->traceparent, TRACE));
    const struct start_delivery *start = c->data;
    const struct complete_delivery *complete = c->data;
    if (c->type == START) {
        assert_true(uuid_equal(start->order, order));
        assert_int_equal(start->by, BY_CARRIER);
        assert_in_range(start->carrier.n, 1, 100); /* as the event's schema says */
        assert_in_range(start->tracking_number.n, 1, 100);
    } else {
        assert_int_equal(c->type, COMPLETE);
        assert_true(uuid_equal(complete->order, order));
        assert_int_equal(complete->by, BY_CARRIER);
    }
}

static void what_it_says_belongs_to_the_order(void **state)
{
    (void)state;
    carrier->start();
    hand_over(orders[0]);
    goes_on();
    for (size_t i = 0; i < 2; i++)
        expect_what_a_carrier_may_say(heard_wait(i), orders[0]);
    carrier->stop();
}

/* It may say the same again, and of no other parcel. */
static void a_parcel_may_be_handed_over_twice(void **state)
{
    (void)state;
    size_t at;
    carrier->start();
    hand_over(orders[0]);
    hand_over(orders[0]);
    goes_on();
    while (times_heard(heard_count(), START, orders[0], &at) == 0 || times_heard(heard_count(), COMPLETE, orders[0], &at) == 0)
        heard_wait(heard_count());
    carrier->stop();
    for (size_t i = 0; i < heard_count(); i++)
        expect_what_a_carrier_may_say(heard_wait(i), orders[0]);
}

/* The timer hands over again what it has forgotten. */
static void after_the_stop_it_is_silent_and_can_be_started_again(void **state)
{
    (void)state;
    hand_over(orders[0]);
    carrier->start();
    carrier->stop();
    size_t said = heard_count();
    goes_on();
    assert_int_equal(heard_count(), said);
    heard_forget();
    carrier->start();
    hand_over(orders[1]);
    goes_on();
    expect_start_before_arrival(2, orders[1]);
    carrier->stop();
}

static int forget(void **state)
{
    (void)state;
    heard_forget();
    return 0;
}

int carrier_contract(const char *name, const struct carrier *that, void (*by)(void))
{
    carrier = that;
    move = by;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_parcel_leaves_and_then_arrives, forget),
        cmocka_unit_test_teardown(a_parcel_may_come_before_the_start, forget),
        cmocka_unit_test_teardown(what_it_says_belongs_to_the_order, forget),
        cmocka_unit_test_teardown(a_parcel_may_be_handed_over_twice, forget),
        cmocka_unit_test_teardown(after_the_stop_it_is_silent_and_can_be_started_again, forget),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
