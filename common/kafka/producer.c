/*
 * Producing: every message is reported once, and a failure is never followed by a success.
 *
 * Whoever produces in order (the relay) must be able to go on from the first failure. librdkafka gives up single messages, behind which
 * later ones of the same key still get through. So it is told to give up none; here, what is too old, or what librdkafka cannot send,
 * makes all fail that was produced and is not reported yet, and all that comes until the caller has been told: the producer is "broken".
 * The flush that tells him begins anew with a fresh rd_kafka_t. That is also the cure for librdkafka's fatal errors (a lost sequence).
 * A message that librdkafka does not even accept (too large) is refused, with those behind it; those before it are delivered first.
 */
#include "kafka.h"

#include "client.h"
#include "clock.h"
#include "crash.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include "trace.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct message {
    TAILQ_ENTRY(message) order;
    duration produced; /* monotonic */
    kafka_report report;
    void *ctx;
    struct span span;
};
TAILQ_HEAD(messages, message);

struct topic {
    char *name;
    rd_kafka_topic_t *handle;
};

struct kafka_producer {
    char *brokers;
    char *client;
    duration message_timeout;
    char message_max[24]; /* "": librdkafka's own */
    rd_kafka_t *rk;
    pthread_mutex_t renewing; /* held while rk is exchanged, and by other threads that use it */
    struct topic *topics;
    size_t topic_count;
    struct messages unreported; /* librdkafka has them; in the order of producing */
    struct messages refused;    /* it has not; all produced behind the unreported */
    bool broken;
    char failure[256]; /* why */
    struct counter taken, failed, renewed;
    struct gauge outstanding;
    struct histogram time;
    char labels[128];
};

/*
 * linger.ms is what a message waits for company while nobody flushes; a flush sends at once. message.timeout.ms 0: no message is given up
 * alone. murmur2 is what Kafka's own clients choose a partition by.
 */
static const struct client_setting producer_settings[] = {
    {"enable.idempotence", "true"},
    {"acks", "all"},
    {"message.timeout.ms", "0"},
    {"enable.gapless.guarantee", "true"},
    {"linger.ms", "2"},
    {"compression.codec", "none"},
    {"partitioner", "murmur2_random"},
    {"queue.buffering.max.messages", "20000"},
    {"queue.buffering.max.kbytes", "16384"},
    {NULL, NULL},
};

/* ── reports ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct message *message_new(kafka_report report, void *ctx)
{
    struct message *m = NEW(struct message);
    m->produced = clock_monotonic();
    m->report = report;
    m->ctx = ctx;
    return m;
}

static void producer_report(struct kafka_producer *p, struct messages *list, struct message *m, const char *failure)
{
    TAILQ_REMOVE(list, m, order);
    gauge_add(&p->outstanding, -1);
    counter_add(failure == NULL ? &p->taken : &p->failed, 1);
    if (failure == NULL)
        histogram_time(&p->time, clock_monotonic() - m->produced);
    if (m->report != NULL)
        m->report(m->ctx, failure);
    free(m);
}

static void producer_report_all(struct kafka_producer *p, struct messages *list)
{
    struct message *m;
    while ((m = TAILQ_FIRST(list)) != NULL)
        producer_report(p, list, m, p->failure);
}

static void producer_fail(struct kafka_producer *p, const char *why)
{
    snprintf(p->failure, sizeof(p->failure), "%s", why);
    log_warning("kafka producer: messages failed", LOG_STR("client", p->client), LOG_STR("reason", p->failure));
}

static void producer_break(struct kafka_producer *p, const char *why)
{
    if (!p->broken)
        producer_fail(p, why);
    p->broken = true;
}

static void producer_span(const struct message *m, const rd_kafka_message_t *delivered)
{
    char name[128];
    const char *topic = rd_kafka_topic_name(delivered->rkt);
    int n = snprintf(name, sizeof(name), "send %.100s", topic);
    span_end(&m->span, SPAN_PRODUCER, SPAN_UNSET, 0, (struct str){name, (size_t)n},
             LOG_FIELDS(LOG_STR("messaging.system", "kafka"), LOG_STR("messaging.operation.type", "send"),
                        LOG_STR("messaging.destination.name", topic), LOG_INT("messaging.destination.partition.id", delivered->partition),
                        LOG_INT("messaging.kafka.offset", delivered->offset)));
}

static void producer_delivered(rd_kafka_t *rk, const rd_kafka_message_t *delivered, void *opaque)
{
    (void)rk;
    struct kafka_producer *p = opaque;
    if (delivered->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        producer_break(p, rd_kafka_err2str(delivered->err)); /* reported later, with all that stand behind it */
    else {
        struct message *m = delivered->_private;
        crash_point(CRASH_DELIVERY_REPORT);
        if (span_recorded(&m->span))
            producer_span(m, delivered);
        producer_report(p, &p->unreported, m, NULL);
    }
}

