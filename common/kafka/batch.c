/* The messages that a consumer holds, and how they look to whoever applies them. */
#include "batch.h"
#include "memory.h"

#include <stdlib.h>

void batch_init(struct batch *b)
{
    *b = (struct batch){0};
    arena_init(&b->arena);
}

void batch_release(struct batch *b)
{
    batch_clear(b);
    arena_release(&b->arena);
    free(b->messages);
}

void batch_add(struct batch *b, rd_kafka_message_t *message)
{
    if (b->n == b->room) {
        b->room = b->room == 0 ? 64 : b->room * 2;
        b->messages = memory_resize(b->messages, b->room * sizeof(*b->messages));
    }
    b->messages[b->n++] = message;
}

void batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        rd_kafka_message_destroy(b->messages[i]);
    b->n = 0;
    arena_reset(&b->arena);
}

void batch_drop(struct batch *b, const rd_kafka_topic_partition_list_t *partitions)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->n; i++) {
        rd_kafka_message_t *m = b->messages[i];
        /* The list is searched as it is, not changed, in spite of the missing const. */
        if (rd_kafka_topic_partition_list_find((rd_kafka_topic_partition_list_t *)partitions, rd_kafka_topic_name(m->rkt), m->partition))
            rd_kafka_message_destroy(m);
        else
            b->messages[kept++] = m;
    }
    b->n = kept;
}

static void record_headers(struct kafka_record *r, const rd_kafka_message_t *m, struct arena *arena)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    size_t n = rd_kafka_header_cnt(headers);
    struct kafka_header *out = ARENA_ARRAY(arena, struct kafka_header, n);
    for (size_t i = 0; i < n; i++) {
        const char *name;
        const void *value;
        size_t size;
        if (rd_kafka_header_get_all(headers, i, &name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
            break;
        out[r->header_count++] = (struct kafka_header){str_of(name), {value, size}};
    }
    r->headers = out;
}

static void record_show(struct kafka_record *r, const rd_kafka_message_t *m, struct arena *arena)
{
    int64_t milliseconds = rd_kafka_message_timestamp(m, NULL);
    *r = (struct kafka_record){
        .topic = str_of(rd_kafka_topic_name(m->rkt)),
        .partition = m->partition,
        .offset = m->offset,
        .time = milliseconds > 0 ? MILLISECONDS(milliseconds) : 0,
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
    };
    record_headers(r, m, arena);
}

const struct kafka_record *batch_records(struct batch *b)
{
    arena_reset(&b->arena);
    struct kafka_record *records = ARENA_ARRAY(&b->arena, struct kafka_record, b->n);
    for (size_t i = 0; i < b->n; i++)
        record_show(&records[i], b->messages[i], &b->arena);
    return records;
}

struct str kafka_record_header(const struct kafka_record *r, struct str name)
{
    for (size_t i = r->header_count; i > 0; i--)
        if (str_equal(r->headers[i - 1].name, name))
            return r->headers[i - 1].value;
    return (struct str){0};
}
