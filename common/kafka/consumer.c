/*
 * Consuming: one thread that polls, applies, and commits what was applied.
 *
 * Messages are polled one by one, though librdkafka has a call for batches: in 2.0.2, when a rebalance or a pause falls into that call, it
 * drops messages that it has counted as delivered, and goes on behind them (its issue 4208). Polling costs a fraction of a microsecond
 * more, and makes the order plain: a rebalance is told between two messages, and what the batch holds of a lost partition is dropped there.
 */
#include "kafka.h"

#include "assignment.h"
#include "batch.h"
#include "client.h"
#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMIT_PERIOD      SECONDS(1)
#define RETRY_FIRST        MILLISECONDS(100)
#define RETRY_MOST         SECONDS(5)
#define REQUEST_JOIN_GROUP 11 /* in Kafka's protocol */
#define JOIN_PATIENCE      SECONDS(5)
#define IDLE               SECONDS(1) /* between two looks at whether anything else is to do */
#define MESSAGE_ITSELF     500        /* bytes, with its headers */
#define RUN_LONG           3500000    /* a queue that was full holds more, whatever the size of its messages: see consumer_settings */

struct consumer_topic {
    char *name;
    char labels[300];
};

struct kafka_consumer {
    struct kafka_consumer_config config; /* its strings are not kept: see topics */
    struct consumer_topic *topics;
    char labels[150];
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    pthread_t thread;
    atomic_bool stopping, rewinding, assigned, unreachable;
    atomic_bool joining; /* the group is being rearranged: from our asking to join until we are told our share */

    /* the thread's own */
    struct assignment assignment;
    struct batch batch; /* held while it is tried again */
    size_t run;         /* bytes since the queue was empty, roughly */
    bool holding, destroyable;
    duration backoff, retry_at, place_at, commit_at;

    struct counter records, retries;
    struct histogram batches, age;
};

/*
 * A killed consumer's partitions are given on after session.timeout.ms; one that hangs in apply loses them after max.poll.interval.ms.
 *
 * Memory: queued.* bound what is fetched ahead, about 1 KiB a message in all, and fetch.* what comes at once. A queue that was
 * full is roused when it is empty, see assignment_rouse().
 */
static const struct client_setting consumer_settings[] = {
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"session.timeout.ms", "6000"},
    {"heartbeat.interval.ms", "1000"},
    {"max.poll.interval.ms", "60000"},
    {"auto.offset.reset", "earliest"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"allow.auto.create.topics", "false"},
    {"fetch.wait.max.ms", "500"},
    {"fetch.max.bytes", "2097152"},
    {"fetch.message.max.bytes", "1048576"},
    {"queued.min.messages", "8000"},
    {"queued.max.messages.kbytes", "4096"},
    {NULL, NULL},
};

/* ── what the group and the brokers tell ────────────────────────────────────────────────────────────────────────────────────────── */

static void consumer_let_go(struct kafka_consumer *c)
{
    if (c->holding)
        assignment_resume(&c->assignment);
    c->holding = false;
    c->backoff = 0;
}

/* What was polled of the lost and not applied yet, their next owner gets. */
static void consumer_lose(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *lost)
{
    if (!rd_kafka_assignment_lost(c->rk)) /* else they are another's already, and so are their positions */
        assignment_commit_now(&c->assignment, lost);
    batch_drop(&c->batch, lost);
    assignment_lose(&c->assignment, lost);
    if (c->batch.n == 0)
        consumer_let_go(c);
}

static void consumer_rebalanced(rd_kafka_t *rk, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka_consumer *c = opaque;
    bool gained = event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    atomic_store(&c->joining, false);
    log_debug(gained ? "kafka consumer: partitions gained" : "kafka consumer: partitions lost", LOG_STR("group", c->config.group),
              LOG_INT("partitions", partitions->cnt));
    if (gained) {
        assignment_gain(&c->assignment, partitions);
        atomic_store(&c->assigned, true);
    } else
        consumer_lose(c, partitions);
    rd_kafka_yield(rk); /* ends consumer_poll: there is something to place */
}

