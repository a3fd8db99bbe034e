/* Reading events from records: whatever is malformed is refused, with a reason that names it. */
#include "arena.h"
#include "cloud_event.h"
#include "kafka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ID          "01890a5d-ac96-774b-bcce-b302099a8057"
#define ORDER       "01890a5d-ac96-774b-bcce-b302099a8058"
#define CAUSE       "01890a5d-ac96-774b-bcce-b302099a8059"
#define TRACEPARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

struct story {
    struct arena arena;
    struct kafka_header headers[16];
    struct kafka_record record;
    struct cloud_event event;
    struct str reason;
};

static const struct kafka_header whole[] = {
    {STR_CONST("ce_specversion"), STR_CONST("1.0")},
    {STR_CONST("ce_id"), STR_CONST(ID)},
    {STR_CONST("ce_type"), STR_CONST("jumun.order.OrderConfirmed.v1")},
    {STR_CONST("ce_source"), STR_CONST("/jumun/order")},
    {STR_CONST("ce_time"), STR_CONST("2026-11-22T18:55:10.123456Z")},
    {STR_CONST("ce_subject"), STR_CONST(ORDER)},
    {STR_CONST("ce_correlationid"), STR_CONST(ORDER)},
    {STR_CONST("ce_causationid"), STR_CONST(CAUSE)},
    {STR_CONST("ce_aggregateversion"), STR_CONST("3")},
    {STR_CONST("traceparent"), STR_CONST(TRACEPARENT)},
    {STR_CONST("content-type"), STR_CONST("application/json")},
};

static int given_a_whole_record(void **state)
{
    static struct story s;
    memset(&s, 0, sizeof(s));
    arena_init(&s.arena);
    memcpy(s.headers, whole, sizeof(whole));
    s.record = (struct kafka_record){
        .topic = STR("jumun.order"),
        .key = STR(ORDER),
        .value = STR("{}"),
        .headers = s.headers,
        .header_count = sizeof(whole) / sizeof(whole[0]),
    };
    *state = &s;
    return 0;
}

static int release(void **state)
{
    arena_release(&((struct story *)*state)->arena);
    return 0;
}

static void given_header(struct story *s, const char *name, struct str value)
{
    for (size_t i = 0; i < s->record.header_count; i++)
        if (str_is(s->headers[i].name, name))
            s->headers[i].value = value;
}

static void given_no_header(struct story *s, const char *name)
{
    for (size_t i = 0; i < s->record.header_count; i++)
        if (str_is(s->headers[i].name, name))
            s->headers[i].name = STR("other");
}

static bool when_decoded(struct story *s)
{
    return cloud_event_decode(&s->record, &s->event, &s->arena, &s->reason);
}

static void then_refused(struct story *s, const char *named)
{
    assert_false(when_decoded(s));
    if (!str_starts_with(s->reason, str_of(named)))
        fail_msg("the reason '%.*s' does not name %s", STR_ARG(s->reason), named);
    assert_true(s->reason.n < 400);
}

static void a_whole_record_is_an_event(void **state)
{
    struct story *s = *state;
    char text[UUID_TEXT + 1];
    assert_true(when_decoded(s));
    uuid_format(s->event.id, text);
    assert_string_equal(text, ID);
    uuid_format(s->event.subject, text);
    assert_string_equal(text, ORDER);
    uuid_format(s->event.correlation, text);
    assert_string_equal(text, ORDER);
    uuid_format(s->event.causation, text);
    assert_string_equal(text, CAUSE);
    assert_true(str_is(s->event.type, "jumun.order.OrderConfirmed.v1"));
    assert_true(str_is(s->event.source, "/jumun/order"));
    assert_true(str_is(s->event.traceparent, TRACEPARENT));
    assert_true(str_is(s->event.data, "{}"));
    assert_int_equal(s->event.version, 3);
    char time[INSTANT_TEXT + 1];
    instant_format(s->event.time, time);
    assert_string_equal(time, "2026-11-22T18:55:10.123456Z");
}

static void what_may_be_missing_may_be_missing(void **state)
{
    struct story *s = *state;
    given_no_header(s, "ce_causationid");
    given_no_header(s, "traceparent");
    assert_true(when_decoded(s));
    assert_true(uuid_is_nil(s->event.causation));
    assert_true(str_absent(s->event.traceparent));
}

static void every_other_header_must_be_there(void **state)
{
    static const char *const needed[] = {"ce_specversion", "ce_id",      "ce_type",          "ce_source",
                                         "ce_time",        "ce_subject", "ce_correlationid", "ce_aggregateversion",
                                         "content-type"};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        release(state);
        given_a_whole_record(state);
        given_no_header(*state, needed[i]);
        then_refused(*state, needed[i]);
        release(state);
        given_a_whole_record(state);
        given_header(*state, needed[i], (struct str){0}); /* there, but null */
        then_refused(*state, needed[i]);
    }
}

