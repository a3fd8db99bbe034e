/* Workers: a bounded queue of calls, and threads that answer them. */
#include "workers.h"
#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include "state.h"
#include <pthread.h>
#include <stdlib.h>

struct workers {
    struct workers_config config;
    pthread_t *threads;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct call **queue; /* a ring; under lock, as are the next three */
    size_t first, queued;
    bool stopping;
    struct counter full;
    struct gauge length;
    struct histogram time;
};

bool workers_offer(struct workers *w, struct call *call)
{
    pthread_mutex_lock(&w->lock);
    bool room = w->queued < w->config.queue_max && !w->stopping;
    if (room) {
        w->queue[(w->first + w->queued++) % w->config.queue_max] = call;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    counter_add(&w->full, !room);
    return room;
}

static struct call *take(struct workers *w)
{
    struct call *call = NULL;
    pthread_mutex_lock(&w->lock);
    while (w->queued == 0 && !w->stopping)
        pthread_cond_wait(&w->wake, &w->lock);
    if (w->queued > 0) {
        call = w->queue[w->first];
        w->first = (w->first + 1) % w->config.queue_max;
        w->queued--;
        gauge_set(&w->length, (int64_t)w->queued);
    }
    pthread_mutex_unlock(&w->lock);
    return call;
}

static bool has_database(struct pg *pg)
{
    static _Atomic int64_t last;
    pg_disconnect_if_gone(pg);
    if (pg_connect(pg))
        return true;
    if (log_every(&last, SECONDS(5)))
        log_warning("queries have no database", LOG_STR("fault", pg_fault(pg)->message));
    return false;
}

static void *work(void *argument)
{
    struct workers *w = argument;
    bool own = w->config.worker_new != NULL;
    void *connection = own ? w->config.worker_new() : pg_new(w->config.database_url, "queries", PG_QUERIES);
    for (struct call *call; (call = take(w));) {
        duration started = clock_monotonic();
        if (own || has_database(connection))
            call->route->query(call, connection);
        else
            call_problem_unavailable(call);
        histogram_time(&w->time, clock_monotonic() - started);
    }
    if (own)
        w->config.worker_free(connection);
    else
        pg_free(connection);
    return NULL;
}

struct workers *workers_start(const struct workers_config *config)
{
    struct workers *w = NEW(struct workers);
    w->config = *config;
    w->queue = memory_new(config->queue_max * sizeof(struct call *));
    w->threads = memory_new(config->count * sizeof *w->threads);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    for (size_t i = 0; i < config->count; i++)
        invariant(pthread_create(&w->threads[i], NULL, work, w) == 0);
    return w;
}

void workers_stop(struct workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->config.count; i++)
        pthread_join(w->threads[i], NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w->threads);
    free(w->queue);
    free(w);
}

void workers_show(const struct workers *w, struct metrics_page *page)
{
    metrics_counter(page, "jumun_queries_refused_total", "Queries refused because the queue was full.", NULL, &w->full);
    metrics_gauge(page, "jumun_queries_waiting", "Queries waiting for a worker.", NULL, &w->length);
    metrics_histogram_time(page, "jumun_query_seconds", "Time of a query in its worker.", NULL, &w->time);
}
