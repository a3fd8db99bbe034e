/*
 * The simulated carrier: goods leave, and arrive, after delays that are settings.
 *
 * A parcel waits in two queues, for its start and for its arrival. The delays are the same for all, so what came first is due first, and a
 * queue's head is all that one thread must watch. A delay of 0 takes no thread: it is said at once.
 */
#include "../settings.h"
#include "carrier.h"
#include "clock.h"
#include "delivery.h"
#include "invariant.h"
#include "memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

struct waiting {
    struct parcel parcel;
    duration due; /* clock_monotonic() */
    STAILQ_ENTRY(waiting) next;
};
STAILQ_HEAD(waiting_queue, waiting);

enum milestone { STARTS, ARRIVES, MILESTONES };

/* Static, because a parcel may come before start(). */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct waiting_queue queues[MILESTONES];
    bool stopping;
    pthread_t thread;
    struct gauge waiting;
} carrier = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .wake = PTHREAD_COND_INITIALIZER,
    .queues = {STAILQ_HEAD_INITIALIZER(carrier.queues[STARTS]), STAILQ_HEAD_INITIALIZER(carrier.queues[ARRIVES])},
};

static void say(const struct parcel *parcel, enum milestone milestone)
{
    if (milestone == ARRIVES) {
        carrier_says_completed(parcel);
        return;
    }
    struct arena arena;
    arena_init(&arena);
    carrier_says_started(parcel, STR("시뮬레이션 택배"), delivery_tracking_number(&arena, "SIM", parcel->order));
    arena_release(&arena);
}

/* ── the parcels ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct waiting *waiting_new(const struct parcel *parcel, duration due)
{
    struct str trace = parcel->traceparent;
    struct waiting *w = memory_new(sizeof *w + trace.n); /* the trace stands behind it */
    w->parcel = *parcel;
    w->due = due;
    if (trace.n > 0)
        w->parcel.traceparent = (struct str){memcpy(w + 1, trace.p, trace.n), trace.n};
    return w;
}

static void say_after(const struct parcel *parcel, enum milestone milestone, duration delay)
{
    if (delay == 0) {
        say(parcel, milestone);
        return;
    }
    struct waiting *w = waiting_new(parcel, clock_monotonic() + delay);
    pthread_mutex_lock(&carrier.lock);
    bool first = STAILQ_EMPTY(&carrier.queues[milestone]);
    STAILQ_INSERT_TAIL(&carrier.queues[milestone], w, next);
    if (first)
        pthread_cond_signal(&carrier.wake);
    pthread_mutex_unlock(&carrier.lock);
    gauge_add(&carrier.waiting, 1);
}

static void hand_over(const struct parcel *parcel)
{
    say_after(parcel, STARTS, delivery_config.carrier_start_delay);
    say_after(parcel, ARRIVES, delivery_config.carrier_start_delay + delivery_config.carrier_complete_delay);
}

/* ── the thread ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The next that is due; of two at once the start goes first. NULL: nothing waits. Under the lock. */
static struct waiting *next_due(enum milestone *milestone)
{
    struct waiting *starts = STAILQ_FIRST(&carrier.queues[STARTS]), *arrives = STAILQ_FIRST(&carrier.queues[ARRIVES]);
    *milestone = !arrives || (starts && starts->due <= arrives->due) ? STARTS : ARRIVES;
    return *milestone == STARTS ? starts : arrives;
}

/* Until the time, or until a queue gets its first. Under the lock. */
static void wait_until(duration due)
{
    struct timespec until = {.tv_sec = (time_t)(due / 1000000), .tv_nsec = (long)(due % 1000000 * 1000)};
    pthread_cond_clockwait(&carrier.wake, &carrier.lock, CLOCK_MONOTONIC, &until);
}

static void *run(void *unused)
{
    pthread_mutex_lock(&carrier.lock);
    while (!carrier.stopping) {
        enum milestone milestone;
        struct waiting *w = next_due(&milestone);
        if (!w) {
            pthread_cond_wait(&carrier.wake, &carrier.lock);
        } else if (w->due > clock_monotonic()) {
            wait_until(w->due);
        } else {
            STAILQ_REMOVE_HEAD(&carrier.queues[milestone], next);
            pthread_mutex_unlock(&carrier.lock);
            say(&w->parcel, milestone);
            free(w);
            gauge_add(&carrier.waiting, -1);
            pthread_mutex_lock(&carrier.lock);
        }
    }
    pthread_mutex_unlock(&carrier.lock);
    return unused;
}

static void start(void)
{
    carrier.stopping = false;
    invariant(pthread_create(&carrier.thread, NULL, run, NULL) == 0);
}

static void forget(struct waiting_queue *queue)
{
    struct waiting *w;
    while ((w = STAILQ_FIRST(queue))) {
        STAILQ_REMOVE_HEAD(queue, next);
        free(w);
        gauge_add(&carrier.waiting, -1);
    }
}

/* What waits is forgotten: the timers in the database have it handed over again. */
static void stop(void)
{
    pthread_mutex_lock(&carrier.lock);
    carrier.stopping = true;
    pthread_cond_signal(&carrier.wake);
    pthread_mutex_unlock(&carrier.lock);
    pthread_join(carrier.thread, NULL);
    for (int i = 0; i < MILESTONES; i++)
        forget(&carrier.queues[i]);
}

static void show(struct metrics_page *page)
{
    metrics_gauge(page, "jumun_carrier_waiting", "Starts and arrivals that the simulated carrier still has to say.", NULL,
                  &carrier.waiting);
}

const struct carrier simulated_carrier = {.name = "simulated", .start = start, .hand_over = hand_over, .stop = stop, .show = show};
