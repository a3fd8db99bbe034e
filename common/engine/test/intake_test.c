/* The intake, against a real PostgreSQL and Kafka: each good event is effective once, and what cannot be taken is found in the dead
 * letters. */
#include "bank.h"
#include "clock.h"
#include "intake.h"
#include "topic.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct topic *payments, *others, *dead_letters;
static char service[60];
static struct letters *letters;
static char paid[2][160], drawn[160], overdrawn[160], other[160];
static struct intake_event events[6];
static struct uuid nobody;

/* ── the foreign events that the bank knows ──────────────────────────────────────────────────────────────────────────────────────────── */

struct movement {
    struct uuid account;
    int64_t amount;
};
static const struct json_field movement_fields[] = {
    JSON_FIELD(struct movement, account, "account", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct movement, amount, "amount", JSON_INTEGER, JSON_REQUIRED, 1, 1000),
};
static const struct json_shape movement_shape = JSON_SHAPE(struct movement, movement_fields, JSON_IGNORE_UNKNOWN);

static bool decode_movement(struct arena *arena, const struct cloud_event *event, struct command *command, int type, struct str *reason)
{
    struct movement m;
    if (!intake_decode(arena, event, &movement_shape, &m, reason))
        return false;
    struct bank_order order = {.account = m.account, .amount = m.amount};
    command->type = type;
    command->data = arena_copy(arena, &order, sizeof order);
    return true;
}

static bool decode_paid(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    return decode_movement(arena, event, command, DEPOSIT, reason);
}

static bool decode_drawn(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    return decode_movement(arena, event, command, WITHDRAW, reason);
}

static bool decode_overdrawn(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    return decode_movement(arena, event, command, OVERDRAW, reason);
}

/* ── around each test ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void name_type(char text[160], const struct topic *t, const char *rest)
{
    (void)snprintf(text, 160, "%s.%s", t->name, rest);
}

static int start(void **state)
{
    char id[UUID_TEXT + 1], name[100];
    bank_empty(state);
    uuid_format(uuid_new(), id);
    (void)snprintf(service, sizeof service, "bank-%s", id);
    (void)snprintf(name, sizeof name, "jumun.dlq.%s", service);
    payments = topic_new("test.payments", 3);
    others = topic_new("test.others", 1);
    dead_letters = topic_named(name, 1);
    letters = letters_start(&(struct letters_config){.brokers = testing_environment("TEST_KAFKA_BROKERS"), .service = service});
    name_type(paid[0], payments, "Paid.v1");
    name_type(paid[1], payments, "Paid.v2");
    name_type(drawn, payments, "Drawn.v1");
    name_type(overdrawn, payments, "Overdrawn.v1");
    name_type(other, others, "Paid.v1");
    events[0] = (struct intake_event){paid[0], decode_paid};
    events[1] = (struct intake_event){paid[1], decode_paid};
    events[2] = (struct intake_event){drawn, decode_drawn};
    events[3] = (struct intake_event){overdrawn, decode_overdrawn};
    events[4] = (struct intake_event){other, decode_paid};
    return 0;
}

static int end(void **state)
{
    (void)state;
    letters_stop(letters);
    topic_free(payments);
    topic_free(others);
    topic_free(dead_letters);
    return 0;
}

static struct intake *intake(struct engine *e)
{
    return intake_start(&(struct intake_config){
        .service = service, .brokers = testing_environment("TEST_KAFKA_BROKERS"), .events = events, .engine = e, .letters = letters});
}

static int64_t metric(const struct intake *in, const char *name)
{
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    char line[100];
    (void)snprintf(line, sizeof line, "\n%s ", name);
    intake_show(in, &page);
    letters_show(letters, &page);
    const char *found = strstr(text.p, line);
    int64_t value = found ? strtoll(found + strlen(line), NULL, 10) : -1;
    buf_release(&text);
    return value;
}

/* ── writing events ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct letter_to_write {
    const char *type, *key; /* key NULL: as it should be */
    struct uuid id, account;
    const char *data; /* NULL: as it should be */
    bool tombstone;
};

