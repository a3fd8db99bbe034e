/*
 * The simulated provider: no money moves, and the card's token says what happens.
 *
 * Most answers are given at once, and need no memory: a key's reference follows from the key. What is to come later waits in a list that
 * one thread serves; only keys of tokens whose second asking ends otherwise than the first are remembered.
 */
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include "provider.h"
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SLOW MILLISECONDS(800)
#define LATE SECONDS(5)

/* An answer that is to be given later. */
struct pending {
    duration due; /* clock_monotonic() */
    enum provider_answer answer;
    struct uuid key;
    void (*done)(void *ctx, const struct provider_outcome *outcome);
    void *ctx;
    TAILQ_ENTRY(pending) next;
};

/* A key that was asked before, and since when an asking of it finds the charge done. */
struct known_key {
    struct uuid key;
    duration charged_at;
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    TAILQ_HEAD(pending_list, pending) pending; /* the soonest first; under lock, as are the next two */
    void *known;                               /* a tree, tsearch(3) */
    bool stopping;
} simulated = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void say(void (*done)(void *, const struct provider_outcome *), void *ctx, enum provider_answer answer, struct uuid key)
{
    char reference[3 + UUID_TEXT + 1] = "ch_";
    uuid_format(key, reference + 3);
    done(ctx, &(struct provider_outcome){.answer = answer, .reference = str_of(reference)});
}

static void approve_now(const struct provider_charge *charge)
{
    say(charge->done, charge->ctx, PROVIDER_APPROVED, charge->key);
}

static void decline_now(const struct provider_charge *charge, const char *code)
{
    charge->done(charge->ctx, &(struct provider_outcome){.answer = PROVIDER_DECLINED, .code = str_of(code)});
}

static void put_in_order(struct pending *p)
{
    struct pending *before = TAILQ_LAST(&simulated.pending, pending_list);
    while (before && before->due > p->due)
        before = TAILQ_PREV(before, pending_list, next);
    if (before)
        TAILQ_INSERT_AFTER(&simulated.pending, before, p, next);
    else
        TAILQ_INSERT_HEAD(&simulated.pending, p, next);
}

static void answer_later(const struct provider_charge *charge, enum provider_answer answer, duration wait)
{
    struct pending *p = NEW(struct pending);
    *p = (struct pending){.due = clock_monotonic() + wait, .answer = answer, .key = charge->key, .done = charge->done, .ctx = charge->ctx};
    pthread_mutex_lock(&simulated.lock);
    put_in_order(p);
    pthread_cond_signal(&simulated.wake);
    pthread_mutex_unlock(&simulated.lock);
}

static void never_answer(const struct provider_charge *charge)
{
    answer_later(charge, PROVIDER_SILENT, charge->deadline);
}

static void answer_slowly(const struct provider_charge *charge)
{
    if (charge->deadline < SLOW)
        never_answer(charge);
    else
        answer_later(charge, PROVIDER_APPROVED, SLOW);
}

/* ── keys that are remembered ───────────────────────────────────────────────────────────────────────────────────────────────────── */

static int compare_keys(const void *a, const void *b)
{
    return uuid_compare(((const struct known_key *)a)->key, ((const struct known_key *)b)->key);
}

/* Is the key's charge done? The first asking begins it; it is done `takes` later, and seen by askings after that one. */
static bool charged_before(struct uuid key, duration takes)
{
    duration now = clock_monotonic();
    struct known_key *fresh = NEW(struct known_key);
    *fresh = (struct known_key){.key = key, .charged_at = now + takes};
    pthread_mutex_lock(&simulated.lock);
    struct known_key *known = *(struct known_key **)tsearch(fresh, &simulated.known, compare_keys);
    bool charged = known != fresh && known->charged_at <= now;
    pthread_mutex_unlock(&simulated.lock);
    if (known != fresh)
        free(fresh);
    return charged;
}

static void answer_lost(const struct provider_charge *charge, duration takes)
{
    if (charged_before(charge->key, takes))
        approve_now(charge);
    else
        never_answer(charge);
}

/* ── the tokens ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void charge_simulated(const struct provider_charge *charge)
{
    struct str token = charge->token;
    if (str_starts_with(token, STR("tok_ok")) || str_is(token, "tok_refund_fails_twice"))
        approve_now(charge);
    else if (str_is(token, "tok_declined"))
        decline_now(charge, "declined");
    else if (str_is(token, "tok_insufficient_funds"))
        decline_now(charge, "insufficient_funds");
    else if (str_is(token, "tok_slow"))
        answer_slowly(charge);
    else if (str_is(token, "tok_hang"))
        never_answer(charge);
    else if (str_is(token, "tok_lost"))
        answer_lost(charge, 0);
    else if (str_is(token, "tok_late"))
        answer_lost(charge, LATE);
    else
        decline_now(charge, "invalid_token");
}

/* ── the thread of what comes later ─────────────────────────────────────────────────────────────────────────────────────────────── */

static void wait_until(duration due)
{
    struct timespec t = {.tv_sec = (time_t)(due / 1000000), .tv_nsec = (long)(due % 1000000 * 1000)};
    pthread_cond_timedwait(&simulated.wake, &simulated.lock, &t);
}

/* The next answer that is due, or NULL when stopped. Under lock. */
static struct pending *next_due(void)
{
    while (!simulated.stopping) {
        struct pending *first = TAILQ_FIRST(&simulated.pending);
        if (!first)
            pthread_cond_wait(&simulated.wake, &simulated.lock);
        else if (first->due > clock_monotonic())
            wait_until(first->due);
        else
            return first;
    }
    return NULL;
}

static void *serve(void *none)
{
    pthread_mutex_lock(&simulated.lock);
    for (struct pending *p; (p = next_due());) {
        TAILQ_REMOVE(&simulated.pending, p, next);
        pthread_mutex_unlock(&simulated.lock);
        say(p->done, p->ctx, p->answer, p->key);
        free(p);
        pthread_mutex_lock(&simulated.lock);
    }
    pthread_mutex_unlock(&simulated.lock);
    return none;
}

static bool start(const char *database_url, char problem[200])
{
    (void)database_url, (void)problem;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&simulated.wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    TAILQ_INIT(&simulated.pending);
    simulated.stopping = false;
    invariant(pthread_create(&simulated.thread, NULL, serve, NULL) == 0);
    return true;
}

static void stop(void)
{
    pthread_mutex_lock(&simulated.lock);
    simulated.stopping = true;
    pthread_cond_signal(&simulated.wake);
    pthread_mutex_unlock(&simulated.lock);
    pthread_join(simulated.thread, NULL);
    for (struct pending *p; (p = TAILQ_FIRST(&simulated.pending));) {
        TAILQ_REMOVE(&simulated.pending, p, next);
        say(p->done, p->ctx, PROVIDER_SILENT, p->key);
        free(p);
    }
    tdestroy(simulated.known, free);
    simulated.known = NULL;
    pthread_cond_destroy(&simulated.wake);
}

static void refund_simulated(const struct provider_refund *refund)
{
    char reference[3 + UUID_TEXT + 1] = "re_";
    uuid_format(refund->key, reference + 3);
    refund->done(refund->ctx, &(struct provider_outcome){.answer = PROVIDER_APPROVED, .reference = str_of(reference)});
}

const struct provider simulated_provider = {
    .name = "simulated", .start = start, .stop = stop, .charge = charge_simulated, .refund = refund_simulated};
