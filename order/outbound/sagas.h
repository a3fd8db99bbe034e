/*
 * sagas — the orders that are not at their end: what each waits for, and which are past their deadline.
 *
 * Two readers: an operator's list (inbound/ops.c), and the watchdog, a thread with a connection of its own that counts them every ten
 * seconds, for the metrics and, when some are overdue, for the log. Neither is in the way of an order: they read, by an index of the open
 * ones.
 */
#ifndef JUMUN_ORDER_SAGAS_H
#define JUMUN_ORDER_SAGAS_H

#include "order.h"
#include "pg.h"

struct saga_counts {
    int64_t open[ORDER_STATUSES], overdue[ORDER_STATUSES], review[ORDER_STATUSES]; /* review: a person must ask the provider */
};
bool sagas_count(struct pg *pg, struct saga_counts *counts); /* false: a fault */

struct saga {
    struct uuid id;
    struct order order; /* status, payment, released, needs_review, updated_at, deadline */
};
/* Those after `after`, by id, at most `limit`; they live in the arena. False: a fault. */
bool sagas_list(struct pg *pg, bool overdue_only, struct uuid after, int64_t limit, struct arena *arena, struct saga **items,
                size_t *count);

#endif
