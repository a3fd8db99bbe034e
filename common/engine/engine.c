/* Engine: one thread that takes what has queued up, runs it as a batch, and deals with the faults of the database. */
#include "engine.h"
#include "batch.h"
#include "clock.h"
#include "crash.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMER_REST    MILLISECONDS(5) /* between two looks for timers: what falls due meanwhile is one batch */
#define TIMERS_FEW    64              /* found at a look, if there are not more due */
#define POISON_REST   MINUTES(1)      /* before a timer whose decision the database rejects is tried again */
#define STOP_PATIENCE SECONDS(3)      /* with faults, when the engine is to stop */

STAILQ_HEAD(command_queue, engine_command);

static void end_command(struct engine *e, struct engine_command *c, enum engine_outcome outcome, bool unknown);
static void expect_timer(struct engine *e, duration wait);

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
    duration given_up; /* when the patience with faults ends; set when stopping */

    duration next_look, last_look; /* for timers that fall due */
    size_t timers_most;            /* to find at the next look */
    size_t timers_queued;          /* those found by the last look and not decided yet */
    _Atomic int64_t turned;        /* when the loop last went round */
    atomic_bool ready;

    struct batch_stats stats;
    struct counter batches, failed, overdue, full, retried, halved, unknown;
    struct gauge length;
    struct histogram size, time;
};

/* ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct engine_command *engine_command_new(void)
{
    struct engine_command *c = NEW(struct engine_command);
    arena_init(&c->arena);
    return c;
}

struct engine_command *engine_outcome_command(const struct effect *effect)
{
    struct engine_command *c = engine_command_new();
    c->command = (struct command){.cause = effect->cause,
                                  .correlation = effect->correlation,
                                  .fresh = uuid_new(),
                                  .traceparent = arena_str(&c->arena, effect->traceparent)};
    if (!str_empty(effect->traceparent))
        c->command.traceparent = span_begin(&c->span, &c->arena, c->command.traceparent, 0);
    c->after = effect->after;
    c->asker = effect->asker;
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

/* What was outside is over: its outcome is here. */
static void end_effect(const struct engine_command *c)
{
    char name[100];
    int n = snprintf(name, sizeof name, "after %.80s", c->after ? c->after : "a decision");
    span_end(&c->span, SPAN_INTERNAL, SPAN_UNSET, 0, (struct str){name, (size_t)n},
             LOG_FIELDS(LOG_ID("jumun.correlation", c->command.correlation)));
}

void engine_submit(struct engine *e, struct engine_command *c)
{
    if (uuid_is_nil(c->event) && c->command.type != COMMAND_TIMER_DUE) /* neither a message nor a timer */
        crash_point(CRASH_EFFECT_ANSWER);
    if (span_recorded(&c->span))
        end_effect(c);
    if (!enqueue(e, c, false))
        end_command(e, c, ENGINE_UNAVAILABLE, false);
}

/* ── what ends without being decided ─────────────────────────────────────────────────────────────────────────────────────────────────── */

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

/* Nothing that is not known is claimed: an asker that an effect has taken along has had something done for it. */
static void answer_undone(const struct engine_command *c, enum engine_outcome outcome, bool unknown)
{
    if (outcome == ENGINE_FAILED)
        answer_problem(c->asker, &c->command, 500, "/problems/internal", "Something went wrong on our side",
                       STR("The failure is recorded. Repeat the request later with the same Idempotency-Key."));
    else if (c->asker->taken_along || unknown)
        answer_problem(c->asker, &c->command, 503, "/problems/outcome-unknown", "The service cannot tell the outcome now",
                       STR("The request may have been done. Repeat it with the same Idempotency-Key to learn what came of it."));
    else
        answer_problem(c->asker, &c->command, 503, "/problems/unavailable", "The service cannot take the request now",
                       STR("Nothing was done. Repeat the request with the same Idempotency-Key."));
}

static void end_command(struct engine *e, struct engine_command *c, enum engine_outcome outcome, bool unknown)
{
    if (c->asker)
        answer_undone(c, outcome, unknown);
    counter_add(outcome == ENGINE_FAILED ? &e->failed : &e->overdue, 1);
    if (c->done)
        c->done(c, outcome, NULL);
    engine_command_free(c);
}

