/*
 * pruner — takes away what has outlived its use: idempotency keys and inbox ids that are older than their lifetime.
 *
 * Every minute it sweeps, a step of at most `step` rows a transaction, each by an index, oldest first, with a pause behind it. A database
 * has one that is active, by a session advisory lock. All ages are by the database's clock.
 *
 * A key goes `keep_keys` after its first request. A message's id goes when the message was both said (the id is of version 7, and tells)
 * and heard longer than `keep_inbox` ago; its row in `pruned` says below which id the inbox does not know any more. Past that a copy is met
 * by the decider, which takes what it has seen as said already: docs/operations/retention.md.
 *
 *     struct pruner *p = pruner_start(&(struct pruner_config){.database_url = url, .keep_keys = MINUTES(10080), .keep_inbox =
 * MINUTES(43200)});
 */
#ifndef JUMUN_PRUNER_H
#define JUMUN_PRUNER_H

#include "instant.h"
#include "metrics.h"

struct pruner_config {
    const char *database_url;
    duration keep_keys, keep_inbox;
    int64_t step;    /* rows a transaction looks at; 0: 1000 */
    duration pause;  /* behind a full step; 0: 100 ms */
    duration period; /* from the end of a sweep to the next; 0: a minute */
};

struct pruner;
struct pruner *pruner_start(const struct pruner_config *config);
void pruner_stop(struct pruner *p);
void pruner_show(const struct pruner *p, struct metrics_page *page);

#endif
