/* What pg promises, against a real server: TEST_POSTGRES_URL names a database in which this test makes a schema of its own. */
#include "inside.h"

#include "memory.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *url;
static char in_schema[64];
static struct pg *pg, *other; /* fresh for each test; they are in the test's schema */
static struct pg_params p;
static struct arena arena;

/* ── setting up ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct pg_rows *query(struct pg *c, const char *sql, const struct pg_params *params)
{
    const struct pg_rows *rows = pg_query(c, sql, params);
    if (!rows)
        fail_msg("%s\n  %s: %s", sql, pg_fault(c)->sqlstate, pg_fault(c)->message);
    return rows;
}

/* Statements that are made up at run time, outside of prepared ones. */
static void run(const char *format, const char *argument)
{
    char sql[200];
    snprintf(sql, sizeof sql, format, argument);
    PGconn *c = PQconnectdb(url);
    PGresult *result = PQexec(c, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s\n  %s", sql, PQerrorMessage(c));
    PQclear(result);
    PQfinish(c);
}

static void enter_schema(struct pg *c)
{
    assert_true(pg_connect(c));
    pg_add_text(&p, str_of(in_schema));
    query(c, "select set_config('search_path', $1, false)", &p);
    pg_params_clear(&p);
}

static struct pg *connection(enum pg_use use)
{
    struct pg *c = pg_new(url, "pg_test", use);
    enter_schema(c);
    return c;
}

static int make_schema(void **state)
{
    (void)state;
    snprintf(in_schema, sizeof in_schema, "test_of_pg_%d", (int)getpid());
    run("set client_min_messages = error; create schema %s", in_schema);
    return 0;
}

static int drop_schema(void **state)
{
    (void)state;
    run("set client_min_messages = error; drop schema %s cascade", in_schema);
    return 0;
}

static int start(void **state)
{
    (void)state;
    arena_init(&arena);
    pg = connection(PG_KEYED);
    other = connection(PG_QUERIES);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    pg_free(pg);
    pg_free(other);
    pg_params_release(&p);
    arena_release(&arena);
    return 0;
}

static int64_t number(struct pg *c, const char *sql)
{
    return pg_int8(query(c, sql, NULL), 0, 0);
}

/* ── values in and out ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct uuid id = {{0x01, 0x93, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xff}};
static const instant then = INT64_C(1795373710123456);

static void single_values_come_back(void **state)
{
    (void)state;
    pg_add_uuid(&p, id);
    pg_add_int8(&p, INT64_MIN);
    pg_add_bool(&p, true);
    pg_add_text(&p, STR("녹차 \"a\\b\""));
    pg_add_time(&p, then);
    pg_add_text(&p, STR(""));
    const struct pg_rows *r = query(pg, "select $1, $2, $3, $4, $5, $6, $1::text, $5::text", &p);
    assert_true(uuid_equal(pg_uuid(r, 0, 0), id));
    assert_int_equal(pg_int8(r, 0, 1), INT64_MIN);
    assert_true(pg_bool(r, 0, 2));
    assert_true(str_is(pg_text(r, 0, 3), "녹차 \"a\\b\""));
    assert_int_equal(pg_time(r, 0, 4), then);
    assert_false(pg_null(r, 0, 5));
    assert_true(str_is(pg_text(r, 0, 5), ""));
    assert_true(str_is(pg_text(r, 0, 6), "01930000-0000-7000-8000-0000000000ff"));
    assert_true(str_is(pg_text(r, 0, 7), "2026-11-22 18:55:10.123456+00"));
}

static void absent_values_are_null_there_and_back(void **state)
{
    (void)state;
    pg_add_uuid(&p, (struct uuid){0});
    pg_add_text(&p, (struct str){0});
    pg_add_time(&p, 0);
    const struct pg_rows *r = query(pg, "select $1, $2, $3, null::bigint, null::boolean, null::integer, ''::text", &p);
    for (int column = 0; column < 6; column++)
        assert_true(pg_null(r, 0, column));
    assert_true(uuid_is_nil(pg_uuid(r, 0, 0)));
    assert_true(str_absent(pg_text(r, 0, 1)));
    assert_int_equal(pg_time(r, 0, 2), 0);
    assert_int_equal(pg_int8(r, 0, 3), 0);
    assert_false(pg_bool(r, 0, 4));
    assert_int_equal(pg_int8(r, 0, 5), 0);
    assert_false(str_absent(pg_text(r, 0, 6)));
}

static void columns_of_other_widths_are_understood(void **state)
{
    (void)state;
    const struct pg_rows *r = query(pg,
                                    "select -7::integer, 'x'::varchar, 'KRW'::char(3), 'n'::name, '{\"a\":1}'::json, '\\x00ff'::bytea,"
                                    " 'infinity'::timestamptz",
                                    NULL);
    assert_int_equal(pg_int8(r, 0, 0), -7);
    assert_true(str_is(pg_text(r, 0, 1), "x"));
    assert_true(str_is(pg_text(r, 0, 2), "KRW"));
    assert_true(str_is(pg_text(r, 0, 3), "n"));
    assert_true(str_is(pg_text(r, 0, 4), "{\"a\":1}"));
    assert_true(str_equal(pg_text(r, 0, 5), (struct str){"\0\xff", 2}));
    assert_int_equal(pg_time(r, 0, 6), INT64_MAX);
}

static void add_arrays_of_every_type(void)
{
    pg_array_begin(&p, PG_UUID, 2), pg_array_uuid(&p, id), pg_array_uuid(&p, (struct uuid){0}), pg_array_end(&p);
    pg_array_begin(&p, PG_INT8, 2), pg_array_int8(&p, INT64_MAX), pg_array_int8(&p, -1), pg_array_end(&p);
    pg_array_begin(&p, PG_BOOL, 2), pg_array_bool(&p, false), pg_array_bool(&p, true), pg_array_end(&p);
    pg_array_begin(&p, PG_TEXT, 2), pg_array_text(&p, STR("{\"차\",}")), pg_array_text(&p, (struct str){0}), pg_array_end(&p);
    pg_array_begin(&p, PG_TIMESTAMPTZ, 2), pg_array_time(&p, then), pg_array_time(&p, 0), pg_array_end(&p);
    pg_array_begin(&p, PG_JSON, 2), pg_array_text(&p, STR("[1]")), pg_array_text(&p, (struct str){0}), pg_array_end(&p);
    pg_array_begin(&p, PG_BYTEA, 2), pg_array_text(&p, (struct str){"\0\1", 2}), pg_array_text(&p, STR("")), pg_array_end(&p);
    pg_array_begin(&p, PG_INT4, 2), pg_array_int8(&p, INT32_MIN), pg_array_int8(&p, 5), pg_array_end(&p);
}

static void arrays_of_every_type_come_back(void **state)
{
    (void)state;
    add_arrays_of_every_type();
    const struct pg_rows *r = query(pg, "select * from unnest($1, $2, $3, $4, $5, $6, $7, $8)", &p);
    assert_int_equal(pg_count(r), 2);
    assert_true(uuid_equal(pg_uuid(r, 0, 0), id));
    assert_int_equal(pg_int8(r, 0, 1), INT64_MAX);
    assert_int_equal(pg_int8(r, 1, 1), -1);
    assert_false(pg_bool(r, 0, 2));
    assert_true(pg_bool(r, 1, 2));
    assert_true(str_is(pg_text(r, 0, 3), "{\"차\",}"));
    assert_int_equal(pg_time(r, 0, 4), then);
    assert_true(str_is(pg_text(r, 0, 5), "[1]"));
    assert_true(str_equal(pg_text(r, 0, 6), (struct str){"\0\1", 2}));
    assert_true(str_is(pg_text(r, 1, 6), ""));
    assert_int_equal(pg_int8(r, 0, 7), INT32_MIN);
    const int nullable[] = {0, 3, 4, 5};
    for (size_t i = 0; i < 4; i++)
        assert_true(pg_null(r, 1, nullable[i]));
}

static void empty_arrays_have_no_rows(void **state)
{
    (void)state;
    pg_array_begin(&p, PG_UUID, 0), pg_array_end(&p);
    pg_array_begin(&p, PG_TEXT, 0), pg_array_end(&p);
    assert_int_equal(pg_count(query(pg, "select * from unnest($1, $2)", &p)), 0);
}

#define MANY 10000
static void large_arrays_keep_their_order(void **state)
{
    (void)state;
    pg_array_begin(&p, PG_INT8, MANY);
    for (int64_t i = 0; i < MANY; i++)
        pg_array_int8(&p, i * i);
    pg_array_end(&p);
    pg_array_begin(&p, PG_TEXT, MANY);
    for (int64_t i = 0; i < MANY; i++)
        pg_array_text(&p, i % 2 ? STR("odd") : (struct str){0});
    pg_array_end(&p);
    const struct pg_rows *r = query(pg, "select * from unnest($1, $2)", &p);
    assert_int_equal(pg_count(r), MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(pg_int8(r, i, 0), (int64_t)i * i);
        assert_int_equal(pg_null(r, i, 1), i % 2 == 0);
    }
}

static void affected_rows_are_counted(void **state)
{
    (void)state;
    query(pg, "create temporary table counted (n bigint)", NULL);
    assert_int_equal(pg_affected(query(pg, "insert into counted select generate_series(1, 7)", NULL)), 7);
    assert_int_equal(pg_affected(query(pg, "update counted set n = 0 where n > 5", NULL)), 2);
    assert_int_equal(pg_affected(query(pg, "delete from counted", NULL)), 7);
    assert_int_equal(pg_affected(query(pg, "begin", NULL)), 0);
    query(pg, "rollback", NULL);
}

/* ── pipelines ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void answers_come_in_order(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 500; i++) {
        pg_params_clear(&p);
        pg_add_int8(&p, i);
        pg_send(pg, i % 2 ? "select -$1" : "select $1", &p);
    }
    pg_sync(pg);
    for (int64_t i = 0; i < 500; i++)
        assert_int_equal(pg_int8(pg_receive(pg), 0, 0), i % 2 ? -i : i);
    assert_true(pg_end(pg));
}

/* Both directions hold far more than the kernel's buffers: whoever only sent, or only received, would wait for ever. */
static void large_pipelines_do_not_deadlock(void **state)
{
    (void)state;
    const size_t size = 100000;
    char *text = memory_new(size);
    memset(text, 'x', size);
    pg_add_text(&p, (struct str){text, size});
    for (int i = 0; i < 500; i++)
        pg_send(pg, "select $1 || $1", &p);
    pg_sync(pg);
    for (int i = 0; i < 500; i++)
        assert_int_equal(pg_text(pg_receive(pg), 0, 0).n, 2 * size);
    assert_true(pg_end(pg));
    free(text);
}

static void answers_nobody_wants_are_skipped(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        pg_send(pg, "select generate_series(1, 100)", NULL);
    pg_sync(pg);
    assert_int_equal(pg_count(pg_receive(pg)), 100);
    assert_true(pg_end(pg));
    assert_int_equal(number(pg, "select 1::bigint"), 1);
}

static void a_statement_is_prepared_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        number(pg, "select 2::bigint");
    assert_int_equal(number(pg, "select count(*) from pg_prepared_statements where statement = 'select 2::bigint'"), 1);
}

