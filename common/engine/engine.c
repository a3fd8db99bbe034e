/* Engine: one thread that takes what has queued up, runs it as a batch, and deals with the faults of the database. */
#include "engine.h"
#include "batch.h"
#include "clock.h"
#include "invariant.h"
#include "journal.h"
#include "log.h"
#include "memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

STAILQ_HEAD(command_queue, engine_command);

static void end_undone(struct engine *e, struct engine_command *c, enum engine_outcome outcome);

struct engine {
    struct engine_config config;
    struct pg *pg;
    struct batch *batch;
    struct engine_command **taken;

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct command_queue queue; /* under lock, as are the next three */
    size_t queued;
    bool stopping, stopped;

    duration timers_checked;
    _Atomic int64_t turned; /* when the loop last went round */
    atomic_bool ready;

    struct batch_stats stats;
    struct counter batches, failed, overdue, full, retried, single, unknown;
    struct gauge length;
    struct histogram size, time;
};

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct engine_command *engine_command_new(void)
{
    struct engine_command *c = NEW(struct engine_command);
    arena_init(&c->arena);
    return c;
}

void engine_command_free(struct engine_command *c)
{
    arena_release(&c->arena);
    free(c);
}

static bool enqueue(struct engine *e, struct engine_command *c, bool bounded)
{
    pthread_mutex_lock(&e->lock);
    bool full = e->stopped || (bounded && (e->queued >= e->config.queue_max || e->stopping));
    if (!full) {
        if (e->queued++ == 0)
            pthread_cond_signal(&e->wake);
        STAILQ_INSERT_TAIL(&e->queue, c, next);
    }
    pthread_mutex_unlock(&e->lock);
    counter_add(&e->full, full);
    return !full;
}

bool engine_offer(struct engine *e, struct engine_command *c)
{
    return enqueue(e, c, true);
}

void engine_submit(struct engine *e, struct engine_command *c)
{
    if (!enqueue(e, c, false))
        end_undone(e, c, ENGINE_UNAVAILABLE);
}

/* ── what ends without being decided ────────────────────────────────────────────────────────────────────────────────────────────────── */

static void answer_problem(struct asker *asker, const struct command *c, int status, const char *type, const char *title, struct str detail)
{
    struct arena arena;
    arena_init(&arena);
    struct decision d = {.arena = &arena};
    decision_refuse(&d, &(struct refusal){.status = status, .type = type, .title = title, .detail = detail});
    struct answer answer = {0};
    asker->compose(asker, c, NULL, &d, &answer);
    answer.retry_after = status == 503 ? 1 : 0;
    asker->resume(asker, &answer);
    buf_release(&answer.body);
    arena_release(&arena);
}

static void end_undone(struct engine *e, struct engine_command *c, enum engine_outcome outcome)
{
    if (c->asker && outcome == ENGINE_FAILED)
        answer_problem(c->asker, &c->command, 500, "/problems/internal", "Something went wrong on our side",
                       STR("Nothing was done. The failure is recorded; repeat the request later with the same Idempotency-Key."));
    else if (c->asker)
        answer_problem(c->asker, &c->command, 503, "/problems/unavailable", "The service cannot take the request now",
                       STR("Nothing was done. Repeat the request with the same Idempotency-Key."));
    counter_add(outcome == ENGINE_FAILED ? &e->failed : &e->overdue, 1);
    if (c->done)
        c->done(c, outcome, NULL);
    engine_command_free(c);
}

/* An outcome of an effect is always decided; only what has changed nothing yet may be turned away. */
static bool is_overdue(const struct engine_command *c, duration now)
{
    return c->asker && !c->asker->holds_key && c->asker->deadline && c->asker->deadline < now;
}

static size_t end_overdue(struct engine *e, struct engine_command **commands, size_t n)
{
    duration now = clock_monotonic();
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (is_overdue(commands[i], now))
            end_undone(e, commands[i], ENGINE_UNAVAILABLE);
        else
            commands[kept++] = commands[i];
    return kept;
}

