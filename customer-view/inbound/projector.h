/*
 * projector — takes batches of records into the view. What events.c runs on Kafka's thread; apart from it, so that tests can feed it.
 *
 * A batch: is Redis where we left it? — every event, by one script each, in one pipeline — dead letters — positions. Any fault in between,
 * and the whole batch comes again: what was applied already is known by its guard.
 */
#ifndef JUMUN_PROJECTOR_H
#define JUMUN_PROJECTOR_H

#include "letters.h"
#include "outbound/view.h"

struct projector {
    struct cache *cache;
    struct letters *letters;
    struct arena arena; /* of the batch */

    struct kafka_position *left; /* what Redis said last of each partition that is ours, or was */
    size_t left_count, last;

    void (*rewind)(void *ctx); /* Redis is not where we left it: have positions loaded again, and go back there */
    void *rewind_ctx;

    struct counter applied, known_already, passed_over;
};

struct projector *projector_new(struct cache *cache, struct letters *letters); /* owns the cache */
void projector_free(struct projector *p);

/* What a record means for the view; pure. */
enum view_verdict projector_fold(struct arena *arena, const struct kafka_record *r, struct view_change *change, struct str *reason);

bool projector_positions(void *projector, struct kafka_position *positions, size_t n);             /* kafka_positions.load */
enum kafka_verdict projector_apply(void *projector, const struct kafka_record *records, size_t n); /* kafka_consumer_config.apply */

#endif