static void producer_error(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
    static _Atomic int64_t last;
    struct kafka_producer *p = opaque;
    char why[200];
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        rd_kafka_fatal_error(rk, why, sizeof(why));
        producer_break(p, why);
    } else if (log_every(&last, SECONDS(5)))
        log_warning("kafka producer: a fault", LOG_STR("client", p->client), LOG_STR("reason", reason));
}

/* ── beginning, and beginning anew ──────────────────────────────────────────────────────────────────────────────────────────────── */

static rd_kafka_t *producer_connect(struct kafka_producer *p)
{
    rd_kafka_conf_t *conf = client_conf(p->brokers, p->client, producer_settings);
    if (p->message_max[0])
        client_set(conf, "message.max.bytes", p->message_max);
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_dr_msg_cb(conf, producer_delivered);
    rd_kafka_conf_set_error_cb(conf, producer_error);
    return client_new(RD_KAFKA_PRODUCER, conf);
}

struct kafka_producer *kafka_producer_new(const struct kafka_producer_config *config)
{
    struct kafka_producer *p = NEW(struct kafka_producer);
    p->brokers = memory_strdup(config->brokers);
    p->client = memory_strdup(config->client);
    p->message_timeout = config->message_timeout > 0 ? config->message_timeout : SECONDS(30);
    if (config->message_max > 0)
        snprintf(p->message_max, sizeof(p->message_max), "%zu", config->message_max);
    snprintf(p->labels, sizeof(p->labels), "client=\"%.100s\"", p->client);
    pthread_mutex_init(&p->renewing, NULL);
    TAILQ_INIT(&p->unreported);
    TAILQ_INIT(&p->refused);
    p->rk = producer_connect(p);
    return p;
}

static void producer_disconnect(struct kafka_producer *p)
{
    for (size_t i = 0; i < p->topic_count; i++) {
        rd_kafka_topic_destroy(p->topics[i].handle);
        free(p->topics[i].name);
    }
    p->topic_count = 0;
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy(p->rk); /* reports that it still has go with it, uncalled */
}

static void messages_drop(struct messages *list)
{
    struct message *m;
    while ((m = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, m, order);
        free(m);
    }
}

void kafka_producer_free(struct kafka_producer *p)
{
    if (p == NULL)
        return;
    producer_disconnect(p);
    messages_drop(&p->unreported);
    messages_drop(&p->refused);
    pthread_mutex_destroy(&p->renewing);
    free(p->topics);
    free(p->brokers);
    free(p->client);
    free(p);
}

/* The caller produces again what he is told has failed: so first nothing old may be under way any more. */
static void producer_renew(struct kafka_producer *p)
{
    pthread_mutex_lock(&p->renewing);
    producer_disconnect(p);
    p->rk = producer_connect(p);
    pthread_mutex_unlock(&p->renewing);
    counter_add(&p->renewed, 1);
    producer_report_all(p, &p->unreported);
    producer_report_all(p, &p->refused);
    p->broken = false;
}

/* ── producing ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A handle is looked up in librdkafka under a lock, and made of a copied configuration: it is kept. */
static rd_kafka_topic_t *producer_topic(struct kafka_producer *p, const char *name)
{
    for (size_t i = 0; i < p->topic_count; i++)
        if (strcmp(p->topics[i].name, name) == 0)
            return p->topics[i].handle;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(p->rk, name, NULL);
    if (handle == NULL)
        return NULL;
    p->topics = memory_resize(p->topics, (p->topic_count + 1) * sizeof(*p->topics));
    p->topics[p->topic_count++] = (struct topic){memory_strdup(name), handle};
    return handle;
}

