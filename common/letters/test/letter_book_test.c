/* The book of dead letters: what the topic says, in whatever order and however often, is folded to the same. */
#include "letter_book.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct letter_book *book;
static int64_t written; /* records on the topic */
static const struct uuid mina = {{1}}, jun = {{2}};

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    book = letter_book_new();
    written = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    letter_book_free(book);
    arena_release(&arena);
    return 0;
}

/* ── given ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct letter_place at(const char *topic, int32_t partition, int64_t offset)
{
    return (struct letter_place){str_of(topic), partition, offset};
}

static struct kafka_record message(const char *topic, int64_t offset, const struct kafka_header *headers, size_t n)
{
    return (struct kafka_record){.topic = str_of(topic),
                                 .partition = 3,
                                 .offset = offset,
                                 .key = STR("a key"),
                                 .value = STR("what came"),
                                 .headers = headers,
                                 .header_count = n};
}

static struct kafka_record on_topic(struct kafka_record r, const struct kafka_header *headers, size_t n)
{
    r.topic = STR("jumun.dlq.till");
    r.partition = 0;
    r.offset = written++;
    r.time = SECONDS(1000 + written);
    r.headers = headers;
    r.header_count = n;
    return r;
}

static struct kafka_record letter_of(const struct kafka_record *m, const char *reason)
{
    return on_topic(*m, letter_headers(&arena, m, str_of(reason)), m->header_count + LETTER_HEADERS);
}

static void given_letter(const char *topic, int64_t offset, const char *reason)
{
    struct kafka_record m = message(topic, offset, NULL, 0), l = letter_of(&m, reason);
    letter_book_read(book, &l);
}

static void given_mark(const char *topic, int64_t offset, enum letter_state state, struct uuid by, const char *note)
{
    struct letter_place place = at(topic, 3, offset);
    struct kafka_record r = on_topic((struct kafka_record){0}, mark_headers(&arena, &place, state, by, str_of(note)), MARK_HEADERS);
    letter_book_read(book, &r);
}

static const struct letter *found(const char *topic, int64_t offset)
{
    struct letter_place place = at(topic, 3, offset);
    return letter_book_find(book, &place);
}

static void then_counts(size_t open, size_t discarded, size_t redriven)
{
    assert_int_equal(letter_book_count(book, LETTER_OPEN), open);
    assert_int_equal(letter_book_count(book, LETTER_DISCARDED), discarded);
    assert_int_equal(letter_book_count(book, LETTER_REDRIVEN), redriven);
}

/* ── letters ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_letter_is_open_and_says_whence_and_why(void **state)
{
    (void)state;
    const struct kafka_header own[] = {{STR_CONST("ce_type"), STR_CONST("jumun.order.OrderPlaced.v9")}};
    struct kafka_record m = message("jumun.order", 42, own, 1), r = letter_of(&m, "type: unknown");
    letter_book_read(book, &r);
    const struct letter *l = found("jumun.order", 42);
    assert_non_null(l);
    assert_int_equal(l->state, LETTER_OPEN);
    assert_true(str_is(l->reason, "type: unknown"));
    assert_true(str_is(l->type, "jumun.order.OrderPlaced.v9"));
    assert_int_equal(l->since, SECONDS(1001));
    assert_int_equal(l->offset, 0);
    then_counts(1, 0, 0);
}

static void a_copy_is_nothing_new(void **state)
{
    (void)state;
    given_letter("jumun.order", 1, "first");
    given_letter("jumun.order", 1, "second");
    assert_true(str_is(found("jumun.order", 1)->reason, "first"));
    then_counts(1, 0, 0);
}

static void places_are_told_apart(void **state)
{
    (void)state;
    given_letter("jumun.order", 1, "a");
    given_letter("jumun.payment", 1, "b");
    given_letter("jumun.order", 2, "c");
    assert_true(str_is(found("jumun.payment", 1)->reason, "b"));
    assert_true(str_is(found("jumun.order", 2)->reason, "c"));
    assert_null(found("jumun.order", 3));
    assert_null(found("jumun.delivery", 1));
    then_counts(3, 0, 0);
}

static void the_message_comes_back_as_it_came(void **state)
{
    (void)state;
    const struct kafka_header own[] = {{STR_CONST("x-reason"), STR_CONST("its own")}, {STR_CONST("x-mark"), STR_CONST("DISCARDED")}};
    struct kafka_record m = message("jumun.order", 7, own, 2), r = letter_of(&m, "why"), again;
    assert_true(letter_message(&r, &again));
    assert_true(str_equal(again.topic, m.topic) && again.partition == m.partition && again.offset == m.offset);
    assert_true(str_equal(again.key, m.key) && str_equal(again.value, m.value));
    assert_int_equal(again.header_count, 2);
    assert_memory_equal(again.headers, own, sizeof own);
}

static void what_is_no_letter_is_passed_over(void **state)
{
    (void)state;
    const struct kafka_header half[] = {{STR_CONST("x-original-topic"), STR_CONST("jumun.order")},
                                        {STR_CONST("x-original-partition"), STR_CONST("one")},
                                        {STR_CONST("x-original-offset"), STR_CONST("1")}};
    struct kafka_record bare = on_topic(message("", 0, NULL, 0), NULL, 0), wrong = on_topic(message("", 0, NULL, 0), half, 3), out;
    letter_book_read(book, &bare);
    letter_book_read(book, &wrong);
    assert_false(letter_message(&bare, &out));
    assert_false(letter_message(&wrong, &out));
    then_counts(0, 0, 0);
}

/* ── marks ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void discarding_closes_it_and_says_who_when_and_why(void **state)
{
    (void)state;
    given_letter("jumun.order", 1, "why");
    given_mark("jumun.order", 1, LETTER_DISCARDED, mina, "a test of theirs");
    const struct letter *l = found("jumun.order", 1);
    assert_int_equal(l->state, LETTER_DISCARDED);
    assert_true(uuid_equal(l->by, mina));
    assert_int_equal(l->closed, SECONDS(1002));
    assert_true(str_is(l->note, "a test of theirs"));
    then_counts(0, 1, 0);
}

static void the_first_to_close_it_has_closed_it(void **state)
{
    (void)state;
    given_letter("jumun.order", 1, "why");
    given_mark("jumun.order", 1, LETTER_DISCARDED, mina, "first");
    given_mark("jumun.order", 1, LETTER_DISCARDED, jun, "second");
    assert_true(uuid_equal(found("jumun.order", 1)->by, mina));
    then_counts(0, 1, 0);
}

/* What a redriven message has done is done: whoever discarded it was too late. */
static void redriven_wins_over_discarded_in_either_order(void **state)
{
    (void)state;
    given_letter("jumun.order", 1, "why");
    given_mark("jumun.order", 1, LETTER_DISCARDED, mina, "note");
    given_mark("jumun.order", 1, LETTER_REDRIVEN, jun, "");
    given_letter("jumun.order", 2, "why");
    given_mark("jumun.order", 2, LETTER_REDRIVEN, jun, "");
    given_mark("jumun.order", 2, LETTER_DISCARDED, mina, "note");
    for (int64_t offset = 1; offset <= 2; offset++) {
        assert_int_equal(found("jumun.order", offset)->state, LETTER_REDRIVEN);
        assert_true(uuid_equal(found("jumun.order", offset)->by, jun));
    }
    then_counts(0, 0, 2);
}

