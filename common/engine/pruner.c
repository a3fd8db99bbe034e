/* Pruner: two walks, from the oldest on, over the keys and over the inbox; what is past its lifetime goes. */
#include "pruner.h"
#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include "pg.h"
#include <pthread.h>
#include <stdlib.h>

#define PRUNER_LOCK 7215540162 /* pg_try_advisory_lock: one active pruner a database */
#define STANDBY     SECONDS(1) /* who is not active asks again: the session before may end at any time */

struct pruner {
    struct pruner_config config;
    struct pg *pg;
    bool active; /* this session holds the advisory lock */

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; /* under lock */

    struct counter keys, messages;
    struct gauge oldest_key, oldest_message; /* ages */
};

/* Sleeps; true: told to stop. */
static bool pruner_wait(struct pruner *p, duration d)
{
    return clock_rest(&p->wake, &p->lock, &p->stopping, clock_monotonic() + d);
}

/*
 * Another replica's session may hold the lock; then this one stands by. Whatever was known of the tables when a statement was prepared, it
 * walks an index: a plan made on an empty table must not read a full one from end to end.
 */
static bool become_active(struct pruner *p)
{
    if (p->active && pg_connected(p->pg))
        return true;
    p->active = false;
    struct pg_params params = {0};
    pg_add_int8(&params, PRUNER_LOCK);
    const struct pg_rows *rows = NULL;
    if (pg_connect(p->pg))
        rows = pg_query(p->pg,
                        "select pg_try_advisory_lock($1::bigint), set_config('enable_seqscan', 'off', false),"
                        " set_config('enable_bitmapscan', 'off', false), set_config('enable_hashjoin', 'off', false),"
                        " set_config('enable_mergejoin', 'off', false), set_config('plan_cache_mode', 'force_generic_plan', false)",
                        &params);
    pg_params_release(&params);
    p->active = rows && pg_bool(rows, 0, 0);
    return p->active;
}

/* ── steps: false when nothing more is to be looked at, or nothing can be ────────────────────────────────────────────────────────────── */

static const struct pg_rows *ask(struct pruner *p, const char *sql, struct pg_params *params)
{
    static _Atomic int64_t last;
    const struct pg_rows *rows = pg_query(p->pg, sql, params);
    pg_params_release(params);
    if (!rows && log_every(&last, MINUTES(1)))
        log_warning("what is old cannot be taken away", LOG_STR("fault", pg_fault(p->pg)->message));
    return rows;
}

static bool step_keys(struct pruner *p, instant now)
{
    struct pg_params params = {0};
    pg_add_time(&params, now - p->config.keep_keys);
    pg_add_int8(&params, p->config.step);
    const struct pg_rows *rows =
        ask(p,
            "with old as materialized (select scope, key from idempotency where at < $1 and lease < clock_timestamp()"
            " order by at limit $2::bigint for update skip locked),"
            " gone as (delete from idempotency i using old where i.scope = old.scope and i.key = old.key returning 1)"
            " select count(*) from gone",
            &params);
    int64_t gone = rows ? pg_int8(rows, 0, 0) : 0;
    counter_add(&p->keys, (uint64_t)gone);
    return gone == p->config.step;
}

/* Below this are the ids of what was said before. */
static struct uuid bound_of(instant t)
{
    return uuid_v7(t > 0 ? (uint64_t)t / 1000 : 0, (const uint8_t[10]){0});
}