static void write_letter(struct topic *t, const struct letter_to_write *l)
{
    char id[UUID_TEXT + 1], account[UUID_TEXT + 1], data[200];
    uuid_format(l->id, id);
    uuid_format(l->account, account);
    (void)snprintf(data, sizeof data, "{\"account\":\"%s\",\"amount\":1,\"more\":\"than is known\"}", account);
    const struct topic_header headers[] = {
        {"ce_specversion", "1.0"},     {"ce_id", id},
        {"ce_type", l->type},          {"ce_source", "/test"},
        {"ce_subject", account},       {"ce_time", "2026-11-22T18:55:10.123456Z"},
        {"ce_correlationid", account}, {"ce_causationid", id},
        {"ce_aggregateversion", "1"},  {"content-type", "application/json"},
    };
    struct str value = {0};
    if (!l->tombstone)
        value = str_of(l->data ? l->data : data);
    topic_write(t, l->key ? l->key : account, value, headers, sizeof headers / sizeof headers[0]);
}

static void pay(struct uuid account)
{
    write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = uuid_new(), .account = account});
}

/* ── what is taken ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void good_events_become_commands(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct uuid account = uuid_new(), id = uuid_new();
    write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = id, .account = account});
    write_letter(payments, &(struct letter_to_write){.type = paid[1], .id = uuid_new(), .account = account}); /* two majors side by side */
    write_letter(others, &(struct letter_to_write){.type = other, .id = uuid_new(), .account = account});
    testing_wait_until(bank_balance(account) == 3);
    assert_int_equal(bank_number("select count(*) from inbox where event = $1", id), 1);
    assert_int_equal(bank_number("select count(*) from event where causation = $1 and correlation = aggregate", id), 1);
    assert_int_equal(bank_number("select count(*) from inbox", nobody), 3);
    testing_wait_until(intake_ready(in));
    intake_stop(in);
    bank_engine_end(e);
}

static void the_same_event_again_changes_nothing(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct uuid account = uuid_new(), id = uuid_new();
    for (int i = 0; i < 5; i++)
        write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = id, .account = account});
    testing_wait_until(metric(in, "jumun_intake_taken_total") == 5);
    intake_stop(in);
    assert_int_equal(bank_balance(account), 1);
    bank_engine_end(e);
}

static void stopping_and_starting_takes_each_event_once(void **state)
{
    (void)state;
    enum { ROUNDS = 4, EACH = 50 };
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    for (int round = 1; round <= ROUNDS; round++) {
        struct intake *in = intake(e);
        for (int i = 0; i < EACH; i++)
            pay(account);
        testing_wait_until(bank_balance(account) > (round - 1) * EACH);
        intake_stop(in);
    }
    struct intake *in = intake(e);
    testing_wait_until(bank_balance(account) == ROUNDS * EACH);
    intake_stop(in);
    bank_assert_versions(account, ROUNDS * EACH);
    bank_engine_end(e);
}

static void types_that_are_not_known_are_passed_over(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct uuid account = uuid_new();
    char unknown[160];
    name_type(unknown, payments, "Unheard.v1");
    write_letter(payments, &(struct letter_to_write){.type = unknown, .id = uuid_new(), .account = account});
    pay(account);
    testing_wait_until(bank_balance(account) == 1);
    testing_wait_until(metric(in, "jumun_intake_passed_over_total") == 1);
    assert_int_equal(metric(in, "jumun_dead_letters_total"), 0);
    intake_stop(in);
    bank_engine_end(e);
}

/* An engine whose database is away keeps the batch; when it stops, the batch was not applied, and comes again. */
static void a_fault_of_the_database_loses_nothing(void **state)
{
    (void)state;
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine *e = bank_engine(&(struct engine_config){.database_url = testing_proxy_url(proxy)});
    struct uuid account = uuid_new();
    struct intake *in = intake(e);
    testing_wait_until(engine_ready(e) && intake_ready(in));
    testing_proxy_go_away(proxy);
    for (int i = 0; i < 20; i++)
        pay(account);
    testing_wait_until(metric(in, "jumun_intake_taken_total") > 0);
    engine_stop(e);
    intake_stop(in);
    engine_free(e);
    testing_proxy_stop(proxy);
    assert_int_equal(bank_number("select count(*) from account", nobody), 0);

    e = bank_engine(NULL);
    in = intake(e);
    testing_wait_until(bank_balance(account) == 20);
    intake_stop(in);
    bank_engine_end(e);
}