static void several_syncs_may_be_under_way(void **state)
{
    (void)state;
    pg_send(pg, "select 3::bigint", NULL);
    pg_sync(pg);
    pg_send(pg, "select 4::bigint", NULL);
    pg_sync(pg);
    assert_int_equal(pg_int8(pg_receive(pg), 0, 0), 3);
    assert_true(pg_end(pg));
    assert_int_equal(pg_int8(pg_receive(pg), 0, 0), 4);
    assert_true(pg_end(pg));
}

/* ── faults ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_fault_takes_the_rest_of_its_pipeline_along(void **state)
{
    (void)state;
    pg_send(pg, "begin", NULL);
    pg_send(pg, "select 5::bigint", NULL);
    pg_send(pg, "select 1 / 0", NULL);
    pg_send(pg, "select 6::bigint", NULL);
    pg_send(pg, "commit", NULL);
    pg_sync(pg);
    assert_non_null(pg_receive(pg));
    assert_int_equal(pg_int8(pg_receive(pg), 0, 0), 5);
    for (int i = 0; i < 3; i++) {
        assert_null(pg_receive(pg));
        assert_int_equal(pg_fault(pg)->kind, PG_REJECTED);
        assert_string_equal(pg_fault(pg)->sqlstate, "22012");
        assert_string_equal(pg_fault(pg)->message, "division by zero");
    }
    assert_false(pg_end(pg));
    assert_true(pg_connected(pg));

    query(pg, "rollback", NULL);
    assert_int_equal(number(pg, "select 6::bigint"), 6); /* its preparation went down with the pipeline */
    query(pg, "begin", NULL);
    query(pg, "commit", NULL);
}