/* An outcome of an effect is always decided; only what has changed nothing yet may be turned away. */
static bool is_overdue(const struct engine_command *c, duration now)
{
    return c->asker && !c->asker->taken_along && c->asker->deadline && c->asker->deadline < now;
}

static size_t end_overdue(struct engine *e, struct engine_command **commands, size_t n)
{
    duration now = clock_monotonic();
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (is_overdue(commands[i], now))
            end_command(e, commands[i], ENGINE_UNAVAILABLE, false);
        else
            commands[kept++] = commands[i];
    return kept;
}

/* Takes out of the queue those whose deadline has passed. */
static void take_overdue(struct engine *e, struct command_queue *overdue)
{
    struct command_queue all = STAILQ_HEAD_INITIALIZER(all);
    duration now = clock_monotonic();
    pthread_mutex_lock(&e->lock);
    STAILQ_CONCAT(&all, &e->queue);
    for (struct engine_command *c; (c = STAILQ_FIRST(&all));) {
        bool late = is_overdue(c, now);
        STAILQ_REMOVE_HEAD(&all, next);
        if (late)
            STAILQ_INSERT_TAIL(overdue, c, next);
        else
            STAILQ_INSERT_TAIL(&e->queue, c, next);
        e->queued -= late;
    }
    pthread_mutex_unlock(&e->lock);
}

static void end_queue(struct engine *e, struct command_queue *queue)
{
    for (struct engine_command *c; (c = STAILQ_FIRST(queue));) {
        STAILQ_REMOVE_HEAD(queue, next);
        end_command(e, c, ENGINE_UNAVAILABLE, false);
    }
}

/* While the batch waits for the database, those behind it wait, too: the same holds for them. */
static void end_overdue_in_queue(struct engine *e)
{
    struct command_queue overdue = STAILQ_HEAD_INITIALIZER(overdue);
    take_overdue(e, &overdue);
    end_queue(e, &overdue);
}

/* ── faults ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Not beyond engine_stop(), unless that was before: then faults are waited out a little longer. */
static void pause_for(struct engine *e, duration d)
{
    atomic_store(&e->turned, clock_monotonic());
    duration end = clock_monotonic() + d;
    pthread_mutex_lock(&e->lock);
    for (bool before = e->stopping, over = false; e->stopping == before && !over;)
        over = !clock_wait(&e->wake, &e->lock, end);
    pthread_mutex_unlock(&e->lock);
}

static bool is_stopping(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    bool stopping = e->stopping;
    pthread_mutex_unlock(&e->lock);
    return stopping;
}

static bool gives_up(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    bool over = e->stopping && clock_monotonic() > e->given_up;
    pthread_mutex_unlock(&e->lock);
    return over;
}

static void log_fault(const struct pg_fault *fault, const char *what, size_t commands)
{
    static _Atomic int64_t last;
    if (log_every(&last, SECONDS(1)))
        log_warning(what, LOG_STR("sqlstate", fault->sqlstate), LOG_STR("fault", fault->message), LOG_INT("commands", (int64_t)commands));
}

/* COMMIT was sent and its answer never came: the database knows. */
static enum journal_fate ask_fate(struct engine *e)
{
    enum journal_fate fate = JOURNAL_UNKNOWN;
    counter_add(&e->unknown, 1);
    for (duration wait = MILLISECONDS(5); !gives_up(e); wait = wait < SECONDS(1) ? wait * 2 : wait) {
        if (pg_connect(e->pg) && (fate = batch_ask_fate(e->batch)) != JOURNAL_UNKNOWN)
            break;
        log_fault(pg_fault(e->pg), "the fate of a transaction is not known yet", 0);
        atomic_store(&e->ready, false);
        pause_for(e, wait);
    }
    return fate;
}

static void finish(struct engine *e, duration started)
{
    atomic_store(&e->ready, true);
    histogram_time(&e->time, clock_monotonic() - started);
    expect_timer(e, batch_next_timer(e->batch));
    bool published = batch_published(e->batch);
    batch_finish(e->batch, e);
    if (published && e->config.committed)
        e->config.committed(e->config.committed_ctx);
}

enum attempt { ATTEMPT_FINISHED, ATTEMPT_AGAIN, ATTEMPT_REJECTED, ATTEMPT_UNKNOWN };

