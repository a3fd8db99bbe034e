/*
 * later — a function is called when its time has come, on a thread that serves all of them.
 *
 *     static struct later answers = LATER_INIT;
 *
 *     static void say(void *ctx, bool due)
 *     {
 *         struct answer *answer = ctx;
 *         if (due)
 *             …
 *         free(answer);
 *     }
 *
 *     later_start(&answers);
 *     later_at(&answers, clock_monotonic() + MILLISECONDS(800), say, answer);
 *     later_stop(&answers);
 *
 * Every function given to later_at() is called exactly once. With `due` true: at its time or after it, the earlier before the later, and of
 * the same time the one that was given first. With `due` false, from later_stop(): its time had not come, and will not. Either way the ctx
 * is its own again.
 *
 * What is given before the start waits for it; so does what is given after the stop, for the next start. A function may itself call
 * later_at(), and keeps the others waiting while it runs.
 *
 * Nothing of it outlives the process: what must happen is a timer of the engine.
 */
#ifndef JUMUN_LATER_H
#define JUMUN_LATER_H

#include "instant.h"
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*later_function)(void *ctx, bool due);

/* The member that is next stands first: a binary heap. */
struct later_heap {
    struct later_entry *items;
    size_t count, room;
};

struct later {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* another one is next, or it is to stop */
    struct later_heap heap;
    uint64_t given; /* so far: tells who was first */
    bool stopping;
    pthread_t thread;
};
#define LATER_INIT                                                                                                                         \
    {                                                                                                                                      \
        .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER                                                                \
    }

void later_start(struct later *later);
void later_at(struct later *later, duration due, later_function function, void *ctx); /* due: clock_monotonic(); from any thread */
void later_stop(struct later *later);                                                 /* not from such a function; may be started again */

#endif
