/* The engine's batches, against a real PostgreSQL: what is done once, by whom, and what is told to whom. */
#include "bank.h"
#include "clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static const char *const BATCHES = "jumun_engine_batches_total";

/* ── one batch ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_deposit_opens_the_account_and_answers(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct client c;
    client_init(&c);
    client_ask(&c, e, bank_deposit(account, 70));
    client_wait(&c);
    assert_int_equal(c.status, 200);
    assert_non_null(strstr(c.body, "\"balance\":70"));
    assert_int_equal(bank_balance(account), 70);
    bank_assert_versions(account, 1);
    assert_int_equal(bank_number("select count(*) from outbox", account), 1);
    assert_true(engine_ready(e) && engine_alive(e));
    bank_engine_end(e);
    assert_int_equal(c.answers, 1);
}

static void commands_of_one_batch_see_each_other(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct client in, out, beyond;
    bank_hold(e);
    client_init(&in), client_init(&out), client_init(&beyond);
    client_ask(&in, e, bank_deposit(account, 100));
    client_ask(&out, e, bank_withdraw(account, 60));
    client_ask(&beyond, e, bank_withdraw(account, 60));
    bank_let_go();
    client_wait(&beyond);
    assert_int_equal(in.status, 200);
    assert_int_equal(out.status, 200);
    assert_int_equal(beyond.status, 409);
    assert_int_equal(bank_metric(e, BATCHES), 2);
    assert_int_equal(bank_balance(account), 40);
    bank_assert_versions(account, 2);
    bank_engine_end(e);
}

static void one_refusal_among_a_hundred_disturbs_nobody(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account[100];
    struct client clients[100];
    bank_hold(e);
    for (int i = 0; i < 100; i++) {
        account[i] = uuid_new();
        client_init(&clients[i]);
        client_ask(&clients[i], e, i == 50 ? bank_withdraw(account[i], 1) : bank_deposit(account[i], i + 1));
    }
    bank_let_go();
    for (int i = 0; i < 100; i++) {
        client_wait(&clients[i]);
        assert_int_equal(clients[i].status, i == 50 ? 409 : 200);
        bank_assert_versions(account[i], i == 50 ? 0 : 1);
    }
    assert_non_null(strstr(clients[50].body, "/problems/not-enough"));
    assert_int_equal(bank_metric(e, BATCHES), 2);
    assert_int_equal(bank_number("select count(*) from account", account[0]), 99);
    bank_engine_end(e);
    for (int i = 0; i < 100; i++)
        assert_int_equal(clients[i].answers, 1);
}

static void a_foreign_fact_changes_the_state_and_leaves_no_event(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct tally t = {0};
    tally_submit(&t, e, bank_command(NOTE, &(struct bank_order){.account = account, .amount = 7}));
    testing_wait_until(tally_count(&t) == 1);
    tally_submit(&t, e, bank_command(NOTE, &(struct bank_order){.account = account, .amount = 8}));
    testing_wait_until(tally_count(&t) == 2);
    assert_int_equal(bank_number("select note from account where id = $1", account), 8);
    bank_assert_versions(account, 0);
    bank_engine_end(e);
}

static void events_keep_the_order_and_cause_of_what_was_decided(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid one = uuid_new(), two = uuid_new(), cause = uuid_new();
    struct tally t = {0};
    bank_hold(e);
    tally_submit(&t, e, bank_deposit(one, 10));
    struct engine_command *c = bank_command(TRANSFER, &(struct bank_order){.account = one, .other = two, .amount = 4});
    c->command.cause = cause;
    c->command.traceparent = STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    tally_submit(&t, e, c);
    bank_let_go();
    testing_wait_until(tally_count(&t) == 2);
    bank_assert_versions(one, 2);
    bank_assert_versions(two, 1);
    assert_int_equal(bank_number("select count(*) from event where causation = $1 and traceparent like '00-4bf9%'", cause), 2);
    assert_int_equal(bank_number("select count(*) from event where correlation = $1", one), 3);
    assert_int_equal(bank_number("select (data->>'balance')::bigint from event where aggregate = $1 and version = 1", one), 10);
    assert_int_equal(bank_number("select (data->>'balance')::bigint from event where aggregate = $1 and version = 2", one), 6);
    assert_int_equal(bank_number("select count(*) from event e, event l where e.seq < l.seq and e.at > l.at", one), 0);
    bank_engine_end(e);
}

static void a_hundred_changes_in_a_batch_settle_into_one_event(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct tally t = {0};
    bank_hold(e);
    tally_submit(&t, e, bank_command(WATCH, &(struct bank_order){.account = account}));
    for (int i = 0; i < 100; i++)
        tally_submit(&t, e, bank_deposit(account, 1));
    bank_let_go();
    testing_wait_until(tally_count(&t) == 101);
    bank_assert_versions(account, 102);
    assert_int_equal(bank_number("select version from event where aggregate = $1 and type = 'bank.BalanceChanged.v1'", account), 102);
    assert_int_equal(bank_number("select count(*) from event where type = 'bank.BalanceChanged.v1'", account), 1);
    bank_engine_end(e);
}

/* ── the inbox ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void submit_message(struct tally *t, struct engine *e, struct uuid event, struct engine_command *c)
{
    c->event = event;
    tally_submit(t, e, c);
}

static void an_event_is_effective_once(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new(), event = uuid_new();
    struct tally same_batch = {0}, later = {0};
    bank_hold(e);
    submit_message(&same_batch, e, event, bank_deposit(account, 5));
    submit_message(&same_batch, e, event, bank_deposit(account, 5));
    submit_message(&same_batch, e, uuid_new(), bank_deposit(account, 1));
    bank_let_go();
    testing_wait_until(tally_count(&same_batch) == 3);
    assert_int_equal(same_batch.outcomes[ENGINE_DONE], 2);
    assert_int_equal(same_batch.outcomes[ENGINE_DUPLICATE], 1);
    submit_message(&later, e, event, bank_deposit(account, 5));
    testing_wait_until(tally_count(&later) == 1);
    assert_int_equal(later.outcomes[ENGINE_DUPLICATE], 1);
    assert_int_equal(bank_balance(account), 6);
    bank_engine_end(e);
}

static void submit_saying(struct tally *t, struct engine *e, struct uuid event, int64_t content, struct uuid account)
{
    struct engine_command *c = bank_deposit(account, 1);
    c->content = content;
    submit_message(t, e, event, c);
}

static void another_content_under_the_same_id_is_a_contradiction(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new(), event = uuid_new();
    struct tally same_batch = {0}, later = {0};
    bank_hold(e);
    submit_saying(&same_batch, e, event, 7, account);
    submit_saying(&same_batch, e, event, 7, account);
    submit_saying(&same_batch, e, event, 8, account);
    bank_let_go();
    testing_wait_until(tally_count(&same_batch) == 3);
    assert_int_equal(same_batch.outcomes[ENGINE_DONE], 1);
    assert_int_equal(same_batch.outcomes[ENGINE_DUPLICATE], 1);
    assert_int_equal(same_batch.outcomes[ENGINE_CONTRADICTED], 1);
    submit_saying(&later, e, event, 8, account);
    submit_saying(&later, e, event, 7, account);
    submit_saying(&later, e, event, 0, account); /* what it says is not known */
    submit_saying(&later, e, uuid_new(), 8, account);
    testing_wait_until(tally_count(&later) == 4);
    assert_int_equal(later.outcomes[ENGINE_CONTRADICTED], 1);
    assert_int_equal(later.outcomes[ENGINE_DUPLICATE], 2);
    assert_int_equal(later.outcomes[ENGINE_DONE], 1);
    assert_int_equal(bank_balance(account), 2);
    bank_engine_end(e);
}