/*
 * A commit that is sent behind a request to join is read by the broker when the group is arranged anew, and refused as being of the past;
 * librdkafka then gives up all partitions. So none is sent in between.
 */
static rd_kafka_resp_err_t consumer_sent(rd_kafka_t *rk, int socket, const char *broker, int32_t broker_id, int16_t request,
                                         int16_t version, int32_t correlation, size_t size, void *opaque)
{
    (void)rk, (void)socket, (void)broker, (void)broker_id, (void)version, (void)correlation, (void)size;
    struct kafka_consumer *c = opaque;
    if (request == REQUEST_JOIN_GROUP)
        atomic_store(&c->joining, true);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t consumer_watch_requests(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *why, size_t why_size)
{
    (void)conf, (void)why, (void)why_size;
    return rd_kafka_interceptor_add_on_request_sent(rk, "consumer", consumer_sent, opaque);
}

static void consumer_committed(rd_kafka_t *rk, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    (void)rk;
    struct kafka_consumer *c = opaque;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        assignment_commit_failed(&c->assignment, partitions);
}

static void consumer_fault(struct kafka_consumer *c, const char *reason)
{
    static _Atomic int64_t last;
    if (log_every(&last, SECONDS(10)))
        log_warning("kafka consumer: a fault", LOG_STR("group", c->config.group), LOG_STR("reason", reason));
}

static void consumer_error(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
    (void)rk;
    struct kafka_consumer *c = opaque;
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        atomic_store(&c->unreachable, true);
    consumer_fault(c, reason);
}

/* ── the thread ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* True when there was something; a topic that does not exist yet is among the errors, and is waited for. */
static bool consumer_poll(struct kafka_consumer *c, duration patience)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(c->rk, client_milliseconds(patience));
    if (m == NULL)
        return false;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        consumer_fault(c, rd_kafka_message_errstr(m));
        rd_kafka_message_destroy(m);
        return true;
    }
    c->run += MESSAGE_ITSELF + m->len;
    assignment_seen(&c->assignment, m);
    batch_add(&c->batch, m);
    return true;
}

/* The first one. When the queue is empty after a long run, it may have been full, and fetching stopped. */
static bool consumer_await(struct kafka_consumer *c, duration patience)
{
    if (consumer_poll(c, 0))
        return true;
    if (c->run >= RUN_LONG)
        assignment_rouse(&c->assignment);
    c->run = 0;
    return consumer_poll(c, patience);
}

static void consumer_collect(struct kafka_consumer *c, duration patience)
{
    if (!consumer_await(c, patience))
        return;
    duration until = clock_monotonic() + c->config.batch_wait;
    while (c->batch.n < c->config.batch_max && consumer_poll(c, 0))
        if (clock_monotonic() >= until)
            break;
}

/* Paused, so that polling, by which the group knows us to be alive, brings nothing new. */
static void consumer_hold(struct kafka_consumer *c)
{
    if (!c->holding)
        assignment_pause(&c->assignment);
    c->holding = true;
    c->backoff = c->backoff == 0 ? RETRY_FIRST : c->backoff * 2 < RETRY_MOST ? c->backoff * 2 : RETRY_MOST;
    c->retry_at = clock_monotonic() + c->backoff;
    counter_add(&c->retries, 1);
}

static void consumer_apply(struct kafka_consumer *c)
{
    const struct kafka_record *records = batch_records(&c->batch);
    instant oldest = records[0].time;
    if (c->config.apply(c->config.ctx, records, c->batch.n) == KAFKA_RETRY) {
        consumer_hold(c);
        return;
    }
    batch_applied(&c->batch, c->config.group);
    assignment_applied(&c->assignment, &c->batch);
    counter_add(&c->records, c->batch.n);
    histogram_size(&c->batches, c->batch.n);
    histogram_time(&c->age, clock_now() - oldest);
    batch_clear(&c->batch);
    consumer_let_go(c);
}