/* From *after on, by id. What was said long ago and heard of late (topics were read again) is walked past, once a sweep. */
static bool step_messages(struct pruner *p, instant now, struct uuid *after)
{
    struct pg_params params = {0};
    pg_add_uuid(&params, *after);
    pg_add_uuid(&params, bound_of(now - p->config.keep_inbox));
    pg_add_time(&params, now - p->config.keep_inbox);
    pg_add_int8(&params, p->config.step);
    const struct pg_rows *rows =
        ask(p,
            "with walked as materialized (select event, at from inbox"
            " where event > coalesce($1, '00000000-0000-0000-0000-000000000000'::uuid) and event < $2 order by event limit $4::bigint),"
            " old as materialized (select event from walked where at < $3),"
            " marked as (insert into pruned (what, below) select 'inbox', $2 where exists (select from old)"
            " on conflict (what) do update set below = greatest(pruned.below, excluded.below)),"
            " gone as (delete from inbox where event = any(array(select event from old)) returning 1)"
            " select (select count(*) from walked), (select count(*) from gone), (select event from walked order by event desc limit 1)",
            &params);
    if (!rows)
        return false;
    counter_add(&p->messages, (uint64_t)pg_int8(rows, 0, 1));
    *after = pg_uuid(rows, 0, 2);
    return pg_int8(rows, 0, 0) == p->config.step;
}

/* ── a sweep ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int64_t age(const struct pg_rows *rows, int column, instant now)
{
    return pg_null(rows, 0, column) ? 0 : now - pg_time(rows, 0, column);
}

/* The oldest by the order of the walks: for a message that is its id's, which with ours is its age. */
static bool look(struct pruner *p, instant *now)
{
    struct pg_params none = {0};
    const struct pg_rows *rows = ask(p,
                                     "select clock_timestamp(), (select at from idempotency order by at limit 1),"
                                     " (select at from inbox order by event limit 1)",
                                     &none);
    if (!rows)
        return false;
    *now = pg_time(rows, 0, 0);
    gauge_set(&p->oldest_key, age(rows, 1, *now));
    gauge_set(&p->oldest_message, age(rows, 2, *now));
    return true;
}

static void sweep(struct pruner *p)
{
    instant now;
    struct uuid after = {{0}};
    uint64_t keys = atomic_load(&p->keys.value), messages = atomic_load(&p->messages.value);
    if (!become_active(p) || !look(p, &now))
        return;
    while (step_keys(p, now) && !pruner_wait(p, p->config.pause))
        ;
    while (step_messages(p, now, &after) && !pruner_wait(p, p->config.pause))
        ;
    keys = atomic_load(&p->keys.value) - keys;
    messages = atomic_load(&p->messages.value) - messages;
    if (keys + messages == 0)
        return;
    log_info("what is old was taken away", LOG_INT("idempotencyKeys", (int64_t)keys), LOG_INT("inboxIds", (int64_t)messages));
    look(p, &now);
}

static void *prune(void *argument)
{
    struct pruner *p = argument;
    do
        sweep(p);
    while (!pruner_wait(p, p->active || p->config.period < STANDBY ? p->config.period : STANDBY));
    return NULL;
}

/* ── start and stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct pruner *pruner_start(const struct pruner_config *config)
{
    struct pruner *p = NEW(struct pruner);
    p->config = *config;
    p->config.step = config->step ? config->step : 1000;
    p->config.pause = config->pause ? config->pause : MILLISECONDS(100);
    p->config.period = config->period ? config->period : MINUTES(1);
    p->pg = pg_new(config->database_url, "pruner", PG_QUERIES);
    pthread_cond_init(&p->wake, NULL);
    pthread_mutex_init(&p->lock, NULL);
    invariant(pthread_create(&p->thread, NULL, prune, p) == 0);
    return p;
}

void pruner_stop(struct pruner *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pg_free(p->pg);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

#define PRUNED_HELP "Rows taken away because they were older than their lifetime."
#define OLDEST_HELP "Age of the oldest row, looked at every minute."

static void show_age(struct metrics_page *page, const char *label, const struct gauge *g)
{
    metrics_value(page, "jumun_oldest_row_seconds", OLDEST_HELP, label, (double)atomic_load(&g->value) / 1e6);
}

void pruner_show(const struct pruner *p, struct metrics_page *page)
{
    metrics_counter(page, "jumun_pruned_rows_total", PRUNED_HELP, "table=\"idempotency\"", &p->keys);
    metrics_counter(page, "jumun_pruned_rows_total", PRUNED_HELP, "table=\"inbox\"", &p->messages);
    show_age(page, "table=\"idempotency\"", &p->oldest_key);
    show_age(page, "table=\"inbox\"", &p->oldest_message);
}
