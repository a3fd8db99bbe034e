/* Events: the projector on Kafka's thread, and the watch over Redis, from the service's start to its end. */
#include "clock.h"
#include "inbound/inbound.h"
#include "inbound/live.h"
#include "inbound/projector.h"
#include "inbound/rebuild.h"
#include "invariant.h"
#include "log.h"
#include "settings.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

const char *const view_topics[VIEW_TOPICS] = {"jumun.order", "jumun.payment", "jumun.preparation", "jumun.delivery", "jumun.notification"};

static const struct kafka_positions positions = {projector_positions};

static struct projector *projector;
static struct letters *letters;
static struct kafka_producer *broker; /* asked for the topics' ends */
static _Atomic(struct kafka_consumer *) consumer;

/* Kafka's thread may be here before kafka_consumer_start() has returned; then the batch comes again, and so does the wish. */
static void rewind_consumer(void *ctx)
{
    (void)ctx;
    struct kafka_consumer *c = consumer;
    if (c)
        kafka_consumer_rewind(c);
}

bool view_extents(duration patience, struct arena *arena, struct kafka_extent **extents, size_t *n)
{
    return kafka_extents(broker, view_topics, VIEW_TOPICS, patience, arena, extents, n);
}

/* ── the watch ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * Asks Redis once a second. It was started anew, or another generation is written, perhaps because it was emptied: what it has lost may be
 * of partitions that nothing comes from just now, so that the projector would not notice for long. Going back needlessly does no harm.
 *
 * While a generation is filled or handed over to, the watch says when all is in (of every replica; who is first, says it): when the
 * generation has reached what the topics' ends were at some time after its beginning to be written by all.
 */
static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stopping;                   /* under lock */
    atomic_bool reachable, readable; /* readable: it was, once */
    atomic_bool unreadable;          /* now */
    atomic_int percent;              /* of what is to be filled */
    struct cache *cache;
    char run_id[48];
    struct view_generations generations;
    struct arena arena; /* of the extents */
    struct kafka_extent *extents;
    size_t extent_count; /* 0: not asked for these generations yet */
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER};

#define LOOK       SECONDS(1)
#define CLOSE_LOOK MILLISECONDS(100)

static void say_what_is_gone(void)
{
    for (size_t i = 0; i < watch.extent_count; i++)
        if (watch.extents[i].begin > 0)
            log_error("a topic has lost its beginning: what is filled from it is not whole", LOG_STR("topic", watch.extents[i].topic),
                      LOG_INT("partition", watch.extents[i].partition), LOG_INT("begins", watch.extents[i].begin));
}

static bool extents_known(void)
{
    if (watch.extent_count > 0)
        return true;
    arena_reset(&watch.arena);
    if (!view_extents(SECONDS(2), &watch.arena, &watch.extents, &watch.extent_count)) {
        watch.extent_count = 0;
        return false;
    }
    if (!watch.generations.reads[0])
        say_what_is_gone();
    return true;
}

static void watch_settle(void)
{
    struct generation_reach reach;
    if (!extents_known() || !generation_reach(watch.cache, watch.generations.writes, watch.extents, watch.extent_count, &reach))
        return;
    atomic_store(&watch.percent, reach.total > 0 ? (int)(100 * reach.read / reach.total) : 100);
    if (reach.all && generations_settle(watch.cache, &watch.generations))
        log_info("another generation of the view is read", LOG_STR("generation", watch.generations.writes), LOG_INT("events", reach.read));
}

/* True: it is to look again soon. */
static bool watch_look(void)
{
    struct view_generations now;
    bool reachable = cache_connect(watch.cache) && generations_load(watch.cache, &now);
    atomic_store(&watch.reachable, reachable);
    if (!reachable)
        return false;
    struct str run_id = cache_run_id(watch.cache);
    bool anew = watch.run_id[0] && !str_is(run_id, watch.run_id);
    bool moved = watch.generations.writes[0] && strcmp(watch.generations.writes, now.writes) != 0;
    if (anew || moved)
        rewind_consumer(NULL);
    if (anew)
        log_warning("Redis was started anew: going back to what it knows");
    else if (moved && now.reads[0])
        log_info("another generation of the view is written", LOG_STR("generation", now.writes));
    else if (moved)
        log_warning("Redis is empty: filling it from the beginning of the topics");
    snprintf(watch.run_id, sizeof watch.run_id, "%.*s", STR_ARG(run_id));
    if (strcmp(watch.generations.text, now.text) != 0)
        watch.extent_count = 0;
    watch.generations = now;
    atomic_store(&watch.unreadable, !now.reads[0]);
    if (now.reads[0])
        atomic_store(&watch.readable, true);
    if (generations_settled(&now))
        return false;
    watch_settle();
    return true;
}

static void *watch_run(void *unused)
{
    duration wait;
    do
        wait = watch_look() ? CLOSE_LOOK : LOOK;
    while (!clock_rest(&watch.stopped, &watch.lock, &watch.stopping, clock_monotonic() + wait));
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
    arena_release(&watch.arena);
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
    arena_init(&watch.arena);
    broker = kafka_producer_new(&(struct kafka_producer_config){.brokers = view_config.kafka_brokers, .client = "customer-view"});
    letters = letters_start(&(struct letters_config){.brokers = view_config.kafka_brokers, .service = "customer-view"});
    projector = projector_new(cache, letters);
    projector->rewind = rewind_consumer;
    consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = view_config.kafka_brokers,
        .group = "customer-view",
        .topics = view_topics,
        .topic_count = VIEW_TOPICS,
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
    rebuild_stop();
    watch_stop();
    live_stop();
    kafka_consumer_stop(consumer);
    projector_free(projector);
    letters_stop(letters);
    kafka_producer_free(broker);
}

struct letters *projector_letters(void)
{
    return letters;
}

/*
 * The view answers from Redis alone. That Kafka is away makes it old, not silent: the lag tells (jumun_kafka_consumer_lag). Who has just
 * started is not ready before there is something to read; who was ready stays so when Redis is emptied, to say why it does not answer.
 */
bool projector_ready(const char **waiting_for)
{
    bool reachable = atomic_load(&watch.reachable), readable = atomic_load(&watch.readable);
    if (!reachable || !readable)
        *waiting_for = reachable ? "the view to be filled from the topics" : "redis";
    return reachable && readable;
}

int view_filled_percent(void)
{
    return atomic_load(&watch.percent);
}

void projector_show(struct metrics_page *page)
{
    const struct projector *p = projector;
    metrics_counter(page, "jumun_view_applied_total", "Events that have changed the view.", NULL, &p->applied);
    metrics_counter(page, "jumun_view_known_already_total", "Events that came again and changed nothing.", NULL, &p->known_already);
    metrics_counter(page, "jumun_view_passed_over_total", "Events of types that the view does not show.", NULL, &p->passed_over);
    metrics_value(page, "jumun_view_filling", "1 while the view is filled from the topics, and cannot be read.", NULL,
                  atomic_load(&watch.unreadable));
    hub_show(live_hub(), page);
    kafka_consumer_show(consumer, page);
}
