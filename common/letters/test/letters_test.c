/* Dead letters on a real Kafka: TEST_KAFKA_BROKERS, e.g. 127.0.0.1:8093. Each test has a service, and so a topic, of its own. */
#include "clock.h"
#include "letters.h"
#include "memory.h"
#include "testing.h"
#include "topic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT SECONDS(20)
#define OPEN  (1u << LETTER_OPEN)

static char service[60];
static struct topic *topic;
static struct arena arena;
static const struct uuid mina = {{1}};

static struct letters *start_letters(void)
{
    return letters_start(&(struct letters_config){.brokers = testing_environment("TEST_KAFKA_BROKERS"), .service = service});
}

static void name_service(void)
{
    char id[UUID_TEXT + 1];
    uuid_format(uuid_new(), id);
    (void)snprintf(service, sizeof service, "letters-%s", id);
}

static void make_topic(int partitions)
{
    char name[100];
    (void)snprintf(name, sizeof name, "jumun.dlq.%s", service);
    topic = topic_named(name, partitions);
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    name_service();
    make_topic(1);
    return 0;
}

static int begin_without_topic(void **state)
{
    (void)state;
    arena_init(&arena);
    name_service();
    return 0;
}

static int end(void **state)
{
    (void)state;
    topic_free(topic);
    arena_release(&arena);
    return 0;
}

/* ── messages ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct kafka_header own[] = {{STR_CONST("ce_type"), STR_CONST("till.Paid.v1")}, {STR_CONST("odd"), STR_CONST("\0\xff bytes")}};

static struct kafka_record message(int64_t offset, struct str value)
{
    return (struct kafka_record){
        .topic = STR("till"), .partition = 2, .offset = offset, .key = STR("k"), .value = value, .headers = own, .header_count = 2};
}

static void send_one(struct letters *l, int64_t offset, struct str value)
{
    struct kafka_record m = message(offset, value);
    struct str why = STR("it cannot be");
    assert_true(letters_send(l, &arena, &m, &why, 1));
}

static struct letter the_letter(struct letters *l, int64_t offset)
{
    struct letter letter = {0};
    assert_true(letters_await(l, LIMIT));
    assert_true(letters_find(l, &(struct letter_place){STR("till"), 2, offset}, &arena, &letter));
    return letter;
}

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void only_what_has_a_reason_is_sent(void **state)
{
    (void)state;
    struct letters *l = start_letters();
    struct kafka_record m[3] = {message(1, STR("a")), message(2, STR("b")), message(3, STR("c"))};
    struct str none[3] = {{0}}, reasons[3] = {{0}, STR("it cannot be"), {0}};
    assert_true(letters_send(l, &arena, m, none, 3));
    assert_true(letters_send(l, &arena, m, reasons, 3));
    assert_true(letters_await(l, LIMIT));
    assert_int_equal(letters_count(l, LETTER_OPEN), 1);
    assert_true(str_is(the_letter(l, 2).reason, "it cannot be"));
    letters_stop(l);
}

static void a_message_comes_back_byte_for_byte(void **state)
{
    (void)state;
    static const char bytes[] = "\0\xff\xfe no text";
    struct letters *l = start_letters();
    send_one(l, 1, (struct str){bytes, sizeof bytes});
    send_one(l, 2, (struct str){0});
    send_one(l, 3, STR(""));
    const struct str values[] = {{bytes, sizeof bytes}, {0}, STR("")};
    for (int64_t offset = 1; offset <= 3; offset++) {
        struct letter letter = the_letter(l, offset);
        struct kafka_record m;
        assert_true(letters_fetch(l, &letter, &arena, &m));
        assert_true(str_is(m.topic, "till") && m.partition == 2 && m.offset == offset && str_is(m.key, "k"));
        assert_int_equal(str_absent(m.value), str_absent(values[offset - 1]));
        assert_true(str_equal(m.value, values[offset - 1]));
        assert_int_equal(m.header_count, 2);
        for (size_t i = 0; i < 2; i++)
            assert_true(str_equal(m.headers[i].name, own[i].name) && str_equal(m.headers[i].value, own[i].value));
    }
    letters_stop(l);
}

/* Kafka takes a million bytes and a little of anybody; with our headers it is more. */
static void the_largest_message_finds_room(void **state)
{
    (void)state;
    enum { LARGE = 1000000 };
    char *large = memory_new(LARGE);
    memset(large, 'x', LARGE);
    struct letters *l = start_letters();
    send_one(l, 1, (struct str){large, LARGE});
    struct letter letter = the_letter(l, 1);
    struct kafka_record m;
    assert_true(letters_fetch(l, &letter, &arena, &m));
    assert_int_equal(m.value.n, LARGE);
    assert_memory_equal(m.value.p, large, LARGE);
    letters_stop(l);
    free(large);
}

static void marks_outlive_the_process_and_are_known_to_every_replica(void **state)
{
    (void)state;
    struct letters *one = start_letters(), *other = start_letters();
    for (int64_t offset = 1; offset <= 3; offset++)
        send_one(one, offset, STR("x"));
    struct letter letter = the_letter(other, 2);
    assert_true(letters_mark(other, &letter, LETTER_DISCARDED, mina, STR("a test of theirs")));
    assert_int_equal(the_letter(other, 2).state, LETTER_DISCARDED);
    assert_int_equal(the_letter(one, 2).state, LETTER_DISCARDED);
    letters_stop(one);
    letters_stop(other);

    struct letters *later = start_letters();
    letter = the_letter(later, 2);
    assert_int_equal(letter.state, LETTER_DISCARDED);
    assert_true(uuid_equal(letter.by, mina) && str_is(letter.note, "a test of theirs") && letter.closed > 0);
    assert_int_equal(letters_count(later, LETTER_OPEN), 2);
    struct letter page[5];
    assert_int_equal(letters_list(later, OPEN, NULL, &arena, page, 5), 2);
    assert_int_equal(page[0].place.offset, 1);
    assert_int_equal(letters_list(later, OPEN, &page[0].place, &arena, page, 5), 1);
    assert_int_equal(page[0].place.offset, 3);
    letters_stop(later);
}

static void a_topic_that_comes_later_is_waited_for(void **state)
{
    (void)state;
    struct letters *l = start_letters();
    assert_false(letters_await(l, 0));
    make_topic(3);
    send_one(l, 1, STR("x"));
    struct letter letter = the_letter(l, 1);
    assert_true(letters_mark(l, &letter, LETTER_REDRIVEN, mina, (struct str){0}));
    assert_int_equal(the_letter(l, 1).state, LETTER_REDRIVEN);
    letters_stop(l);
}

static void a_letter_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct letters *l = start_letters();
    struct letter letter;
    struct kafka_record m;
    send_one(l, 1, STR("x"));
    assert_true(letters_await(l, LIMIT));
    assert_false(letters_find(l, &(struct letter_place){STR("till"), 2, 2}, &arena, &letter));
    letter = the_letter(l, 1);
    letter.offset = 5;
    assert_false(letters_fetch(l, &letter, &arena, &m));
    letters_stop(l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_has_a_reason_is_sent),
        TEST(a_message_comes_back_byte_for_byte),
        TEST(the_largest_message_finds_room),
        TEST(marks_outlive_the_process_and_are_known_to_every_replica),
        cmocka_unit_test_setup_teardown(a_topic_that_comes_later_is_waited_for, begin_without_topic, end),
        TEST(a_letter_that_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests_name("letters", tests, NULL, NULL);
}
