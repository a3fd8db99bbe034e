/* The watchdog: counts the open orders, and barks when some are past their deadline. */
#include "watchdog.h"

#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "sagas.h"
#include <pthread.h>
#include <stdio.h>

#define ROUND_SECONDS 10

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; /* under lock */
    struct pg *pg;
    struct gauge open[ORDER_STATUSES], overdue[ORDER_STATUSES], review[ORDER_STATUSES];
} watchdog = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* One is named; GET /ops/sagas?overdue=true names all. */
static void bark(int64_t overdue)
{
    static _Atomic int64_t last;
    struct arena arena;
    struct saga *first;
    size_t count;
    if (!log_every(&last, MINUTES(1)))
        return;
    arena_init(&arena);
    if (sagas_list(watchdog.pg, true, (struct uuid){0}, 1, &arena, &first, &count) && count == 1)
        log_warning("orders are past their deadline", LOG_INT("overdue", overdue), LOG_ID("order", first->id),
                    LOG_STR("status", order_status_names[first->order.status]));
    arena_release(&arena);
}

static void look(void)
{
    struct saga_counts counts;
    int64_t overdue = 0;
    if (!pg_connect(watchdog.pg) || !sagas_count(watchdog.pg, &counts))
        return; /* the engine says so already; the figures stay as they were */
    for (int i = 0; i < ORDER_STATUSES; i++) {
        gauge_set(&watchdog.open[i], counts.open[i]);
        gauge_set(&watchdog.overdue[i], counts.overdue[i]);
        gauge_set(&watchdog.review[i], counts.review[i]);
        overdue += counts.overdue[i];
    }
    if (overdue > 0)
        bark(overdue);
}

static void *watch(void *unused)
{
    (void)unused;
    do
        look();
    while (!clock_rest(&watchdog.wake, &watchdog.lock, &watchdog.stopping, clock_monotonic() + SECONDS(ROUND_SECONDS)));
    return NULL;
}

void watchdog_start(const char *database_url)
{
    pthread_cond_init(&watchdog.wake, NULL);
    watchdog.stopping = false;
    watchdog.pg = pg_new(database_url, "watchdog", PG_QUERIES);
    invariant(pthread_create(&watchdog.thread, NULL, watch, NULL) == 0);
}

void watchdog_stop(void)
{
    pthread_mutex_lock(&watchdog.lock);
    watchdog.stopping = true;
    pthread_cond_signal(&watchdog.wake);
    pthread_mutex_unlock(&watchdog.lock);
    pthread_join(watchdog.thread, NULL);
    pthread_cond_destroy(&watchdog.wake);
    pg_free(watchdog.pg);
}

static bool is_open(int status)
{
    return order_waits_for(&(struct order){.status = status}) != 0;
}

static void show_gauges(struct metrics_page *page, const char *name, const char *help, const struct gauge *gauges)
{
    char label[60];
    for (int i = 0; i < ORDER_STATUSES; i++)
        if (is_open(i)) {
            (void)snprintf(label, sizeof label, "status=\"%s\"", order_status_names[i]);
            metrics_gauge(page, name, help, label, &gauges[i]);
        }
}

void watchdog_show(struct metrics_page *page)
{
    show_gauges(page, "jumun_sagas", "Orders that are not at their end, counted every ten seconds.", watchdog.open);
    show_gauges(page, "jumun_sagas_overdue", "Those of them that are past their deadline.", watchdog.overdue);
    show_gauges(page, "jumun_sagas_review", "Those of them whose payment a person must look at.", watchdog.review);
}
