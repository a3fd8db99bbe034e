/* Relay: reads the outbox in order, produces, waits for the reports, removes — a batch at a time, as large as what has gathered. */
#include "relay.h"
#include "clock.h"
#include "crash.h"
#include "invariant.h"
#include "kafka.h"
#include "log.h"
#include "memory.h"
#include "pg.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define RELAY_LOCK     7215540161       /* pg_try_advisory_lock: one active relay a database */
#define RELAY_PACE     MILLISECONDS(20) /* from one batch to the next, when there is one */
#define RELAY_PATIENCE SECONDS(2000000) /* with a message: for ever, in effect */

struct relay {
    struct relay_config config;
    struct pg *pg;
    struct kafka_producer *producer;
    struct str source; /* "/jumun/order" */

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool woken, stopping; /* under lock */

    bool reached;          /* the brokers have answered */
    bool active;           /* this session holds the advisory lock */
    struct pg_params done; /* the seqs of the last batch, to be removed with the next read */
    size_t done_count;
    duration counted;

    struct counter produced, failed;
    struct gauge backlog, age, is_active;
    struct histogram size;
    atomic_bool ready;
};

/* ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void relay_wait(struct relay *r, duration d)
{
    duration until = clock_monotonic() + d;
    pthread_mutex_lock(&r->lock);
    if (!r->woken && !r->stopping)
        (void)clock_wait(&r->wake, &r->lock, until);
    r->woken = false;
    pthread_mutex_unlock(&r->lock);
}

void relay_wake(struct relay *r)
{
    pthread_mutex_lock(&r->lock);
    if (!r->woken) {
        r->woken = true;
        pthread_cond_signal(&r->wake);
    }
    pthread_mutex_unlock(&r->lock);
}

static bool relay_stopping(struct relay *r)
{
    pthread_mutex_lock(&r->lock);
    bool stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return stopping;
}

static void relay_fault(struct relay *r, const char *what)
{
    static _Atomic int64_t last;
    atomic_store(&r->ready, false);
    r->active = false;
    r->done_count = 0; /* what was not removed is read, and sent, once more */
    gauge_set(&r->is_active, 0);
    if (log_every(&last, SECONDS(5)))
        log_warning(what, LOG_STR("fault", pg_fault(r->pg)->message));
}

/* ── one batch ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct delivery {
    struct relay *relay;
    int64_t seq;
    bool taken;
};

static void reported(void *ctx, const char *failure)
{
    static _Atomic int64_t last;
    struct delivery *d = ctx;
    d->taken = failure == NULL;
    if (failure) {
        counter_add(&d->relay->failed, 1);
        if (log_every(&last, SECONDS(5)))
            log_warning("an event was not taken by Kafka; it is sent again", LOG_STR("fault", failure));
    }
}

static struct cloud_event event_of(const struct relay *r, const struct pg_rows *rows, int row)
{
    return (struct cloud_event){.id = pg_uuid(rows, row, 1),
                                .type = pg_text(rows, row, 2),
                                .source = r->source,
                                .time = pg_time(rows, row, 4),
                                .subject = pg_uuid(rows, row, 5),
                                .correlation = pg_uuid(rows, row, 6),
                                .causation = pg_uuid(rows, row, 7),
                                .version = pg_int8(rows, row, 8),
                                .traceparent = pg_text(rows, row, 9),
                                .data = pg_text(rows, row, 10)};
}

static void produce(struct relay *r, const struct pg_rows *rows, struct delivery *deliveries)
{
    struct arena arena;
    arena_init(&arena);
    for (int row = 0; row < pg_count(rows); row++) {
        struct cloud_event event = event_of(r, rows, row);
        struct str topic = arena_str(&arena, pg_text(rows, row, 3));
        deliveries[row] = (struct delivery){.relay = r, .seq = pg_int8(rows, row, 0)};
        kafka_produce_event(r->producer, topic.p, &event, reported, &deliveries[row]);
    }
    arena_release(&arena);
}

/* Every report must be in before `deliveries` goes. Messages do not time out, so that a later one never overtakes an earlier one of its
   key; only a stop ends the waiting: then the producer, with what is unreported, is dropped. */
