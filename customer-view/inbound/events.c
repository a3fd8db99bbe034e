/* Events: the projector on Kafka's thread, and the watch over Redis, from the service's start to its end. */
#include "inbound/inbound.h"
#include "inbound/live.h"
#include "inbound/projector.h"
#include "invariant.h"
#include "log.h"
#include "settings.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static const char *const topics[] = {"jumun.order", "jumun.payment", "jumun.preparation", "jumun.delivery", "jumun.notification"};

static const struct kafka_positions positions = {projector_positions};

static struct projector *projector;
static struct letters *letters;
static _Atomic(struct kafka_consumer *) consumer;

/* Kafka's thread may be here before kafka_consumer_start() has returned; then the batch comes again, and so does the wish. */
static void rewind_consumer(void *ctx)
{
    (void)ctx;
    struct kafka_consumer *c = consumer;
    if (c)
        kafka_consumer_rewind(c);
}

/* ── the watch ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * Asks Redis once a second. It answers: we are ready. It was started anew, or is suddenly empty: what it has lost may be of partitions that
 * nothing comes from just now, so that the projector would not notice for long. Going back needlessly does no harm.
 */
static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stopping; /* under lock */
    atomic_bool reachable;
    struct cache *cache;
    char run_id[48];
    bool filled;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER};

static void watch_look(void)
{
    bool filled = false;
    bool reachable = cache_connect(watch.cache) && view_positions_exist(watch.cache, &filled);
    atomic_store(&watch.reachable, reachable);
    if (!reachable)
        return;
    struct str run_id = cache_run_id(watch.cache);
    bool anew = watch.run_id[0] && !str_is(run_id, watch.run_id);
    if (anew || (watch.filled && !filled)) {
        log_warning(anew ? "Redis was started anew: going back to what it knows" : "Redis is empty: beginning again");
        rewind_consumer(NULL);
    }
    snprintf(watch.run_id, sizeof watch.run_id, "%.*s", STR_ARG(run_id));
    watch.filled = filled;
}

static void *watch_run(void *unused)
{
    pthread_mutex_lock(&watch.lock);
    while (!watch.stopping) {
        pthread_mutex_unlock(&watch.lock);
        watch_look();
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        pthread_mutex_lock(&watch.lock);
        if (!watch.stopping)
            pthread_cond_timedwait(&watch.stopped, &watch.lock, &until);
    }
    pthread_mutex_unlock(&watch.lock);
    return unused;
}

static void watch_stop(void)
{
    pthread_mutex_lock(&watch.lock);
    watch.stopping = true;
    pthread_cond_signal(&watch.stopped);
    pthread_mutex_unlock(&watch.lock);
    pthread_join(watch.thread, NULL);
    cache_free(watch.cache);
}

/* ── start and stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

bool projector_start(struct engine *none, char problem[200])
{
    (void)none;
    struct cache *cache = cache_new(view_config.redis_url);
    if (!cache) {
        snprintf(problem, 200, "JUMUN_REDIS_URL is not of the form redis://[:password@]host:port/database");
        return false;
    }
    watch.cache = cache_new(view_config.redis_url);
    letters = letters_start(&(struct letters_config){.brokers = view_config.kafka_brokers, .service = "customer-view"});
    projector = projector_new(cache, letters);
    projector->rewind = rewind_consumer;
    consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = view_config.kafka_brokers,
        .group = "customer-view",
        .topics = topics,
        .topic_count = sizeof topics / sizeof topics[0],
        .apply = projector_apply,
        .ctx = projector,
        .positions = &positions,
    });
    live_start();
    invariant(pthread_create(&watch.thread, NULL, watch_run, NULL) == 0);
    return true;
}

void projector_stop(void)
{
    watch_stop();
    live_stop();
    kafka_consumer_stop(consumer);
    projector_free(projector);
    letters_stop(letters);
}

struct letters *projector_letters(void)
{
    return letters;
}

/* The view answers from Redis alone. That Kafka is away makes it old, not silent: the lag tells (jumun_kafka_consumer_lag). */
bool projector_ready(const char **waiting_for)
{
    if (!atomic_load(&watch.reachable))
        *waiting_for = "redis";
    return atomic_load(&watch.reachable);
}

void projector_show(struct metrics_page *page)
{
    const struct projector *p = projector;
    metrics_counter(page, "jumun_view_applied_total", "Events that have changed the view.", NULL, &p->applied);
    metrics_counter(page, "jumun_view_known_already_total", "Events that came again and changed nothing.", NULL, &p->known_already);
    metrics_counter(page, "jumun_view_passed_over_total", "Events of types that the view does not show.", NULL, &p->passed_over);
    hub_show(live_hub(), page);
    kafka_consumer_show(consumer, page);
}
