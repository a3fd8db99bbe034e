/*
 * crash — named points at which a process kills itself, so that a test can show what a kill at this very place leaves behind.
 *
 *     crash_point(CRASH_COMMIT_SENT);
 *
 * In a build with JUMUN_CRASH_POINTS (the preset "crash") the armed point sends SIGKILL to its own process at the N-th passage: nothing is
 * flushed, closed or said goodbye to. One point is armed at a time, by "commit-sent:37"; all others cost a comparison. In every other build
 * a point is nothing at all, and there is no setting to arm one.
 */
#ifndef JUMUN_CRASH_H
#define JUMUN_CRASH_H

#include "buf.h"
#include <stdbool.h>

/* CRASH_POINT(point, name, what is done and what is not when the process ends there). */
#define CRASH_POINTS(CRASH_POINT)                                                                                                          \
    CRASH_POINT(CRASH_BEFORE_INSERT, "before-insert", "a batch is decided, its rows are locked, and nothing of it is written")             \
    CRASH_POINT(CRASH_AFTER_INSERT, "after-insert", "its rows are written, and COMMIT is not sent")                                        \
    CRASH_POINT(CRASH_COMMIT_SENT, "commit-sent", "COMMIT is sent, and its answer not awaited")                                            \
    CRASH_POINT(CRASH_COMMIT_ANSWERED, "commit-answered", "the batch is committed, and nobody told: no answer, no effect, no wake-up")     \
    CRASH_POINT(CRASH_PRODUCE, "produce", "a message is handed to the producer, others of its batch are not")                              \
    CRASH_POINT(CRASH_DELIVERY_REPORT, "delivery-report", "Kafka has a message, and the outbox still has it, too")                         \
    CRASH_POINT(CRASH_OUTBOX_REMOVAL, "outbox-removal", "the removal is sent, and its answer not awaited")                                 \
    CRASH_POINT(CRASH_POSITION_COMMIT, "position-commit", "records are applied, and their positions not committed")                        \
    CRASH_POINT(CRASH_EFFECT_START, "effect-start", "an effect is committed, and not started")                                             \
    CRASH_POINT(CRASH_EFFECT_ANSWER, "effect-answer", "what was outside is done, and its outcome not decided on")                          \
    CRASH_POINT(CRASH_REDIS_WRITE, "redis-write",                                                                                          \
                "a batch of changes is in Redis up to here, and this one, the rest and the positions are not")

enum crash_place {
    CRASH_NOWHERE,
#define CRASH_POINT(point, name, what) point,
    CRASH_POINTS(CRASH_POINT)
#undef CRASH_POINT
        CRASH_PLACES
};

/* "point:passage", or empty: nowhere. False: what was given says neither, and `problem` (terminated) what there is. Before any thread
 * starts. */
bool crash_arm(const char *text, struct buf *problem);

#ifdef JUMUN_CRASH_POINTS
extern enum crash_place crash_armed;              /* written by crash_arm() alone */
bool crash_passed(void);                          /* counts a passage of the armed point: is it the one? */
_Noreturn void crash_now(enum crash_place place); /* says so on standard error, and is gone */

/* For a place that has to be brought about first: true once, and crash_now() is to follow. */
static inline bool crash_due(enum crash_place place)
{
    return __builtin_expect(crash_armed == place, 0) && crash_passed();
}

static inline void crash_point(enum crash_place place)
{
    if (crash_due(place))
        crash_now(place);
}
#else
#define crash_due(place)   false
#define crash_now(place)   ((void)0)
#define crash_point(place) ((void)0)
#endif

#endif
