/* Idempotency keys, against a real PostgreSQL: the first request with a key is done, and every other one gets its answer. */
#include "bank.h"
#include "clock.h"
#include "journal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct engine_command *open_account(struct uuid account, int64_t amount)
{
    return bank_command(OPEN, &(struct bank_order){.account = account, .amount = amount});
}

static void ask_to_open(struct client *c, struct engine *e, const char *key, const char *body)
{
    client_init(c);
    client_key(c, key, body);
    client_ask(c, e, open_account(uuid_new(), 10));
}

static void ask_for(struct client *c, struct engine *e, struct engine_command *command)
{
    client_init(c);
    client_key(c, "key-1", "x");
    client_ask(c, e, command);
}

/* For longer than the lease of its answer. */
static void begin_and_stand_still(struct client *c, struct engine *e, struct uuid account)
{
    ask_for(c, e, bank_command(ASK_BANK, &(struct bank_order){.account = account}));
    testing_wait_until(atomic_load(&bank_asked) == 1);
    testing_wait_until(bank_number("select (lease < clock_timestamp())::int from idempotency", account) == 1);
}

static int64_t accounts(void)
{
    return bank_number("select count(*) from account", (struct uuid){{0}});
}

static void assert_replay(const struct client *first, const struct client *again)
{
    assert_true(again->replayed);
    assert_int_equal(again->status, first->status);
    assert_string_equal(again->body, first->body);
    assert_string_equal(again->location, first->location);
    assert_string_equal(again->content_type, first->content_type);
    assert_int_equal(again->retry_after, 0);
}

static void the_same_request_again_gets_the_same_answer(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct client first, again;
    ask_to_open(&first, e, "key-1", "{\"amount\":10}");
    client_wait(&first);
    assert_int_equal(first.status, 201);
    assert_false(first.replayed);
    ask_to_open(&again, e, "key-1", "{\"amount\":10}");
    client_wait(&again);
    assert_replay(&first, &again);
    assert_int_equal(accounts(), 1);
    assert_int_equal(bank_number("select count(*) from event", (struct uuid){{0}}), 1);
    bank_engine_end(e);
}

static void a_refusal_is_an_answer_too(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct client first, again;
    client_init(&first);
    client_key(&first, "key-1", "x");
    client_ask(&first, e, bank_withdraw(account, 5));
    client_wait(&first);
    struct tally t = {0};
    tally_submit(&t, e, bank_deposit(account, 5));
    client_init(&again);
    client_key(&again, "key-1", "x");
    client_ask(&again, e, bank_withdraw(account, 5));
    client_wait(&again);
    assert_int_equal(first.status, 409);
    assert_replay(&first, &again);
    assert_string_equal(again.content_type, "application/problem+json");
    assert_int_equal(bank_balance(account), 5);
    bank_engine_end(e);
}

static void the_key_of_another_body_is_refused(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct client first, same_batch, later;
    bank_hold(e);
    ask_to_open(&first, e, "key-1", "{\"amount\":10}");
    ask_to_open(&same_batch, e, "key-1", "{\"amount\":11}");
    bank_let_go();
    client_wait(&same_batch);
    ask_to_open(&later, e, "key-1", "{\"amount\":12}");
    client_wait(&later);
    assert_int_equal(first.status, 201);
    assert_int_equal(same_batch.status, 422);
    assert_int_equal(later.status, 422);
    assert_non_null(strstr(later.body, "/problems/idempotency-key-reused"));
    assert_int_equal(accounts(), 1);
    bank_engine_end(e);
}

static void keys_of_different_scopes_are_different(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct client one, other;
    ask_to_open(&one, e, "key-1", "x");
    client_init(&other);
    client_key(&other, "key-1", "y");
    other.asker.scope = STR("somebody else POST /accounts");
    client_ask(&other, e, open_account(uuid_new(), 10));
    client_wait(&one);
    client_wait(&other);
    assert_int_equal(one.status, 201);
    assert_int_equal(other.status, 201);
    bank_engine_end(e);
}