static void rollback_works_when_nothing_was_begun(void **state)
{
    (void)state;
    query(pg, "rollback", NULL);
    query(pg, "rollback", NULL);
}

static void statements_of_an_aborted_transaction_are_rejected_until_it_is_rolled_back(void **state)
{
    (void)state;
    query(pg, "begin", NULL);
    assert_null(pg_query(pg, "select * from no_such_table", NULL));
    assert_string_equal(pg_fault(pg)->sqlstate, "42P01");
    assert_null(pg_query(pg, "select 7::bigint", NULL));
    assert_string_equal(pg_fault(pg)->sqlstate, "25P02");
    query(pg, "rollback", NULL);
    assert_int_equal(number(pg, "select 7::bigint"), 7);
}

static void a_preparation_that_failed_is_not_relied_on_by_the_next_pipeline(void **state)
{
    (void)state;
    pg_send(pg, "select 1 / 0", NULL);
    pg_send(pg, "select 8::bigint", NULL);
    pg_sync(pg);
    pg_send(pg, "select 8::bigint", NULL);
    pg_sync(pg);
    assert_null(pg_receive(pg));
    assert_null(pg_receive(pg));
    assert_false(pg_end(pg));
    assert_int_equal(pg_int8(pg_receive(pg), 0, 0), 8);
    assert_true(pg_end(pg));
    assert_int_equal(number(pg, "select 8::bigint"), 8);
}

