/* The ledgers are compared: every kind of difference, planted, is found; and what agrees is not named. */
#include "outbound/ledger.h"

#include "testing.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

extern const struct embedded migrations[];

static struct testing_database database;
static struct pg *pg;

#define ID(n) "01900000-0000-7000-8000-00000000000" n

static void run(const char *sql)
{
    if (!pg_query(pg, sql, NULL))
        fail_msg("%s: %s", sql, pg_fault(pg)->message);
}

static int setup(void **state)
{
    (void)state;
    struct arena arena;
    struct str problem;
    testing_database_new(&database);
    pg = pg_new(database.url, "test", PG_QUERIES);
    arena_init(&arena);
    assert_true(pg_connect(pg));
    assert_true(pg_migrate(pg, "payment", migrations, &arena, &problem));
    arena_release(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pg_free(pg);
    testing_database_drop(&database);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    run("truncate payment, simulated_provider.refund, simulated_provider.charge");
    return 0;
}

/* A payment with one attempt. */
#define PAYMENT(order, status, attempt, token, refund)                                                                                     \
    "insert into payment (id, version, payment_id, customer, status, amount, currency, attempts, refund, token, created_at, updated_at) "  \
    "values ('" order "', 1, '" order "', '" order "', '" status "', 500, 'KRW', "                                                         \
    "'{\"attempts\":[{\"number\":1,\"status\":\"" attempt "\",\"key\":\"" order "\"}]}', " refund ", " token ", now(), now())"
#define REFUND_OF(order) "'{\"number\":1,\"charge\":\"ch_" order "\"}'"
#define CHARGE(key, amount)                                                                                                                \
    "insert into simulated_provider.charge (key, amount, currency, token, charged_at) values ('" key "', " amount ", 'KRW', 't', now())"
#define GIVEN_BACK(key, charge, amount)                                                                                                    \
    "insert into simulated_provider.refund (key, charge, amount, currency, done, refunded_at) values ('" key "', '" charge "', " amount    \
    ", 'KRW', true, now())"

static void then_counts(int64_t charges_ours, int64_t charges_theirs, int64_t refunds_ours, int64_t refunds_theirs)
{
    const struct pg_rows *rows = ledger_counts(pg);
    assert_non_null(rows);
    assert_int_equal(pg_int8(rows, 0, 0), charges_ours);
    assert_int_equal(pg_int8(rows, 0, 1), charges_theirs);
    assert_int_equal(pg_int8(rows, 0, 2), refunds_ours);
    assert_int_equal(pg_int8(rows, 0, 3), refunds_theirs);
}

/* Exactly this one; -1: the side has none. */
static void then_difference(const char *kind, const char *charge, int64_t ours, int64_t theirs)
{
    const struct pg_rows *rows = ledger_differences(pg, 10);
    assert_non_null(rows);
    assert_int_equal(pg_count(rows), 1);
    assert_true(str_is(pg_text(rows, 0, 0), kind));
    assert_true(str_is(pg_text(rows, 0, 1), charge));
    assert_int_equal(pg_null(rows, 0, 3) ? -1 : pg_int8(rows, 0, 3), ours);
    assert_int_equal(pg_null(rows, 0, 5) ? -1 : pg_int8(rows, 0, 5), theirs);
}

static void what_agrees_is_counted_and_not_named(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "APPROVED", "APPROVED", "null", "null"));
    run(CHARGE(ID("1"), "500"));
    run(PAYMENT(ID("2"), "DECLINED", "DECLINED", "null", "null"));
    run(PAYMENT(ID("3"), "REFUNDED", "APPROVED", "null", REFUND_OF(ID("3"))));
    run(CHARGE(ID("3"), "500"));
    run(GIVEN_BACK(ID("4"), ID("3"), "500"));
    run("insert into simulated_provider.charge (key, amount, currency, token, charged_at) values ('" ID(
        "5") "', 1, 'KRW', 't', "
             "now() + interval '1 hour')"); /* not charged yet */
    then_counts(2, 2, 1, 1);
    assert_int_equal(pg_count(ledger_differences(pg, 10)), 0);
}

