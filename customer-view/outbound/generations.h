/*
 * generations — which of the views that Redis holds is written, and which is read.
 *
 *     view:generations    "<writes> <reads>"; <reads> is "-" while there is none that could be read
 *
 *     a a     as usual
 *     b a     b was rebuilt beside a, and takes its place: every event goes into both, in one step, until b is known to have all that a has
 *     b -     Redis was empty: b is filled from the beginning of the topics, and read when it has all that was on them
 *
 * Both of the latter end in "b b", by generations_settle(): whoever sees that all is in may say so, and any replica does
 * (inbound/events.c). A generation's name is made by chance, and never comes again: what somebody writes who has not noticed yet goes where
 * nobody looks.
 */
#ifndef JUMUN_GENERATIONS_H
#define JUMUN_GENERATIONS_H

#include "arena.h"
#include "cache.h"
#include "kafka.h"

#define GENERATIONS_KEY "view:generations"
#define GENERATION_MAX  16

struct view_generations {
    char text[2 * GENERATION_MAX + 2];                          /* as Redis keeps it; empty: a rebuilding's, of which nobody is told */
    char writes[GENERATION_MAX + 1], reads[GENERATION_MAX + 1]; /* no reads: empty */
};

void generation_new(char name[GENERATION_MAX + 1]);
bool generations_parse(struct str text, struct view_generations *g); /* absent is as "nothing is there": no writes, no reads */
struct view_generations generation_rebuilding(const char *name);
bool generations_settled(const struct view_generations *g);
bool generations_both(const struct view_generations *g); /* every event goes into both */

/* In a pipeline: as Redis keeps them, "nothing is there" included. */
void generations_send(struct cache *c);
bool generations_receive(struct cache *c, struct view_generations *g);

/* As Redis keeps them; a Redis that knows none is told to fill a new one. False: a fault. */
bool generations_load(struct cache *c, struct view_generations *g);

/* "a a" → "b a", when b is nowhere ahead of a. *done tells; false: a fault. */
bool generations_hand_over(struct cache *c, const struct view_generations *from, const char *to, bool *done);

/* "b …" → "b b"; nothing, when it is another by now. False: a fault. */
bool generations_settle(struct cache *c, const struct view_generations *g);

/* Has the generation all that stands before these ends? Also: how many records it has of them. False: a fault. */
struct generation_reach {
    int64_t read, total;
    bool all;
};
bool generation_reach(struct cache *c, const char *name, const struct kafka_extent *extents, size_t n, struct generation_reach *reach);

/*
 * A step of dropping what is of no generation that is written or read: *cursor "0" begins, and is "0" again at the end. Keys are freed in
 * the background by Redis. `keep`: another one that stays; NULL: none. False: a fault.
 */
struct sweeping {
    char cursor[24];
    int64_t dropped; /* keys */
};
bool generations_sweep(struct cache *c, const char *keep, struct sweeping *s);

#endif