static void a_fault_at_the_end_of_the_transaction_shows_at_the_end(void **state)
{
    (void)state;
    query(pg, "create table deferred (n bigint unique deferrable initially deferred)", NULL);
    pg_send(pg, "insert into deferred values (1), (1)", NULL);
    pg_sync(pg);
    assert_non_null(pg_receive(pg));
    assert_false(pg_end(pg));
    assert_string_equal(pg_fault(pg)->sqlstate, "23505");
    assert_int_equal(number(pg, "select count(*) from deferred"), 0);
}

#define RAISE(sqlstate) "do $$ begin raise exception 'x' using errcode = '" sqlstate "'; end $$"

static void faults_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum pg_fault_kind kind;
    } cases[] = {
        {RAISE("40001"), PG_TRANSIENT},    {RAISE("40P01"), PG_TRANSIENT},    {RAISE("53100"), PG_TRANSIENT},
        {RAISE("57014"), PG_TRANSIENT},    {RAISE("55P03"), PG_TRANSIENT},    {RAISE("58030"), PG_TRANSIENT},
        {RAISE("23505"), PG_REJECTED},     {RAISE("22P02"), PG_REJECTED},     {RAISE("XX000"), PG_REJECTED},
        {RAISE("08006"), PG_DISCONNECTED}, {RAISE("57P01"), PG_DISCONNECTED}, {RAISE("57P03"), PG_DISCONNECTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(pg_connect(pg));
        assert_null(pg_query(pg, cases[i].sql, NULL));
        assert_int_equal(pg_fault(pg)->kind, cases[i].kind);
        assert_int_equal(pg_connected(pg), cases[i].kind != PG_DISCONNECTED);
    }
}

