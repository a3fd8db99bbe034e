/*
 * loaded — the aggregates of one batch: each named once, found by (kind, id), in the order they were named; and what the batch has decided
 * of their timers.
 */
#ifndef JUMUN_LOADED_H
#define JUMUN_LOADED_H

#include "decider.h"

/* A timer as the batch leaves it: a decision that comes later takes the place of one that came earlier. */
struct loaded_timer {
    bool decided;
    instant due; /* 0: cleared */
    struct uuid correlation;
};

struct loaded_entry {
    struct aggregate aggregate;
    bool locked;                 /* somebody will change it: load it FOR UPDATE */
    bool fetched;                /* the database has been asked */
    struct loaded_timer *timers; /* by number; NULL: none is decided */
};

struct loaded {
    struct arena *arena;
    const struct decider *decider;
    struct loaded_entry **entries; /* in the order they were named */
    size_t count, room;
    struct loaded_entry **slots; /* open addressing; a power of two of them */
    size_t slot_count;
};

void loaded_init(struct loaded *l, const struct decider *decider, struct arena *arena);

/* The aggregate of this key, made (all zero, version 0) when it is named for the first time. Stays where it is. */
struct aggregate *loaded_name(struct loaded *l, struct key key);
struct loaded_entry *loaded_find(const struct loaded *l, int kind, struct uuid id); /* NULL: nobody named it */

struct loaded_timer *loaded_timer(struct loaded *l, struct loaded_entry *entry, int timer); /* made when not there */

#endif
