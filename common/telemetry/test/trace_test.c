/* What traces promise: the context goes along unharmed, the sampled flag is respected, nobody waits, and a span is written as OTLP says. */
#include "otlp.h"
#include "trace.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define TRACE_ID  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT_ID "00f067aa0ba902b7"
#define SAMPLED   "00-" TRACE_ID "-" PARENT_ID "-01"
#define UNSAMPLED "00-" TRACE_ID "-" PARENT_ID "-00"

#define ROOM 64

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static void forget(void *ctx, const struct finished_span *s)
{
    (void)ctx, (void)s;
}

static int tear_down(void **state)
{
    (void)state;
    trace_stop();
    trace_drain((size_t)-1, forget, NULL);
    arena_release(&arena);
    return 0;
}

static double shown(const char *name)
{
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    char line[200];
    trace_show(&page);
    snprintf(line, sizeof line, "\n%s ", name);
    const char *found = strstr(text.p, line);
    assert_non_null(found);
    double value = strtod(found + strlen(line), NULL);
    buf_release(&text);
    return value;
}

static struct str joined(const char *traceparent, const char *tracestate, const char *baggage)
{
    return trace_join(&arena, &(struct trace_headers){str_of(traceparent), str_of(tracestate), str_of(baggage)});
}

/* ── the text ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void test_a_malformed_traceparent_is_none(void **state)
{
    static const char *const malformed[] = {
        "",
        "00",
        "00-" TRACE_ID "-" PARENT_ID,
        "00-" TRACE_ID "-" PARENT_ID "-1",
        "00-" TRACE_ID "-" PARENT_ID "-0g",
        "00-" TRACE_ID "-" PARENT_ID "-01-more",
        "00-00000000000000000000000000000000-" PARENT_ID "-01",
        "00-" TRACE_ID "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT_ID "-01",
        "00_" TRACE_ID "-" PARENT_ID "-01",
        "ff-" TRACE_ID "-" PARENT_ID "-01",
        "01-" TRACE_ID "-" PARENT_ID "-01more",
        " 00-" TRACE_ID "-" PARENT_ID "-01",
    };
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        if (!str_absent(joined(malformed[i], "a=1", NULL)))
            fail_msg("taken: %s", malformed[i]);
    assert_true(str_absent(joined(NULL, "a=1", "b=2")));
}

static void test_a_later_version_is_read_as_ours(void **state)
{
    (void)state;
    assert_true(str_is(joined("cc-" TRACE_ID "-" PARENT_ID "-01-what-the-future-brings", NULL, NULL), SAMPLED));
    assert_true(str_is(joined("01-" TRACE_ID "-" PARENT_ID "-00", NULL, NULL), UNSAMPLED));
    assert_true(str_is(joined("00-" TRACE_ID "-" PARENT_ID "-ff", NULL, NULL), SAMPLED)); /* flags that we do not know are not passed on */
}