/* ── the connection ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void terminate(struct pg *victim)
{
    pg_add_int8(&p, pg_backend(victim));
    assert_true(pg_bool(query(other, "select pg_terminate_backend($1::integer, 10000)", &p), 0, 0));
    pg_params_clear(&p);
}

static void a_terminated_connection_is_noticed_and_made_anew(void **state)
{
    (void)state;
    query(pg, "begin", NULL);
    number(pg, "select 9::bigint");
    terminate(pg);
    pg_send(pg, "select 9::bigint", NULL);
    pg_send(pg, "commit", NULL);
    pg_sync(pg);
    assert_null(pg_receive(pg));
    assert_int_equal(pg_fault(pg)->kind, PG_DISCONNECTED);
    assert_null(pg_receive(pg));
    assert_int_equal(pg_fault(pg)->kind, PG_DISCONNECTED);
    assert_false(pg_end(pg));
    assert_false(pg_connected(pg));
    assert_int_equal(pg_socket(pg), -1);

    assert_null(pg_query(pg, "select 9::bigint", NULL)); /* not in another session, until the caller says so */
    assert_int_equal(pg_fault(pg)->kind, PG_DISCONNECTED);
    assert_true(pg_connect(pg));
    assert_int_equal(number(pg, "select 9::bigint"), 9);
}

/* The other kills it while it executes: its answers are out already, or never come. */
static void *terminate_when_asleep(void *pid)
{
    struct pg *killer = pg_new(url, "pg_test", PG_QUERIES);
    struct pg_params params = {0};
    pg_add_int8(&params, *(int *)pid);
    const struct pg_rows *r;
    do
        r = pg_query(killer,
                     "select coalesce(bool_or(pg_terminate_backend(pid)), false) from pg_stat_activity where pid = $1 and wait_event = "
                     "'PgSleep'",
                     &params);
    while (r && !pg_bool(r, 0, 0));
    pg_params_release(&params);
    pg_free(killer);
    return NULL;
}

static void a_connection_that_breaks_in_the_middle_of_a_pipeline_is_gone(void **state)
{
    (void)state;
    int pid = pg_backend(pg);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, terminate_when_asleep, &pid), 0);
    pg_send(pg, "select 10::bigint", NULL);
    pg_send(pg, "select pg_sleep(60)", NULL);
    pg_send(pg, "select 11::bigint", NULL);
    pg_sync(pg);
    assert_int_equal(pg_int8(pg_receive(pg), 0, 0), 10);
    assert_null(pg_receive(pg));
    assert_int_equal(pg_fault(pg)->kind, PG_DISCONNECTED);
    assert_null(pg_receive(pg));
    assert_false(pg_end(pg));
    pthread_join(thread, NULL);
    assert_true(pg_connect(pg));
}

/* Nobody tells an idle client. It may look, though; and it keeps what is well. */
static void an_idle_connection_whose_server_has_gone_can_be_found_out(void **state)
{
    (void)state;
    int first = pg_backend(pg);
    pg_disconnect_if_gone(pg);
    assert_int_equal(pg_backend(pg), first);
    assert_int_equal(number(pg, "select 13::bigint"), 13);

    terminate(pg);
    pg_disconnect_if_gone(pg);
    assert_false(pg_connected(pg));
    pg_disconnect_if_gone(pg);
    assert_true(pg_connect(pg));
    assert_int_equal(number(pg, "select 13::bigint"), 13);
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    (void)state;
    pg->patience = 50;
    assert_null(pg_query(pg, "select pg_sleep(10)", NULL));
    assert_int_equal(pg_fault(pg)->kind, PG_DISCONNECTED);
    assert_string_equal(pg_fault(pg)->message, "the server does not answer");
}

static void nobody_there_is_a_fault(void **state)
{
    (void)state;
    struct pg *nobody = pg_new("postgresql://127.0.0.1:1/none", "pg_test", PG_KEYED);
    assert_null(pg_query(nobody, "select 1", NULL));
    assert_int_equal(pg_fault(nobody)->kind, PG_DISCONNECTED);
    assert_false(pg_connect(nobody));
    assert_non_null(strstr(pg_fault(nobody)->message, "refused"));
    assert_null(strchr(pg_fault(nobody)->message, '\n'));
    assert_false(pg_end(nobody));
    pg_free(nobody);
}

static void what_was_under_way_is_forgotten_by_a_disconnect(void **state)
{
    (void)state;
    pg_send(pg, "select 12::bigint", NULL);
    pg_sync(pg);
    pg_disconnect(pg);
    assert_null(pg_receive(pg));
    assert_int_equal(pg_fault(pg)->kind, PG_DISCONNECTED);
    assert_true(pg_connect(pg));
    assert_int_equal(number(pg, "select 12::bigint"), 12);
}