static void producer_check_age(struct kafka_producer *p)
{
    const struct message *oldest = TAILQ_FIRST(&p->unreported);
    if (oldest != NULL && clock_monotonic() - oldest->produced > p->message_timeout)
        producer_break(p, "the brokers have not taken it in time");
}

/* On an error the headers stay the caller's. */
static rd_kafka_resp_err_t producer_enqueue(struct kafka_producer *p, rd_kafka_topic_t *topic, struct str key, struct str value,
                                            rd_kafka_headers_t *headers, struct message *m)
{
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)key.p, key.n}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)value.p, value.n}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = m},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(p->rk, parts, sizeof(parts) / sizeof(parts[0]));
    rd_kafka_resp_err_t code = rd_kafka_error_code(error); /* of NULL: none */
    rd_kafka_error_destroy(error);
    return code;
}

/* When the queue is full it waits: there is no use in reading more of an outbox that Kafka does not take. */
static rd_kafka_resp_err_t producer_try(struct kafka_producer *p, const char *name, struct str key, struct str value,
                                        rd_kafka_headers_t *headers, struct message *m)
{
    rd_kafka_topic_t *topic = producer_topic(p, name);
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    while (topic != NULL && !p->broken) {
        error = producer_enqueue(p, topic, key, value, headers, m);
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            break;
        rd_kafka_poll(p->rk, 100);
        producer_check_age(p);
    }
    return error;
}

static void producer_produce(struct kafka_producer *p, const char *topic, struct str key, struct str value, rd_kafka_headers_t *headers,
                             struct message *m)
{
    bool refusing = p->broken || !TAILQ_EMPTY(&p->refused);
    rd_kafka_resp_err_t error = refusing ? RD_KAFKA_RESP_ERR__STATE : producer_try(p, topic, key, value, headers, m);
    gauge_add(&p->outstanding, 1);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        TAILQ_INSERT_TAIL(&p->unreported, m, order);
        crash_point(CRASH_PRODUCE);
        return;
    }
    if (!refusing && !p->broken)
        producer_fail(p, rd_kafka_err2str(error));
    TAILQ_INSERT_TAIL(&p->refused, m, order);
    rd_kafka_headers_destroy(headers);
}

static void header_add(rd_kafka_headers_t *headers, const char *name, size_t name_size, struct str value)
{
    rd_kafka_header_add(headers, name, (ssize_t)name_size, value.p, (ssize_t)value.n);
}
#define HEADER_ADD(headers, name, value) header_add((headers), (name), sizeof(name) - 1, (value))

static rd_kafka_headers_t *event_headers(const struct cloud_event *event, struct str correlation)
{
    char text[UUID_TEXT + 1], time[INSTANT_TEXT + 1], number[24];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(13);
    HEADER_ADD(headers, "ce_specversion", STR("1.0"));
    uuid_format(event->id, text);
    HEADER_ADD(headers, "ce_id", ((struct str){text, UUID_TEXT}));
    HEADER_ADD(headers, "ce_type", event->type);
    HEADER_ADD(headers, "ce_source", event->source);
    instant_format(event->time, time);
    HEADER_ADD(headers, "ce_time", ((struct str){time, INSTANT_TEXT}));
    uuid_format(event->subject, text);
    HEADER_ADD(headers, "ce_subject", ((struct str){text, UUID_TEXT}));
    HEADER_ADD(headers, "ce_correlationid", correlation);
    if (!uuid_is_nil(event->causation)) {
        uuid_format(event->causation, text);
        HEADER_ADD(headers, "ce_causationid", ((struct str){text, UUID_TEXT}));
    }
    struct trace_headers trace = trace_split(event->traceparent);
    int digits = snprintf(number, sizeof(number), "%lld", (long long)event->version);
    HEADER_ADD(headers, "ce_aggregateversion", ((struct str){number, (size_t)digits}));
    if (!str_absent(trace.traceparent))
        HEADER_ADD(headers, "traceparent", trace.traceparent);
    if (!str_absent(trace.tracestate))
        HEADER_ADD(headers, "tracestate", trace.tracestate);
    if (!str_absent(trace.baggage))
        HEADER_ADD(headers, "baggage", trace.baggage);
    HEADER_ADD(headers, "content-type", STR("application/json"));
    return headers;
}