static void fifty_at_once_make_one_account(void **state)
{
    (void)state;
    enum { CLIENTS = 50 };
    struct engine *e[2] = {bank_engine(NULL), bank_engine(NULL)};
    struct client clients[CLIENTS];
    int made = 0, replayed = 0;
    bank_hold(e[0]);
    bank_hold(e[1]);
    for (int i = 0; i < CLIENTS; i++)
        ask_to_open(&clients[i], e[i % 2], "key-1", "x");
    bank_let_go();
    bank_let_go();
    for (int i = 0; i < CLIENTS; i++) {
        client_wait(&clients[i]);
        made += clients[i].status == 201 && !clients[i].replayed;
        replayed += clients[i].status == 201 && clients[i].replayed;
        assert_true(clients[i].status == 201 || (clients[i].status == 409 && clients[i].retry_after == 1));
    }
    assert_int_equal(made, 1);
    assert_int_equal(replayed, 1); /* the first one of the other engine; the rest of a batch is told to come again */
    assert_int_equal(accounts(), 1);
    bank_engine_end(e[0]);
    bank_engine_end(e[1]);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(clients[i].answers, 1);
}

static void while_the_first_is_running_others_are_told_to_wait(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    struct client first, meanwhile, after;
    ask_for(&first, e, bank_command(ASK_BANK, &(struct bank_order){.account = account}));
    testing_wait_until(atomic_load(&bank_asked) == 1);
    ask_to_open(&meanwhile, e, "key-1", "x");
    client_wait(&meanwhile);
    assert_int_equal(meanwhile.status, 409);
    assert_int_equal(meanwhile.retry_after, 1);
    assert_non_null(strstr(meanwhile.body, "/problems/request-in-progress"));
    bank_say(e);
    client_wait(&first);
    ask_to_open(&after, e, "key-1", "x");
    client_wait(&after);
    assert_int_equal(first.status, 200);
    assert_replay(&first, &after);
    assert_int_equal(accounts(), 1);
    bank_engine_end(e);
}

/* The engine that had begun it died before the answer: who asks again goes on with what was begun. */
static void what_was_cut_off_is_taken_over(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.answer_lease = MILLISECONDS(20)});
    struct uuid account = uuid_new();
    struct client first, again, once_more, last;
    begin_and_stand_still(&first, e, account);

    ask_for(&again, e, bank_command(DEPOSIT, &(struct bank_order){.account = uuid_new(), .amount = 3}));
    client_wait(&again);
    assert_int_equal(again.adopted, 1);
    assert_int_equal(again.status, 200);
    assert_false(again.replayed);
    assert_int_equal(accounts(), 1);
    assert_int_equal(bank_balance(account), 3); /* on what was there: loaded and locked like all others */
    bank_assert_versions(account, 2);

    ask_for(&once_more, e, bank_command(DEPOSIT, &(struct bank_order){.account = uuid_new(), .amount = 3}));
    client_wait(&once_more);
    assert_replay(&again, &once_more);
    bank_say(e); /* the first one's outcome comes after all, and too late for the answer, which has been given */
    client_wait(&first);
    assert_int_equal(first.status, 409);
    assert_int_equal(first.retry_after, 1);
    ask_for(&last, e, bank_command(DEPOSIT, &(struct bank_order){.account = uuid_new(), .amount = 3}));
    client_wait(&last);
    assert_replay(&again, &last);
    bank_engine_end(e);
}

