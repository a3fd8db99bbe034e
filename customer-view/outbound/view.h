/*
 * view — the projection as Redis keeps it, and the ways to write and read it.
 *
 *     view:<g>:order:<order>        hash: the document's fields, see projection.def
 *     view:<g>:timeline:<order>     list: the timeline's entries, JSON
 *     view:<g>:customer:<customer>  sorted set: the ids of the customer's orders; UUIDv7, so in the order of time
 *     view:<g>:positions            hash: "<topic>:<partition>" → the offset of the next record wanted
 *     view:feed, view:listener:…    for those who listen: outbound/feed.h
 *
 * <g> is the generation: a rebuilding fills another one beside the one that is read; outbound/generations.h tells which is which.
 *
 * Positions are kept here, beside what they speak of, and written only after all before them is in: Redis may lose its last second (its
 * append-only file is synced once a second), and then loses the positions with it. In Kafka they would be ahead, for ever.
 */
#ifndef JUMUN_VIEW_H
#define JUMUN_VIEW_H

#include "cache.h"
#include "document.h"
#include "generations.h"
#include "kafka.h"

#define VIEW_LISTENER_KEY   "view:listener:" /* and the customer */
#define VIEW_FEED_KEY       "view:feed"
#define VIEW_FEED_KEPT_TEXT "20000"

/* view:<generation>:<rest> */
#define VIEW_KEY_MAX (sizeof "view::" + GENERATION_MAX + 16 + UUID_TEXT)
struct str view_key(char key[VIEW_KEY_MAX], const char *generation, const char *rest);

/* The answer to what was sent. NULL: a fault; the connection is ended. */
const struct cache_reply *view_reply(struct cache *c);

/* ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Queued; one answer each. `g`: as they were when the batch began. */
void view_send(struct cache *c, const struct view_generations *g, const struct view_change *change);

enum view_applied {
    VIEW_APPLIED,
    VIEW_KNOWN_ALREADY,
    VIEW_MOVED, /* nothing was done: the generations are others by now, and somebody listens, who would be told wrongly */
    VIEW_FAULT,
};
enum view_applied view_receive(struct cache *c);

/* Fills in .next; -1 where none is noted. False: a fault. The second one also says, in the same round trip, which generations there are. */
bool view_positions_load(struct cache *c, const char *generation, struct kafka_position *positions, size_t n);
bool view_positions_look(struct cache *c, const char *generation, struct kafka_position *positions, size_t n, struct view_generations *g);
bool view_positions_save(struct cache *c, const char *generation, const struct kafka_position *positions, size_t n);

/* ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct view_order {
    struct str id;
    struct document document;
    struct timeline timeline; /* empty when not asked for */
};

/* Reads of one generation; each read asks along which one is to be read, so that one that is no more is never taken for it. */
struct view_reader {
    struct cache *cache;
    char generation[GENERATION_MAX + 1]; /* empty: none, as far as known */
};
enum view_read {
    VIEW_READ,
    VIEW_READ_ELSEWHERE, /* reader->generation is another now: read again, there */
    VIEW_READ_NOWHERE,   /* none can be read: it is being filled */
    VIEW_READ_FAULT,
};

/* What is not there is a document of no fields. */
enum view_read view_load(struct view_reader *r, struct arena *arena, struct view_order *orders, size_t n, bool with_timeline);

/* A customer's order ids, newest first, from behind `after` (absent: the newest); *count in: how many at most, out: how many. */
enum view_read view_list(struct view_reader *r, struct arena *arena, struct uuid customer, struct str after, struct str *ids,
                         size_t *count);

#endif
