/* Golden messages: files of JSON, made into the records that Kafka would bring. */
#include "golden.h"
#include "invariant.h"
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ── a file ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define HEADERS 13
struct file {
    struct str topic, key, data;
    struct str headers[HEADERS];
};

#define HEADER(i, header)                                                                                                                  \
    {                                                                                                                                      \
        .name = (header), .type = JSON_TEXT, .offset = sizeof(struct str) * (i)                                                            \
    }
static const struct json_field header_fields[HEADERS] = {
    HEADER(0, "ce_specversion"),   HEADER(1, "ce_id"),          HEADER(2, "ce_type"),
    HEADER(3, "ce_source"),        HEADER(4, "ce_time"),        HEADER(5, "ce_subject"),
    HEADER(6, "ce_correlationid"), HEADER(7, "ce_causationid"), HEADER(8, "ce_aggregateversion"),
    HEADER(9, "traceparent"),      HEADER(10, "tracestate"),    HEADER(11, "baggage"),
    HEADER(12, "content-type"),
};
/* Another header is refused here: the record could not be made as it was. */
static const struct json_shape headers_shape = {sizeof(struct str[HEADERS]), header_fields, HEADERS, JSON_REFUSE_UNKNOWN};

static const struct json_field file_fields[] = {
    JSON_FIELD(struct file, topic, "topic", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct file, key, "key", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct file, data, "data", JSON_ANY, JSON_REQUIRED),
    JSON_FIELD_OBJECT(struct file, headers, "headers", JSON_REQUIRED, &headers_shape),
};
static const struct json_shape file_shape = JSON_SHAPE(struct file, file_fields, JSON_REFUSE_UNKNOWN);

static struct str text_of(const char *path, struct arena *arena)
{
    struct buf text = BUF_INIT;
    char part[4096];
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s cannot be read", path);
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;)
        buf_add_bytes(&text, part, n);
    (void)fclose(f);
    struct str in_arena = arena_str(arena, buf_str(&text));
    buf_release(&text);
    return in_arena;
}

static struct golden golden_of(const char *path, struct arena *arena)
{
    struct file file;
    struct json_errors errors = {0};
    if (!json_decode(arena, text_of(path, arena), &file_shape, &file, &errors))
        fail_msg("%s: %.*s: %.*s", path, STR_ARG(errors.items[0].pointer), STR_ARG(errors.items[0].detail));
    struct kafka_header *headers = ARENA_ARRAY(arena, struct kafka_header, HEADERS);
    size_t count = 0;
    for (size_t i = 0; i < HEADERS; i++)
        if (!str_absent(file.headers[i]))
            headers[count++] = (struct kafka_header){str_of(header_fields[i].name), file.headers[i]};
    return (struct golden){
        .file = path + strlen(GOLDEN_FOLDER "/"),
        .record = {.topic = file.topic, .key = file.key, .value = file.data, .headers = headers, .header_count = count},
    };
}

void golden_each(void (*look)(const struct golden *golden, void *ctx), void *ctx)
{
    glob_t found;
    if (glob(GOLDEN_FOLDER "/*/*.json", 0, NULL, &found) != 0)
        fail_msg("there are no golden messages in %s", GOLDEN_FOLDER);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct arena arena;
        arena_init(&arena);
        struct golden golden = golden_of(found.gl_pathv[i], &arena);
        look(&golden, ctx);
        arena_release(&arena);
    }
    globfree(&found);
}

/* ── who takes them ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define TYPES_MAX 64
struct taking {
    const struct intake_event *events;
    size_t read[TYPES_MAX]; /* how many of each type of the table */
};

static void read_by_intake(const struct golden *golden, void *ctx)
{
    struct taking *taking = ctx;
    struct str reason = {0}, type = kafka_record_header(&golden->record, STR("ce_type"));
    struct engine_command *c = engine_command_new();
    if (intake_read(taking->events, &golden->record, c, &reason) == INTAKE_DEAD)
        fail_msg("%s is not taken any more: %.*s", golden->file, STR_ARG(reason));
    engine_command_free(c);
    for (size_t i = 0; taking->events[i].type; i++)
        taking->read[i] += str_is(type, taking->events[i].type);
}

static void every_golden_message_is_read(void **state)
{
    struct taking taking = {.events = *state};
    golden_each(read_by_intake, &taking);
    for (size_t i = 0; taking.events[i].type; i++) {
        invariant(i < TYPES_MAX);
        if (taking.read[i] == 0)
            fail_msg("%s is taken, but there is no golden message of it: see tests/golden", taking.events[i].type);
    }
}

/* ── who tells them ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void every_published_type_is_golden(void **state)
{
    const struct decider *decider = *state;
    for (size_t i = 0; i < decider->event_count; i++) {
        const struct event_type *event = &decider->events[i];
        char path[512];
        if (event->reach != EVENT_PUBLISHED)
            continue;
        (void)snprintf(path, sizeof path, GOLDEN_FOLDER "/" JUMUN_VERSION "/%s.%s.v1.json", event->topic, event->name);
        if (access(path, R_OK) != 0)
            fail_msg("%s.%s.v1 is published, but there is no golden message of it: see tests/golden", event->topic, event->name);
    }
}

int golden_test(const struct intake_event *takes, const struct decider *publishes)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(every_golden_message_is_read, (void *)takes),
        cmocka_unit_test_prestate(every_published_type_is_golden, (void *)publishes),
    };
    return cmocka_run_group_tests_name("golden messages", tests, NULL, NULL);
}
