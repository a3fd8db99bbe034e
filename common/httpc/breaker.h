/*
 * breaker — a circuit breaker: stops asking one who does not answer, and finds out when they do again.
 *
 *     CLOSED ──(too many of the last calls failed)──▶ OPEN ──(a while later)──▶ HALF_OPEN ──(every probe was answered)──▶ CLOSED
 *                                                      ▲────────────(a probe failed)────────────┘
 *
 * CLOSED lets calls through, and counts how those of the last `window` ended. OPEN refuses all, so that nobody waits for an answer that
 * will not come, and who is in trouble is left alone. The first call after `open_for` makes it HALF_OPEN, which lets a few through as
 * probes. In each state there is a limit on calls under way (a bulkhead): a slow neighbour cannot take all of one's own room.
 *
 *     struct breaker_permit permit;
 *     if (breaker_ask(&b, clock_monotonic(), &permit) == BREAKER_ADMITTED)
 *         … call; when it has ended, however: breaker_tell(&b, permit, answered, clock_monotonic());
 *
 * What counts as a failure is the caller's to say: silence does; an answer that one does not like usually does not. Each admitted call must
 * be told of exactly once. Outcomes of calls that began before the last change of state count for nothing: they tell of other times.
 *
 * Pure but for its counters: time comes in. No locks: its owner has one.
 *
 * The pattern: Nygard, "Release It!" (2007), stability patterns Circuit Breaker and Bulkheads. The terms are resilience4j's (a time-based
 * sliding window, failure rate threshold, minimum number of calls, permitted calls in half-open state), as is the window of buckets, which
 * Hystrix had before it.
 */
#ifndef JUMUN_BREAKER_H
#define JUMUN_BREAKER_H

#include "instant.h"
#include "metrics.h"

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN, BREAKER_STATES };
extern const char *const breaker_state_names[BREAKER_STATES]; /* "CLOSED" */

enum breaker_verdict { BREAKER_ADMITTED, BREAKER_REFUSED_OPEN, BREAKER_REFUSED_FULL };

struct breaker_config { /* all > 0 */
    duration window;
    int64_t minimum_calls;   /* fewer ends within the window prove nothing */
    int64_t failure_percent; /* from so many failures in a hundred it opens; at most 100 */
    duration open_for;
    int64_t probes;
    int64_t calls_max; /* under way at once */
};

#define BREAKER_BUCKETS 10
struct breaker { /* what is not said to be the owner's to read is the breaker's own */
    struct breaker_config config;
    enum breaker_state state; /* OPEN until somebody asks, though its time be over */
    duration since;           /* its last change; 0: none yet */
    unsigned period;          /* changes of state so far */
    struct breaker_bucket {
        int64_t number; /* of the window's tenths, from the clock's zero */
        int64_t ended, failed;
    } buckets[BREAKER_BUCKETS];
    int64_t under_way; /* the owner may read it */
    int64_t probing, passed;
    struct counter changes[BREAKER_STATES], refused_open, refused_full;
};

struct breaker_permit {
    unsigned period;
};

void breaker_init(struct breaker *b, const struct breaker_config *config);

/* A refusal needs no breaker_tell(). */
enum breaker_verdict breaker_ask(struct breaker *b, duration now, struct breaker_permit *permit);
void breaker_tell(struct breaker *b, struct breaker_permit permit, bool answered, duration now);

/* How many calls ended within the window, and how many of those failed; of the present state only. */
void breaker_recent(const struct breaker *b, duration now, int64_t *ended, int64_t *failed);

void breaker_show(const struct breaker *b, const char *name, struct metrics_page *page);

#endif
