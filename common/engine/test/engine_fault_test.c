/* The engine when the database fails, against a real PostgreSQL: what is done is done exactly once, and each asker is told the truth. */
#include "bank.h"
#include "clock.h"
#include "pg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct uuid nobody;

/* ── rejections ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void what_the_database_rejects_fails_alone(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account[101];
    struct client clients[101];
    bank_hold(e);
    for (int i = 0; i < 101; i++) {
        account[i] = uuid_new();
        client_init(&clients[i]);
        client_ask(&clients[i], e,
                   i == 50 ? bank_command(OVERDRAW, &(struct bank_order){.account = account[i], .amount = 1})
                           : bank_deposit(account[i], 1));
    }
    bank_let_go();
    for (int i = 0; i < 101; i++) {
        client_wait(&clients[i]);
        assert_int_equal(clients[i].status, i == 50 ? 500 : 200);
        bank_assert_versions(account[i], i == 50 ? 0 : 1);
    }
    assert_non_null(strstr(clients[50].body, "/problems/internal"));
    assert_int_equal(bank_metric(e, "jumun_engine_commands_total{outcome=\"failed\"}"), 1);
    assert_in_range(bank_metric(e, "jumun_engine_halved_total"), 1, 7);
    bank_engine_end(e);
    for (int i = 0; i < 101; i++)
        assert_int_equal(clients[i].answers, 1);
}

static void a_rejected_message_leaves_no_trace(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct tally t = {0};
    struct engine_command *c = bank_command(OVERDRAW, &(struct bank_order){.account = uuid_new(), .amount = 1});
    c->event = uuid_new();
    tally_submit(&t, e, c);
    testing_wait_until(tally_count(&t) == 1);
    assert_int_equal(t.outcomes[ENGINE_FAILED], 1);
    assert_int_equal(bank_number("select count(*) from inbox", nobody), 0);
    bank_engine_end(e);
}

/* A note of -2 makes the toy's timer decision one that the database rejects; else it would be tried at every look. */
static void a_timer_whose_decision_is_rejected_rests(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.timer_period = MILLISECONDS(5)});
    struct uuid account = uuid_new();
    struct tally t = {0};
    tally_submit(&t, e, bank_command(NOTE, &(struct bank_order){.account = account, .amount = -2}));
    tally_submit(&t, e, bank_command(REMIND, &(struct bank_order){.account = account, .at = clock_now()}));
    testing_wait_until(bank_number("select count(*) from timer where due > now() + interval '30 s'", nobody) == 1);
    testing_wait_until(bank_metric(e, "jumun_engine_commands_total{outcome=\"failed\"}") == 1); /* counted when it is put off */
    bank_engine_end(e);
}

/* ── the session is lost ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int64_t kill_backends(void)
{
    return bank_number("select count(pg_terminate_backend(pid)) from pg_stat_activity"
                       " where application_name = 'engine' and datname = current_database()",
                       nobody);
}

static void killed_under_load_everything_is_done_once(void **state)
{
    (void)state;
    enum { COMMANDS = 3000, KILLS = 10 };
    struct engine *e = bank_engine(&(struct engine_config){.batch_max = 20});
    struct uuid account[20];
    struct tally t = {0};
    for (int i = 0; i < 20; i++)
        account[i] = uuid_new();
    for (int i = 0; i < COMMANDS; i++)
        tally_submit(&t, e, bank_deposit(account[i % 20], 1));
    for (int i = 1; i <= KILLS; i++) {
        testing_wait_until(tally_count(&t) >= COMMANDS * i / (KILLS + 1));
        kill_backends();
    }
    testing_wait_until(tally_count(&t) == COMMANDS);
    assert_int_equal(t.outcomes[ENGINE_DONE], COMMANDS);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(bank_balance(account[i]), COMMANDS / 20);
        bank_assert_versions(account[i], COMMANDS / 20);
    }
    bank_engine_end(e);
}

static void a_commit_whose_answer_is_lost_is_done_once(void **state)
{
    (void)state;
    enum { ROUNDS = 5 };
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine *e = bank_engine(&(struct engine_config){.database_url = testing_proxy_url(proxy)});
    struct uuid account = uuid_new();
    for (int i = 0; i < ROUNDS; i++) {
        struct client c, asking;
        client_init(&c), client_init(&asking);
        testing_wait_until(engine_ready(e));
        testing_proxy_lose_next_commit(proxy);
        bank_hold(e); /* its own commit is the lost one in every second round */
        if (i % 2)
            testing_proxy_lose_next_commit(proxy);
        client_ask(&c, e, bank_deposit(account, 1));
        client_ask(&asking, e, bank_command(ASK_BANK, &(struct bank_order){.account = account}));
        bank_let_go();
        client_wait(&c);
        assert_int_equal(c.status, 200);
        testing_wait_until(atomic_load(&bank_asked) == i + 1);
        bank_say(e);
        client_wait(&asking);
        assert_int_equal(bank_balance(account), i + 1);
        bank_assert_versions(account, 3 * (i + 1));
    }
    assert_in_range(testing_proxy_lost(proxy), ROUNDS, 2 * ROUNDS);
    assert_in_range(bank_metric(e, "jumun_engine_unknown_commits_total"), ROUNDS, 2 * ROUNDS);
    bank_engine_end(e);
    testing_proxy_stop(proxy);
}

