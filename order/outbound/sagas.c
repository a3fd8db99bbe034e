/* Reading the open orders, and the watchdog over them. */
#include "sagas.h"

#include "clock.h"
#include "invariant.h"
#include "log.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define ROUND_SECONDS 10

static int name_index(const char *const *names, int count, struct str name)
{
    for (int i = 0; i < count; i++)
        if (str_is(name, names[i]))
            return i;
    unreachable(); /* the table allows no other */
}

/* ── reading ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

bool sagas_count(struct pg *pg, struct saga_counts *counts)
{
    static const char sql[] = "select status, count(*), count(*) filter (where deadline < now()) from orders where open group by status";
    const struct pg_rows *rows = pg_query(pg, sql, NULL);
    if (!rows)
        return false;
    *counts = (struct saga_counts){0};
    for (int row = 0; row < pg_count(rows); row++) {
        int status = name_index(order_status_names, ORDER_STATUSES, pg_text(rows, row, 0));
        counts->open[status] = pg_int8(rows, row, 1);
        counts->overdue[status] = pg_int8(rows, row, 2);
    }
    return true;
}

static struct saga take_saga(const struct pg_rows *rows, int row, struct arena *arena)
{
    return (struct saga){
        .id = pg_uuid(rows, row, 0),
        .order = {.status = name_index(order_status_names, ORDER_STATUSES, pg_text(rows, row, 1)),
                  .payment = name_index(order_payment_names, ORDER_PAYMENTS, pg_text(rows, row, 2)),
                  .released = pg_bool(rows, row, 3),
                  .needs_review = arena_str(arena, pg_text(rows, row, 4)),
                  .updated_at = pg_time(rows, row, 5),
                  .deadline = pg_time(rows, row, 6)},
    };
}

bool sagas_list(struct pg *pg, bool overdue_only, struct uuid after, int64_t limit, struct arena *arena, struct saga **items, size_t *count)
{
    static const char sql[] = "select id, status, payment, released, needs_review, updated_at, deadline from orders"
                              " where open and id > coalesce($1, '00000000-0000-0000-0000-000000000000')"
                              " and (not $2 or deadline < now()) order by id limit $3";
    struct pg_params p = {0};
    pg_add_uuid(&p, after);
    pg_add_bool(&p, overdue_only);
    pg_add_int8(&p, limit);
    const struct pg_rows *rows = pg_query(pg, sql, &p);
    pg_params_release(&p);
    if (!rows)
        return false;
    *count = (size_t)pg_count(rows);
    *items = ARENA_ARRAY(arena, struct saga, *count + 1);
    for (int row = 0; row < pg_count(rows); row++)
        (*items)[row] = take_saga(rows, row, arena);
    return true;
}

/* ── the watchdog ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; /* under lock */
    struct pg *pg;
    struct gauge open[ORDER_STATUSES], overdue[ORDER_STATUSES];
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
        overdue += counts.overdue[i];
    }
    if (overdue > 0)
        bark(overdue);
}

static bool told_to_stop_within_a_round(void)
{
    struct timespec until;
    int woken = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ROUND_SECONDS;
    pthread_mutex_lock(&watchdog.lock);
    while (!watchdog.stopping && woken != ETIMEDOUT)
        woken = pthread_cond_timedwait(&watchdog.wake, &watchdog.lock, &until);
    bool stopping = watchdog.stopping;
    pthread_mutex_unlock(&watchdog.lock);
    return stopping;
}

static void *watch(void *unused)
{
    (void)unused;
    do
        look();
    while (!told_to_stop_within_a_round());
    return NULL;
}

void watchdog_start(const char *database_url)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&watchdog.wake, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
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
}