static void the_session_is_set_up(void **state)
{
    (void)state;
    const struct pg_rows *r = query(pg,
                                    "select current_setting('enable_seqscan') || current_setting('enable_indexscan')"
                                    " || current_setting('enable_hashjoin') || current_setting('jit'), current_setting('plan_cache_mode'),"
                                    " current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),"
                                    " current_setting('timezone'), current_setting('client_encoding'), current_setting('application_name')",
                                    NULL);
    const char *const expected[] = {"offoffoffoff", "force_generic_plan", "30s", "1min", "UTC", "UTF8", "pg_test"};
    for (int i = 0; i < 7; i++)
        assert_true(str_is(pg_text(r, 0, i), expected[i]));
    assert_true(str_is(pg_text(query(other, "select current_setting('enable_seqscan')", NULL), 0, 0), "on"));
}

/* ── plans ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Rows of the table that were looked at, by whatever scan, by both connections until now. */
static int64_t rows_read(void)
{
    query(other, "select pg_stat_force_next_flush()", NULL);
    query(pg, "select pg_stat_force_next_flush()", NULL);
    query(pg, "select pg_stat_clear_snapshot()", NULL);
    return number(pg, "select seq_tup_read + sum(idx_tup_read)::bigint from pg_stat_user_tables join pg_stat_user_indexes using (relid)"
                      " where relid = 'grown'::regclass group by seq_tup_read");
}

/* The shapes of statement that a keyed connection is for. */
static void by_key(int64_t first, int64_t n)
{
    pg_params_clear(&p);
    pg_array_begin(&p, PG_INT8, (size_t)n);
    for (int64_t i = first; i < first + n; i++)
        pg_array_int8(&p, i);
    pg_array_end(&p);
    query(pg, "select k from grown where k = any($1) order by k for update", &p);
    query(pg, "update grown g set v = g.v + 1 from unnest($1) as u(k) where g.k = u.k", &p);
    query(pg, "select g.v from unnest($1) as u(k) join grown g using (k)", &p);
    query(pg, "delete from grown g using unnest($1) as u(k) where g.k = u.k", &p);
    query(pg, "select g.v from (select k from grown order by k limit 10) as x join grown g using (k)", NULL);
}

static void plans_made_on_an_empty_table_go_by_index_when_it_has_grown(void **state)
{
    (void)state;
    query(other, "create table grown (k bigint primary key, v bigint not null) with (autovacuum_enabled = off)", NULL);
    query(other, "analyze grown", NULL); /* the planner knows that it is empty, and is not told that it grows */
    for (int i = 0; i < 10; i++)
        by_key(1, 5);
    query(other, "insert into grown select k, 0 from generate_series(1, 50000) as k", NULL);
    int64_t before = rows_read();
    for (int64_t first = 1; first < 1000; first += 100)
        by_key(first, 100);
    assert_in_range(rows_read() - before, 1000, 49999); /* all of it together: less than one walk through the table */
}

/* ── migrations ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define FILE_OF(file_name, sql)                                                                                                            \
    {                                                                                                                                      \
        file_name, sql, sizeof(sql) - 1                                                                                                    \
    }
#define MADE   FILE_OF("0001_made.sql", "create table made (n bigint); -- two statements\ninsert into made values (1);")
#define FILLED FILE_OF("0002_filled.sql", "insert into made values (2);")

static struct str problem;

static bool migrate(struct pg *c, const char *set, const struct embedded *files)
{
    return pg_migrate(c, set, files, &arena, &problem);
}

static int forget_migrations(void **state)
{
    query(other, "drop table if exists made, schema_migration", NULL);
    return finish(state);
}

static void assert_problem(const char *part)
{
    if (str_absent(problem) || !strstr(problem.p, part))
        fail_msg("expected a problem with \"%s\", got \"%.*s\"", part, STR_ARG(problem));
}

static void migrations_run_once_in_name_order(void **state)
{
    (void)state;
    static const struct embedded files[] = {FILLED, MADE, {0}};
    assert_true(migrate(pg, "a", files));
    assert_true(str_absent(problem));
    assert_true(migrate(pg, "a", files));
    assert_int_equal(number(pg, "select sum(n)::bigint from made"), 3);
    assert_int_equal(number(pg, "select count(*) from schema_migration"), 2);
}

static void new_migrations_run_on_top(void **state)
{
    (void)state;
    assert_true(migrate(pg, "a", (const struct embedded[]){MADE, {0}}));
    assert_true(migrate(pg, "b", (const struct embedded[]){{0}})); /* another set knows nothing of it */
    assert_true(migrate(pg, "a", (const struct embedded[]){MADE, FILLED, {0}}));
    assert_int_equal(number(pg, "select count(*) from made"), 2);
}

