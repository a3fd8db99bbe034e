/*
 * rebuild — builds the view anew from the beginning of the topics, beside the one that is read, compares the two, has the new one take the
 * other's place, and drops that: on a thread of its own, at an operator's wish. How it stands is in Redis, for every replica to tell
 * (outbound/rebuilding.h).
 *
 * A process that ends in the middle leaves the view that is read as it is; what it has built is dropped at the beginning of the next one.
 * Only when the new one has begun to take its place is the change completed without it, by any replica (inbound/events.c).
 */
#ifndef JUMUN_REBUILD_H
#define JUMUN_REBUILD_H

#include "outbound/rebuilding.h"

enum rebuilding_begun rebuild_begin(struct cache *c, struct str key); /* any thread; `c` is connected */
void rebuild_stop(void);                                              /* with the service; waits for it to have noticed */

#endif
