/*
 * view — the projection as Redis keeps it, and the ways to write and read it.
 *
 *     view:1:order:<order>        hash: the document's fields, see projection.def
 *     view:1:timeline:<order>     list: the timeline's entries, JSON
 *     view:1:customer:<customer>  sorted set: the ids of the customer's orders; UUIDv7, so in the order of time
 *     view:1:feed, :listener:…    for those who listen: outbound/feed.h
 *     view:1:positions            hash: "<topic>:<partition>" → the offset of the next record wanted
 *
 * "1" is the generation: a rebuilding fills another one beside it.
 *
 * Positions are kept here, beside what they speak of, and written only after all before them is in: Redis may lose its last second (its
 * append-only file is synced once a second), and then loses the positions with it. In Kafka they would be ahead, for ever.
 */
#ifndef JUMUN_VIEW_H
#define JUMUN_VIEW_H

#include "cache.h"
#include "document.h"
#include "kafka.h"

#define VIEW_GENERATION     "view:1:"
#define VIEW_LISTENER_KEY   VIEW_GENERATION "listener:" /* and the customer */
#define VIEW_FEED_KEPT_TEXT "20000"

/* The answer to what was sent. NULL: a fault; the connection is ended. */
const struct cache_reply *view_reply(struct cache *c);

/* ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void view_send(struct cache *c, const struct view_change *change); /* queued; one answer each */

enum view_applied { VIEW_APPLIED, VIEW_KNOWN_ALREADY, VIEW_FAULT };
enum view_applied view_receive(struct cache *c);

/* Fills in .next; -1 where none is noted. False: a fault. */
bool view_positions_load(struct cache *c, struct kafka_position *positions, size_t n);
bool view_positions_exist(struct cache *c, bool *exist); /* false: a fault */
bool view_positions_save(struct cache *c, const struct kafka_position *positions, size_t n);

/* ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct view_order {
    struct str id;
    struct document document;
    struct timeline timeline; /* empty when not asked for */
};

/* False: a fault. What is not there is a document of no fields. */
bool view_load(struct cache *c, struct arena *arena, struct view_order *orders, size_t n, bool with_timeline);

/* A customer's order ids, newest first, from behind `after` (absent: the newest); *count in: how many at most, out: how many. */
bool view_list(struct cache *c, struct arena *arena, struct uuid customer, struct str after, struct str *ids, size_t *count);

#endif
