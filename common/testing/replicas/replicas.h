/*
 * replicas — a context as two replicas of its service run it: two engines at once on one real database.
 *
 *     struct replicas r;
 *     replicas_start(&r, &(struct engine_config){.service = "delivery", .decider = &delivery_decider, …}, migrations);
 *     replicas_submit(&r, 0, START, &start, sizeof start, order);       // queued; the other engine is at work meanwhile
 *     replicas_submit(&r, 1, CANCEL, &cancel, sizeof cancel, order);
 *     replicas_wait(&r);                                               // until both are decided
 *     replicas_number(&r, "select count(*) from delivery where state = $1", "CANCELLED")
 *     replicas_stop(&r);
 */
#ifndef JUMUN_REPLICAS_H
#define JUMUN_REPLICAS_H

#include "engine.h"
#include "testing.h"

#define REPLICAS 2
struct replicas {
    struct testing_database database; /* new, and empty but for the migrations */
    struct pg *pg;
    struct engine *engines[REPLICAS];
    int queued;
    _Atomic int decided;                          /* however it went */
    _Atomic int outcomes[ENGINE_UNAVAILABLE + 1]; /* of those: by enum engine_outcome */
};

/* The database's address is filled in; effects start nothing when config has none. */
void replicas_start(struct replicas *r, const struct engine_config *config, const struct embedded *migrations);
void replicas_stop(struct replicas *r);

/* For commands whose data points to nothing, or to what outlives replicas_wait(). */
void replicas_submit(struct replicas *r, int replica, int type, const void *data, size_t size, struct uuid correlation);
void replicas_wait(struct replicas *r);

/* What the query's only row has in its only column; its $1 is `text`, when that is not NULL. `sql` is a constant, as in pg.h. */
int64_t replicas_number(struct replicas *r, const char *sql, const char *text);

#endif
