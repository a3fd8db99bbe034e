/*
 * feed — what happened to the orders of those who listen, in one row for all replicas, as Redis keeps it.
 *
 *     view:feed                 stream, of FEED_KEPT entries at least: customer, order, status, entry; written by the script that
 *                               applies a change, with it or not at all; or: listener, the mark of somebody's beginning to listen
 *     view:listener:<customer>  the id of that mark; gone LISTENER_KEPT after nobody has listened any more
 *     view:epoch                begins with Redis's run id
 *
 * It is of no generation: a rebuilt view tells its listeners nothing, and they notice nothing of it.
 *
 * Only what happens to somebody's orders who listens, or has listened just now, is written: for all others an event costs one look for
 * their key. Between the mark and the key's end nothing of a customer is left out. Ids ascend within an epoch; a Redis that was started
 * anew, and may have lost its last second, or was emptied, begins another.
 */
#ifndef JUMUN_FEED_H
#define JUMUN_FEED_H

#include "cache.h"
#include "str.h"
#include "uuid.h"

#define FEED_KEPT     20000
#define LISTENER_KEPT SECONDS(600)
#define EPOCH_TEXT    16

struct feed_id {
    uint64_t time, number;
};
int feed_id_compare(struct feed_id a, struct feed_id b);
bool feed_id_parse(struct str text, struct feed_id *id); /* "<time>-<number>" */

/* Where a customer who listens stands. */
struct feed_standing {
    char epoch[EPOCH_TEXT + 1];
    struct feed_id since, last; /* nothing after `since` was left out; `last` is the feed's newest */
};
void feed_listen_send(struct cache *c, struct uuid customer); /* begins to listen, or goes on; one answer */
bool feed_listen_receive(struct cache *c, struct feed_standing *standing);

bool feed_epoch(struct cache *c, char epoch[EPOCH_TEXT + 1]);

struct feed_entry {
    struct feed_id id;
    struct str customer, order, status, entry; /* absent: a mark */
};
/* Entries after an id, oldest first, waiting for one if there is none; *count in: how many at most, out: how many. False: a fault. */
bool feed_read(struct cache *c, struct arena *arena, struct feed_id after, duration wait, struct feed_entry *entries, size_t *count);

#endif