static enum attempt attempt(struct engine *e, struct engine_command **commands, size_t n)
{
    duration started = clock_monotonic();
    enum batch_result result = batch_run(e->batch, commands, n);
    enum journal_fate fate = result == BATCH_UNKNOWN ? ask_fate(e) : JOURNAL_ABORTED;
    if (result == BATCH_COMMITTED || fate == JOURNAL_COMMITTED) {
        finish(e, started);
        return ATTEMPT_FINISHED;
    }
    log_fault(batch_fault(e->batch), "a batch was rolled back", n);
    if (fate == JOURNAL_UNKNOWN)
        return ATTEMPT_UNKNOWN;
    return batch_fault(e->batch)->kind == PG_REJECTED ? ATTEMPT_REJECTED : ATTEMPT_AGAIN;
}

static void end_all(struct engine *e, struct engine_command **commands, size_t n, bool unknown)
{
    for (size_t i = 0; i < n; i++)
        end_command(e, commands[i], ENGINE_UNAVAILABLE, unknown);
}

static void wait_out(struct engine *e, duration d)
{
    counter_add(&e->retried, 1);
    if (!pg_connected(e->pg))
        atomic_store(&e->ready, false);
    end_overdue_in_queue(e);
    pause_for(e, d);
}

/* Two engines have made the same thing at once. Tried again, the later one finds what the earlier one has made. */
static bool is_race(const struct pg_fault *fault)
{
    return strcmp(fault->sqlstate, "23505") == 0; /* unique_violation */
}

static void narrow_down(struct engine *e, struct engine_command **commands, size_t n);

/* Runs until all are answered for. A fault of the connection or the server is waited out; for a rejection the guilty one is found. */
static void run(struct engine *e, struct engine_command **commands, size_t n)
{
    duration wait = MILLISECONDS(10);
    int races = 0;
    while ((n = end_overdue(e, commands, n)) > 0) {
        enum attempt result = attempt(e, commands, n);
        if (result == ATTEMPT_FINISHED)
            return;
        if (result == ATTEMPT_REJECTED && is_race(batch_fault(e->batch)) && ++races <= 3)
            continue;
        if (result == ATTEMPT_REJECTED)
            return narrow_down(e, commands, n);
        if (result == ATTEMPT_UNKNOWN || gives_up(e))
            return end_all(e, commands, n, result == ATTEMPT_UNKNOWN);
        wait_out(e, wait);
        wait = wait < MILLISECONDS(500) ? wait * 2 : wait;
    }
}

static void fail(struct engine *e, struct engine_command *c)
{
    const struct pg_fault *fault = batch_fault(e->batch);
    log_error("a command was rejected by the database", LOG_INT("type", c->command.type), LOG_ID("correlation", c->command.correlation),
              LOG_STR("sqlstate", fault->sqlstate), LOG_STR("fault", fault->message));
    if (c->command.type == COMMAND_TIMER_DUE)
        batch_postpone(e->batch, c, POISON_REST);
    end_command(e, c, ENGINE_FAILED, false);
}

/* By halves: one guilty among 512 costs 18 small batches, not 512. */
static void narrow_down(struct engine *e, struct engine_command **commands, size_t n)
{
    if (n == 1) {
        fail(e, commands[0]);
        return;
    }
    counter_add(&e->halved, 1);
    run(e, commands, n / 2);
    run(e, commands + n / 2, n - n / 2);
}

/* ── timers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

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

/* On the engine's own thread, or when it has ended. */
static void timer_decided(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    (void)outcome;
    (void)refusal;
    ((struct engine *)c->ctx)->timers_queued--;
}

static void submit_timer(struct engine *e, const struct pg_rows *rows, int row)
{
    const struct decider *d = e->config.decider;
    struct timer_due due = {.id = pg_uuid(rows, row, 0),
                            .aggregate_kind = aggregate_kind_of(d, pg_text(rows, row, 1)),
                            .timer = index_of(d->timers, d->timer_count, pg_text(rows, row, 2))};
    struct engine_command *c = engine_command_new();
    c->command = (struct command){.type = COMMAND_TIMER_DUE,
                                  .data = arena_copy(&c->arena, &due, sizeof due),
                                  .correlation = pg_uuid(rows, row, 3),
                                  .fresh = uuid_new()};
    c->done = timer_decided;
    c->ctx = e;
    e->timers_queued++;
    engine_submit(e, c);
}