/* ── what is dead ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void assert_dead_letter(const struct topic_message *m, const struct topic *from, const char *key, struct str value,
                               const char *reason)
{
    struct str why = topic_header(m, "x-reason");
    if (str_absent(why) || !str_starts_with(why, str_of(reason)))
        fail_msg("the reason is \"%.*s\", not \"%s…\"", STR_ARG(why), reason);
    int64_t partition, offset;
    assert_true(str_is(topic_header(m, "x-original-topic"), from->name));
    assert_true(str_to_int64(topic_header(m, "x-original-partition"), &partition) && partition >= 0 && partition < from->partitions);
    assert_true(str_to_int64(topic_header(m, "x-original-offset"), &offset) && offset >= 0);
    assert_true(key ? str_is(m->key, key) : str_absent(m->key));
    assert_int_equal(str_absent(value), str_absent(m->value));
    assert_true(str_equal(m->value, value));
}

static const struct topic_message *message_of(struct topic *t, const char *key)
{
    for (size_t i = 0;; i++) {
        topic_await(t, i + 1);
        if (str_is(t->messages[i].key, key))
            return &t->messages[i];
    }
}

/* Writes a good event, the poison, and another good one of the same account; the poison alone must be dead. */
static void poison(struct topic *to, const struct letter_to_write *l, const char *reason)
{
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct uuid account = uuid_new();
    struct letter_to_write letter = *l;
    char key[UUID_TEXT + 1];
    letter.id = uuid_new();
    letter.account = uuid_new();
    uuid_format(letter.account, key);
    letter.key = letter.key ? letter.key : key;
    pay(account);
    write_letter(to, &letter);
    pay(account);
    topic_await(dead_letters, 1);
    testing_wait_until(bank_balance(account) == 2);
    assert_dead_letter(&dead_letters->messages[0], to, letter.key, message_of(to, letter.key)->value, reason);
    assert_true(str_is(topic_header(&dead_letters->messages[0], "ce_type"), letter.type));
    testing_wait_until(metric(in, "jumun_dead_letters_total") == 1);
    assert_int_equal(bank_number("select count(*) from inbox", nobody), 2);
    intake_stop(in);
    bank_engine_end(e);
}

static void a_dead_letter_does_not_come_again(void **state)
{
    (void)state;
    poison(payments, &(struct letter_to_write){.type = drawn}, "refused");
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct uuid account = uuid_new();
    for (int i = 0; i < 20; i++) /* in each partition */
        write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = uuid_new(), .account = i == 19 ? account : uuid_new()});
    testing_wait_until(bank_balance(account) == 1);
    testing_wait_until(metric(in, "jumun_intake_taken_total") == 20);
    intake_stop(in);
    bank_engine_end(e);
    assert_int_equal(dead_letters->count, 1);
}

static void malformed_data_is_dead(void **state)
{
    (void)state;
    poison(others, &(struct letter_to_write){.type = other, .data = "{\"account\":"}, "data");
}

static void data_of_another_shape_is_dead(void **state)
{
    (void)state;
    poison(others, &(struct letter_to_write){.type = other, .data = "{\"account\":\"0192\",\"amount\":0}"}, "data/account: ");
}

static void a_tombstone_is_dead(void **state)
{
    (void)state;
    poison(others, &(struct letter_to_write){.type = other, .tombstone = true}, "");
}

static void an_empty_value_is_dead(void **state)
{
    (void)state;
    poison(others, &(struct letter_to_write){.type = other, .data = ""}, "");
}

static void a_type_on_the_wrong_topic_is_dead(void **state)
{
    (void)state;
    poison(others, &(struct letter_to_write){.type = paid[0]}, "type: belongs to topic test.payments.");
}

static void a_wrong_key_is_dead(void **state)
{
    (void)state;
    poison(others, &(struct letter_to_write){.type = other, .key = "0192b8c0-0000-7000-8000-000000000000"}, "key: ");
}