/* ── faults ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Waits, but not beyond engine_stop(): then faults are waited out at most a few more times, see run(). */
static void pause_for(struct engine *e, duration d)
{
    atomic_store(&e->turned, clock_monotonic());
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + d * 1000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    duration end = clock_monotonic() + d;
    pthread_mutex_lock(&e->lock);
    while (!e->stopping && clock_monotonic() < end)
        pthread_cond_timedwait(&e->wake, &e->lock, &until);
    pthread_mutex_unlock(&e->lock);
}

static bool is_stopping(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    bool stopping = e->stopping;
    pthread_mutex_unlock(&e->lock);
    return stopping;
}

static void log_fault(const struct pg_fault *fault, const char *what, size_t commands)
{
    static _Atomic int64_t last;
    if (log_every(&last, SECONDS(1)))
        log_warning(what, LOG_STR("sqlstate", fault->sqlstate), LOG_STR("fault", fault->message), LOG_INT("commands", (int64_t)commands));
}

/* COMMIT was sent and its answer never came: the server knows. Returns when it is known; false when it was not committed. */
static bool commit_happened(struct engine *e, int backend)
{
    counter_add(&e->unknown, 1);
    for (duration wait = MILLISECONDS(20);; wait = wait < SECONDS(1) ? wait * 2 : wait) {
        if (pg_connect(e->pg))
            switch (journal_ask_fate(e->pg, batch_transaction(e->batch), backend)) {
            case JOURNAL_COMMITTED: return true;
            case JOURNAL_ABORTED: return false;
            case JOURNAL_IN_PROGRESS:
            case JOURNAL_UNKNOWN: break;
            }
        log_fault(pg_fault(e->pg), "the fate of a transaction is not known yet", 0);
        atomic_store(&e->ready, false);
        pause_for(e, wait);
    }
}

static void finish(struct engine *e, duration started)
{
    atomic_store(&e->ready, true);
    histogram_time(&e->time, clock_monotonic() - started);
    bool published = batch_published(e->batch);
    batch_finish(e->batch, e);
    if (published && e->config.committed)
        e->config.committed(e->config.committed_ctx);
}

enum attempt { ATTEMPT_FINISHED, ATTEMPT_AGAIN, ATTEMPT_REJECTED };

static enum attempt attempt(struct engine *e, struct engine_command **commands, size_t n)
{
    duration started = clock_monotonic();
    int backend = pg_connect(e->pg) ? pg_backend(e->pg) : 0;
    enum batch_result result = batch_run(e->batch, commands, n);
    if (result == BATCH_COMMITTED || (result == BATCH_UNKNOWN && commit_happened(e, backend))) {
        finish(e, started);
        return ATTEMPT_FINISHED;
    }
    const struct pg_fault *fault = batch_fault(e->batch);
    log_fault(fault, "a batch was rolled back", n);
    return fault->kind == PG_REJECTED ? ATTEMPT_REJECTED : ATTEMPT_AGAIN;
}

static void run_rejected_singly(struct engine *e, struct engine_command **commands, size_t n);

/* Runs until all are answered for. A fault of the connection or the server is waited out; a rejection is narrowed down to the guilty one.
 */
static void run(struct engine *e, struct engine_command **commands, size_t n)
{
    duration wait = MILLISECONDS(10);
    for (int stopping = 0; (n = end_overdue(e, commands, n)) > 0;) {
        switch (attempt(e, commands, n)) {
        case ATTEMPT_FINISHED: return;
        case ATTEMPT_REJECTED: run_rejected_singly(e, commands, n); return;
        case ATTEMPT_AGAIN: break;
        }
        counter_add(&e->retried, 1);
        if (!pg_connected(e->pg))
            atomic_store(&e->ready, false);
        if (is_stopping(e) && ++stopping > 3) {
            for (size_t i = 0; i < n; i++)
                end_undone(e, commands[i], ENGINE_UNAVAILABLE);
            return;
        }
        pause_for(e, wait);
        wait = wait < MILLISECONDS(500) ? wait * 2 : wait;
    }
}

