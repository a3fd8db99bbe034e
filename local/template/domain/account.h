/*
 * account — what a customer has earned by orders that were completed. Its id is the customer's.
 *
 * Every order earns a point. Every tenth earns ten more.
 */
#ifndef JUMUN_ACCOUNT_H
#define JUMUN_ACCOUNT_H

#include "decider.h"

enum account_aggregate { ACCOUNT, ACCOUNT_AGGREGATES };
enum account_event { POINTS_EARNED, ACCOUNT_EVENTS };
enum account_command { RECORD_COMPLETED = 1 };

struct account {
    int64_t orders, points;
};

/* ── events ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct points_earned {
    struct uuid order;
    int64_t points;
};

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct record_completed {
    struct uuid order, customer;
};

extern const struct decider account_decider;

#endif