static void test_tracestate_and_baggage_go_along(void **state)
{
    static const struct {
        const char *tracestate, *baggage;
    } cases[] = {{NULL, NULL}, {"a=1,b=2", NULL}, {NULL, "user=7"}, {"a=1", "user=7;p=1,other=x y"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trace_headers h = trace_split(joined(SAMPLED, cases[i].tracestate, cases[i].baggage));
        assert_true(str_is(h.traceparent, SAMPLED));
        assert_true(str_equal(h.tracestate, str_of(cases[i].tracestate)) && str_absent(h.tracestate) == !cases[i].tracestate);
        assert_true(str_equal(h.baggage, str_of(cases[i].baggage)) && str_absent(h.baggage) == !cases[i].baggage);
    }
}

static void test_what_is_too_long_to_be_kept_with_every_event_is_left_out(void **state)
{
    char long_text[TRACE_EXTRA + 2];
    (void)state;
    memset(long_text, 'x', sizeof long_text);
    long_text[TRACE_EXTRA + 1] = '\0';
    assert_true(str_is(joined(SAMPLED, long_text, long_text), SAMPLED));
    assert_true(str_is(joined(SAMPLED, "a=1\nb=2", NULL), SAMPLED));
}

static void test_a_new_trace_is_well_formed_and_not_sampled(void **state)
{
    (void)state;
    struct str a = trace_new(&arena), b = trace_new(&arena);
    assert_false(str_equal(a, b));
    assert_true(str_equal(trace_join(&arena, &(struct trace_headers){.traceparent = a}), a));
    assert_memory_equal(a.p + 52, "-00", 3);
}

/* ── spans ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void test_off_the_trace_goes_through_as_it_came(void **state)
{
    struct span span;
    struct str parent = STR(SAMPLED "\na=1\nb=2");
    (void)state;
    size_t before = arena.used;
    assert_ptr_equal(span_begin(&span, &arena, parent, 0).p, parent.p);
    assert_false(span_recorded(&span));
    assert_true(str_absent(span_begin(&span, &arena, (struct str){0}, 0)));
    assert_int_equal(arena.used, before);
}

static void test_a_span_under_a_sampled_parent_is_its_child(void **state)
{
    struct span span;
    (void)state;
    trace_start(0, ROOM); /* the ratio is for those who begin */
    struct trace_headers h = trace_split(span_begin(&span, &arena, STR(SAMPLED "\na=1\nb=2"), 5));
    char parent[17] = {0}, id[17] = {0};
    trace_hex(span.parent, 8, parent);
    trace_hex(span.id, 8, id);
    assert_true(span_recorded(&span));
    assert_int_equal(span.began, 5);
    assert_string_equal(parent, PARENT_ID);
    assert_string_not_equal(id, PARENT_ID);
    assert_memory_equal(h.traceparent.p, "00-" TRACE_ID "-", 36);
    assert_memory_equal(h.traceparent.p + 36, id, 16);
    assert_memory_equal(h.traceparent.p + 52, "-01", 3);
    assert_int_equal(h.traceparent.n, TRACEPARENT_TEXT);
    assert_true(str_is(h.tracestate, "a=1") && str_is(h.baggage, "b=2"));
}

static void test_a_parent_that_is_not_sampled_is_passed_on_and_nothing_recorded(void **state)
{
    struct span span;
    struct str parent = STR(UNSAMPLED "\na=1");
    (void)state;
    trace_start(1, ROOM);
    assert_ptr_equal(span_begin(&span, &arena, parent, 0).p, parent.p);
    assert_false(span_recorded(&span));
}

static size_t sampled_of(size_t n)
{
    size_t sampled = 0;
    for (size_t i = 0; i < n; i++) {
        struct span span;
        struct str trace = span_begin(&span, &arena, (struct str){0}, 0);
        assert_int_equal(trace.n, TRACEPARENT_TEXT);
        assert_int_equal(trace.p[54] == '1', span_recorded(&span));
        sampled += span_recorded(&span);
    }
    return sampled;
}

static void test_of_the_traces_that_begin_here_the_ratio_is_recorded(void **state)
{
    (void)state;
    trace_start(0, ROOM);
    assert_int_equal(sampled_of(1000), 0);
    trace_start(1, ROOM);
    assert_int_equal(sampled_of(1000), 1000);
    trace_start(0.25, ROOM);
    assert_in_range(sampled_of(8000), 1700, 2300); /* 7 standard deviations */
}

static void test_a_trace_that_begins_here_has_no_parent(void **state)
{
    static const uint8_t none[8];
    struct span span;
    (void)state;
    trace_start(1, ROOM);
    span_begin(&span, &arena, STR("nonsense"), 0);
    assert_true(span_recorded(&span));
    assert_memory_equal(span.parent, none, sizeof none);
}