static void consumer_place(struct kafka_consumer *c)
{
    if (assignment_place(&c->assignment))
        return;
    consumer_fault(c, "positions cannot be loaded");
    c->place_at = clock_monotonic() + RETRY_FIRST;
}

static void consumer_start_over(struct kafka_consumer *c)
{
    batch_clear(&c->batch);
    consumer_let_go(c);
    assignment_displace(&c->assignment);
}

static duration sooner(duration a, duration b)
{
    return a < b ? a : b;
}

static bool consumer_may_commit(const struct kafka_consumer *c)
{
    return !atomic_load(&c->joining) && assignment_uncommitted(&c->assignment);
}

/* How long there is nothing to do but wait for messages. */
static duration consumer_patience(const struct kafka_consumer *c)
{
    duration now = clock_monotonic(), until = now + IDLE;
    if (c->holding)
        until = sooner(until, c->retry_at);
    else if (assignment_waits(&c->assignment))
        until = sooner(until, c->place_at);
    if (consumer_may_commit(c))
        until = sooner(until, c->commit_at);
    return until > now ? until - now : 0;
}

static void consumer_turn(struct kafka_consumer *c)
{
    if (atomic_exchange(&c->rewinding, false))
        consumer_start_over(c);
    if (!c->holding && assignment_waits(&c->assignment) && clock_monotonic() >= c->place_at)
        consumer_place(c);
    if (c->holding)
        consumer_poll(c, consumer_patience(c));
    else
        consumer_collect(c, consumer_patience(c));
    if (c->batch.n > 0 && (!c->holding || clock_monotonic() >= c->retry_at))
        consumer_apply(c);
    if (clock_monotonic() >= c->commit_at && consumer_may_commit(c)) {
        assignment_commit(&c->assignment);
        c->commit_at = clock_monotonic() + COMMIT_PERIOD;
    }
    if (atomic_load(&c->unreachable) && client_reachable(c->rk, MILLISECONDS(200)))
        atomic_store(&c->unreachable, false);
}

/*
 * librdkafka 2.0.2 aborts the process when a consumer is destroyed that has joined its group but was never given an assignment, be it an
 * empty one (its issue 4312). The assignment is under way then: it is waited for. If it does not come, the group is left, but the client
 * stays as it is, and what it refers to with it; the process is about to end.
 */
static bool consumer_may_be_destroyed(struct kafka_consumer *c)
{
    char *member = rd_kafka_memberid(c->rk);
    bool joined = member != NULL && member[0] != '\0';
    rd_kafka_mem_free(c->rk, member);
    return !joined || atomic_load(&c->assigned);
}

static void *consumer_run(void *arg)
{
    struct kafka_consumer *c = arg;
    pthread_setname_np(pthread_self(), "kafka-consumer");
    while (!atomic_load(&c->stopping))
        consumer_turn(c);
    duration until = clock_monotonic() + JOIN_PATIENCE;
    while (!consumer_may_be_destroyed(c) && clock_monotonic() < until)
        consumer_poll(c, MILLISECONDS(100));
    c->destroyable = consumer_may_be_destroyed(c);
    if (c->destroyable)
        rd_kafka_consumer_close(c->rk); /* takes all partitions from us, hence commits */
    else
        rd_kafka_unsubscribe(c->rk);
    return NULL;
}

