/* The relay, against a real PostgreSQL and Kafka: every committed event, in order, at least once. */
#include "bank.h"
#include "clock.h"
#include "relay.h"
#include "topic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_BROKER "127.0.0.1:1"

static struct topic *topic;
static struct engine *engine;
static struct uuid nobody;

static int start(void **state)
{
    bank_empty(state);
    topic = topic_new("test.bank", 3);
    bank_set_topic(topic->name);
    engine = bank_engine(NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bank_engine_end(engine);
    topic_free(topic);
    return 0;
}

static struct relay *relay_to(const char *brokers, size_t batch_max)
{
    return relay_start(
        &(struct relay_config){.service = "bank", .database_url = bank_database.url, .brokers = brokers, .batch_max = batch_max});
}

static struct relay *relay(void)
{
    return relay_to(testing_environment("TEST_KAFKA_BROKERS"), 0);
}

static int64_t metric(const struct relay *r, const char *name)
{
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    char line[100];
    (void)snprintf(line, sizeof line, "\n%s ", name);
    relay_show(r, &page);
    const char *found = strstr(text.p, line);
    int64_t value = found ? strtoll(found + strlen(line), NULL, 10) : -1;
    buf_release(&text);
    return value;
}

static int64_t outbox(void)
{
    return bank_number("select count(*) from outbox", nobody);
}

static void deposit(struct uuid account, int times)
{
    struct tally t = {0};
    for (int i = 0; i < times; i++)
        tally_submit(&t, engine, bank_deposit(account, 1));
    testing_wait_until(tally_count(&t) == times);
}

static int64_t version_of(const struct topic_message *m)
{
    int64_t version = 0;
    assert_true(str_to_int64(topic_header(m, "ce_aggregateversion"), &version));
    return version;
}

/* First occurrences in version order and in one partition; copies are the same event. Returns how many there were the first time. */
static int64_t assert_in_order(struct uuid account)
{
    char id[UUID_TEXT + 1];
    int64_t last = 0;
    int32_t partition = -1;
    uuid_format(account, id);
    for (size_t i = 0; i < topic->count; i++) {
        const struct topic_message *m = &topic->messages[i];
        if (!str_is(m->key, id))
            continue;
        assert_true(partition < 0 || partition == m->partition);
        partition = m->partition;
        assert_in_range(version_of(m), 1, last + 1);
        last += version_of(m) == last + 1;
    }
    return last;
}

/* ── what is sent ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void assert_header(const struct topic_message *m, const char *name, const char *expected)
{
    struct str value = topic_header(m, name);
    if (!str_is(value, expected))
        fail_msg("%s is \"%.*s\", not \"%s\"", name, STR_ARG(value), expected);
}

static void an_event_is_sent_as_it_was_decided(void **state)
{
    (void)state;
    struct relay *r = relay();
    struct uuid account = uuid_new(), order = uuid_new(), cause = uuid_new();
    char account_id[UUID_TEXT + 1], order_id[UUID_TEXT + 1], cause_id[UUID_TEXT + 1], type[200];
    struct tally t = {0};
    struct engine_command *c = bank_deposit(account, 5);
    c->command.correlation = order;
    c->command.cause = cause;
    c->command.traceparent = STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    tally_submit(&t, engine, bank_command(WATCH, &(struct bank_order){.account = account})); /* internal: not sent */
    tally_submit(&t, engine, c);
    topic_await(topic, 2);

    const struct topic_message *m = &topic->messages[0];
    uuid_format(account, account_id), uuid_format(order, order_id), uuid_format(cause, cause_id);
    for (size_t i = 0; i < topic->count; i++)
        if (str_is(topic->messages[i].key, order_id))
            m = &topic->messages[i];
    assert_true(str_is(m->key, order_id));
    (void)snprintf(type, sizeof type, "%s.Deposited.v1", topic->name);
    assert_header(m, "ce_specversion", "1.0");
    assert_header(m, "ce_type", type);
    assert_header(m, "ce_source", "/jumun/bank");
    assert_header(m, "ce_subject", account_id);
    assert_header(m, "ce_correlationid", order_id);
    assert_header(m, "ce_causationid", cause_id);
    assert_header(m, "ce_aggregateversion", "2");
    assert_header(m, "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_header(m, "content-type", "application/json");
    assert_true(str_is(m->value, "{\"amount\":5,\"balance\":5}"));
    struct uuid id;
    assert_true(uuid_parse(topic_header(m, "ce_id"), &id));
    assert_int_equal(bank_number("select count(*) from event where id = $1 and version = 2", id), 1);
    testing_wait_until(outbox() == 0);
    testing_wait_until(tally_count(&t) == 2);
    relay_stop(r);
}

static void a_commit_wakes_the_relay(void **state)
{
    (void)state;
    struct relay *r = relay();
    testing_wait_until(relay_ready(r) && metric(r, "jumun_relay_active") == 1);
    struct engine *e = bank_engine(&(struct engine_config){.committed = (void (*)(void *))relay_wake, .committed_ctx = r});
    struct tally t = {0};
    int soon = 0;
    for (int i = 0; i < 10; i++) {
        duration began = clock_monotonic();
        tally_submit(&t, e, bank_deposit(uuid_new(), 1));
        testing_wait_until(metric(r, "jumun_relay_produced_total") == i + 1);
        soon += clock_monotonic() - began < MILLISECONDS(400);
    }
    assert_in_range(soon, 5, 10); /* most, whatever the machine does meanwhile: unwoken it looks every 500 ms */
    bank_engine_end(e);
    relay_stop(r);
}

static void events_of_an_account_stay_in_order(void **state)
{
    (void)state;
    enum { ACCOUNTS = 7, EACH = 100 };
    struct relay *r = relay_to(testing_environment("TEST_KAFKA_BROKERS"), 50);
    struct uuid account[ACCOUNTS];
    for (int i = 0; i < ACCOUNTS; i++)
        account[i] = uuid_new();
    struct tally t = {0};
    for (int k = 0; k < EACH; k++)
        for (int i = 0; i < ACCOUNTS; i++)
            tally_submit(&t, engine, bank_deposit(account[i], 1));
    topic_await(topic, ACCOUNTS * EACH);
    for (int i = 0; i < ACCOUNTS; i++)
        assert_int_equal(assert_in_order(account[i]), EACH);
    testing_wait_until(outbox() == 0);
    assert_int_equal(metric(r, "jumun_relay_produced_total"), ACCOUNTS * EACH);
    assert_int_equal(tally_count(&t), ACCOUNTS * EACH);
    relay_stop(r);
}

/* ── what is kept ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void without_brokers_nothing_is_removed(void **state)
{
    (void)state;
    struct uuid account = uuid_new();
    struct relay *r = relay_to(NO_BROKER, 0);
    deposit(account, 10);
    relay_wake(r);
    assert_false(relay_ready(r));
    relay_stop(r);
    assert_int_equal(outbox(), 10);

    r = relay();
    topic_await(topic, 10);
    testing_wait_until(relay_ready(r));
    testing_wait_until(outbox() == 0);
    assert_int_equal(assert_in_order(account), 10);
    relay_stop(r);
}

static void stopping_and_starting_loses_nothing_and_repeats_nothing(void **state)
{
    (void)state;
    enum { ROUNDS = 8, EACH = 40 };
    struct uuid account = uuid_new();
    for (int i = 0; i < ROUNDS; i++) {
        struct relay *r = relay_to(testing_environment("TEST_KAFKA_BROKERS"), 7);
        deposit(account, EACH);
        testing_wait_until(metric(r, "jumun_relay_produced_total") > 0);
        relay_stop(r);
    }
    struct relay *r = relay();
    topic_await(topic, ROUNDS * EACH);
    testing_wait_until(outbox() == 0);
    relay_stop(r);
    assert_int_equal(assert_in_order(account), ROUNDS * EACH);
    assert_int_equal(topic->count, ROUNDS * EACH);
}

/* ── two relays ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void kill_active_session(void)
{
    bank_number("select count(pg_terminate_backend(a.pid)) from pg_stat_activity a join pg_locks l on l.pid = a.pid"
                " where l.locktype = 'advisory' and l.granted and a.application_name = 'relay' and a.datname = current_database()",
                nobody);
}

static void one_of_two_relays_is_active_and_the_other_takes_over(void **state)
{
    (void)state;
    enum { ACCOUNTS = 5, ROUNDS = 6, EACH = 50 };
    struct relay *r[2] = {relay_to(testing_environment("TEST_KAFKA_BROKERS"), 20), relay_to(testing_environment("TEST_KAFKA_BROKERS"), 20)};
    struct uuid account[ACCOUNTS];
    struct tally t = {0};
    int submitted = 0;
    testing_wait_until(relay_ready(r[0]) && relay_ready(r[1]));
    testing_wait_until(metric(r[0], "jumun_relay_active") + metric(r[1], "jumun_relay_active") == 1);
    for (int i = 0; i < ACCOUNTS; i++)
        account[i] = uuid_new();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < ACCOUNTS * EACH; i++, submitted++)
            tally_submit(&t, engine, bank_deposit(account[i % ACCOUNTS], 1));
        testing_wait_until(tally_count(&t) == submitted);
        kill_active_session();
    }
    testing_wait_until(outbox() == 0);
    topic_await(topic, ACCOUNTS * ROUNDS * EACH);
    for (int i = 0; i < ACCOUNTS; i++)
        testing_wait_until(assert_in_order(account[i]) == ROUNDS * EACH || (topic_await(topic, topic->count + 1), false));
    relay_stop(r[0]);
    relay_stop(r[1]);
}

static void when_the_active_relay_stops_the_other_goes_on(void **state)
{
    (void)state;
    struct uuid account = uuid_new();
    struct relay *first = relay();
    testing_wait_until(metric(first, "jumun_relay_active") == 1);
    struct relay *second = relay();
    testing_wait_until(relay_ready(second));
    assert_int_equal(metric(second, "jumun_relay_active"), 0);
    relay_stop(first);
    deposit(account, 3);
    topic_await(topic, 3);
    testing_wait_until(metric(second, "jumun_relay_active") == 1);
    relay_stop(second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_event_is_sent_as_it_was_decided),
        TEST(a_commit_wakes_the_relay),
        TEST(events_of_an_account_stay_in_order),
        TEST(without_brokers_nothing_is_removed),
        TEST(stopping_and_starting_loses_nothing_and_repeats_nothing),
        TEST(one_of_two_relays_is_active_and_the_other_takes_over),
        TEST(when_the_active_relay_stops_the_other_goes_on),
    };
    return cmocka_run_group_tests_name("relay", tests, bank_setup, bank_teardown);
}