/* ── the ring ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct span recorded_span(instant began)
{
    struct span span;
    span_begin(&span, &arena, STR(SAMPLED), began);
    return span;
}

static void note_began(void *ctx, const struct finished_span *s)
{
    int64_t **next = ctx;
    *(*next)++ = s->span.began;
}

static void test_spans_come_out_in_order_and_what_finds_no_room_is_counted(void **state)
{
    int64_t began[ROOM + 1], *next = began;
    (void)state;
    trace_start(1, ROOM);
    double dropped = shown("jumun_trace_dropped_total");
    for (int i = 1; i <= ROOM + 3; i++) {
        struct span span = recorded_span(i);
        span_end(&span, SPAN_INTERNAL, SPAN_UNSET, 0, STR("work"), LOG_FIELDS());
    }
    assert_true(shown("jumun_trace_queue_length") == ROOM);
    assert_true(shown("jumun_trace_dropped_total") == dropped + 3);
    assert_int_equal(trace_drain(10, note_began, &next), 10);
    assert_int_equal(trace_drain(ROOM * 2, note_began, &next), ROOM - 10);
    for (int i = 0; i < ROOM; i++)
        assert_int_equal(began[i], i + 1);
    assert_true(shown("jumun_trace_queue_length") == 0);
}

static void check_kept(void *ctx, const struct finished_span *s)
{
    (void)ctx;
    assert_int_equal(s->field_count, SPAN_FIELDS);
    assert_true(str_is(s->name, "much"));
    assert_string_equal(s->fields[0].name, "long");
    assert_in_range(s->fields[0].text.n, 100, 999);
    assert_int_equal(s->fields[1].number, 1);
}

static void test_what_has_no_room_in_a_span_is_cut(void **state)
{
    static char long_text[1000];
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    trace_start(1, ROOM);
    struct span span = recorded_span(1);
    span_end(&span, SPAN_INTERNAL, SPAN_UNSET, 0, STR("much"),
             LOG_FIELDS(LOG_TEXT_OF("absent", (struct str){0}), LOG_STR("long", long_text), LOG_INT("1", 1), LOG_INT("2", 2),
                        LOG_STR("3", "no room"), LOG_INT("4", 4), LOG_INT("5", 5), LOG_INT("6", 6), LOG_INT("7", 7), LOG_INT("8", 8),
                        LOG_INT("9", 9), LOG_INT("10", 10), LOG_INT("11", 11)));
    assert_int_equal(trace_drain(2, check_kept, NULL), 1);
}

#define WRITERS 4
#define EACH    20000
static atomic_int writers_left;

static void *write_spans(void *began)
{
    struct span span = {.began = *(const instant *)began};
    for (int i = 0; i < EACH; i++) {
        span.trace[0] = span.id[0] = (uint8_t)span.began;
        span_end(&span, SPAN_INTERNAL, SPAN_UNSET, span.began + i, STR("work"), LOG_FIELDS(LOG_INT("i", i), LOG_STR("text", "the same")));
    }
    atomic_fetch_sub(&writers_left, 1);
    return NULL;
}

/* Of one writer, in order; nothing of another's. */
static void check_whole(void *ctx, const struct finished_span *s)
{
    int64_t *last = ctx, i = s->fields[0].number, writer = s->span.began;
    assert_in_range(writer, 1, WRITERS);
    assert_int_equal(s->ended, writer + i);
    assert_int_equal(s->span.trace[0], writer);
    assert_int_equal(s->span.id[0], writer);
    assert_true(str_is(s->fields[1].text, "the same"));
    assert_true(i >= last[writer]);
    last[writer] = i + 1;
}

static void test_many_put_in_while_one_takes_out(void **state)
{
    pthread_t writers[WRITERS];
    instant began[WRITERS]; /* tells them apart: 1, 2 … */
    int64_t last[WRITERS + 1] = {0};
    size_t drained = 0;
    (void)state;
    trace_start(1, ROOM);
    double dropped = shown("jumun_trace_dropped_total");
    atomic_store(&writers_left, WRITERS);
    for (int i = 0; i < WRITERS; i++) {
        began[i] = i + 1;
        assert_int_equal(pthread_create(&writers[i], NULL, write_spans, &began[i]), 0);
    }
    while (atomic_load(&writers_left) > 0)
        drained += trace_drain(ROOM, check_whole, last);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    drained += trace_drain((size_t)-1, check_whole, last);
    assert_true(drained >= ROOM);
    assert_true((double)drained + shown("jumun_trace_dropped_total") - dropped == WRITERS * EACH);
}

/* ── as OTLP says ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put(void *ctx, const struct finished_span *s)
{
    otlp_put_span(ctx, s);
}

static struct buf written(void)
{
    struct buf out = BUF_INIT;
    struct json_writer w = {.out = &out};
    otlp_begin(&w, &(struct otlp_resource){.service = "order",
                                           .version = "1.2.3",
                                           .attributes = "deployment.environment=test, odd%=,k8s.pod.name=a%2Cb%20%EC%A3%BC%,=none,,x"});
    trace_drain((size_t)-1, put, &w);
    otlp_end(&w);
    return out;
}

static void assert_json(struct buf *text, const char *expected)
{
    json_t *got = json_loadb(text->p, text->n, JSON_REJECT_DUPLICATES, NULL), *wanted = json_loads(expected, 0, NULL);
    assert_non_null(got);
    assert_non_null(wanted);
    if (!json_equal(got, wanted))
        fail_msg("%.*s", STR_ARG(buf_str(text)));
    json_decref(got);
    json_decref(wanted);
    buf_release(text);
}

/* clang-format off */
#define AROUND(spans)                                                                                                                      \
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":["                                                                                  \
    "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"order\"}},"                                                                    \
    "{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2.3\"}},"                                                                 \
    "{\"key\":\"deployment.environment\",\"value\":{\"stringValue\":\"test\"}},"                                                           \
    "{\"key\":\"odd%\",\"value\":{\"stringValue\":\"\"}},"                                                                                 \
    "{\"key\":\"k8s.pod.name\",\"value\":{\"stringValue\":\"a,b 주%\"}}]},"                                                                \
    "\"scopeSpans\":[{\"scope\":{\"name\":\"jumun\",\"version\":\"1.2.3\"},\"spans\":[" spans "]}]}]}"

