/* The simulated provider: the contract of every provider, what its tokens do besides, and what its books remember. */
#include "clock.h"
#include "pg.h"
#include "provider_contract.h"
#include "testing.h"
#include <string.h>

extern const struct embedded migrations[];

static struct testing_database database;
static struct testing_proxy *proxy; /* the books' way to the database */
static struct pg *pg;

static bool start(void)
{
    char problem[200];
    return simulated_provider.start(testing_proxy_url(proxy), problem);
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
    proxy = testing_proxy_start(database.url);
    return start() ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    simulated_provider.stop();
    testing_proxy_stop(proxy);
    pg_free(pg);
    testing_database_drop(&database);
    return 0;
}

static int64_t number_of(const char *sql, struct uuid key)
{
    struct pg_params params = {0};
    pg_add_uuid(&params, key);
    const struct pg_rows *rows = pg_query(pg, sql, &params);
    assert_non_null(rows);
    pg_params_release(&params);
    return pg_int8(rows, 0, 0);
}

static int64_t charged(struct uuid key)
{
    return number_of("select coalesce(sum(amount), 0)::int8 from simulated_provider.charge where key = $1 and charged_at <= now()", key);
}

static int64_t refunded(struct str reference)
{
    struct uuid charge;
    assert_true(uuid_parse((struct str){reference.p + 3, reference.n - 3}, &charge));
    return number_of("select coalesce(sum(amount), 0)::int8 from simulated_provider.refund where charge = $1 and done", charge);
}

static const struct provider_contract contract = {
    .provider = &simulated_provider,
    .approved = "tok_ok",
    .declined = "tok_insufficient_funds",
    .decline_code = "insufficient_funds",
    .hangs = "tok_hang",
    .lost = "tok_lost",
    .refund_fails_twice = "tok_refund_fails_twice",
    .refund_fault_code = "refund_failed",
    .unknown_charge = "ch_01900000-0000-7000-8000-00000000dead",
    .restart = start,
    .charged = charged,
    .refunded = refunded,
};

/* ── what it does besides ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct asked charge(struct uuid key, const char *token, duration deadline)
{
    return charge_of(&simulated_provider, key, token, deadline);
}

static void a_token_that_nobody_knows_is_declined(void **state)
{
    (void)state;
    assert_string_equal(charge(uuid_new(), "4242", PROVIDER_LONG).text, "invalid_token");
    assert_string_equal(charge(uuid_new(), "tok_declined", PROVIDER_LONG).text, "declined");
}

static void what_is_slow_is_approved_if_there_is_time(void **state)
{
    (void)state;
    assert_int_equal(charge(uuid_new(), "tok_slow", PROVIDER_LONG).answer, PROVIDER_APPROVED);
    assert_int_equal(charge(uuid_new(), "tok_slow", PROVIDER_SHORT).answer, PROVIDER_SILENT);
}

static void a_late_charge_is_not_there_at_once(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    assert_int_equal(charge(key, "tok_late", PROVIDER_SHORT).answer, PROVIDER_SILENT);
    assert_int_equal(charge(key, "tok_late", PROVIDER_SHORT).answer, PROVIDER_SILENT);
    assert_int_equal(charged(key), 0);
    (void)number_of("update simulated_provider.charge set charged_at = now() where key = $1 returning 1::int8", key); /* 5 s have passed */
    assert_int_equal(charge(key, "tok_late", PROVIDER_LONG).answer, PROVIDER_APPROVED);
    assert_int_equal(charged(key), PROVIDER_AMOUNT);
}

/* A crash forgets all but the books. */
static void the_books_outlive_the_process(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    assert_int_equal(charge(key, "tok_lost", PROVIDER_SHORT).answer, PROVIDER_SILENT);
    simulated_provider.stop();
    assert_true(start());
    assert_int_equal(charge(key, "tok_lost", PROVIDER_LONG).answer, PROVIDER_APPROVED);
}

static void nothing_is_claimed_while_the_books_are_away(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    testing_proxy_go_away(proxy);
    assert_int_equal(charge(key, "tok_ok", PROVIDER_LONG).answer, PROVIDER_SILENT);
    testing_proxy_come_back(proxy);
    testing_wait_until(charge(key, "tok_ok", PROVIDER_LONG).answer == PROVIDER_APPROVED);
    assert_int_equal(charged(key), PROVIDER_AMOUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_that_nobody_knows_is_declined),       cmocka_unit_test(what_is_slow_is_approved_if_there_is_time),
        cmocka_unit_test(a_late_charge_is_not_there_at_once),          cmocka_unit_test(the_books_outlive_the_process),
        cmocka_unit_test(nothing_is_claimed_while_the_books_are_away),
    };
    int failed = provider_contract_run(&contract, "the simulated provider, as every provider", setup, teardown);
    return failed + cmocka_run_group_tests_name("the simulated provider", tests, setup, teardown);
}
