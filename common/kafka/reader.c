/* Reading a topic whole: from its beginning, in no group, by a thread of its own; and single records of it again. */
#include "kafka.h"

#include "batch.h"
#include "client.h"
#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCH_MAX   512
#define LOOK_AGAIN  SECONDS(1) /* for a topic that is not there yet */
#define TOPIC_WAITS SECONDS(2)

struct kafka_reader {
    char *brokers, *client, *topic;
    void (*read)(void *ctx, const struct kafka_record *records, size_t n);
    void *ctx;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    pthread_t thread;
    atomic_bool stopping;
    struct batch batch; /* the thread's own */

    pthread_mutex_t lock;
    pthread_cond_t read_on;
    int64_t *next; /* of each partition: the offset behind what was read; under lock */
    int partitions;
};

/* A group is asked for by librdkafka even where partitions are assigned by hand; nothing is ever committed to it. */
static const struct client_setting reader_settings[] = {
    {"group.id", "none"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"auto.offset.reset", "earliest"},
    {"allow.auto.create.topics", "false"},
    {"fetch.wait.max.ms", "1000"},
    {"queued.min.messages", "1000"},
    {"queued.max.messages.kbytes", "2048"},
    {NULL, NULL},
};

static rd_kafka_t *reader_connect(const struct kafka_reader *r)
{
    rd_kafka_t *rk = client_new(RD_KAFKA_CONSUMER, client_conf(r->brokers, r->client, reader_settings));
    rd_kafka_poll_set_consumer(rk);
    return rk;
}

/* ── the thread ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void assign_all(struct kafka_reader *r, int partitions)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(all, r->topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    invariant(rd_kafka_assign(r->rk, all) == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(all);
    pthread_mutex_lock(&r->lock);
    r->next = memory_new((size_t)partitions * sizeof *r->next);
    r->partitions = partitions;
    pthread_cond_broadcast(&r->read_on);
    pthread_mutex_unlock(&r->lock);
}

static void pass(struct kafka_reader *r, duration wait)
{
    pthread_mutex_lock(&r->lock);
    if (!atomic_load(&r->stopping))
        (void)clock_wait(&r->read_on, &r->lock, clock_monotonic() + wait);
    pthread_mutex_unlock(&r->lock);
}

static void find_topic(struct kafka_reader *r)
{
    int partitions = 0;
    while (!atomic_load(&r->stopping) && (partitions = client_partitions(r->rk, r->topic, TOPIC_WAITS)) == 0)
        pass(r, LOOK_AGAIN);
    if (!atomic_load(&r->stopping))
        assign_all(r, partitions);
}

static void note(struct kafka_reader *r, int32_t partition, int64_t next)
{
    pthread_mutex_lock(&r->lock);
    if (partition >= 0 && partition < r->partitions && next > r->next[partition])
        r->next[partition] = next;
    pthread_cond_broadcast(&r->read_on);
    pthread_mutex_unlock(&r->lock);
}

/* What was polled is handed over first, and only then counts as read. */
static void hand_over(struct kafka_reader *r)
{
    if (r->batch.n == 0)
        return;
    r->read(r->ctx, batch_records(&r->batch), r->batch.n);
    for (size_t i = 0; i < r->batch.n; i++)
        note(r, r->batch.messages[i]->partition, r->batch.messages[i]->offset + 1);
    batch_clear(&r->batch);
}

/* True when there may be more at once. */
static bool take(struct kafka_reader *r, rd_kafka_message_t *m)
{
    static _Atomic int64_t last;
    if (!m)
        return false;
    if (!m->err) {
        batch_add(&r->batch, m);
        return r->batch.n < BATCH_MAX;
    }
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        hand_over(r);
        note(r, m->partition, m->offset);
    } else if (log_every(&last, SECONDS(10)))
        log_warning("kafka reader: a fault", LOG_STR("topic", r->topic), LOG_STR("reason", rd_kafka_message_errstr(m)));
    rd_kafka_message_destroy(m);
    return true;
}

static void *reader_run(void *arg)
{
    struct kafka_reader *r = arg;
    pthread_setname_np(pthread_self(), "kafka-reader");
    find_topic(r);
    while (!atomic_load(&r->stopping)) {
        bool more = take(r, rd_kafka_consumer_poll(r->rk, 1000));
        while (more)
            more = take(r, rd_kafka_consumer_poll(r->rk, 0));
        hand_over(r);
    }
    rd_kafka_consumer_close(r->rk);
    return NULL;
}

