/* The breaker: when it opens, when it tries again, and what it counts. */
#include "breaker.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct breaker_config config = {
    .window = SECONDS(10), .minimum_calls = 10, .failure_percent = 50, .open_for = SECONDS(5), .probes = 3, .calls_max = 20};

static struct breaker b;
static duration now;

static int setup(void **state)
{
    (void)state;
    breaker_init(&b, &config);
    now = SECONDS(1000000);
    return 0;
}

static struct breaker_permit admitted(void)
{
    struct breaker_permit permit;
    assert_int_equal(breaker_ask(&b, now, &permit), BREAKER_ADMITTED);
    return permit;
}

static void refused(enum breaker_verdict why)
{
    struct breaker_permit permit;
    assert_int_equal(breaker_ask(&b, now, &permit), why);
}

static void calls(int n, bool answered)
{
    for (int i = 0; i < n; i++)
        breaker_tell(&b, admitted(), answered, now);
}

static void is(enum breaker_state state)
{
    assert_string_equal(breaker_state_names[b.state], breaker_state_names[state]);
}

static void opened(void)
{
    calls(10, false);
    is(BREAKER_OPEN);
}

static void half_opened(void)
{
    opened();
    now += config.open_for;
}

static void few_failures_prove_nothing(void **state)
{
    (void)state;
    calls(9, false);
    is(BREAKER_CLOSED);
    calls(1, false);
    is(BREAKER_OPEN);
}

static void it_opens_at_the_threshold(void **state)
{
    (void)state;
    calls(11, true);
    calls(10, false);
    is(BREAKER_CLOSED); /* 10 of 21 */
    calls(1, false);
    is(BREAKER_OPEN);
}

static void a_success_does_not_open_it(void **state)
{
    (void)state;
    calls(9, false);
    calls(1, true); /* the tenth end, and 9 of 10 have failed: but this one says that they are back */
    is(BREAKER_CLOSED);
    calls(1, false);
    is(BREAKER_OPEN);
}

static void what_is_long_ago_counts_for_nothing(void **state)
{
    (void)state;
    int64_t ended, failed;
    calls(9, false);
    now += SECONDS(9);
    calls(5, true);
    breaker_recent(&b, now, &ended, &failed);
    assert_int_equal(ended, 14);
    assert_int_equal(failed, 9);
    now += SECONDS(1);
    breaker_recent(&b, now, &ended, &failed);
    assert_int_equal(ended, 5);
    assert_int_equal(failed, 0);
    calls(4, false);
    is(BREAKER_CLOSED);
    now += SECONDS(3600);
    calls(9, false); /* into buckets that have been used before */
    is(BREAKER_CLOSED);
}

static void while_open_nobody_is_asked(void **state)
{
    (void)state;
    opened();
    refused(BREAKER_REFUSED_OPEN);
    now += config.open_for - 1;
    refused(BREAKER_REFUSED_OPEN);
    is(BREAKER_OPEN);
    now += 1;
    (void)admitted();
    is(BREAKER_HALF_OPEN);
}

static void a_few_probes_find_out(void **state)
{
    (void)state;
    half_opened();
    struct breaker_permit probes[] = {admitted(), admitted(), admitted()};
    refused(BREAKER_REFUSED_OPEN);
    breaker_tell(&b, probes[0], true, now);
    refused(BREAKER_REFUSED_OPEN);
    breaker_tell(&b, probes[1], true, now);
    is(BREAKER_HALF_OPEN);
    breaker_tell(&b, probes[2], true, now);
    is(BREAKER_CLOSED);
    calls(9, false); /* it begins anew: what had failed before is forgotten */
    is(BREAKER_CLOSED);
}

static void probes_need_not_come_together(void **state)
{
    (void)state;
    half_opened();
    calls(2, true);
    is(BREAKER_HALF_OPEN);
    now += SECONDS(60);
    calls(1, true);
    is(BREAKER_CLOSED);
}