static void test_a_span_is_written_as_otlp_says(void **state)
{
    (void)state;
    trace_start(1, ROOM);
    struct span child = recorded_span(1700000000123456);
    memcpy(child.id, "\x01\x23\x45\x67\x89\xab\xcd\xef", 8);
    struct uuid order = {{0x01, 0x92, 0x00, 0x00, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
    span_end(&child, SPAN_CLIENT, SPAN_ERROR, 1700000000223457, STR("POST \"/주문\""),
             LOG_FIELDS(LOG_INT("http.response.status_code", 503), LOG_INT("least", INT64_MIN), LOG_ID("jumun.order", order),
                        LOG_STR("server.address", "127.0.0.1")));
    struct buf text = written();
    assert_json(&text, AROUND(
        "{\"traceId\":\"" TRACE_ID "\",\"spanId\":\"0123456789abcdef\",\"parentSpanId\":\"" PARENT_ID "\",\"flags\":1,"
        "\"name\":\"POST \\\"/주문\\\"\",\"kind\":3,"
        "\"startTimeUnixNano\":\"1700000000123456000\",\"endTimeUnixNano\":\"1700000000223457000\",\"attributes\":["
        "{\"key\":\"http.response.status_code\",\"value\":{\"intValue\":\"503\"}},"
        "{\"key\":\"least\",\"value\":{\"intValue\":\"-9223372036854775808\"}},"
        "{\"key\":\"jumun.order\",\"value\":{\"stringValue\":\"01920000-0000-7000-8000-000000000001\"}},"
        "{\"key\":\"server.address\",\"value\":{\"stringValue\":\"127.0.0.1\"}}],\"status\":{\"code\":2}}"));
}

static void test_a_root_without_attributes_has_no_parent(void **state)
{
    (void)state;
    trace_start(1, ROOM);
    struct span root = {.began = 1};
    memset(root.trace, 0xaa, sizeof root.trace);
    memset(root.id, 0xbb, sizeof root.id);
    span_end(&root, SPAN_CONSUMER, SPAN_UNSET, 2, STR("process"), LOG_FIELDS());
    struct buf text = written();
    assert_json(&text, AROUND(
        "{\"traceId\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"spanId\":\"bbbbbbbbbbbbbbbb\",\"flags\":1,\"name\":\"process\",\"kind\":5,"
        "\"startTimeUnixNano\":\"1000\",\"endTimeUnixNano\":\"2000\",\"attributes\":[],\"status\":{}}"));
}
/* clang-format on */

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_malformed_traceparent_is_none),
        TEST(test_a_later_version_is_read_as_ours),
        TEST(test_tracestate_and_baggage_go_along),
        TEST(test_what_is_too_long_to_be_kept_with_every_event_is_left_out),
        TEST(test_a_new_trace_is_well_formed_and_not_sampled),
        TEST(test_off_the_trace_goes_through_as_it_came),
        TEST(test_a_span_under_a_sampled_parent_is_its_child),
        TEST(test_a_parent_that_is_not_sampled_is_passed_on_and_nothing_recorded),
        TEST(test_of_the_traces_that_begin_here_the_ratio_is_recorded),
        TEST(test_a_trace_that_begins_here_has_no_parent),
        TEST(test_spans_come_out_in_order_and_what_finds_no_room_is_counted),
        TEST(test_what_has_no_room_in_a_span_is_cut),
        TEST(test_many_put_in_while_one_takes_out),
        TEST(test_a_span_is_written_as_otlp_says),
        TEST(test_a_root_without_attributes_has_no_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