static bool await_reports(struct relay *r)
{
    for (int patience = 0; !kafka_producer_flush(r->producer, MILLISECONDS(500));) {
        atomic_store(&r->ready, false);
        if (relay_stopping(r) && ++patience > 4)
            return false;
    }
    return true;
}

static void note_done(struct relay *r, const struct delivery *deliveries, size_t n)
{
    size_t taken = 0;
    for (size_t i = 0; i < n; i++)
        taken += deliveries[i].taken;
    pg_params_clear(&r->done);
    pg_array_begin(&r->done, PG_INT8, taken);
    for (size_t i = 0; i < n; i++)
        if (deliveries[i].taken)
            pg_array_int8(&r->done, deliveries[i].seq);
    pg_array_end(&r->done);
    r->done_count = taken;
    counter_add(&r->produced, taken);
}

static void send_removal(struct relay *r)
{
    pg_send(r->pg, "delete from outbox where seq = any($1::bigint[])", &r->done);
}

/* Removes the last batch and reads the next, in one round trip and one transaction. */
static const struct pg_rows *read_next(struct relay *r)
{
    struct pg_params p = {0};
    bool removing = r->done_count > 0;
    pg_add_int8(&p, (int64_t)r->config.batch_max);
    if (removing)
        send_removal(r);
    pg_send(r->pg,
            "select seq, id, type, topic, at, aggregate, correlation, causation, version, traceparent, data from event"
            " where seq = any(array(select seq from outbox order by seq limit $1::bigint)) order by seq",
            &p);
    pg_sync(r->pg);
    pg_params_release(&p);
    if (removing)
        crash_point(CRASH_OUTBOX_REMOVAL);
    if (removing && !pg_receive(r->pg))
        return NULL;
    r->done_count = 0;
    return pg_receive(r->pg);
}

/* When it stops: what Kafka has need not be sent again. What was committed meanwhile is sent by the next relay. */
static void remove_last(struct relay *r)
{
    if (r->done_count == 0 || !r->active || !pg_connected(r->pg))
        return;
    send_removal(r);
    pg_sync(r->pg);
    pg_end(r->pg);
}

static void show_backlog(struct relay *r, const struct pg_rows *rows)
{
    gauge_set(&r->age, pg_count(rows) > 0 ? clock_now() - pg_time(rows, 0, 4) : 0);
    if ((size_t)pg_count(rows) < r->config.batch_max)
        gauge_set(&r->backlog, pg_count(rows));
}

/* A full batch says only that there is more; how much more is counted now and then. */
static void count_backlog(struct relay *r)
{
    if (clock_monotonic() - r->counted < SECONDS(5))
        return;
    r->counted = clock_monotonic();
    const struct pg_rows *rows = pg_query(r->pg, "select count(*) from outbox", NULL);
    if (rows)
        gauge_set(&r->backlog, pg_int8(rows, 0, 0));
}

/* False: the session is lost. */
static bool relay_batch(struct relay *r, bool *more)
{
    const struct pg_rows *rows = read_next(r);
    if (!rows)
        return pg_end(r->pg), false;
    atomic_store(&r->ready, true);
    size_t n = (size_t)pg_count(rows);
    show_backlog(r, rows);
    *more = n == r->config.batch_max;
    struct delivery *deliveries = memory_new((n + 1) * sizeof *deliveries);
    produce(r, rows, deliveries);
    bool ended = pg_end(r->pg);
    if (n > 0) {
        histogram_size(&r->size, n);
        if (!await_reports(r)) { /* stopping: reports must not come into memory that is gone */
            kafka_producer_free(r->producer);
            r->producer = NULL;
        }
        note_done(r, deliveries, n);
    }
    free(deliveries);
    return ended;
}

/* ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool become_active(struct relay *r)
{
    if (r->active && pg_connected(r->pg))
        return true;
    r->active = false;
    if (!pg_connect(r->pg))
        return relay_fault(r, "the relay has no database"), false;
    struct pg_params p = {0};
    pg_add_int8(&p, RELAY_LOCK);
    const struct pg_rows *rows = pg_query(r->pg, "select pg_try_advisory_lock($1::bigint)", &p);
    pg_params_release(&p);
    if (!rows)
        return relay_fault(r, "the relay cannot ask for its lock"), false;
    r->active = pg_bool(rows, 0, 0);
    gauge_set(&r->is_active, r->active);
    atomic_store(&r->ready, true); /* standing by is being ready */
    if (r->active)
        log_info("the relay is active");
    return r->active;
}