/* Also in the same batch, where another one may stand before the copy. */
static void the_first_is_the_one_that_had_its_effect(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new(), event = uuid_new();
    struct tally first = {0}, later = {0};
    submit_saying(&first, e, event, 7, account);
    testing_wait_until(tally_count(&first) == 1);
    bank_hold(e);
    submit_saying(&later, e, event, 8, account);
    submit_saying(&later, e, event, 7, account);
    submit_saying(&later, e, event, 8, account);
    submit_saying(&later, e, event, 9, account);
    bank_let_go();
    testing_wait_until(tally_count(&later) == 4);
    assert_int_equal(later.outcomes[ENGINE_CONTRADICTED], 3);
    assert_int_equal(later.outcomes[ENGINE_DUPLICATE], 1);
    assert_int_equal(bank_balance(account), 1);
    bank_engine_end(e);
}

/* Taken in before contents were noted. */
static void a_message_of_unknown_content_contradicts_nobody(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new(), event = uuid_new();
    struct tally t = {0};
    submit_message(&t, e, event, bank_deposit(account, 1));
    testing_wait_until(tally_count(&t) == 1);
    assert_int_equal(bank_number("select count(*) from inbox where event = $1 and content is null", event), 1);
    submit_saying(&t, e, event, 8, account);
    testing_wait_until(tally_count(&t) == 2);
    assert_int_equal(t.outcomes[ENGINE_DUPLICATE], 1);
    bank_engine_end(e);
}