/* Nothing was appended, so there is nothing to look up; but what was answered stays answered. */
static void a_lost_commit_of_refusals_is_answered_as_decided(void **state)
{
    (void)state;
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine *e = bank_engine(&(struct engine_config){.database_url = testing_proxy_url(proxy)});
    struct client c;
    client_init(&c);
    client_key(&c, "key-1", "x");
    testing_wait_until(engine_ready(e));
    testing_proxy_lose_next_commit(proxy);
    client_ask(&c, e, bank_withdraw(uuid_new(), 1));
    client_wait(&c);
    assert_int_equal(testing_proxy_lost(proxy), 1);
    assert_int_equal(c.status, 409);
    assert_non_null(strstr(c.body, "/problems/not-enough"));
    bank_engine_end(e);
    testing_proxy_stop(proxy);
}

/* ── the database is away ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void while_the_database_is_away_deadlines_are_kept(void **state)
{
    (void)state;
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine *e = bank_engine(&(struct engine_config){.database_url = testing_proxy_url(proxy), .batch_max = 2});
    struct uuid account = uuid_new();
    struct client late[4], patient;
    struct tally t = {0};
    testing_wait_until(engine_ready(e));
    testing_proxy_go_away(proxy);
    testing_wait_until(!engine_ready(e));
    tally_submit(&t, e, bank_deposit(account, 1)); /* who does not ask waits as long as it takes */
    for (int i = 0; i < 4; i++) {                  /* some in the batch, some behind it */
        client_init(&late[i]);
        late[i].asker.deadline = clock_monotonic() + MILLISECONDS(100);
        client_ask(&late[i], e, bank_deposit(account, 10));
    }
    client_init(&patient);
    patient.asker.deadline = clock_monotonic() + SECONDS(60);
    client_ask(&patient, e, bank_deposit(account, 100));
    for (int i = 0; i < 4; i++) {
        client_wait(&late[i]);
        assert_int_equal(late[i].status, 503);
        assert_int_equal(late[i].retry_after, 1);
    }
    assert_true(engine_alive(e));
    assert_false(engine_ready(e));
    assert_int_equal(patient.answers, 0);
    testing_proxy_come_back(proxy);
    client_wait(&patient);
    assert_int_equal(patient.status, 200);
    assert_int_equal(tally_count(&t), 1);
    assert_int_equal(bank_balance(account), 101);
    testing_wait_until(engine_ready(e));
    bank_engine_end(e);
    testing_proxy_stop(proxy);
}

/* What an effect found out is decided, however late: only what has changed nothing may be turned away. */
static void an_outcome_is_decided_after_the_deadline(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct client c;
    testing_wait_until(engine_ready(e));
    client_init(&c);
    c.asker.deadline = clock_monotonic() + SECONDS(2); /* enough to be asked */
    client_ask(&c, e, bank_command(ASK_BANK, &(struct bank_order){.account = account}));
    testing_wait_until(atomic_load(&bank_asked) == 1);
    testing_wait_until(clock_monotonic() > c.asker.deadline);
    bank_say(e);
    client_wait(&c);
    assert_int_equal(c.status, 200);
    bank_assert_versions(account, 2);
    bank_engine_end(e);
}

static void stopping_does_not_wait_for_a_database_that_stays_away(void **state)
{
    (void)state;
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine *e = bank_engine(&(struct engine_config){.database_url = testing_proxy_url(proxy)});
    struct uuid account = uuid_new();
    struct client c;
    struct tally t = {0};
    testing_wait_until(engine_ready(e));
    testing_proxy_go_away(proxy);
    client_init(&c);
    client_ask(&c, e, bank_deposit(account, 1));
    tally_submit(&t, e, bank_deposit(account, 1));
    engine_stop(e);
    assert_int_equal(c.status, 503);
    assert_non_null(strstr(c.body, "/problems/unavailable"));
    assert_int_equal(t.outcomes[ENGINE_UNAVAILABLE], 1);
    engine_free(e);
    testing_proxy_stop(proxy);
    bank_assert_versions(account, 0);
}

