/* What is promised of later: each function once, at its time and in order; what is left at the stop is told so; from any thread. */
#include "clock.h"
#include "later.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SAID_MAX 4096

static struct later later = LATER_INIT;

/* What was called, in its order. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct said {
        int number;
        bool due;
        duration at;
    } said[SAID_MAX];
    size_t count;
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static int numbers[SAID_MAX]; /* numbers[i] is i: what a ctx points to */

static void say(void *ctx, bool due)
{
    pthread_mutex_lock(&heard.lock);
    assert_true(heard.count < SAID_MAX);
    heard.said[heard.count++] = (struct said){*(const int *)ctx, due, clock_monotonic()};
    pthread_cond_broadcast(&heard.more);
    pthread_mutex_unlock(&heard.lock);
}

static void at(duration due, int number)
{
    later_at(&later, due, say, &numbers[number]);
}

static size_t heard_count(void)
{
    pthread_mutex_lock(&heard.lock);
    size_t count = heard.count;
    pthread_mutex_unlock(&heard.lock);
    return count;
}

/* Returns when so many were called; fails after a minute. */
static void expect_heard(size_t count)
{
    struct timespec limit;
    (void)clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 60;
    pthread_mutex_lock(&heard.lock);
    while (heard.count < count)
        assert_int_equal(pthread_cond_clockwait(&heard.more, &heard.lock, CLOCK_MONOTONIC, &limit), 0);
    pthread_mutex_unlock(&heard.lock);
}

static void expect(size_t i, int number, bool due)
{
    assert_int_equal(heard.said[i].number, number);
    assert_int_equal(heard.said[i].due, due);
}

static int set_up(void **state)
{
    (void)state;
    heard.count = 0;
    for (int i = 0; i < SAID_MAX; i++)
        numbers[i] = i;
    return 0;
}

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void the_earlier_is_called_before_the_later(void **state)
{
    (void)state;
    duration now = clock_monotonic();
    static const int order[] = {5, 2, 7, 0, 6, 3, 1, 4};
    for (size_t i = 0; i < 8; i++)
        at(now + MILLISECONDS(10) + order[i], order[i]);
    later_start(&later);
    expect_heard(8);
    later_stop(&later);
    for (int i = 0; i < 8; i++)
        expect((size_t)i, i, true);
}

static void of_the_same_time_the_one_given_first_is_first(void **state)
{
    (void)state;
    duration due = clock_monotonic() + MILLISECONDS(10);
    for (int i = 0; i < 100; i++)
        at(due, i);
    later_start(&later);
    expect_heard(100);
    later_stop(&later);
    for (int i = 0; i < 100; i++)
        expect((size_t)i, i, true);
}

static void nothing_is_called_before_its_time(void **state)
{
    (void)state;
    duration due = clock_monotonic() + MILLISECONDS(20);
    later_start(&later);
    at(due, 1);
    expect_heard(1);
    later_stop(&later);
    assert_true(heard.said[0].at >= due);
}

static void one_that_is_sooner_does_not_wait_for_the_others(void **state)
{
    (void)state;
    later_start(&later);
    at(clock_monotonic() + SECONDS(3600), 1);
    at(clock_monotonic() + MILLISECONDS(5), 2);
    expect_heard(1);
    expect(0, 2, true);
    later_stop(&later);
    expect(1, 1, false);
}

static void what_is_left_at_the_stop_is_told_so_in_its_order(void **state)
{
    (void)state;
    duration hour = clock_monotonic() + SECONDS(3600);
    later_start(&later);
    at(hour + 1, 2);
    at(hour, 1);
    at(hour + 2, 3);
    later_stop(&later);
    assert_int_equal(heard_count(), 3);
    for (int i = 0; i < 3; i++)
        expect((size_t)i, i + 1, false);
}

static void it_can_be_started_again(void **state)
{
    (void)state;
    later_start(&later);
    later_stop(&later);
    at(clock_monotonic(), 1);
    assert_int_equal(heard_count(), 0);
    later_start(&later);
    expect_heard(1);
    later_stop(&later);
    expect(0, 1, true);
    assert_int_equal(heard_count(), 1);
}

/* Again, at once, until it was three times; at the stop, once more than is heard of. */
static void again(void *ctx, bool due)
{
    if (*(const int *)ctx < 3)
        later_at(&later, clock_monotonic(), again, (int *)ctx + 1);
    say(ctx, due);
}

static void a_function_may_give_the_next(void **state)
{
    (void)state;
    later_start(&later);
    later_at(&later, clock_monotonic(), again, &numbers[1]);
    expect_heard(3);
    later_stop(&later);
    for (int i = 0; i < 3; i++)
        expect((size_t)i, i + 1, true);
}

static void what_is_given_while_it_stops_waits_for_the_next_start(void **state)
{
    (void)state;
    later_start(&later);
    later_at(&later, clock_monotonic() + SECONDS(3600), again, &numbers[2]);
    later_stop(&later);
    assert_int_equal(heard_count(), 1);
    expect(0, 2, false);
    later_start(&later);
    expect_heard(2);
    later_stop(&later);
    expect(1, 3, true);
}

/* ── threads ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define THREADS     4
#define EACH_THREAD 1000

/* Dues that lie here and there within some milliseconds, and at the end beyond the stop. */
static void *give_many(void *first)
{
    for (int i = 0; i < EACH_THREAD; i++)
        at(clock_monotonic() + (i % 10 == 9 ? SECONDS(3600) : i * 7919 % 5000), *(const int *)first + i);
    return NULL;
}

static void expect_each_once(void)
{
    static int times[SAID_MAX];
    assert_int_equal(heard_count(), THREADS * EACH_THREAD);
    for (size_t i = 0; i < heard.count; i++) {
        times[heard.said[i].number]++;
        assert_int_equal(heard.said[i].due, heard.said[i].number % 10 != 9);
    }
    for (int i = 0; i < THREADS * EACH_THREAD; i++)
        assert_int_equal(times[i], 1);
}

static void any_thread_may_give(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    later_start(&later);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, give_many, &numbers[i * EACH_THREAD]), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    expect_heard(THREADS * EACH_THREAD / 10 * 9);
    later_stop(&later);
    expect_each_once();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_earlier_is_called_before_the_later, set_up),
        cmocka_unit_test_setup(of_the_same_time_the_one_given_first_is_first, set_up),
        cmocka_unit_test_setup(nothing_is_called_before_its_time, set_up),
        cmocka_unit_test_setup(one_that_is_sooner_does_not_wait_for_the_others, set_up),
        cmocka_unit_test_setup(what_is_left_at_the_stop_is_told_so_in_its_order, set_up),
        cmocka_unit_test_setup(it_can_be_started_again, set_up),
        cmocka_unit_test_setup(a_function_may_give_the_next, set_up),
        cmocka_unit_test_setup(what_is_given_while_it_stops_waits_for_the_next_start, set_up),
        cmocka_unit_test_setup(any_thread_may_give, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