static void a_refused_message_leaves_no_trace(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new(), event = uuid_new();
    struct tally t = {0};
    submit_message(&t, e, event, bank_withdraw(account, 5));
    testing_wait_until(tally_count(&t) == 1);
    assert_int_equal(t.outcomes[ENGINE_REFUSED], 1);
    assert_int_equal(bank_number("select count(*) from inbox", event), 0);
    tally_submit(&t, e, bank_deposit(account, 5));
    submit_message(&t, e, event, bank_withdraw(account, 5)); /* sent again from the dead letters */
    testing_wait_until(tally_count(&t) == 3);
    assert_int_equal(t.outcomes[ENGINE_DONE], 2);
    assert_int_equal(bank_balance(account), 0);
    bank_engine_end(e);
}

/* ── two engines ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void two_engines_share_an_account(void **state)
{
    (void)state;
    enum { EACH = 300 };
    struct engine *e[2] = {bank_engine(NULL), bank_engine(NULL)};
    struct uuid account = uuid_new();
    struct tally t = {0};
    for (int i = 0; i < EACH; i++)
        for (int k = 0; k < 2; k++)
            tally_submit(&t, e[k], bank_deposit(account, 1));
    testing_wait_until(tally_count(&t) == 2 * EACH);
    assert_int_equal(t.outcomes[ENGINE_DONE], 2 * EACH);
    assert_int_equal(bank_balance(account), 2 * EACH);
    bank_assert_versions(account, 2 * EACH);
    bank_engine_end(e[0]);
    bank_engine_end(e[1]);
}

/* Both find no account, and both make it: the one that comes second must find out, and go on from the other's. */
static void two_engines_make_the_same_accounts(void **state)
{
    (void)state;
    enum { ACCOUNTS = 40, ROUNDS = 5 };
    struct engine *e[2] = {bank_engine(NULL), bank_engine(NULL)};
    struct uuid account[ACCOUNTS];
    for (int round = 0; round < ROUNDS; round++) {
        struct tally t = {0};
        for (int k = 0; k < 2; k++)
            bank_hold(e[k]);
        for (int i = 0; i < ACCOUNTS; i++) {
            account[i] = uuid_new();
            tally_submit(&t, e[0], bank_deposit(account[i], 1));
        }
        for (int i = ACCOUNTS - 1; i >= 0; i--)
            tally_submit(&t, e[1], bank_command(OPEN, &(struct bank_order){.account = account[i], .amount = 1}));
        for (int k = 0; k < 2; k++)
            bank_let_go();
        testing_wait_until(tally_count(&t) == 2 * ACCOUNTS);
        assert_int_equal(t.outcomes[ENGINE_FAILED], 0);
        for (int i = 0; i < ACCOUNTS; i++)
            bank_assert_versions(account[i], bank_balance(account[i]));
    }
    for (int k = 0; k < 2; k++) {
        assert_int_equal(bank_metric(e[k], "jumun_engine_halved_total"), 0); /* a race is no reason to look for the guilty */
        bank_engine_end(e[k]);
    }
}