/* The commit has happened, and nobody is left to ask: the asker must not be told that nothing was done. */
static void an_outcome_that_cannot_be_learnt_is_not_invented(void **state)
{
    (void)state;
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine *e = bank_engine(&(struct engine_config){.database_url = testing_proxy_url(proxy)});
    struct client c;
    struct uuid account = uuid_new();
    testing_wait_until(engine_ready(e));
    testing_proxy_stay_away_after_next_commit(proxy);
    client_init(&c);
    client_ask(&c, e, bank_deposit(account, 1));
    testing_wait_until(testing_proxy_lost(proxy) == 1);
    engine_stop(e);
    assert_int_equal(c.status, 503);
    assert_non_null(strstr(c.body, "/problems/outcome-unknown"));
    engine_free(e);
    testing_proxy_stop(proxy);
    assert_int_equal(bank_balance(account), 1);
}

/* ── all at once ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct troublemaker {
    struct testing_proxy *proxy;
    struct tally *tally;
    atomic_bool enough;
};

/* Between two troubles something gets done, however slow the machine is. */
static void let_it_get_on(struct troublemaker *t)
{
    int before = tally_count(t->tally);
    duration end = clock_monotonic() + MILLISECONDS(20);
    while ((clock_monotonic() < end || tally_count(t->tally) == before) && !atomic_load(&t->enough))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void *make_trouble(void *argument)
{
    struct troublemaker *t = argument;
    for (unsigned i = 0; !atomic_load(&t->enough); i++) {
        testing_proxy_lose_next_commit(t->proxy);
        let_it_get_on(t);
        if (i % 5 == 4) {
            testing_proxy_go_away(t->proxy);
            testing_proxy_come_back(t->proxy);
        }
    }
    return NULL;
}

static void two_engines_in_trouble_do_everything_once(void **state)
{
    (void)state;
    enum { COMMANDS = 2000, ACCOUNTS = 30 };
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine_config through = {.database_url = testing_proxy_url(proxy), .batch_max = 25};
    struct engine *e[2] = {bank_engine(&through), bank_engine(&through)};
    struct uuid account[ACCOUNTS];
    struct tally t = {0};
    struct troublemaker trouble = {.proxy = proxy, .tally = &t};
    pthread_t thread;
    for (int i = 0; i < ACCOUNTS; i++)
        account[i] = uuid_new();
    for (int i = 0; i < COMMANDS; i++) {
        struct engine_command *c = bank_deposit(account[i % ACCOUNTS], 1);
        if (i % 3 == 0)
            c->event = uuid_new();
        tally_submit(&t, e[i % 2], c);
    }
    assert_int_equal(pthread_create(&thread, NULL, make_trouble, &trouble), 0);
    testing_wait_until(tally_count(&t) == COMMANDS);
    atomic_store(&trouble.enough, true);
    pthread_join(thread, NULL);
    assert_int_equal(t.outcomes[ENGINE_DONE] + t.outcomes[ENGINE_DUPLICATE], COMMANDS);
    assert_int_equal(bank_number("select sum(balance)::bigint from account", nobody), COMMANDS);
    for (int i = 0; i < ACCOUNTS; i++)
        bank_assert_versions(account[i], bank_balance(account[i]));
    assert_true(testing_proxy_lost(proxy) > 0);
    bank_engine_end(e[0]);
    bank_engine_end(e[1]);
    testing_proxy_stop(proxy);
}

#define TEST(name) cmocka_unit_test_setup(name, bank_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_database_rejects_fails_alone),
        TEST(a_rejected_message_leaves_no_trace),
        TEST(a_timer_whose_decision_is_rejected_rests),
        TEST(killed_under_load_everything_is_done_once),
        TEST(a_commit_whose_answer_is_lost_is_done_once),
        TEST(a_lost_commit_of_refusals_is_answered_as_decided),
        TEST(while_the_database_is_away_deadlines_are_kept),
        TEST(an_outcome_is_decided_after_the_deadline),
        TEST(stopping_does_not_wait_for_a_database_that_stays_away),
        TEST(an_outcome_that_cannot_be_learnt_is_not_invented),
        TEST(two_engines_in_trouble_do_everything_once),
    };
    return cmocka_run_group_tests_name("engine faults", tests, bank_setup, bank_teardown);
}
