/* Stories of accounts. */
#include "account.h"
#include "given.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct uuid customer = {{7}}, neighbour = {{8}};

static int start_story(void **state)
{
    struct story *s = malloc(sizeof *s);
    story_init(s, &account_decider);
    *state = s;
    return 0;
}

static int end_story(void **state)
{
    story_release(*state);
    free(*state);
    return 0;
}

static struct command completed(struct uuid whose)
{
    static struct record_completed data;
    data = (struct record_completed){.order = {{11}}, .customer = whose};
    return (struct command){.type = RECORD_COMPLETED, .data = &data};
}

static void expect_account(struct story *s, struct uuid whose, int64_t orders, int64_t points)
{
    const struct account *account = story_state(s, ACCOUNT, whose);
    assert_int_equal(account->orders, orders);
    assert_int_equal(account->points, points);
}

static void an_order_earns_a_point(void **state)
{
    struct story *s = *state;
    when(s, completed(customer));
    const struct points_earned *earned = then_event(s, POINTS_EARNED);
    then_no_more(s);
    assert_int_equal(earned->points, 1);
    assert_true(uuid_equal(earned->order, (struct uuid){{11}}));
    expect_account(s, customer, 1, 1);
}

static void every_tenth_order_earns_ten_more(void **state)
{
    struct story *s = *state;
    for (int i = 0; i < 9; i++)
        given(s, completed(customer));
    expect_account(s, customer, 9, 9);
    when(s, completed(customer));
    assert_int_equal(((const struct points_earned *)then_event(s, POINTS_EARNED))->points, 11);
    given(s, completed(customer));
    expect_account(s, customer, 11, 21);
}

static void each_customer_has_an_account(void **state)
{
    struct story *s = *state;
    given(s, completed(customer));
    given(s, completed(neighbour));
    expect_account(s, customer, 1, 1);
    expect_account(s, neighbour, 1, 1);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, start_story, end_story)
    const struct CMUnitTest tests[] = {
        STORY(an_order_earns_a_point),
        STORY(every_tenth_order_earns_ten_more),
        STORY(each_customer_has_an_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
