/*
 * given — tests of deciders as stories.
 *
 *     given(&story, (struct command){.type = PLACE, .data = &place_two_teas});     // decides and applies; must not be refused
 *     when(&story, (struct command){.type = RECORD_PAYMENT, .data = &approved});   // decides
 *     then_event(&story, ORDER_CONFIRMED);                                          // exactly this one … (its data is returned)
 *     then_no_more(&story);
 *     then_refused(&story, 409, "/problems/sold-out");
 *
 * States live in the story by (kind, id). Effects and timers are those of the last decision, in any order; events in their order, settled
 * ones (decider.settle) behind the decided ones. A failed expectation fails the cmocka test with the story's last command and decision. So
 * does a decider that breaks its word: changes a state itself, or lets something happen to what it only consulted.
 */
#ifndef JUMUN_GIVEN_H
#define JUMUN_GIVEN_H

#include "decider.h"

#define STORY_AGGREGATES 64
struct story {
    const struct decider *decider;
    struct arena arena;
    instant now; /* for commands that bring no time of their own; the story's to move */
    struct aggregate *aggregates[STORY_AGGREGATES];
    size_t aggregate_count;
    struct command last;      /* of the last when() */
    struct decision decision; /* likewise */
    size_t next_event;
};

void story_init(struct story *s, const struct decider *decider);
void story_release(struct story *s);
struct aggregate *story_aggregate(struct story *s, int kind, struct uuid id); /* made, with version 0, when not there */
const void *story_state(struct story *s, int kind, struct uuid id);

void given(struct story *s, struct command c);
void when(struct story *s, struct command c); /* decides, and applies when not refused */

const void *then_event(struct story *s, int event); /* the next event of the decision is this; returns its data */
void then_no_more(struct story *s);                 /* no further event, and not refused */
void then_nothing(struct story *s);                 /* no event, no timer, no effect, not refused */
const struct refusal *then_refused(struct story *s, int status, const char *type);
const void *then_effect(struct story *s, int effect);
instant then_timer(struct story *s, int timer); /* it is set (returns when due) or cleared (returns 0) */

#endif
