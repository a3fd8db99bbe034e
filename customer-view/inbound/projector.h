/*
 * projector — takes batches of records into the view. What events.c runs on Kafka's thread; apart from it, so that tests can feed it.
 *
 * A batch: is Redis where we left it? — every event, by one script each, in one pipeline — dead letters — positions. Any fault in between,
 * and the whole batch comes again: what was applied already is known by its guard.
 *
 * It writes the generation that is to be written (outbound/generations.h), and follows when that becomes another; or, for a rebuilding,
 * one generation of its own: then nobody is told, and what cannot be understood is only counted, for it went to the dead letters long ago.
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

    struct view_generations generations; /* as we know them */
    bool rebuilding;                     /* generations.writes is ours alone */

    void (*rewind)(void *ctx); /* Redis is not where we left it: have positions loaded again, and go back there */
    bool (*may_reach)(void *ctx, const struct kafka_position *reached, size_t n); /* a rebuilding's; false: not any more */
    void *ctx;

    struct counter applied, known_already, passed_over;
};

struct projector *projector_new(struct cache *cache, struct letters *letters); /* owns the cache */
struct projector *projector_new_rebuilding(struct cache *cache, const char *generation);
void projector_free(struct projector *p);

/* What a record means for the view; pure. */
enum view_verdict projector_fold(struct arena *arena, const struct kafka_record *r, struct view_change *change, struct str *reason);

bool projector_positions(void *projector, struct kafka_position *positions, size_t n);             /* kafka_positions.load */
enum kafka_verdict projector_apply(void *projector, const struct kafka_record *records, size_t n); /* kafka_consumer_config.apply */

#endif