/* Both in one batch: who stood still, and who took over. One of them has answered, and only that one says so. */
static void the_late_one_and_its_heir_have_one_answer(void **state)
{
    (void)state;
    struct engine *e = bank_engine(&(struct engine_config){.answer_lease = MILLISECONDS(20)});
    struct uuid account = uuid_new();
    struct client first, heir, last;
    begin_and_stand_still(&first, e, account);
    bank_hold(e);
    ask_for(&heir, e, bank_command(DEPOSIT, &(struct bank_order){.account = uuid_new(), .amount = 3}));
    bank_say(e);
    bank_let_go();
    client_wait(&first);
    client_wait(&heir);
    assert_int_equal((first.status == 409) + (heir.status == 409), 1);
    ask_for(&last, e, bank_command(DEPOSIT, &(struct bank_order){.account = uuid_new(), .amount = 3}));
    client_wait(&last);
    assert_replay(first.status == 409 ? &heir : &first, &last);
    bank_engine_end(e);
}

static void one_of_two_takes_over(void **state)
{
    (void)state;
    struct engine *e[2] = {bank_engine(NULL), bank_engine(NULL)};
    struct uuid account = uuid_new();
    struct client clients[2];
    bank_number("insert into idempotency (scope, key, fingerprint, resource, lease) select 'somebody POST /accounts', 'key-1',"
                " '00000000-0000-0000-0000-000000000000', $1, now() - interval '1 second' returning 1::bigint",
                account);
    struct client probe; /* its refusal shows that the row is found; its fingerprint is not that of "x" */
    ask_to_open(&probe, e[0], "key-1", "x");
    client_wait(&probe);
    assert_int_equal(probe.status, 422);
    bank_number("update idempotency set lease = now() - interval '1 second', fingerprint = $1 returning 1::bigint",
                journal_fingerprint(STR("x")));
    for (int i = 0; i < 2; i++)
        bank_hold(e[i]);
    for (int i = 0; i < 2; i++)
        ask_to_open(&clients[i], e[i], "key-1", "x");
    for (int i = 0; i < 2; i++)
        bank_let_go();
    for (int i = 0; i < 2; i++)
        client_wait(&clients[i]);
    assert_int_equal(clients[0].adopted + clients[1].adopted, 1);
    assert_int_equal(clients[0].replayed + clients[1].replayed, 1);
    assert_int_equal(accounts(), 1);
    assert_int_equal(bank_balance(account), 10);
    bank_engine_end(e[0]);
    bank_engine_end(e[1]);
}

/* Many keys at once, known and new ones mixed, so that every search among them is tried. */
static void each_of_many_gets_its_own_answer(void **state)
{
    (void)state;
    enum { KEYS = 200 };
    static struct client first[KEYS], again[KEYS];
    struct engine *e = bank_engine(NULL);
    char key[KEYS][16];
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(key[i], sizeof key[i], "key-%d", i * 7919 % 1000);
        if (i % 2)
            ask_to_open(&first[i], e, key[i], key[i]);
    }
    for (int i = 1; i < KEYS; i += 2)
        client_wait(&first[i]);
    bank_hold(e);
    for (int i = 0; i < KEYS; i++)
        ask_to_open(&again[i], e, key[i], key[i]);
    bank_let_go();
    for (int i = 0; i < KEYS; i++) {
        client_wait(&again[i]);
        assert_int_equal(again[i].status, 201);
        if (i % 2)
            assert_replay(&first[i], &again[i]);
        else
            assert_false(again[i].replayed);
    }
    assert_int_equal(accounts(), KEYS);
    bank_engine_end(e);
}

#define TEST(name) cmocka_unit_test_setup(name, bank_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_request_again_gets_the_same_answer),
        TEST(a_refusal_is_an_answer_too),
        TEST(the_key_of_another_body_is_refused),
        TEST(keys_of_different_scopes_are_different),
        TEST(fifty_at_once_make_one_account),
        TEST(while_the_first_is_running_others_are_told_to_wait),
        TEST(what_was_cut_off_is_taken_over),
        TEST(the_late_one_and_its_heir_have_one_answer),
        TEST(one_of_two_takes_over),
        TEST(each_of_many_gets_its_own_answer),
    };
    return cmocka_run_group_tests_name("engine keys", tests, bank_setup, bank_teardown);
}
