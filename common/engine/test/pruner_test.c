/* The pruner, against a real PostgreSQL: nothing younger than its lifetime goes, everything older does, a step at a time, by one of two. */
#include "bank.h"
#include "clock.h"
#include "pruner.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS(n) MINUTES((n)*1440)

static const struct uuid nobody;

static struct pruner *pruner_of(int64_t step)
{
    return pruner_start(&(struct pruner_config){.database_url = bank_database.url,
                                                .keep_keys = DAYS(7),
                                                .keep_inbox = DAYS(30),
                                                .step = step,
                                                .pause = MILLISECONDS(1),
                                                .period = MILLISECONDS(5)});
}

static int64_t metric(const struct pruner *p, const char *name)
{
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    char line[100];
    (void)snprintf(line, sizeof line, "\n%s ", name);
    pruner_show(p, &page);
    const char *found = strstr(text.p, line);
    int64_t value = found ? strtoll(found + strlen(line), NULL, 10) : -1;
    buf_release(&text);
    return value;
}

#define PRUNED_KEYS     "jumun_pruned_rows_total{table=\"idempotency\"}"
#define PRUNED_MESSAGES "jumun_pruned_rows_total{table=\"inbox\"}"

static struct pg *pg; /* of the test */

static void put(const char *sql, int64_t first, int64_t last, const char *age, const char *other_age)
{
    struct pg_params p = {0};
    pg_add_int8(&p, first), pg_add_int8(&p, last);
    pg_add_text(&p, str_of(age)), pg_add_text(&p, str_of(other_age));
    const struct pg_rows *rows = pg_query(pg, sql, &p);
    pg_params_release(&p);
    if (!rows || pg_affected(rows) != last - first + 1)
        fail_msg("rows could not be put: %s", pg_fault(pg)->message);
}

static void keys(int first, int last, const char *age)
{
    put("insert into idempotency (scope, key, fingerprint, resource, lease, at) select 'scope', i::text, gen_random_uuid(), "
        "gen_random_uuid(),"
        " now() - $3::text::interval, now() - $4::text::interval from generate_series($1, $2) i",
        first, last, age, age);
}

/* As version 7 has it, said so long ago; and heard. */
static void messages(int count, const char *said, const char *heard)
{
    put("insert into inbox (event, at) select (lpad(to_hex((extract(epoch from now() - $3::text::interval) * 1000)::bigint), 12, '0') || "
        "'7' ||"
        " substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid, now() - $4::text::interval from generate_series($1, $2) i",
        1, count, said, heard);
}

static void what_is_older_than_its_lifetime_goes_and_nothing_else(void **state)
{
    (void)state;
    keys(1, 25, "8 days");
    keys(26, 50, "6 days 23 hours");
    messages(25, "31 days", "31 days");
    messages(10, "29 days 23 hours", "29 days 23 hours");
    messages(7, "40 days", "1 hour"); /* topics were read again */
    struct pruner *p = pruner_of(10); /* steps that the numbers do not fit */
    testing_wait_until(metric(p, PRUNED_KEYS) == 25 && metric(p, PRUNED_MESSAGES) == 25);
    keys(51, 51, "8 days"); /* these go with a later sweep: so the first, whole one has spared the rest */
    messages(1, "31 days", "31 days");
    testing_wait_until(metric(p, PRUNED_KEYS) == 26 && metric(p, PRUNED_MESSAGES) == 26);
    pruner_stop(p);
    assert_int_equal(bank_number("select count(*) from idempotency where key::int between 26 and 50", nobody), 25);
    assert_int_equal(bank_number("select count(*) from idempotency", nobody), 25);
    assert_int_equal(bank_number("select count(*) from inbox", nobody), 17);
}

static void the_mark_says_below_which_id_the_inbox_does_not_know(void **state)
{
    (void)state;
    messages(5, "29 days", "29 days");
    struct pruner *p = pruner_of(10);
    keys(1, 1, "8 days");
    testing_wait_until(metric(p, PRUNED_KEYS) == 1);
    keys(2, 2, "8 days");
    testing_wait_until(metric(p, PRUNED_KEYS) == 2); /* a whole sweep */
    assert_int_equal(bank_number("select count(*) from pruned", nobody), 0);
    messages(5, "31 days", "31 days");
    testing_wait_until(metric(p, PRUNED_MESSAGES) == 5);
    pruner_stop(p);
    assert_int_equal(
        bank_number("select count(*) from pruned where what = 'inbox' and below <= (select event from inbox order by event limit 1)"
                    " and ('x' || substr(replace(below::text, '-', ''), 1, 12))::bit(48)::bigint"
                    " between extract(epoch from now() - interval '30 days 2 hours') * 1000"
                    " and extract(epoch from now() - interval '30 days') * 1000",
                    nobody),
        1);
}

static void of_two_one_is_at_work_and_the_other_takes_over(void **state)
{
    (void)state;
    struct pruner *first = pruner_of(10), *second;
    keys(1, 30, "8 days");
    testing_wait_until(metric(first, PRUNED_KEYS) == 30);
    second = pruner_of(10);
    keys(31, 60, "8 days");
    testing_wait_until(metric(first, PRUNED_KEYS) == 60);
    assert_int_equal(metric(second, PRUNED_KEYS), 0);
    pruner_stop(first);
    keys(61, 90, "8 days");
    testing_wait_until(metric(second, PRUNED_KEYS) == 30);
    pruner_stop(second);
    assert_int_equal(bank_number("select count(*) from idempotency", nobody), 0);
}

/* Its session is ended, as a server does that restarts. */
static void it_goes_on_when_its_session_was_lost(void **state)
{
    (void)state;
    struct pruner *p = pruner_of(10);
    keys(1, 5, "8 days");
    testing_wait_until(metric(p, PRUNED_KEYS) == 5);
    bank_number("select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'pruner'"
                " and datname = current_database()",
                nobody);
    keys(6, 10, "8 days");
    testing_wait_until(metric(p, PRUNED_KEYS) == 10);
    pruner_stop(p);
}

/* A key that is being asked by again, just now, is not pulled from under whoever asks. */
static void what_is_in_use_is_left_alone(void **state)
{
    (void)state;
    struct pg *other = pg_new(bank_database.url, "other", PG_QUERIES);
    keys(1, 20, "8 days");
    assert_true(pg_connect(other));
    assert_non_null(pg_query(other, "begin", NULL));
    assert_non_null(pg_query(other, "select 1 from idempotency where key = '7' for update", NULL));
    struct pruner *p = pruner_of(100);
    testing_wait_until(metric(p, PRUNED_KEYS) == 19);
    assert_non_null(pg_query(other, "rollback", NULL));
    testing_wait_until(metric(p, PRUNED_KEYS) == 20);
    pruner_stop(p);
    pg_free(other);
}

static int setup(void **state)
{
    bank_setup(state);
    pg = pg_new(bank_database.url, "pruner's test", PG_QUERIES);
    return pg_connect(pg) ? 0 : -1;
}

static int teardown(void **state)
{
    pg_free(pg);
    return bank_teardown(state);
}

#define TEST(name) cmocka_unit_test_setup(name, bank_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_older_than_its_lifetime_goes_and_nothing_else),
        TEST(the_mark_says_below_which_id_the_inbox_does_not_know),
        TEST(of_two_one_is_at_work_and_the_other_takes_over),
        TEST(it_goes_on_when_its_session_was_lost),
        TEST(what_is_in_use_is_left_alone),
    };
    return cmocka_run_group_tests_name("pruner", tests, setup, teardown);
}