static void an_unknown_major_is_dead(void **state)
{
    (void)state;
    char type[160];
    name_type(type, others, "Paid.v2");
    poison(others, &(struct letter_to_write){.type = type}, "type: major version 2 ");
}

static void what_is_not_a_type_is_dead(void **state)
{
    (void)state;
    poison(others, &(struct letter_to_write){.type = "Paid"}, "");
}

static void what_the_decider_refuses_is_dead(void **state)
{
    (void)state;
    poison(payments, &(struct letter_to_write){.type = drawn}, "refused: /problems/not-enough: There are 0.");
}

static void what_the_database_rejects_is_dead(void **state)
{
    (void)state;
    poison(payments, &(struct letter_to_write){.type = overdrawn}, "rejected by the database");
}

static void what_is_not_a_cloud_event_is_dead(void **state)
{
    (void)state;
    static const char bytes[] = "\x00\xff no JSON, no headers";
    struct str value = {bytes, sizeof bytes - 1};
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct uuid account = uuid_new();
    pay(account);
    topic_write(payments, NULL, value, NULL, 0);
    pay(account);
    topic_await(dead_letters, 1);
    testing_wait_until(bank_balance(account) == 2);
    assert_dead_letter(&dead_letters->messages[0], payments, NULL, value, "");
    intake_stop(in);
    bank_engine_end(e);
}

static void another_message_under_the_same_id_is_dead(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct uuid account = uuid_new(), id = uuid_new();
    char other_data[200], text[UUID_TEXT + 1];
    uuid_format(account, text);
    (void)snprintf(other_data, sizeof other_data, "{\"account\":\"%s\",\"amount\":900}", text);
    write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = id, .account = account});
    write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = id, .account = account, .data = other_data});
    write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = id, .account = account}); /* a copy: that is none */
    topic_await(dead_letters, 1);
    testing_wait_until(metric(in, "jumun_intake_taken_total") == 3);
    assert_dead_letter(&dead_letters->messages[0], payments, text, str_of(other_data), "ce_id: ");
    intake_stop(in);
    assert_int_equal(bank_balance(account), 1);
    assert_true(letters_await(letters, SECONDS(20)));
    assert_int_equal(letters_count(letters, LETTER_OPEN), 1);
    bank_engine_end(e);
}

/* ── again ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The only letter there is. */
static enum intake_again take_again(struct intake *in, struct arena *arena, struct str *reason)
{
    struct letter letter;
    struct kafka_record message;
    assert_true(letters_await(letters, SECONDS(20)));
    assert_int_equal(letters_list(letters, 1u << LETTER_OPEN, NULL, arena, &letter, 1), 1);
    assert_true(letters_fetch(letters, &letter, arena, &message));
    return intake_take_again(in, &message, SECONDS(20), arena, reason);
}

static void a_refused_message_is_taken_again_once_it_can_be(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct arena arena;
    struct str reason;
    struct uuid account = uuid_new();
    arena_init(&arena);
    write_letter(payments, &(struct letter_to_write){.type = drawn, .id = uuid_new(), .account = account});
    topic_await(dead_letters, 1);
    assert_int_equal(take_again(in, &arena, &reason), INTAKE_STILL_DEAD);
    assert_true(str_starts_with(reason, STR("refused: /problems/not-enough")));
    for (int i = 0; i < 3; i++)
        pay(account);
    testing_wait_until(bank_balance(account) == 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take_again(in, &arena, &reason), INTAKE_TAKEN);
    assert_int_equal(bank_balance(account), 2);
    arena_release(&arena);
    intake_stop(in);
    bank_engine_end(e);
}

static void what_cannot_be_read_cannot_be_taken_again(void **state)
{
    (void)state;
    struct engine *e = bank_engine(NULL);
    struct intake *in = intake(e);
    struct arena arena;
    struct str reason;
    arena_init(&arena);
    write_letter(payments, &(struct letter_to_write){.type = paid[0], .id = uuid_new(), .account = uuid_new(), .data = "{"});
    topic_await(dead_letters, 1);
    assert_int_equal(take_again(in, &arena, &reason), INTAKE_STILL_DEAD);
    assert_true(str_starts_with(reason, STR("data")));
    arena_release(&arena);
    intake_stop(in);
    bank_engine_end(e);
}

