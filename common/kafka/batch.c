/* The messages that a consumer holds, and how they look to whoever applies them. */
#include "batch.h"
#include "clock.h"
#include "memory.h"

#include <stdio.h>
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

/* ── spans ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct str kafka_record_trace(const struct kafka_record *r, struct arena *arena)
{
    struct trace_headers came = {kafka_record_header(r, STR("traceparent")), kafka_record_header(r, STR("tracestate")),
                                 kafka_record_header(r, STR("baggage"))};
    return str_absent(r->trace) ? trace_join(arena, &came) : r->trace;
}

/* Under the span that made the event; so what the record causes is under that of the record. */
static void batch_trace(struct batch *b)
{
    instant now = clock_now();
    b->spans = ARENA_ARRAY(&b->arena, struct span, b->n);
    for (size_t i = 0; i < b->n; i++)
        b->records[i].trace = span_begin(&b->spans[i], &b->arena, kafka_record_trace(&b->records[i], &b->arena), now);
}

static void record_span(const struct kafka_record *r, const struct span *span, const char *group, instant now)
{
    char name[128];
    int n = snprintf(name, sizeof(name), "process %.100s", r->topic.p);
    span_end(span, SPAN_CONSUMER, SPAN_UNSET, now, (struct str){name, (size_t)n},
             LOG_FIELDS(LOG_STR("messaging.system", "kafka"), LOG_STR("messaging.operation.type", "process"),
                        LOG_TEXT_OF("messaging.destination.name", r->topic), LOG_INT("messaging.destination.partition.id", r->partition),
                        LOG_INT("messaging.kafka.offset", r->offset), LOG_STR("messaging.consumer.group.name", group),
                        LOG_TEXT_OF("cloudevents.event_type", kafka_record_header(r, STR("ce_type"))),
                        LOG_TEXT_OF("cloudevents.event_id", kafka_record_header(r, STR("ce_id")))));
}

/* ── records ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

const struct kafka_record *batch_records(struct batch *b)
{
    arena_reset(&b->arena);
    b->records = ARENA_ARRAY(&b->arena, struct kafka_record, b->n);
    for (size_t i = 0; i < b->n; i++)
        record_show(&b->records[i], b->messages[i], &b->arena);
    b->spans = NULL;
    if (trace_on())
        batch_trace(b);
    return b->records;
}

void batch_applied(struct batch *b, const char *group)
{
    instant now = b->spans ? clock_now() : 0;
    for (size_t i = 0; b->spans && i < b->n; i++)
        if (span_recorded(&b->spans[i]))
            record_span(&b->records[i], &b->spans[i], group, now);
}

struct str kafka_record_header(const struct kafka_record *r, struct str name)
{
    for (size_t i = r->header_count; i > 0; i--)
        if (str_equal(r->headers[i - 1].name, name))
            return r->headers[i - 1].value;
    return (struct str){0};
}