/* ── starting and stopping ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct kafka_reader *kafka_reader_start(const struct kafka_reader_config *config)
{
    struct kafka_reader *r = NEW(struct kafka_reader);
    r->brokers = memory_strdup(config->brokers);
    r->client = memory_strdup(config->client);
    r->topic = memory_strdup(config->topic);
    r->read = config->read;
    r->ctx = config->ctx;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->read_on, NULL);
    batch_init(&r->batch);
    r->rk = reader_connect(r);
    r->queue = rd_kafka_queue_get_consumer(r->rk);
    invariant(pthread_create(&r->thread, NULL, reader_run, r) == 0);
    return r;
}

void kafka_reader_stop(struct kafka_reader *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    atomic_store(&r->stopping, true);
    pthread_cond_broadcast(&r->read_on);
    pthread_mutex_unlock(&r->lock);
    rd_kafka_queue_yield(r->queue);
    pthread_join(r->thread, NULL);
    rd_kafka_queue_destroy(r->queue);
    batch_release(&r->batch);
    rd_kafka_destroy(r->rk);
    pthread_cond_destroy(&r->read_on);
    pthread_mutex_destroy(&r->lock);
    free(r->next);
    free(r->brokers);
    free(r->client);
    free(r->topic);
    free(r);
}

/* ── asked by others ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The ends of all partitions, asked by a client of its own: on the reader's connection a question would wait behind the fetch that waits
   for news. */
static bool ask_ends(const struct kafka_reader *r, int64_t *ends, int partitions)
{
    int64_t low;
    rd_kafka_t *rk = reader_connect(r);
    bool known = true;
    for (int i = 0; known && i < partitions; i++)
        known = rd_kafka_query_watermark_offsets(rk, r->topic, i, &low, &ends[i], client_milliseconds(TOPIC_WAITS)) ==
                RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_destroy(rk);
    return known;
}

/* How many partitions there are, once the topic is found; 0: it was not. */
static int await_topic(struct kafka_reader *r, duration until)
{
    pthread_mutex_lock(&r->lock);
    while (r->partitions == 0 && clock_wait(&r->read_on, &r->lock, until))
        ;
    int partitions = r->partitions;
    pthread_mutex_unlock(&r->lock);
    return partitions;
}

static bool await_ends(struct kafka_reader *r, const int64_t *ends, int partitions, duration until)
{
    bool read = true;
    pthread_mutex_lock(&r->lock);
    for (int i = 0; read && i < partitions; i++)
        while (read && r->next[i] < ends[i])
            read = clock_wait(&r->read_on, &r->lock, until);
    pthread_mutex_unlock(&r->lock);
    return read;
}

bool kafka_reader_await(struct kafka_reader *r, duration patience)
{
    duration until = clock_monotonic() + patience;
    int partitions = await_topic(r, until);
    int64_t *ends = memory_new(((size_t)partitions + 1) * sizeof *ends);
    bool read = partitions > 0 && ask_ends(r, ends, partitions) && await_ends(r, ends, partitions, until);
    free(ends);
    return read;
}

/* The record's texts into the arena: the message goes. */
static void keep_record(const struct kafka_record *r, struct arena *arena, struct kafka_record *out)
{
    struct kafka_header *headers = ARENA_ARRAY(arena, struct kafka_header, r->header_count + 1);
    for (size_t i = 0; i < r->header_count; i++)
        headers[i] = (struct kafka_header){arena_str(arena, r->headers[i].name), arena_str(arena, r->headers[i].value)};
    *out = *r;
    out->topic = arena_str(arena, r->topic);
    out->key = arena_str(arena, r->key);
    out->value = arena_str(arena, r->value);
    out->trace = arena_str(arena, r->trace);
    out->headers = headers;
}

static bool fetch(rd_kafka_t *rk, int64_t offset, duration patience, struct arena *arena, struct kafka_record *out)
{
    duration end = clock_monotonic() + patience;
    while (clock_monotonic() < end) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
        if (m && !m->err) {
            struct batch one;
            bool found = m->offset == offset;
            batch_init(&one);
            batch_add(&one, m);
            if (found)
                keep_record(batch_records(&one), arena, out);
            batch_release(&one);
            return found; /* another: it is not there any more */
        }
        if (m)
            rd_kafka_message_destroy(m);
    }
    return false;
}

bool kafka_reader_fetch(const struct kafka_reader *r, int32_t partition, int64_t offset, duration patience, struct arena *arena,
                        struct kafka_record *out)
{
    rd_kafka_t *rk = reader_connect(r);
    rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(one, r->topic, partition)->offset = offset;
    bool found = rd_kafka_assign(rk, one) == RD_KAFKA_RESP_ERR_NO_ERROR && fetch(rk, offset, patience, arena, out);
    rd_kafka_topic_partition_list_destroy(one);
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return found;
}
