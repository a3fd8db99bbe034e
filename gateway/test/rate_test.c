/* Rates, in a time that the tests make: a second's worth at once, and then as many as time gives; each has its own. */
#include "rate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const duration start = SECONDS(1000);

static struct rate_key key(uint64_t n)
{
    return (struct rate_key){n * UINT64_C(0x9e3779b97f4a7c15), n};
}

/* How many of `tries` come in at that moment. */
static int64_t admitted(struct rate *r, struct rate_key k, int64_t tries, duration now)
{
    int64_t n = 0;
    for (int64_t i = 0; i < tries; i++)
        n += rate_take(r, k, now) == 0;
    return n;
}

static void a_seconds_worth_may_come_at_once_and_no_more(void **state)
{
    (void)state;
    static const int64_t rates[] = {1, 3, 1000, 5000, 1000000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct rate *r = rate_new(rates[i]);
        assert_int_equal(rate_per_second(r), rates[i]);
        assert_int_equal(admitted(r, key(1), rates[i] + 10, start), rates[i]);
        rate_free(r);
    }
}

static void who_is_refused_is_told_when_there_is_room(void **state)
{
    (void)state;
    struct rate *r = rate_new(100);
    assert_int_equal(admitted(r, key(1), 100, start), 100);
    duration wait = rate_take(r, key(1), start);
    assert_int_equal(wait, MILLISECONDS(10));
    assert_int_equal(rate_take(r, key(1), start + wait - 1), 1);
    assert_int_equal(rate_take(r, key(1), start + wait), 0);
    rate_free(r);
}

static void in_the_long_run_it_is_the_rate(void **state)
{
    (void)state;
    struct rate *r = rate_new(1000);
    int64_t n = 0;
    for (duration t = 0; t < SECONDS(60); t += MILLISECONDS(7))
        n += admitted(r, key(1), 20, start + t);
    assert_in_range(n, 60 * 1000, 61 * 1000 + 1);
    rate_free(r);
}

static void nobody_saves_up_more_than_a_second(void **state)
{
    (void)state;
    struct rate *r = rate_new(10);
    assert_int_equal(admitted(r, key(1), 20, start), 10);
    assert_int_equal(admitted(r, key(1), 20, start + SECONDS(3600)), 10);
    rate_free(r);
}

static void each_has_its_own(void **state)
{
    (void)state;
    struct rate *r = rate_new(2);
    for (uint64_t k = 1; k <= 1000; k++)
        assert_int_equal(admitted(r, key(k), 5, start), 2);
    rate_free(r);
}

/* A million others take every place: then some are forgotten, never somebody refused who has not come before. */
static void a_crowd_harms_nobody(void **state)
{
    (void)state;
    struct rate *r = rate_new(2);
    for (uint64_t k = 1; k <= 1000000; k++)
        assert_int_equal(rate_take(r, key(k), start), 0);
    assert_int_equal(rate_take(r, key(2000000), start + 1), 0);
    rate_free(r);
}

static bool same(const char *one, const char *other)
{
    struct rate_key a, b;
    assert_true(rate_key_of_address(str_of(one), &a));
    assert_true(rate_key_of_address(str_of(other), &b));
    return a.high == b.high && a.low == b.low;
}

static void an_address_is_one_or_none(void **state)
{
    (void)state;
    assert_false(same("192.0.2.1", "192.0.2.2"));
    assert_true(same("192.0.2.1", "::ffff:192.0.2.1"));
    assert_true(same("2001:db8::1", "2001:db8::ffff:1"));
    assert_false(same("2001:db8::1", "2001:db8:0:1::1"));
    static const char *const none[] = {"",      "x",       "192.0.2",    "192.0.2.1:80",
                                       "[::1]", "unknown", "192.0.2.1 ", "::ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:1"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        struct rate_key k;
        assert_false(rate_key_of_address(str_of(none[i]), &k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seconds_worth_may_come_at_once_and_no_more),
        cmocka_unit_test(who_is_refused_is_told_when_there_is_room),
        cmocka_unit_test(in_the_long_run_it_is_the_rate),
        cmocka_unit_test(nobody_saves_up_more_than_a_second),
        cmocka_unit_test(each_has_its_own),
        cmocka_unit_test(a_crowd_harms_nobody),
        cmocka_unit_test(an_address_is_one_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