static void expect_timer(struct engine *e, duration wait)
{
    duration when = clock_monotonic() + wait;
    if (wait >= 0 && when < e->next_look)
        e->next_look = when;
}

static void take_timers(struct engine *e, const struct pg_rows *rows)
{
    bool more = (size_t)pg_count(rows) == e->timers_most;
    for (int row = 0; row < pg_count(rows); row++) {
        duration wait = pg_int8(rows, row, 4);
        if (wait <= 0) {
            submit_timer(e, rows, row);
            continue;
        }
        more = false;
        expect_timer(e, wait);
    }
    if (more)
        expect_timer(e, 0);
    e->timers_most = more ? e->config.batch_max : TIMERS_FEW;
}

/* Timers that fell due become commands; they join the queue like all others. The question is also how an idle engine sees its database. */
static void look_for_timers(struct engine *e)
{
    duration now = clock_monotonic();
    if (now < e->next_look || now < e->last_look + TIMER_REST || e->timers_queued > 0)
        return;
    e->last_look = now;
    e->next_look = now + e->config.timer_period;
    const struct pg_rows *rows =
        pg_connect(e->pg) ? journal_due_timers(e->pg, e->config.decider, e->config.timer_period, e->timers_most) : NULL;
    atomic_store(&e->ready, rows != NULL);
    if (rows)
        take_timers(e, rows);
    else
        log_fault(pg_fault(e->pg), "timers cannot be read", 0);
}

/* ── the loop ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void wait_for_work(struct engine *e)
{
    duration look = e->next_look > e->last_look + TIMER_REST ? e->next_look : e->last_look + TIMER_REST;
    if (e->queued == 0 && !e->stopping)
        (void)clock_wait(&e->wake, &e->lock, look);
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
        if (!is_stopping(e))
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

/* ── start and stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

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
    e->timers_most = TIMERS_FEW;
    e->taken = memory_new(e->config.batch_max * sizeof *e->taken);
    STAILQ_INIT(&e->queue);
    pthread_cond_init(&e->wake, NULL);
    pthread_mutex_init(&e->lock, NULL);
    atomic_store(&e->turned, clock_monotonic());
    invariant(pthread_create(&e->thread, NULL, engine_loop, e) == 0);
    return e;
}

void engine_stop(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    e->given_up = clock_monotonic() + STOP_PATIENCE;
    pthread_cond_signal(&e->wake);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    pthread_mutex_lock(&e->lock);
    e->stopped = true;
    pthread_mutex_unlock(&e->lock);
    end_queue(e, &e->queue); /* what came in between the loop's last look and now */
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
    metrics_counter(page, commands, help, "outcome=\"contradicted\"", &e->stats.contradicted);
    metrics_counter(page, commands, help, "outcome=\"replayed\"", &e->stats.replayed);
    metrics_counter(page, commands, help, "outcome=\"failed\"", &e->failed);
    metrics_counter(page, commands, help, "outcome=\"overdue\"", &e->overdue);
    metrics_counter(page, commands, help, "outcome=\"queue_full\"", &e->full);
    metrics_counter(page, "jumun_engine_events_total", "Events committed.", NULL, &e->stats.events);
    metrics_counter(page, "jumun_engine_batches_total", "Batches taken.", NULL, &e->batches);
    metrics_counter(page, "jumun_engine_retries_total", "Batches rolled back and run again.", NULL, &e->retried);
    metrics_counter(page, "jumun_engine_halved_total", "Batches that the database rejected, and that were run again by halves.", NULL,
                    &e->halved);
    metrics_counter(page, "jumun_engine_unknown_commits_total", "Commits whose answer was lost.", NULL, &e->unknown);
    metrics_gauge(page, "jumun_engine_queue_length", "Commands waiting.", NULL, &e->length);
    metrics_histogram_size(page, "jumun_engine_batch_size", "Commands in a batch.", NULL, &e->size);
    metrics_histogram_time(page, "jumun_engine_batch_seconds", "Time from a batch's start to its commit.", NULL, &e->time);
}