static void two_engines_transfer_back_and_forth(void **state)
{
    (void)state;
    enum { ACCOUNTS = 10, EACH = 300 };
    struct engine *e[2] = {bank_engine(NULL), bank_engine(NULL)};
    struct uuid account[ACCOUNTS];
    struct tally t = {0};
    for (int i = 0; i < ACCOUNTS; i++) {
        account[i] = uuid_new();
        tally_submit(&t, e[0], bank_deposit(account[i], 10000));
    }
    testing_wait_until(tally_count(&t) == ACCOUNTS);
    for (int i = 0; i < EACH; i++)
        for (int k = 0; k < 2; k++)
            tally_submit(&t, e[k],
                         bank_command(TRANSFER, &(struct bank_order){.account = account[(i * 3 + k) % ACCOUNTS],
                                                                     .other = account[(i * 7 + 1 + k * 4) % ACCOUNTS],
                                                                     .amount = 1}));
    testing_wait_until(tally_count(&t) == ACCOUNTS + 2 * EACH);
    assert_int_equal(t.outcomes[ENGINE_DONE], ACCOUNTS + 2 * EACH);
    assert_int_equal(bank_number("select sum(balance)::bigint from account", account[0]), ACCOUNTS * 10000);
    for (int i = 0; i < ACCOUNTS; i++)
        bank_assert_versions(account[i], bank_number("select version from account where id = $1", account[i]));
    bank_engine_end(e[0]);
    bank_engine_end(e[1]);
}

/* ── effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_effect_starts_after_the_commit_and_its_outcome_answers(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct client c;
    client_init(&c);
    client_ask(&c, e, bank_command(ASK_BANK, &(struct bank_order){.account = account}));
    testing_wait_until(atomic_load(&bank_asked) == 1);
    assert_int_equal(bank_number("select asked::int from account where id = $1", account), 1);
    assert_int_equal(c.answers, 0);
    bank_say(e);
    client_wait(&c);
    assert_int_equal(c.status, 200);
    assert_int_equal(bank_number("select asked::int from account where id = $1", account), 0);
    assert_int_equal(bank_number("select count(*) from event c join event o on o.causation = c.id where c.aggregate = $1", account), 1);
    bank_engine_end(e);
    assert_int_equal(c.answers, 1);
}

/* ── timers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct engine_command *remind(struct uuid account, instant at)
{
    return bank_command(REMIND, &(struct bank_order){.account = account, .at = at});
}

static int64_t reminders(struct uuid account)
{
    return bank_number("select reminders from account where id = $1", account);
}

static int64_t timers(void)
{
    return bank_number("select count(*) from timer", (struct uuid){{0}});
}

static void do_all(struct engine *e, struct engine_command *first, struct engine_command *second)
{
    struct tally t = {0};
    tally_submit(&t, e, first);
    if (second)
        tally_submit(&t, e, second);
    testing_wait_until(tally_count(&t) == (second ? 2 : 1));
    assert_int_equal(t.outcomes[ENGINE_DONE], second ? 2 : 1);
}

static void a_timer_fires_once(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    do_all(e, bank_deposit(account, 1), remind(account, clock_now() + MILLISECONDS(30)));
    testing_wait_until(reminders(account) == 1);
    assert_int_equal(timers(), 0);
    do_all(e, bank_deposit(account, 1), NULL);
    assert_int_equal(reminders(account), 1);
    bank_engine_end(e);
}

/* The engine that sets a timer need not look for it: it knows. */
static void a_timer_of_ones_own_is_not_late(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.timer_period = SECONDS(60)});
    struct uuid account = uuid_new();
    do_all(e, bank_deposit(account, 1), remind(account, clock_now() + MILLISECONDS(20)));
    testing_wait_until(reminders(account) == 1);
    bank_engine_end(e);
}

static void a_timer_is_moved_and_cleared(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.timer_period = MILLISECONDS(10)});
    struct uuid moved = uuid_new(), cleared = uuid_new();
    do_all(e, bank_deposit(moved, 1), bank_deposit(cleared, 1));
    instant due = clock_now() + SECONDS(2);
    do_all(e, remind(moved, clock_now() + SECONDS(3600)), remind(cleared, due));
    assert_int_equal(timers(), 2);
    do_all(e, remind(moved, clock_now() + MILLISECONDS(50)), remind(cleared, 0));
    assert_int_equal(timers(), 1);
    testing_wait_until(reminders(moved) == 1);
    testing_wait_until(timers() == 0);
    testing_wait_until(clock_now() > due + MILLISECONDS(50));
    assert_int_equal(reminders(cleared), 0);
    bank_engine_end(e);
}