static void one_failed_probe_opens_it_again(void **state)
{
    (void)state;
    half_opened();
    struct breaker_permit good = admitted(), bad = admitted();
    breaker_tell(&b, good, true, now);
    breaker_tell(&b, bad, false, now);
    is(BREAKER_OPEN);
    now += config.open_for - 1;
    refused(BREAKER_REFUSED_OPEN);
}

static void calls_of_other_times_count_for_nothing(void **state)
{
    (void)state;
    struct breaker_permit before = admitted(), also_before = admitted();
    half_opened();
    struct breaker_permit probe = admitted();
    breaker_tell(&b, before, false, now);
    is(BREAKER_HALF_OPEN);
    breaker_tell(&b, also_before, true, now);
    struct breaker_permit second = admitted(), third = admitted();
    refused(BREAKER_REFUSED_OPEN);
    breaker_tell(&b, probe, true, now);
    breaker_tell(&b, second, true, now);
    breaker_tell(&b, third, true, now);
    is(BREAKER_CLOSED);
    assert_int_equal(b.under_way, 0);
}

static void only_so_many_are_under_way(void **state)
{
    (void)state;
    struct breaker_permit permits[20];
    for (size_t i = 0; i < 20; i++)
        permits[i] = admitted();
    refused(BREAKER_REFUSED_FULL);
    breaker_tell(&b, permits[0], true, now);
    (void)admitted();
    refused(BREAKER_REFUSED_FULL);
    is(BREAKER_CLOSED);
}

static void those_that_still_hang_leave_less_room_for_probes(void **state)
{
    (void)state;
    struct breaker_config narrow = config;
    narrow.calls_max = 4;
    breaker_init(&b, &narrow);
    calls(9, false);
    struct breaker_permit permits[] = {admitted(), admitted(), admitted(), admitted()};
    breaker_tell(&b, permits[0], false, now);
    is(BREAKER_OPEN);
    now += config.open_for;
    struct breaker_permit probe = admitted();
    refused(BREAKER_REFUSED_FULL);
    breaker_tell(&b, permits[1], false, now);
    (void)admitted();
    breaker_tell(&b, probe, true, now);
    is(BREAKER_HALF_OPEN);
}

static void its_metrics_tell_state_changes_and_refusals(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    struct metrics_page page = {.out = &out};
    opened();
    refused(BREAKER_REFUSED_OPEN);
    refused(BREAKER_REFUSED_OPEN);
    breaker_show(&b, "payment", &page);
    assert_non_null(strstr(out.p, "jumun_breaker_state{breaker=\"payment\",state=\"closed\"} 0\n"));
    assert_non_null(strstr(out.p, "jumun_breaker_state{breaker=\"payment\",state=\"open\"} 1\n"));
    assert_non_null(strstr(out.p, "jumun_breaker_changes_total{breaker=\"payment\",to=\"open\"} 1\n"));
    assert_non_null(strstr(out.p, "jumun_breaker_refused_total{breaker=\"payment\",why=\"open\"} 2\n"));
    assert_non_null(strstr(out.p, "jumun_breaker_refused_total{breaker=\"payment\",why=\"full\"} 0\n"));
    buf_release(&out);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup(test, setup)
    const struct CMUnitTest tests[] = {
        STORY(few_failures_prove_nothing),
        STORY(it_opens_at_the_threshold),
        STORY(a_success_does_not_open_it),
        STORY(what_is_long_ago_counts_for_nothing),
        STORY(while_open_nobody_is_asked),
        STORY(a_few_probes_find_out),
        STORY(probes_need_not_come_together),
        STORY(one_failed_probe_opens_it_again),
        STORY(calls_of_other_times_count_for_nothing),
        STORY(only_so_many_are_under_way),
        STORY(those_that_still_hang_leave_less_room_for_probes),
        STORY(its_metrics_tell_state_changes_and_refusals),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
