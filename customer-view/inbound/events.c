/* Events: the projector on Kafka's thread, from the service's start to its end. */
#include "inbound/inbound.h"
#include "inbound/projector.h"
#include "settings.h"
#include <pthread.h>
#include <stdio.h>

static const char *const topics[] = {"jumun.order", "jumun.payment", "jumun.preparation", "jumun.delivery", "jumun.notification"};

static const struct kafka_positions positions = {projector_positions};

static struct projector *projector;
static _Atomic(struct kafka_consumer *) consumer;

/* For readiness; asked from the admin port's thread. */
static struct cache *probe;
static pthread_mutex_t probe_lock = PTHREAD_MUTEX_INITIALIZER;

/* Kafka's thread may be here before kafka_consumer_start() has returned; then the batch comes again, and so does the wish. */
static void rewind_consumer(void *ctx)
{
    (void)ctx;
    struct kafka_consumer *c = consumer;
    if (c)
        kafka_consumer_rewind(c);
}

bool projector_start(struct engine *none, char problem[200])
{
    (void)none;
    struct cache *cache = cache_new(view_config.redis_url);
    if (!cache) {
        snprintf(problem, 200, "JUMUN_REDIS_URL is not of the form redis://[:password@]host:port/database");
        return false;
    }
    probe = cache_new(view_config.redis_url);
    projector = projector_new(
        cache, kafka_producer_new(&(struct kafka_producer_config){.brokers = view_config.kafka_brokers, .client = "customer-view"}));
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
    return true;
}

void projector_stop(void)
{
    kafka_consumer_stop(consumer);
    projector_free(projector);
    cache_free(probe);
}

/* The view answers from Redis alone. That Kafka is away makes it old, not silent: the lag tells (jumun_kafka_consumer_lag). */
bool projector_ready(const char **waiting_for)
{
    pthread_mutex_lock(&probe_lock);
    bool reachable = cache_connect(probe);
    if (reachable) {
        cache_send(probe, 1, (struct str[]){STR("PING")});
        const struct cache_reply *r = cache_receive(probe);
        reachable = r && cache_kind(r) != CACHE_ERROR;
    }
    pthread_mutex_unlock(&probe_lock);
    if (!reachable)
        *waiting_for = "redis";
    return reachable;
}

void projector_show(struct metrics_page *page)
{
    const struct projector *p = projector;
    metrics_counter(page, "jumun_view_applied_total", "Events that have changed the view.", NULL, &p->applied);
    metrics_counter(page, "jumun_view_known_already_total", "Events that came again and changed nothing.", NULL, &p->known_already);
    metrics_counter(page, "jumun_view_passed_over_total", "Events of types that the view does not show.", NULL, &p->passed_over);
    metrics_counter(page, "jumun_view_dead_letters_total", "Messages sent to the dead letters.", NULL, &p->dead);
    kafka_consumer_show(consumer, page);
}