static void a_letter_that_comes_again_stays_closed(void **state)
{
    (void)state;
    given_letter("jumun.order", 1, "why");
    given_mark("jumun.order", 1, LETTER_DISCARDED, mina, "note");
    given_letter("jumun.order", 1, "why");
    then_counts(0, 1, 0);
}

/* On a topic of several partitions. */
static void a_mark_may_be_read_before_its_letter(void **state)
{
    (void)state;
    given_mark("jumun.order", 1, LETTER_REDRIVEN, mina, "");
    assert_null(found("jumun.order", 1));
    then_counts(0, 0, 0);
    given_letter("jumun.order", 1, "why");
    assert_int_equal(found("jumun.order", 1)->state, LETTER_REDRIVEN);
    then_counts(0, 0, 1);
}

static void a_message_cannot_pass_for_a_mark(void **state)
{
    (void)state;
    struct letter_place place = at("jumun.order", 3, 1);
    given_letter("jumun.order", 1, "why");
    struct kafka_record m = message("jumun.order", 2, mark_headers(&arena, &place, LETTER_DISCARDED, mina, STR("forged")), MARK_HEADERS);
    struct kafka_record r = letter_of(&m, "why");
    letter_book_read(book, &r);
    then_counts(2, 0, 0);
}

static void a_mark_of_no_known_state_changes_nothing(void **state)
{
    (void)state;
    given_letter("jumun.order", 1, "why");
    struct letter_place place = at("jumun.order", 3, 1);
    struct kafka_header *headers = mark_headers(&arena, &place, LETTER_OPEN, mina, STR(""));
    struct kafka_record open = on_topic((struct kafka_record){0}, headers, MARK_HEADERS);
    letter_book_read(book, &open);
    headers[MARK_HEADERS - 1].value = STR("LOST");
    struct kafka_record lost = on_topic((struct kafka_record){0}, headers, MARK_HEADERS);
    letter_book_read(book, &lost);
    then_counts(1, 0, 0);
}