/* A timer that is due may be queued more than once, and moved before it is decided. */
static void a_timer_moved_after_it_fell_due_does_not_fire(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.timer_period = SECONDS(60)});
    struct uuid account = uuid_new();
    do_all(e, bank_deposit(account, 1), remind(account, clock_now() + SECONDS(3600)));
    struct engine_command *early = engine_command_new();
    struct timer_due due = {.timer = REMINDER, .aggregate_kind = ACCOUNT, .id = account};
    early->command = (struct command){.type = COMMAND_TIMER_DUE, .data = arena_copy(&early->arena, &due, sizeof due)};
    do_all(e, early, NULL);
    assert_int_equal(reminders(account), 0);
    assert_int_equal(timers(), 1);
    bank_engine_end(e);
}

static void a_timer_fires_once_with_two_engines(void **state)
{
    (void)state;
    enum { ACCOUNTS = 50 };
    struct engine_config often = {.timer_period = MILLISECONDS(1)};
    struct engine *e[2] = {bank_engine(&often), bank_engine(&often)};
    struct uuid account[ACCOUNTS];
    struct tally t = {0};
    instant due = clock_now() + MILLISECONDS(300);
    for (int i = 0; i < ACCOUNTS; i++) {
        account[i] = uuid_new();
        tally_submit(&t, e[0], bank_deposit(account[i], 1));
        tally_submit(&t, e[0], remind(account[i], due));
    }
    testing_wait_until(tally_count(&t) == 2 * ACCOUNTS);
    testing_wait_until(timers() == 0);
    testing_wait_until(clock_now() > due + MILLISECONDS(50));
    bank_engine_end(e[0]);
    bank_engine_end(e[1]);
    for (int i = 0; i < ACCOUNTS; i++)
        assert_int_equal(reminders(account[i]), 1);
}

static void a_timer_that_is_queued_twice_in_one_batch_fires_once(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.timer_period = SECONDS(60)});
    struct uuid account = uuid_new();
    do_all(e, bank_deposit(account, 1), NULL);
    bank_hold(e);
    struct tally t = {0};
    bank_number("insert into timer select id, 'account', 'reminder', id, now() from account where id = $1 returning 1::bigint", account);
    for (int i = 0; i < 2; i++) {
        struct engine_command *c = engine_command_new();
        struct timer_due due = {.timer = REMINDER, .aggregate_kind = ACCOUNT, .id = account};
        c->command = (struct command){.type = COMMAND_TIMER_DUE, .data = arena_copy(&c->arena, &due, sizeof due)};
        tally_submit(&t, e, c);
    }
    bank_let_go();
    testing_wait_until(tally_count(&t) == 2);
    assert_int_equal(reminders(account), 1);
    bank_engine_end(e);
}

/* More than one look finds: it looks again at once, not after a period. */
static void many_timers_at_once_all_fire(void **state)
{
    (void)state;
    enum { TIMERS = 1000 };
    struct engine *e = bank_engine(&(struct engine_config){.timer_period = SECONDS(60), .batch_max = 100});
    struct tally t = {0};
    instant due = clock_now() + MILLISECONDS(200);
    for (int i = 0; i < TIMERS; i++)
        tally_submit(&t, e, remind(uuid_new(), due));
    testing_wait_until(tally_count(&t) == TIMERS);
    testing_wait_until(timers() == 0);
    assert_int_equal(bank_number("select sum(reminders)::bigint from account", (struct uuid){{0}}), TIMERS);
    bank_engine_end(e);
}

/* A decider that refuses a timer does not want it: it must not come back four times a second for ever. */
static void a_refused_timer_is_gone(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    do_all(e, bank_command(NOTE, &(struct bank_order){.account = account, .amount = -1}), remind(account, clock_now()));
    testing_wait_until(timers() == 0);
    assert_int_equal(reminders(account), 0);
    bank_engine_end(e);
}

static void timers_of_a_newer_program_do_not_keep_others_back(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    bank_number("insert into timer select gen_random_uuid(), 'account', 'unheard-of', gen_random_uuid(), now() - interval '1 day'"
                " from generate_series(1, 1000) returning 1::bigint",
                account);
    do_all(e, bank_deposit(account, 1), remind(account, clock_now()));
    testing_wait_until(reminders(account) == 1);
    assert_int_equal(timers(), 1000);
    bank_engine_end(e);
}

