/* CloudEvents from a topic: a record with whatever headers, key and value is decoded, or refused with a reason. The input is headers, a
 * line each, then the key, then the value. */
#include "cloud_event.h"
#include "fuzz.h"
#include "kafka.h"

#define HEADERS 32

static void check(const struct kafka_record *record, const struct cloud_event *e)
{
    struct uuid key;
    struct str topic, name;
    int major = 0;
    invariant(!uuid_is_nil(e->id) && !uuid_is_nil(e->subject) && !uuid_is_nil(e->correlation) && e->version >= 1);
    invariant(uuid_parse(record->key, &key) && uuid_equal(key, e->correlation));
    invariant(e->type.n >= 1 && e->type.n <= 255 && e->source.n >= 1 && e->source.n <= 255 && !str_empty(e->data));
    if (!cloud_event_type(e->type, &topic, &name, &major))
        return;
    invariant(major >= 1 && major <= 99999 && name.n > 0 && topic.n > 0 && topic.n + name.n + 4 <= e->type.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena arena;
    struct cloud_event event = {0};
    struct kafka_header headers[HEADERS];
    struct kafka_record record = {.topic = STR("jumun.order"), .headers = headers};
    struct str rest = fuzz_text(data, n), line, reason = {0};
    arena_init(&arena);
    while (record.header_count < HEADERS && (line = fuzz_part(&rest, '\n')).n > 0) {
        struct str name = fuzz_part(&line, ':');
        headers[record.header_count++] = (struct kafka_header){name, line};
    }
    record.key = fuzz_part(&rest, '\n');
    record.value = rest.n ? rest : (struct str){0};
    if (record.key.n == 0)
        record.key = (struct str){0};
    if (cloud_event_decode(&record, &event, &arena, &reason))
        check(&record, &event);
    else
        invariant(!str_empty(reason));
    arena_release(&arena);
    return 0;
}
