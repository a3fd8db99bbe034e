/*
 * Sweep: sends again what was intended and never answered, because a process ended or stood still between the commit and the channel's
 * answer, or because the answer to the commit itself was lost.
 *
 * At the start, for what this process left when it ended: it was written within moments of the last thing that this context did, so an hour
 * before its last event is far enough back, however long the pause was since. Then, round after round, for what other processes leave: each
 * notice is looked at once, when it is so old that it must have come back. Those that have failed already (attempts > 0) have a timer, and
 * are left to it. Another replica's notices that are just being sent may be among the first ones, and two replicas may find the same: a
 * channel may get a notice twice.
 */
#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "notification.h"
#include "outbound.h"
#include "service.h"
#include "settings.h"
#include <pthread.h>
#include <stdio.h>

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; /* under lock */
    struct engine *engine;
    struct pg *pg;
    instant looked; /* by the database's clock: what was written before has been looked at */
} sweep = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char first_sql[] =
    "select id, order_id, cause, customer from notice where status = 'PENDING' and attempts = 0"
    " and at > coalesce((select at - interval '1 hour' from event order by seq desc limit 1), '-infinity') order by at";
static const char next_sql[] =
    "select id, order_id, cause, customer from notice where status = 'PENDING' and attempts = 0 and at >= $1 and at < $2 order by at";
static const char now_sql[] = "select now()";

static void send_again(const struct pg_rows *rows, int row)
{
    struct engine_command *c = engine_command_new();
    struct resumed resumed = {pg_uuid(rows, row, 0), pg_uuid(rows, row, 3)};
    c->command = (struct command){
        .type = SEND_AGAIN,
        .data = arena_copy(&c->arena, &resumed, sizeof resumed),
        .correlation = pg_uuid(rows, row, 1),
        .cause = pg_uuid(rows, row, 2),
    };
    engine_submit(sweep.engine, c);
}

/* False: the database did not answer. */
static bool send_all(const char *sql, const struct pg_params *params)
{
    const struct pg_rows *rows = pg_query(sweep.pg, sql, params);
    for (int row = 0; rows && row < pg_count(rows); row++)
        send_again(rows, row);
    if (rows && pg_count(rows) > 0)
        log_info("notices whose sending was lost are sent again", LOG_INT("notices", pg_count(rows)));
    return rows;
}

/* 0: the database did not answer. */
static instant now(void)
{
    const struct pg_rows *rows = pg_connect(sweep.pg) ? pg_query(sweep.pg, now_sql, NULL) : NULL;
    return rows ? pg_time(rows, 0, 0) : 0;
}

static void look(void)
{
    struct pg_params window = {0};
    instant end = now() - notification_config.sweep_after;
    if (end <= sweep.looked)
        return; /* or the database is away, which the engine says */
    pg_add_time(&window, sweep.looked);
    pg_add_time(&window, end);
    if (send_all(next_sql, &window))
        sweep.looked = end;
    pg_params_release(&window);
}

static void *go_round(void *unused)
{
    while (!clock_rest(&sweep.wake, &sweep.lock, &sweep.stopping, clock_monotonic() + notification_config.sweep_after / 2))
        look();
    return unused;
}

bool sweep_start(struct engine *engine, char problem[200])
{
    sweep.engine = engine;
    sweep.stopping = false;
    sweep.pg = pg_new(service_database_url(), "sweep", PG_QUERIES);
    sweep.looked = now();
    if (!sweep.looked || !send_all(first_sql, NULL)) {
        snprintf(problem, 200, "unsent notices cannot be looked for: %.150s", pg_fault(sweep.pg)->message);
        pg_free(sweep.pg);
        return false;
    }
    pthread_cond_init(&sweep.wake, NULL);
    invariant(pthread_create(&sweep.thread, NULL, go_round, NULL) == 0);
    return true;
}

void sweep_stop(void)
{
    pthread_mutex_lock(&sweep.lock);
    sweep.stopping = true;
    pthread_cond_signal(&sweep.wake);
    pthread_mutex_unlock(&sweep.lock);
    pthread_join(sweep.thread, NULL);
    pthread_cond_destroy(&sweep.wake);
    pg_free(sweep.pg);
}