/* ── the queue ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_full_queue_is_told_at_once(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.queue_max = 10});
    struct uuid account = uuid_new();
    struct client clients[10], last;
    struct tally t = {0};
    bank_hold(e);
    for (int i = 0; i < 10; i++) {
        client_init(&clients[i]);
        client_ask(&clients[i], e, bank_deposit(account, 1));
    }
    client_init(&last);
    struct engine_command *c = bank_deposit(account, 1);
    assert_false(client_offer(&last, e, c));
    engine_command_free(c);
    tally_submit(&t, e, bank_deposit(account, 1)); /* messages are always taken */
    bank_let_go();
    testing_wait_until(tally_count(&t) == 1);
    assert_int_equal(bank_balance(account), 11);
    assert_int_equal(last.answers, 0);
    assert_int_equal(bank_metric(e, "jumun_engine_commands_total{outcome=\"queue_full\"}"), 1);
    bank_engine_end(e);
}

static void stopping_decides_what_is_queued_and_nothing_later(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.batch_max = 16});
    struct uuid account = uuid_new();
    struct tally t = {0}, late = {0};
    bank_hold(e);
    for (int i = 0; i < 100; i++)
        tally_submit(&t, e, bank_deposit(account, 1));
    bank_let_go();
    engine_stop(e);
    assert_int_equal(t.outcomes[ENGINE_DONE], 100);
    assert_int_equal(bank_balance(account), 100);

    struct client c;
    client_init(&c);
    tally_submit(&late, e, bank_deposit(account, 1));
    assert_int_equal(late.outcomes[ENGINE_UNAVAILABLE], 1);
    struct engine_command *command = bank_deposit(account, 1);
    assert_false(client_offer(&c, e, command));
    engine_submit(e, command);
    assert_int_equal(c.status, 503);
    assert_int_equal(c.retry_after, 1);
    engine_free(e);
    assert_int_equal(bank_balance(account), 100);
}

static void who_asked_with_a_deadline_that_passed_is_told_and_nothing_done(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct client late, patient;
    client_init(&late), client_init(&patient);
    late.asker.deadline = clock_monotonic() + MILLISECONDS(5);
    patient.asker.deadline = clock_monotonic() + SECONDS(60);
    bank_hold(e);
    client_ask(&late, e, bank_deposit(account, 1));
    client_ask(&patient, e, bank_deposit(account, 10));
    testing_wait_until(clock_monotonic() > late.asker.deadline);
    bank_let_go();
    client_wait(&late);
    client_wait(&patient);
    assert_int_equal(late.status, 503);
    assert_int_equal(patient.status, 200);
    assert_int_equal(bank_balance(account), 10);
    bank_engine_end(e);
}

#define TEST(name) cmocka_unit_test_setup(name, bank_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_deposit_opens_the_account_and_answers),
        TEST(commands_of_one_batch_see_each_other),
        TEST(one_refusal_among_a_hundred_disturbs_nobody),
        TEST(a_foreign_fact_changes_the_state_and_leaves_no_event),
        TEST(events_keep_the_order_and_cause_of_what_was_decided),
        TEST(a_hundred_changes_in_a_batch_settle_into_one_event),
        TEST(an_event_is_effective_once),
        TEST(another_content_under_the_same_id_is_a_contradiction),
        TEST(the_first_is_the_one_that_had_its_effect),
        TEST(a_message_of_unknown_content_contradicts_nobody),
        TEST(a_refused_message_leaves_no_trace),
        TEST(two_engines_share_an_account),
        TEST(two_engines_make_the_same_accounts),
        TEST(two_engines_transfer_back_and_forth),
        TEST(an_effect_starts_after_the_commit_and_its_outcome_answers),
        TEST(a_timer_fires_once),
        TEST(a_timer_of_ones_own_is_not_late),
        TEST(a_timer_is_moved_and_cleared),
        TEST(a_timer_moved_after_it_fell_due_does_not_fire),
        TEST(a_timer_fires_once_with_two_engines),
        TEST(a_timer_that_is_queued_twice_in_one_batch_fires_once),
        TEST(many_timers_at_once_all_fire),
        TEST(a_refused_timer_is_gone),
        TEST(timers_of_a_newer_program_do_not_keep_others_back),
        TEST(a_full_queue_is_told_at_once),
        TEST(stopping_decides_what_is_queued_and_nothing_later),
        TEST(who_asked_with_a_deadline_that_passed_is_told_and_nothing_done),
    };
    return cmocka_run_group_tests_name("engine", tests, bank_setup, bank_teardown);
}