static void a_changed_migration_is_refused(void **state)
{
    (void)state;
    assert_true(migrate(pg, "a", (const struct embedded[]){MADE, {0}}));
    assert_false(migrate(pg, "a", (const struct embedded[]){FILE_OF("0001_made.sql", "create table made (m bigint)"), FILLED, {0}}));
    assert_problem("a/0001_made.sql has changed");
    assert_int_equal(pg_fault(pg)->kind, PG_NO_FAULT);
    assert_int_equal(number(pg, "select count(*) from made"), 1);
}

static void a_schema_newer_than_the_program_is_refused(void **state)
{
    (void)state;
    assert_true(migrate(pg, "a", (const struct embedded[]){MADE, FILLED, {0}}));
    assert_false(migrate(pg, "a", (const struct embedded[]){MADE, {0}}));
    assert_problem("a/0002_filled.sql is in the database and unknown");
}

static enum pg_schema look(struct pg *c, const struct embedded *files)
{
    return pg_schema_look(c, "a", files, &arena, &problem);
}

static void who_only_looks_is_told_whose_schema_it_is(void **state)
{
    (void)state;
    const struct embedded first[] = {MADE, {0}}, both[] = {MADE, FILLED, {0}};
    assert_int_equal(look(pg, first), PG_SCHEMA_OLDER); /* there is none */
    assert_int_equal(number(pg, "select count(to_regclass('schema_migration'))"), 0);
    assert_true(migrate(pg, "a", first));
    assert_int_equal(look(pg, first), PG_SCHEMA_CURRENT);
    assert_int_equal(look(pg, both), PG_SCHEMA_OLDER);
    assert_true(migrate(pg, "a", both));
    assert_int_equal(look(pg, both), PG_SCHEMA_CURRENT);
    assert_int_equal(look(pg, first), PG_SCHEMA_REFUSED);
    assert_problem("a/0002_filled.sql is in the database and unknown");
    struct pg *nobody = pg_new("postgresql://127.0.0.1:1/nobody", "pg_test", PG_QUERIES);
    assert_int_equal(look(nobody, both), PG_SCHEMA_UNKNOWN);
    assert_int_equal(pg_fault(nobody)->kind, PG_DISCONNECTED);
    pg_free(nobody);
}

static void a_migration_that_fails_leaves_nothing(void **state)
{
    (void)state;
    assert_false(migrate(pg, "a", (const struct embedded[]){MADE, FILE_OF("0002_filled.sql", "drop table made; select 1/0"), {0}}));
    assert_problem("a/0002_filled.sql failed: division by zero");
    assert_int_equal(pg_fault(pg)->kind, PG_REJECTED);
    assert_int_equal(number(pg, "select count(*) from made"), 1);
    assert_true(migrate(pg, "a", (const struct embedded[]){MADE, FILLED, {0}}));
}

static void a_migration_must_not_end_its_transaction(void **state)
{
    (void)state;
    assert_false(migrate(pg, "a", (const struct embedded[]){FILE_OF("0001_made.sql", "commit"), {0}}));
    assert_problem("ends its transaction itself");
}

static void migrating_leaves_the_session_as_it_was(void **state)
{
    (void)state;
    assert_true(migrate(pg, "a", (const struct embedded[]){MADE, {0}}));
    assert_true(str_is(pg_text(query(pg, "select current_setting('statement_timeout')", NULL), 0, 0), "30s"));
    assert_int_equal(number(pg, "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"), 0);
    assert_int_equal(pg->patience, PATIENCE);
}

