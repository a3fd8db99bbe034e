/*
 * batch — one transaction: what a handful of commands decide together, and what is to be done once it is committed.
 *
 *     enum batch_result r = batch_run(b, commands, n);
 *     BATCH_COMMITTED:  batch_finish(b) — answers, effects, submitters; the commands are gone after it
 *     BATCH_FAULT:      nothing was done (batch_fault() tells why); the commands are the caller's as before
 *     BATCH_UNKNOWN:    COMMIT was sent, its answer never came: batch_ask_fate() tells; then finish it or run it again
 */
#ifndef JUMUN_BATCH_H
#define JUMUN_BATCH_H

#include "engine.h"
#include "journal.h"

enum batch_result { BATCH_COMMITTED, BATCH_FAULT, BATCH_UNKNOWN };

struct batch_stats {
    struct counter done, refused, duplicate, contradicted, replayed, events;
};

struct batch;
struct batch *batch_new(const struct engine_config *config, struct pg *pg, struct batch_stats *stats);
void batch_free(struct batch *b);

enum batch_result batch_run(struct batch *b, struct engine_command **commands, size_t n);
const struct pg_fault *batch_fault(const struct batch *b);
enum journal_fate batch_ask_fate(struct batch *b);
bool batch_published(const struct batch *b);      /* something went to the outbox */
duration batch_next_timer(const struct batch *b); /* from its start to the earliest timer that it has set; -1: none */
void batch_finish(struct batch *b, struct engine *e);
void batch_postpone(struct batch *b, const struct engine_command *timer, duration wait); /* tries; on a fault it stays due */

#endif