static void run_rejected_singly(struct engine *e, struct engine_command **commands, size_t n)
{
    if (n == 1) {
        const struct pg_fault *fault = batch_fault(e->batch);
        log_error("a command was rejected by the database", LOG_INT("type", commands[0]->command.type),
                  LOG_ID("correlation", commands[0]->command.correlation), LOG_STR("sqlstate", fault->sqlstate),
                  LOG_STR("fault", fault->message));
        end_undone(e, commands[0], ENGINE_FAILED);
        return;
    }
    counter_add(&e->single, n);
    for (size_t i = 0; i < n; i++)
        run(e, &commands[i], 1);
}

/* ── timers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int index_of(const char *const *names, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(name, names[i]))
            return (int)i;
    return -1;
}

static int aggregate_kind_of(const struct decider *d, struct str name)
{
    for (size_t i = 0; i < d->aggregate_count; i++)
        if (str_is(name, d->aggregates[i].name))
            return (int)i;
    return -1;
}

static struct engine_command *timer_command(const struct decider *d, const struct pg_rows *rows, int row)
{
    struct timer_due due = {.id = pg_uuid(rows, row, 0),
                            .aggregate_kind = aggregate_kind_of(d, pg_text(rows, row, 1)),
                            .timer = index_of(d->timers, d->timer_count, pg_text(rows, row, 2))};
    if (due.aggregate_kind < 0 || due.timer < 0)
        return NULL; /* of a newer program: it is there for that one */
    struct engine_command *c = engine_command_new();
    c->command = (struct command){.type = COMMAND_TIMER_DUE,
                                  .data = arena_copy(&c->arena, &due, sizeof due),
                                  .correlation = pg_uuid(rows, row, 3),
                                  .fresh = uuid_new()};
    return c;
}

/* Timers that fell due become commands; they join the queue like all others. The question is also how an idle engine sees its database. */
static void look_for_timers(struct engine *e)
{
    duration now = clock_monotonic();
    if (now - e->timers_checked < e->config.timer_period)
        return;
    e->timers_checked = now;
    const struct pg_rows *rows = pg_connect(e->pg) ? journal_due_timers(e->pg) : NULL;
    atomic_store(&e->ready, rows != NULL);
    if (!rows) {
        log_fault(pg_fault(e->pg), "timers cannot be read", 0);
        return;
    }
    for (int row = 0; row < pg_count(rows); row++) {
        struct engine_command *c = timer_command(e->config.decider, rows, row);
        if (c)
            engine_submit(e, c);
    }
}