/* Before the first message: what is handed to a producer without brokers cannot be taken back. */
static bool reach_brokers(struct relay *r)
{
    if (!r->reached)
        r->reached = kafka_producer_reachable(r->producer, MILLISECONDS(500));
    return r->reached;
}

/* One turn; how long to wait before the next one, at most: 0 when there is more to do. */
static duration relay_turn(struct relay *r)
{
    bool more = false;
    if (!reach_brokers(r))
        return MILLISECONDS(200);
    if (!become_active(r))
        return SECONDS(1);
    if (!relay_batch(r, &more)) {
        relay_fault(r, "the relay has lost its database");
        pg_disconnect(r->pg);
        return MILLISECONDS(200);
    }
    if (more)
        count_backlog(r);
    return r->done_count > 0 ? 0 : MILLISECONDS(500); /* nothing done: nothing there, or Kafka did not take it */
}

/*
 * The first event after a calm goes out at once; those that follow on its heels go together. Without it a busy relay sends a few messages
 * at a time, each in a request for its partition, and Kafka's and PostgreSQL's work is mostly for the requests.
 */
static void relay_gather(struct relay *r, duration began)
{
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && clock_wait(&r->wake, &r->lock, began + RELAY_PACE))
        ;
    pthread_mutex_unlock(&r->lock);
}

static void *relay_loop(void *argument)
{
    struct relay *r = argument;
    while (!relay_stopping(r)) {
        duration began = clock_monotonic(), wait = relay_turn(r);
        if (wait > 0)
            relay_wait(r, wait);
        else
            relay_gather(r, began);
    }
    remove_last(r);
    return NULL;
}

/* ── start and stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct relay *relay_start(const struct relay_config *config)
{
    struct relay *r = NEW(struct relay);
    r->config = *config;
    r->config.batch_max = config->batch_max ? config->batch_max : 1000;
    r->pg = pg_new(config->database_url, "relay", PG_KEYED);
    r->producer = kafka_producer_new(
        &(struct kafka_producer_config){.brokers = config->brokers, .client = config->service, .message_timeout = RELAY_PATIENCE});
    struct buf source = BUF_INIT;
    buf_printf(&source, "/jumun/%s", config->service);
    r->source = buf_str(&source);
    pthread_cond_init(&r->wake, NULL);
    pthread_mutex_init(&r->lock, NULL);
    invariant(pthread_create(&r->thread, NULL, relay_loop, r) == 0);
    return r;
}

void relay_stop(struct relay *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->wake);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    if (r->producer)
        kafka_producer_free(r->producer);
    pg_free(r->pg);
    pg_params_release(&r->done);
    pthread_cond_destroy(&r->wake);
    pthread_mutex_destroy(&r->lock);
    free((char *)r->source.p);
    free(r);
}

bool relay_ready(const struct relay *r)
{
    return atomic_load(&r->ready);
}

void relay_show(const struct relay *r, struct metrics_page *page)
{
    metrics_counter(page, "jumun_relay_produced_total", "Events that Kafka has confirmed.", NULL, &r->produced);
    metrics_counter(page, "jumun_relay_failed_total", "Events that Kafka has not taken; they are sent again.", NULL, &r->failed);
    metrics_gauge(page, "jumun_relay_active", "1: this relay moves the events; 0: it stands by.", NULL, &r->is_active);
    metrics_gauge(page, "jumun_outbox_backlog", "Events committed and not yet confirmed by Kafka.", NULL, &r->backlog);
    metrics_value(page, "jumun_outbox_age_seconds", "Age of the oldest of them.", NULL, (double)atomic_load(&r->age.value) / 1e6);
    metrics_histogram_size(page, "jumun_relay_batch_size", "Events sent at once.", NULL, &r->size);
}
