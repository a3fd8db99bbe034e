/*
 * choice — everything that could be otherwise, from one seed.
 *
 * Each choice has a name: a stream (who chooses) and its number in that stream. What is chosen follows from the seed and the name alone, so
 * a choice can be taken back to 0 without renaming any other. 0 is always the plainest: no fault, no delay, nothing more to do. A failing
 * run is made short in this way: see shrink.h.
 *
 *     if (chance(&choices, CRASHING, 20)) …        // in 20 of 1000
 *     size_t n = 1 + choose(&choices, STOCKING, 3);
 */
#ifndef SIMULATOR_CHOICE_H
#define SIMULATOR_CHOICE_H

#include "instant.h"

#define STREAM_CHOICES 4096 /* of one stream, that can be recorded and kept */

enum stream {
    MOOD,     /* which faults this run has, and how many */
    STOCKING, /* products, restocks, prices */
    CUSTOMER, /* + the order's number */
    BATCHING = CUSTOMER + 8,
    CRASHING = BATCHING + 8, /* + the service's number, as BATCHING and those that follow */
    RELAYING = CRASHING + 8,
    TIMING = RELAYING + 8,
    POLLING = TIMING + 8, /* + 8 * the service's number + the topic's */
    CALLING = POLLING + 64,
    PROVIDER,
    CARRIER,
    COURIER,
    CHANNEL,
    PREFERRING,
    STREAMS
};

struct chosen {
    uint8_t stream;
    uint16_t number;
    uint16_t value;
};

struct choices {
    uint64_t seed;
    uint32_t drawn[STREAMS];
    const uint16_t (*kept)[STREAM_CHOICES]; /* these instead, all others are 0; NULL: as the seed says */
    struct chosen *record;                  /* of those that are not 0; NULL: nobody asks */
    size_t recorded, room;
};

void choices_begin(struct choices *c, uint64_t seed);
uint32_t choose(struct choices *c, int stream, uint32_t n);       /* 0 … n-1 */
bool chance(struct choices *c, int stream, uint32_t of_thousand); /* always draws */

/* 100 µs, doubled up to `doublings` times: short or long, each order of magnitude as likely. */
duration wait_chosen(struct choices *c, int stream, uint32_t doublings);

#endif