static void a_database_that_is_away_is_a_problem_that_may_pass(void **state)
{
    (void)state;
    struct pg *nobody = pg_new("postgresql://127.0.0.1:1/none", "pg_test", PG_KEYED);
    assert_false(migrate(nobody, "a", (const struct embedded[]){MADE, {0}}));
    assert_problem("the database is not reachable");
    assert_int_equal(pg_fault(nobody)->kind, PG_DISCONNECTED);
    pg_free(nobody);
}

struct migrator {
    struct pg *pg;
    struct arena arena;
    struct str problem;
    bool well;
};

static void *run_migrator(void *ctx)
{
    static const struct embedded files[] = {FILE_OF("0001_made.sql", "create table made (n bigint); select pg_sleep(0.05)"),
                                            FILLED,
                                            FILE_OF("0003_more.sql", "insert into made values (3)"),
                                            {0}};
    struct migrator *m = ctx;
    m->well = pg_migrate(m->pg, "a", files, &m->arena, &m->problem);
    return NULL;
}

static void several_programs_migrate_at_once(void **state)
{
    (void)state;
    struct migrator migrators[4] = {0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        migrators[i].pg = connection(PG_KEYED);
        arena_init(&migrators[i].arena);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_migrator, &migrators[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_true(migrators[i].well);
        pg_free(migrators[i].pg);
        arena_release(&migrators[i].arena);
    }
    assert_int_equal(number(pg, "select count(*) from made"), 2);
}

#define STORY(f)     cmocka_unit_test_setup_teardown(f, start, finish)
#define MIGRATION(f) cmocka_unit_test_setup_teardown(f, start, forget_migrations)

int main(void)
{
    url = getenv("TEST_POSTGRES_URL");
    if (!url) {
        fputs("TEST_POSTGRES_URL is not set. Give the URL of a PostgreSQL database in which schemas may be made,"
              " e.g. postgresql://postgres@127.0.0.1:5432/test\n",
              stderr);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        STORY(single_values_come_back),
        STORY(absent_values_are_null_there_and_back),
        STORY(columns_of_other_widths_are_understood),
        STORY(arrays_of_every_type_come_back),
        STORY(empty_arrays_have_no_rows),
        STORY(large_arrays_keep_their_order),
        STORY(affected_rows_are_counted),
        STORY(answers_come_in_order),
        STORY(large_pipelines_do_not_deadlock),
        STORY(answers_nobody_wants_are_skipped),
        STORY(a_statement_is_prepared_once),
        STORY(several_syncs_may_be_under_way),
        STORY(a_fault_takes_the_rest_of_its_pipeline_along),
        STORY(rollback_works_when_nothing_was_begun),
        STORY(statements_of_an_aborted_transaction_are_rejected_until_it_is_rolled_back),
        STORY(a_preparation_that_failed_is_not_relied_on_by_the_next_pipeline),
        STORY(a_fault_at_the_end_of_the_transaction_shows_at_the_end),
        STORY(faults_are_told_apart),
        STORY(a_terminated_connection_is_noticed_and_made_anew),
        STORY(a_connection_that_breaks_in_the_middle_of_a_pipeline_is_gone),
        STORY(an_idle_connection_whose_server_has_gone_can_be_found_out),
        STORY(a_server_that_says_nothing_is_given_up),
        STORY(nobody_there_is_a_fault),
        STORY(what_was_under_way_is_forgotten_by_a_disconnect),
        STORY(the_session_is_set_up),
        STORY(plans_made_on_an_empty_table_go_by_index_when_it_has_grown),
        MIGRATION(migrations_run_once_in_name_order),
        MIGRATION(new_migrations_run_on_top),
        MIGRATION(a_changed_migration_is_refused),
        MIGRATION(a_schema_newer_than_the_program_is_refused),
        MIGRATION(who_only_looks_is_told_whose_schema_it_is),
        MIGRATION(a_migration_that_fails_leaves_nothing),
        MIGRATION(a_migration_must_not_end_its_transaction),
        MIGRATION(migrating_leaves_the_session_as_it_was),
        MIGRATION(a_database_that_is_away_is_a_problem_that_may_pass),
        MIGRATION(several_programs_migrate_at_once),
    };
    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}