void kafka_produce_event(struct kafka_producer *p, const char *topic, const struct cloud_event *event, kafka_report report, void *ctx)
{
    char text[UUID_TEXT + 1];
    uuid_format(event->correlation, text);
    struct str key = {text, UUID_TEXT};
    struct message *m = message_new(report, ctx);
    if (!str_absent(event->traceparent)) /* which the message itself carries: a copy, sent again after a crash, must not differ */
        span_begin(&m->span, NULL, event->traceparent, 0);
    producer_produce(p, topic, key, event->data, event_headers(event, key), m);
}

void kafka_produce_raw(struct kafka_producer *p, const char *topic, struct str key, struct str value, const struct kafka_header *headers,
                       size_t header_count, kafka_report report, void *ctx)
{
    rd_kafka_headers_t *copies = rd_kafka_headers_new(header_count);
    for (size_t i = 0; i < header_count; i++)
        header_add(copies, headers[i].name.p, headers[i].name.n, headers[i].value);
    producer_produce(p, topic, key, value, copies, message_new(report, ctx));
}

/* ── waiting ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Reports produce nothing by themselves, so this ends. rd_kafka_flush sends at once what lingers. */
bool kafka_producer_flush(struct kafka_producer *p, duration patience)
{
    duration until = clock_monotonic() + patience, left = patience;
    do {
        rd_kafka_flush(p->rk, client_milliseconds(left < MILLISECONDS(100) ? left : MILLISECONDS(100)));
        producer_check_age(p);
        if (p->broken)
            producer_renew(p);
        left = until - clock_monotonic();
    } while (!TAILQ_EMPTY(&p->unreported) && left > 0);
    if (TAILQ_EMPTY(&p->unreported))
        producer_report_all(p, &p->refused);
    return TAILQ_EMPTY(&p->unreported) && TAILQ_EMPTY(&p->refused);
}

bool kafka_producer_reachable(struct kafka_producer *p, duration patience)
{
    pthread_mutex_lock(&p->renewing);
    bool reachable = client_reachable(p->rk, patience);
    pthread_mutex_unlock(&p->renewing);
    return reachable;
}

void kafka_producer_show(const struct kafka_producer *p, struct metrics_page *page)
{
    metrics_counter(page, "jumun_kafka_produced_total", "Messages that Kafka has taken.", p->labels, &p->taken);
    metrics_counter(page, "jumun_kafka_produce_failures_total", "Messages reported as failed.", p->labels, &p->failed);
    metrics_counter(page, "jumun_kafka_producer_renewals_total", "Times that the producer began anew after a failure.", p->labels,
                    &p->renewed);
    metrics_gauge(page, "jumun_kafka_produce_outstanding", "Messages not reported yet.", p->labels, &p->outstanding);
    metrics_histogram_time(page, "jumun_kafka_produce_seconds", "From producing a message to its report.", p->labels, &p->time);
}

/* ── how far the topics reach ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool extent_ask(struct kafka_producer *p, struct kafka_extent *e, duration patience)
{
    return rd_kafka_query_watermark_offsets(p->rk, e->topic, e->partition, &e->begin, &e->end, client_milliseconds(patience)) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool extents_ask(struct kafka_producer *p, const char *const *topics, size_t topic_count, duration patience, struct arena *arena,
                        struct kafka_extent **extents, size_t *n)
{
    duration until = clock_monotonic() + patience;
    size_t room = 0;
    *extents = NULL;
    *n = 0;
    for (size_t t = 0; t < topic_count; t++) {
        int partitions = client_partitions(p->rk, topics[t], until - clock_monotonic());
        if (partitions == 0)
            return false;
        struct kafka_extent *more = ARENA_ARRAY(arena, struct kafka_extent, room += (size_t)partitions);
        if (*n > 0)
            memcpy(more, *extents, *n * sizeof *more);
        *extents = more;
        for (int i = 0; i < partitions; i++) {
            more[*n] = (struct kafka_extent){.topic = topics[t], .partition = i};
            if (!extent_ask(p, &more[(*n)++], until - clock_monotonic()))
                return false;
        }
    }
    return true;
}

bool kafka_extents(struct kafka_producer *p, const char *const *topics, size_t topic_count, duration patience, struct arena *arena,
                   struct kafka_extent **extents, size_t *n)
{
    pthread_mutex_lock(&p->renewing);
    bool told = extents_ask(p, topics, topic_count, patience, arena, extents, n);
    pthread_mutex_unlock(&p->renewing);
    return told;
}