/* ── lists ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void lists_are_paged_in_the_order_of_coming(void **state)
{
    (void)state;
    enum { LETTERS = 1000, PAGE = 7 };
    for (int64_t i = 0; i < LETTERS; i++)
        given_letter(i % 2 ? "jumun.order" : "jumun.payment", i, "why");
    for (int64_t i = 0; i < LETTERS; i += 3)
        given_mark(i % 2 ? "jumun.order" : "jumun.payment", i, LETTER_DISCARDED, mina, "note");
    const struct letter *page[PAGE];
    struct letter_place after;
    int64_t last = -1;
    size_t n, seen = 0;
    while ((n = letter_book_list(book, 1u << LETTER_OPEN, seen ? &after : NULL, page, PAGE)) > 0) {
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(page[i]->state, LETTER_OPEN);
            assert_true(page[i]->place.offset > last && page[i]->place.offset % 3 != 0);
            last = page[i]->place.offset;
        }
        seen += n;
        after = page[n - 1]->place;
    }
    assert_int_equal(seen, LETTERS - (LETTERS + 2) / 3);
    assert_int_equal(letter_book_list(book, 1u << LETTER_OPEN | 1u << LETTER_DISCARDED, NULL, page, PAGE), PAGE);
    assert_int_equal(page[0]->place.offset, 0);
}

static void texts_are_kept_of_the_first_ones_only(void **state)
{
    (void)state;
    for (int64_t i = 0; i < LETTER_TEXTS + 10; i++) {
        given_letter("jumun.order", i, "why");
        if (i % 1000 == 0)
            arena_reset(&arena);
    }
    assert_true(str_is(found("jumun.order", LETTER_TEXTS - 1)->reason, "why"));
    assert_true(str_absent(found("jumun.order", LETTER_TEXTS + 9)->reason));
    then_counts(LETTER_TEXTS + 10, 0, 0);
}

/* ── names ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_place_has_a_name(void **state)
{
    (void)state;
    struct letter_place place = at("jumun.order", 3, 42), again;
    assert_true(str_is(letter_place_text(&arena, &place), "jumun.order:3:42"));
    assert_true(letter_place_parse(STR("jumun.order:3:42"), &again));
    assert_true(str_equal(again.topic, place.topic) && again.partition == 3 && again.offset == 42);
}

static void what_is_no_name_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",       "jumun.order", "jumun.order:1", "1:2",  ":1:2",   "a:b:1",          "a:1:b",
        "a:-1:2", "a:1:-2",      "a:1:",          "a::2", "a:1:2 ", "a:4294967296:1", "a:1:99999999999999999999"};
    struct letter_place place;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (letter_place_parse(str_of(wrong[i]), &place))
            fail_msg("\"%s\" was taken", wrong[i]);
    assert_false(letter_place_parse((struct str){0}, &place));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_letter_is_open_and_says_whence_and_why),
        TEST(a_copy_is_nothing_new),
        TEST(places_are_told_apart),
        TEST(the_message_comes_back_as_it_came),
        TEST(what_is_no_letter_is_passed_over),
        TEST(discarding_closes_it_and_says_who_when_and_why),
        TEST(the_first_to_close_it_has_closed_it),
        TEST(redriven_wins_over_discarded_in_either_order),
        TEST(a_letter_that_comes_again_stays_closed),
        TEST(a_mark_may_be_read_before_its_letter),
        TEST(a_message_cannot_pass_for_a_mark),
        TEST(a_mark_of_no_known_state_changes_nothing),
        TEST(lists_are_paged_in_the_order_of_coming),
        TEST(texts_are_kept_of_the_first_ones_only),
        TEST(a_place_has_a_name),
        TEST(what_is_no_name_is_refused),
    };
    return cmocka_run_group_tests_name("letter_book", tests, NULL, NULL);
}