static void malformed_headers_are_named(void **state)
{
    static const struct {
        const char *name;
        struct str value;
    } malformed[] = {
        {"ce_specversion", STR_CONST("0.3")},
        {"ce_specversion", STR_CONST("1.0\0")},
        {"ce_specversion", STR_CONST("")},
        {"ce_id", STR_CONST("")},
        {"ce_id", STR_CONST("42")},
        {"ce_id", STR_CONST("00000000-0000-0000-0000-000000000000")},
        {"ce_id", STR_CONST(ID "0")},
        {"ce_id", STR_CONST("01890a5d-ac96-774b-bcce-b302099a805g")},
        {"ce_id", STR_CONST("01890a5dac96774bbcceb302099a8057")},
        {"ce_type", STR_CONST("")},
        {"ce_type", STR_CONST("jumun order")},
        {"ce_type", STR_CONST("jumun.order\n")},
        {"ce_type", STR_CONST("주문")},
        {"ce_source", STR_CONST("")},
        {"ce_source", STR_CONST("a\0b")},
        {"ce_time", STR_CONST("")},
        {"ce_time", STR_CONST("yesterday")},
        {"ce_time", STR_CONST("2026-13-01T00:00:00Z")},
        {"ce_time", STR_CONST("2026-11-22")},
        {"ce_subject", STR_CONST("order 1")},
        {"ce_correlationid", STR_CONST("x")},
        {"ce_causationid", STR_CONST("x")},
        {"ce_causationid", STR_CONST("")},
        {"ce_aggregateversion", STR_CONST("0")},
        {"ce_aggregateversion", STR_CONST("-1")},
        {"ce_aggregateversion", STR_CONST("1.5")},
        {"ce_aggregateversion", STR_CONST("")},
        {"ce_aggregateversion", STR_CONST("9223372036854775808")},
        {"content-type", STR_CONST("")},
        {"content-type", STR_CONST("text/plain")},
        {"content-type", STR_CONST("application/jsonx")},
        {"content-type", STR_CONST("application/cloudevents+json")},
    };
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        release(state);
        given_a_whole_record(state);
        given_header(*state, malformed[i].name, malformed[i].value);
        then_refused(*state, malformed[i].name);
    }
}

static void a_type_of_256_characters_is_refused(void **state)
{
    static char longest[300];
    memset(longest, 'x', sizeof(longest));
    given_header(*state, "ce_type", (struct str){longest, 256});
    then_refused(*state, "ce_type");
    given_header(*state, "ce_type", (struct str){longest, 255});
    assert_true(when_decoded(*state));
}

static void a_malformed_trace_is_left_out(void **state)
{
    static const char *const malformed[] = {"", "x", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0G",
                                            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        struct story *s = *state;
        given_header(s, "traceparent", str_of(malformed[i]));
        assert_true(when_decoded(s));
        assert_true(str_absent(s->event.traceparent));
    }
}

static void a_charset_may_follow_the_content_type(void **state)
{
    given_header(*state, "content-type", STR("Application/JSON ; charset=utf-8"));
    assert_true(when_decoded(*state));
}

static void the_last_of_two_equal_headers_counts(void **state)
{
    struct story *s = *state;
    s->headers[s->record.header_count++] = (struct kafka_header){STR("ce_aggregateversion"), STR("4")};
    assert_true(when_decoded(s));
    assert_int_equal(s->event.version, 4);
}

static void the_key_must_be_the_correlation(void **state)
{
    struct story *s = *state;
    s->record.key = (struct str){0};
    then_refused(s, "key");
    s->record.key = STR("");
    then_refused(s, "key");
    s->record.key = STR(CAUSE);
    then_refused(s, "key");
}

static void a_tombstone_is_no_event(void **state)
{
    struct story *s = *state;
    s->record.value = (struct str){0};
    then_refused(s, "value");
    s->record.value = STR("");
    then_refused(s, "value");
}

static void a_record_without_headers_is_no_event(void **state)
{
    struct story *s = *state;
    s->record.headers = NULL;
    s->record.header_count = 0;
    then_refused(s, "ce_specversion");
}

static void types_have_topic_name_and_major(void **state)
{
    (void)state;
    struct str topic, name;
    int major = 0;
    assert_true(cloud_event_type(STR("jumun.order.OrderConfirmed.v1"), &topic, &name, &major));
    assert_true(str_is(topic, "jumun.order") && str_is(name, "OrderConfirmed") && major == 1);
    assert_true(cloud_event_type(STR("jumun.customer-view.X2.v12"), &topic, &name, &major));
    assert_true(str_is(topic, "jumun.customer-view") && str_is(name, "X2") && major == 12);
}

static void other_forms_of_types_are_refused(void **state)
{
    (void)state;
    static const struct str malformed[] = {
        STR_CONST(""),
        STR_CONST("."),
        STR_CONST("v1"),
        STR_CONST("Order.v1"),
        STR_CONST(".Order.v1"),
        STR_CONST("jumun.v1"),
        STR_CONST("a..v1"),
        STR_CONST("a.Order"),
        STR_CONST("a.Order."),
        STR_CONST("a.Order.v"),
        STR_CONST("a.Order.v0"),
        STR_CONST("a.Order.v01"),
        STR_CONST("a.Order.1"),
        STR_CONST("a.Order.v-1"),
        STR_CONST("a.Order.v+1"),
        STR_CONST("a.Order.v1x"),
        STR_CONST("a.1Order.v1"),
        STR_CONST("a.Or-der.v1"),
        STR_CONST("a b.Order.v1"),
        STR_CONST("a.Order.v99999999999999999999"),
        STR_CONST("a..Order.v1"),
    };
    struct str topic, name;
    int major;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        if (cloud_event_type(malformed[i], &topic, &name, &major))
            fail_msg("'%.*s' was taken for a type", STR_ARG(malformed[i]));
    assert_false(cloud_event_type((struct str){0}, &topic, &name, &major));
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, given_a_whole_record, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_whole_record_is_an_event),
        STORY(what_may_be_missing_may_be_missing),
        STORY(every_other_header_must_be_there),
        STORY(malformed_headers_are_named),
        STORY(a_type_of_256_characters_is_refused),
        STORY(a_malformed_trace_is_left_out),
        STORY(a_charset_may_follow_the_content_type),
        STORY(the_last_of_two_equal_headers_counts),
        STORY(the_key_must_be_the_correlation),
        STORY(a_tombstone_is_no_event),
        STORY(a_record_without_headers_is_no_event),
        cmocka_unit_test(types_have_topic_name_and_major),
        cmocka_unit_test(other_forms_of_types_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
