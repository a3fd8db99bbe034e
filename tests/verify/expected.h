/*
 * expected — what a message means for its order's document in Redis: written from what customer-view/README.md and the API promise, not
 * from the projection's code.
 *
 *     struct change change;
 *     if (expected_change(&room, event, &said, &change)) …
 */
#ifndef VERIFY_EXPECTED_H
#define VERIFY_EXPECTED_H

#include "buf.h"
#include "digest.h"
#include "records.h"

struct expected_room { /* {0}: buffers that are used again */
    struct buf text, entry, one, two;
};
bool expected_change(struct expected_room *room, int event, const struct said *said, struct change *change); /* false: it is not shown */

/* "status" as Redis keeps it: a number that ascends. */
enum shown_status {
    SHOWN_UNKNOWN,
    SHOWN_PENDING_PAYMENT,
    SHOWN_CONFIRMED,
    SHOWN_PREPARED,
    SHOWN_CANCELLING,
    SHOWN_SHIPPED,
    SHOWN_COMPLETED,
    SHOWN_CANCELLED
};

#endif