/* ── the loop ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void wait_for_work(struct engine *e)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(e->config.timer_period * 1000 % 1000000000);
    until.tv_sec += (time_t)(e->config.timer_period / 1000000 + until.tv_nsec / 1000000000);
    until.tv_nsec %= 1000000000;
    if (e->queued == 0 && !e->stopping)
        pthread_cond_timedwait(&e->wake, &e->lock, &until);
}

static size_t take_batch(struct engine *e, bool *stop)
{
    size_t n = 0;
    pthread_mutex_lock(&e->lock);
    wait_for_work(e);
    while (n < e->config.batch_max && !STAILQ_EMPTY(&e->queue)) {
        e->taken[n++] = STAILQ_FIRST(&e->queue);
        STAILQ_REMOVE_HEAD(&e->queue, next);
    }
    e->queued -= n;
    gauge_set(&e->length, (int64_t)e->queued);
    *stop = n == 0 && e->stopping;
    pthread_mutex_unlock(&e->lock);
    return n;
}

static void *engine_loop(void *argument)
{
    struct engine *e = argument;
    for (bool stop = false; !stop;) {
        atomic_store(&e->turned, clock_monotonic());
        look_for_timers(e);
        size_t n = take_batch(e, &stop);
        if (n == 0)
            continue;
        counter_add(&e->batches, 1);
        histogram_size(&e->size, n);
        run(e, e->taken, n);
    }
    return NULL;
}

/* ── start and stop ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void init_wake(struct engine *e)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&e->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&e->lock, NULL);
}

struct engine *engine_start(const struct engine_config *config)
{
    struct engine *e = NEW(struct engine);
    e->config = *config;
    e->config.queue_max = config->queue_max ? config->queue_max : 4096;
    e->config.batch_max = config->batch_max ? config->batch_max : 512;
    e->config.timer_period = config->timer_period ? config->timer_period : MILLISECONDS(250);
    e->config.answer_lease = config->answer_lease ? config->answer_lease : SECONDS(10);
    e->pg = pg_new(config->database_url, "engine", PG_KEYED);
    e->batch = batch_new(&e->config, e->pg, &e->stats);
    e->taken = memory_new(e->config.batch_max * sizeof *e->taken);
    STAILQ_INIT(&e->queue);
    init_wake(e);
    atomic_store(&e->turned, clock_monotonic());
    invariant(pthread_create(&e->thread, NULL, engine_loop, e) == 0);
    return e;
}

void engine_stop(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    pthread_mutex_lock(&e->lock);
    e->stopped = true;
    pthread_mutex_unlock(&e->lock);
    /* What came in between the loop's last look and now. */
    while (!STAILQ_EMPTY(&e->queue)) {
        struct engine_command *c = STAILQ_FIRST(&e->queue);
        STAILQ_REMOVE_HEAD(&e->queue, next);
        end_undone(e, c, ENGINE_UNAVAILABLE);
    }
}

void engine_free(struct engine *e)
{
    batch_free(e->batch);
    pg_free(e->pg);
    pthread_cond_destroy(&e->wake);
    pthread_mutex_destroy(&e->lock);
    free(e->taken);
    free(e);
}

bool engine_ready(const struct engine *e)
{
    return atomic_load(&e->ready);
}

bool engine_alive(const struct engine *e)
{
    return clock_monotonic() - atomic_load(&e->turned) < SECONDS(10);
}

void engine_show(const struct engine *e, struct metrics_page *page)
{
    static const char commands[] = "jumun_engine_commands_total", help[] = "Commands by how they ended.";
    metrics_counter(page, commands, help, "outcome=\"done\"", &e->stats.done);
    metrics_counter(page, commands, help, "outcome=\"refused\"", &e->stats.refused);
    metrics_counter(page, commands, help, "outcome=\"duplicate\"", &e->stats.duplicate);
    metrics_counter(page, commands, help, "outcome=\"replayed\"", &e->stats.replayed);
    metrics_counter(page, commands, help, "outcome=\"failed\"", &e->failed);
    metrics_counter(page, commands, help, "outcome=\"overdue\"", &e->overdue);
    metrics_counter(page, commands, help, "outcome=\"queue_full\"", &e->full);
    metrics_counter(page, "jumun_engine_events_total", "Events committed.", NULL, &e->stats.events);
    metrics_counter(page, "jumun_engine_batches_total", "Batches taken.", NULL, &e->batches);
    metrics_counter(page, "jumun_engine_retries_total", "Batches rolled back and run again.", NULL, &e->retried);
    metrics_counter(page, "jumun_engine_singles_total", "Commands run alone after their batch was rejected.", NULL, &e->single);
    metrics_counter(page, "jumun_engine_unknown_commits_total", "Commits whose answer was lost.", NULL, &e->unknown);
    metrics_gauge(page, "jumun_engine_queue_length", "Commands waiting.", NULL, &e->length);
    metrics_histogram_size(page, "jumun_engine_batch_size", "Commands in a batch.", NULL, &e->size);
    metrics_histogram_time(page, "jumun_engine_batch_seconds", "Time from a batch's start to its commit.", NULL, &e->time);
}