/* The engine waits for its database, and whoever asks does not wait with it; what was not decided then is decided once it is back. */
static void whoever_asks_does_not_wait_for_the_database(void **state)
{
    (void)state;
    struct testing_proxy *proxy = testing_proxy_start(bank_database.url);
    struct engine *e = bank_engine(&(struct engine_config){.database_url = testing_proxy_url(proxy)});
    struct intake *in = intake(e);
    struct arena arena;
    struct str reason;
    struct letter letter;
    struct kafka_record message;
    struct uuid account = uuid_new();
    arena_init(&arena);
    write_letter(payments, &(struct letter_to_write){.type = drawn, .id = uuid_new(), .account = account});
    topic_await(dead_letters, 1);
    pay(account);
    testing_wait_until(bank_balance(account) == 1);
    assert_true(letters_await(letters, SECONDS(20)));
    assert_int_equal(letters_list(letters, 1u << LETTER_OPEN, NULL, &arena, &letter, 1), 1);
    assert_true(letters_fetch(letters, &letter, &arena, &message));
    testing_proxy_go_away(proxy);
    assert_int_equal(intake_take_again(in, &message, SECONDS(1), &arena, &reason), INTAKE_NOT_DECIDED);
    testing_proxy_come_back(proxy);
    testing_wait_until(bank_balance(account) == 0);
    assert_int_equal(intake_take_again(in, &message, SECONDS(20), &arena, &reason), INTAKE_TAKEN);
    assert_int_equal(bank_balance(account), 0);
    arena_release(&arena);
    intake_stop(in);
    bank_engine_end(e);
    testing_proxy_stop(proxy);
}

/* ── many ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void poison_among_many_is_picked_out(void **state)
{
    (void)state;
    enum { EVENTS = 300, POISON = 10 };
    struct engine *e = bank_engine(NULL);
    struct uuid account = uuid_new();
    for (int i = 0; i < EVENTS; i++) {
        const char *type = i % 30 == 0 ? overdrawn : i % 30 == 15 ? drawn : paid[0];
        struct uuid whose = type == paid[0] ? account : uuid_new();
        write_letter(payments, &(struct letter_to_write){.type = type, .id = uuid_new(), .account = whose});
    }
    struct intake *in = intake(e);
    topic_await(dead_letters, 2 * POISON);
    testing_wait_until(bank_balance(account) == EVENTS - 2 * POISON);
    bank_assert_versions(account, EVENTS - 2 * POISON);
    intake_stop(in);
    assert_int_equal(dead_letters->count, 2 * POISON);
    bank_engine_end(e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_events_become_commands),
        TEST(the_same_event_again_changes_nothing),
        TEST(stopping_and_starting_takes_each_event_once),
        TEST(types_that_are_not_known_are_passed_over),
        TEST(a_fault_of_the_database_loses_nothing),
        TEST(a_dead_letter_does_not_come_again),
        TEST(malformed_data_is_dead),
        TEST(data_of_another_shape_is_dead),
        TEST(a_tombstone_is_dead),
        TEST(an_empty_value_is_dead),
        TEST(a_type_on_the_wrong_topic_is_dead),
        TEST(a_wrong_key_is_dead),
        TEST(an_unknown_major_is_dead),
        TEST(what_is_not_a_type_is_dead),
        TEST(what_the_decider_refuses_is_dead),
        TEST(what_the_database_rejects_is_dead),
        TEST(what_is_not_a_cloud_event_is_dead),
        TEST(another_message_under_the_same_id_is_dead),
        TEST(a_refused_message_is_taken_again_once_it_can_be),
        TEST(what_cannot_be_read_cannot_be_taken_again),
        TEST(whoever_asks_does_not_wait_for_the_database),
        TEST(poison_among_many_is_picked_out),
    };
    return cmocka_run_group_tests_name("intake", tests, bank_setup, bank_teardown);
}
