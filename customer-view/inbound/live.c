/* Live: the one reader of the feed. */
#include "live.h"

#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "settings.h"
#include <pthread.h>
#include <string.h>

#define BATCH   500
#define WAIT    MILLISECONDS(250) /* for an entry: so long does a stop take */
#define LOOK    SECONDS(1)        /* between looks at the epoch, when nothing comes */
#define RENEWAL (LISTENER_KEPT / 4)

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool stopping; /* under lock */

    /* the thread's */
    struct hub *hub;
    struct cache *cache;
    struct arena arena;
    char epoch[EPOCH_TEXT + 1];
    struct feed_id at; /* read up to here */
    bool ready;
    duration looked, renewed, beaten; /* monotonic: when it was done last */
} live = {.lock = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER};

struct hub *live_hub(void)
{
    return live.hub;
}

/* Those who listen go on doing so; whoever was not listened for meanwhile is told. */
static bool renew(duration now)
{
    size_t n;
    struct uuid *customers = hub_customers(live.hub, &live.arena, &n);
    for (size_t i = 0; i < n; i++)
        feed_listen_send(live.cache, customers[i]);
    for (size_t i = 0; i < n; i++) {
        struct feed_standing standing;
        if (!feed_listen_receive(live.cache, &standing))
            return false;
        hub_standing(live.hub, customers[i], &standing);
    }
    live.renewed = now;
    return true;
}

/* Is the feed still the one that we read? */
static bool look(duration now)
{
    char epoch[EPOCH_TEXT + 1];
    if (!feed_epoch(live.cache, epoch))
        return false;
    live.looked = now;
    if (strcmp(epoch, live.epoch) == 0)
        return now - live.renewed < RENEWAL || renew(now);
    log_info("the feed begins anew", LOG_STR("epoch", epoch));
    memcpy(live.epoch, epoch, sizeof epoch);
    live.at = (struct feed_id){0};
    live.ready = false;
    hub_load(live.hub, epoch);
    return renew(now);
}

/* What was read is believed only when the epoch is still the same after it: else it may be of another. */
static bool read_on(void)
{
    struct feed_entry *entries = ARENA_ARRAY(&live.arena, struct feed_entry, BATCH);
    size_t n = BATCH;
    char epoch[EPOCH_TEXT + 1];
    if (!feed_read(live.cache, &live.arena, live.at, live.ready ? WAIT : 0, entries, &n))
        return false;
    if (n > 0 && (!feed_epoch(live.cache, epoch) || strcmp(epoch, live.epoch) != 0))
        return live.looked = 0, true;
    hub_put(live.hub, entries, n);
    if (n > 0)
        live.at = entries[n - 1].id;
    if (n < BATCH && !live.ready) {
        live.ready = true;
        hub_ready(live.hub);
    }
    return true;
}

static bool go_round(duration now)
{
    static _Atomic int64_t last;
    if (!cache_connected(live.cache))
        live.looked = 0;
    if (cache_connect(live.cache) && (now - live.looked < LOOK || look(now)) && read_on())
        return true;
    if (log_every(&last, SECONDS(5)))
        log_warning("the feed cannot be read", LOG_STR("fault", cache_fault(live.cache)));
    return false;
}

static void *live_run(void *unused)
{
    bool good = true;
    while (!clock_rest(&live.stopped, &live.lock, &live.stopping, good ? 0 : clock_monotonic() + WAIT)) {
        duration now = clock_monotonic();
        arena_reset(&live.arena);
        good = go_round(now);
        if (now - live.beaten >= view_config.heartbeat) {
            live.beaten = now;
            hub_heartbeat(live.hub);
        }
    }
    return unused;
}

void live_start(void)
{
    arena_init(&live.arena);
    live.hub = hub_new(&(struct hub_config){.listeners_max = (size_t)view_config.listeners_max,
                                            .per_customer_max = (size_t)view_config.listeners_per_customer});
    live.cache = cache_new(view_config.redis_url);
    live.beaten = clock_monotonic();
    invariant(live.cache && pthread_create(&live.thread, NULL, live_run, NULL) == 0);
}

void live_stop(void)
{
    pthread_mutex_lock(&live.lock);
    live.stopping = true;
    pthread_cond_signal(&live.stopped);
    pthread_mutex_unlock(&live.lock);
    pthread_join(live.thread, NULL);
    cache_free(live.cache);
    hub_free(live.hub);
    arena_release(&live.arena);
}