static void a_charge_the_provider_does_not_know(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "APPROVED", "APPROVED", "null", "null"));
    then_counts(1, 0, 0, 0);
    then_difference("CHARGE_UNKNOWN_TO_PROVIDER", "ch_" ID("1"), 500, -1);
}

static void a_charge_we_do_not_know(void **state)
{
    (void)state;
    run(CHARGE(ID("1"), "500"));
    then_difference("CHARGE_UNKNOWN_TO_US", "ch_" ID("1"), -1, 500);
    run(PAYMENT(ID("1"), "DECLINED", "DECLINED", "null", "null"));
    then_difference("CHARGE_UNKNOWN_TO_US", "ch_" ID("1"), -1, 500);
}

static void a_charge_we_are_still_asking_for(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "UNKNOWN", "UNKNOWN", "'tok_lost'", "null"));
    run(CHARGE(ID("1"), "500"));
    then_difference("CHARGE_NOT_KNOWN_YET", "ch_" ID("1"), -1, 500);
}

static void a_charge_of_another_amount(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "APPROVED", "APPROVED", "null", "null"));
    run(CHARGE(ID("1"), "499"));
    then_difference("CHARGE_OF_OTHER_AMOUNT", "ch_" ID("1"), 500, 499);
}

static void a_refund_the_provider_does_not_know(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "REFUNDED", "APPROVED", "null", REFUND_OF(ID("1"))));
    run(CHARGE(ID("1"), "500"));
    then_difference("REFUND_UNKNOWN_TO_PROVIDER", "ch_" ID("1"), 500, -1);
}

static void a_refund_we_do_not_know(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "APPROVED", "APPROVED", "null", "null"));
    run(CHARGE(ID("1"), "500"));
    run(GIVEN_BACK(ID("2"), ID("1"), "500"));
    then_counts(1, 1, 0, 1);
    then_difference("REFUND_UNKNOWN_TO_US", "ch_" ID("1"), -1, 500);
}

static void a_refund_we_are_still_asking_for(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "REFUNDING", "APPROVED", "null", REFUND_OF(ID("1"))));
    run(CHARGE(ID("1"), "500"));
    run(GIVEN_BACK(ID("2"), ID("1"), "500"));
    then_difference("REFUND_NOT_KNOWN_YET", "ch_" ID("1"), -1, 500);
}

static void money_that_was_given_back_twice(void **state)
{
    (void)state;
    run(PAYMENT(ID("1"), "REFUNDED", "APPROVED", "null", REFUND_OF(ID("1"))));
    run(CHARGE(ID("1"), "500"));
    run(GIVEN_BACK(ID("2"), ID("1"), "500"));
    run(GIVEN_BACK(ID("3"), ID("1"), "500"));
    then_difference("REFUND_OF_OTHER_AMOUNT", "ch_" ID("1"), 500, 1000);
}

static void the_books_are_read_page_by_page(void **state)
{
    (void)state;
    run(CHARGE(ID("1"), "500"));
    run(CHARGE(ID("2"), "500"));
    run(GIVEN_BACK(ID("3"), ID("2"), "500"));
    const struct pg_rows *rows = ledger_charges(pg, (struct uuid){0}, 1);
    assert_int_equal(pg_count(rows), 1);
    struct uuid first = pg_uuid(rows, 0, 0);
    rows = ledger_charges(pg, first, 10);
    assert_int_equal(pg_count(rows), 1);
    assert_false(uuid_equal(pg_uuid(rows, 0, 0), first));
    assert_int_equal(pg_count(ledger_refunds(pg, (struct uuid){0}, 10)), 1);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup(test, clear)
    const struct CMUnitTest tests[] = {
        STORY(what_agrees_is_counted_and_not_named),
        STORY(a_charge_the_provider_does_not_know),
        STORY(a_charge_we_do_not_know),
        STORY(a_charge_we_are_still_asking_for),
        STORY(a_charge_of_another_amount),
        STORY(a_refund_the_provider_does_not_know),
        STORY(a_refund_we_do_not_know),
        STORY(a_refund_we_are_still_asking_for),
        STORY(money_that_was_given_back_twice),
        STORY(the_books_are_read_page_by_page),
    };
    return cmocka_run_group_tests_name("the ledgers", tests, setup, teardown);
}
