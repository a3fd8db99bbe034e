/*
 * delivery — the way of an order's goods from the warehouse to the door. Its id is the order's.
 *
 *     AWAITING ─▶ READY ─▶ STARTED ─▶ COMPLETED
 *         └─────────┴─▶ CANCELLED
 *
 * Two facts make it READY: the order is confirmed, its goods are prepared. They come from two topics, in any order. READY → STARTED is the
 * pivot of the whole order: one decision says that it is shipped, or that it is cancelled, and stock and money follow what was said. A
 * cancel that comes before anything else leaves a tombstone (CANCELLED): whatever comes later finds it, and changes nothing.
 *
 * READY hands the goods to the carrier, as an effect. An effect may be lost in a crash, so a timer hands them over again until they are at
 * the door; a carrier that is asked again has been asked once.
 */
#ifndef JUMUN_DELIVERY_H
#define JUMUN_DELIVERY_H

#include "decider.h"

enum delivery_aggregate { DELIVERY, DELIVERY_AGGREGATES };

enum delivery_state {
#define DELIVERY_STATE(state) DELIVERY_##state,
#include "delivery.def"
    DELIVERY_STATES
};
extern const char *const delivery_state_names[DELIVERY_STATES];

enum delivery_event {
#define DELIVERY_EVENT(event, ...) event##_EVENT,
#include "delivery.def"
    DELIVERY_EVENTS
};

enum delivery_command {
    DELIVERY_TIMER_DUE = COMMAND_TIMER_DUE,
#define DELIVERY_COMMAND(command) command,
#include "delivery.def"
    DELIVERY_COMMANDS
};

enum delivery_timer {
#define DELIVERY_TIMER(timer, ...) timer##_TIMER,
#include "delivery.def"
    DELIVERY_TIMERS
};

enum delivery_effect {
#define DELIVERY_EFFECT(effect, ...) effect,
#include "delivery.def"
    DELIVERY_EFFECTS
};

struct delivery {
    enum delivery_state state;
    struct uuid customer;                /* nil: the order's confirmation is not here yet */
    struct str address;                  /* JSON, as the order gave it */
    struct str lines;                    /* JSON, what was prepared: [{"product", "quantity"}]; absent: not prepared yet */
    struct str carrier, tracking_number; /* absent before STARTED */
    instant requested_at, started_at, completed_at;
};

/* ── events ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What became known by it; the rest is nil, or absent. */
struct delivery_facts {
    struct uuid customer;
    struct str address;
    struct str lines;
    instant at;
};

struct delivery_started {
    struct str carrier, tracking_number;
    struct str lines; /* what has left */
    instant at;
};

struct delivery_completed {
    instant at;
};

struct delivery_cancelled {
    struct uuid customer;
    struct str lines; /* of the order: whoever gives the goods back must know them, whether they were prepared or not */
};

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct record_confirmed {
    struct uuid order, customer;
    struct str address;
    duration carrier_patience; /* > 0, as JUMUN_CARRIER_PATIENCE_MS says */
};

struct record_prepared {
    struct uuid order;
    struct str lines;
    duration carrier_patience;
};

/* A courier is a person: told when it makes no sense. A carrier may say the same again, because it may have been asked again. */
enum delivery_agent { BY_COURIER, BY_CARRIER };

struct start_delivery {
    struct uuid order;
    enum delivery_agent by;
    struct str carrier, tracking_number;
};

struct complete_delivery {
    struct uuid order;
    enum delivery_agent by;
};

struct cancel_delivery {
    struct uuid order, customer;
    struct str lines; /* JSON: [{"product", "quantity"}] */
};

/* ── ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * The carrier is asked again after the patience that came with the order; then whenever the delivery has become twice as old, but after no
 * longer than this; and when it is old, after a tenth of its age.
 */
#define LONGEST_CARRIER_PATIENCE SECONDS(30)

/* The same order always has the same: twelve digits behind a prefix. */
struct str delivery_tracking_number(struct arena *arena, const char *prefix, struct uuid order);

extern const struct decider delivery_decider;

#endif