/* ── starting and stopping ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void consumer_copy_config(struct kafka_consumer *c, const struct kafka_consumer_config *config)
{
    c->config = *config;
    c->config.group = memory_strdup(config->group);
    c->config.batch_max = config->batch_max > 0 ? config->batch_max : 512;
    c->config.batch_wait = config->batch_wait > 0 ? config->batch_wait : MILLISECONDS(5);
    snprintf(c->labels, sizeof(c->labels), "group=\"%.100s\"", config->group);
    c->topics = memory_new(config->topic_count * sizeof(*c->topics));
    for (size_t i = 0; i < config->topic_count; i++) {
        struct consumer_topic *t = &c->topics[i];
        t->name = memory_strdup(config->topics[i]);
        snprintf(t->labels, sizeof(t->labels), "group=\"%.100s\",topic=\"%.150s\"", config->group, t->name);
    }
}

static void consumer_connect(struct kafka_consumer *c)
{
    rd_kafka_conf_t *conf = client_conf(c->config.brokers, c->config.group, consumer_settings);
    client_set(conf, "group.id", c->config.group);
    rd_kafka_conf_set_opaque(conf, c);
    rd_kafka_conf_set_rebalance_cb(conf, consumer_rebalanced);
    rd_kafka_conf_set_offset_commit_cb(conf, consumer_committed);
    rd_kafka_conf_set_error_cb(conf, consumer_error);
    rd_kafka_conf_interceptor_add_on_new(conf, "consumer", consumer_watch_requests, c);
    c->rk = client_new(RD_KAFKA_CONSUMER, conf);
    c->assignment.rk = c->rk;
    rd_kafka_poll_set_consumer(c->rk);
    c->queue = rd_kafka_queue_get_consumer(c->rk);
}

static void consumer_subscribe(struct kafka_consumer *c)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)c->config.topic_count);
    for (size_t i = 0; i < c->config.topic_count; i++)
        rd_kafka_topic_partition_list_add(list, c->topics[i].name, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t error = rd_kafka_subscribe(c->rk, list);
    invariant(error == RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
}

struct kafka_consumer *kafka_consumer_start(const struct kafka_consumer_config *config)
{
    struct kafka_consumer *c = NEW(struct kafka_consumer);
    consumer_copy_config(c, config);
    batch_init(&c->batch);
    assignment_init(&c->assignment, config->positions, config->ctx);
    consumer_connect(c);
    consumer_subscribe(c);
    invariant(pthread_create(&c->thread, NULL, consumer_run, c) == 0);
    return c;
}

void kafka_consumer_stop(struct kafka_consumer *c)
{
    if (c == NULL)
        return;
    atomic_store(&c->stopping, true);
    rd_kafka_queue_yield(c->queue);
    pthread_join(c->thread, NULL);
    if (!c->destroyable)
        return;
    rd_kafka_queue_destroy(c->queue);
    batch_release(&c->batch); /* its messages are librdkafka's: before that goes */
    rd_kafka_destroy(c->rk);
    assignment_release(&c->assignment);
    for (size_t i = 0; i < c->config.topic_count; i++)
        free(c->topics[i].name);
    free(c->topics);
    free((char *)c->config.group);
    free(c);
}

bool kafka_consumer_ready(const struct kafka_consumer *c)
{
    return atomic_load(&c->assigned) && !atomic_load(&c->unreachable);
}

void kafka_consumer_rewind(struct kafka_consumer *c)
{
    invariant(c->config.positions != NULL);
    atomic_store(&c->rewinding, true);
    rd_kafka_queue_yield(c->queue);
}

void kafka_consumer_show(const struct kafka_consumer *c, struct metrics_page *page)
{
    struct assignment *assignment = (struct assignment *)&c->assignment; /* it has a lock of its own */
    metrics_counter(page, "jumun_kafka_consumed_total", "Records applied.", c->labels, &c->records);
    metrics_counter(page, "jumun_kafka_consume_retries_total", "Batches that had to be tried again.", c->labels, &c->retries);
    metrics_histogram_size(page, "jumun_kafka_consume_batch_records", "Records in a batch.", c->labels, &c->batches);
    metrics_histogram_time(page, "jumun_kafka_consume_age_seconds", "Age of a batch's first record when it was applied.", c->labels,
                           &c->age);
    for (size_t i = 0; i < c->config.topic_count; i++)
        metrics_value(page, "jumun_kafka_consumer_lag", "Records of a topic that are not applied yet.", c->topics[i].labels,
                      (double)assignment_lag(assignment, c->topics[i].name));
}
