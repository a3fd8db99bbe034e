/*
 * batch_inside — what the files of batch share. Not for others.
 *
 * batch.c is the transaction from begin to commit, and what follows it; batch_once.c knows what was there before (inbox, idempotency keys);
 * batch_rows.c loads and saves aggregates; batch_timers.c has the timers; batch_decide.c decides, without any I/O.
 */
#ifndef JUMUN_BATCH_INSIDE_H
#define JUMUN_BATCH_INSIDE_H

#include "batch.h"
#include "journal.h"
#include "loaded.h"

enum fate {
    FATE_OPEN,         /* to be decided */
    FATE_DUPLICATE,    /* the inbox has it already */
    FATE_CONTRADICTED, /* … with another content */
    FATE_STALE,        /* a timer that is not due any more */
    FATE_ANSWERED,     /* by its idempotency key, not by deciding */
    FATE_DONE,
    FATE_REFUSED,
};

struct entry {
    struct engine_command *c;
    enum fate fate;
    struct keys keys;
    struct aggregate **aggregates; /* in the order of keys */
    struct decision decision;
    struct uuid first_event;
    struct answer answer;
    struct span span;
    struct str trace; /* for what it causes */
    bool notes_key;   /* its idempotency key is new, and noted in this transaction */
};

struct batch {
    const struct engine_config *config;
    struct pg *pg;
    struct batch_stats *stats;
    struct store **stores; /* by aggregate kind */

    struct arena arena; /* everything below, anew for each run */
    struct entry *entries;
    size_t count;
    struct loaded loaded;
    struct load *loads; /* SELECTs under way */
    size_t load_count;
    instant now;     /* the database's clock … */
    instant started; /* … and our own; only when traces are on */
    int backend;     /* the session it runs in */

    struct entry **inbox; /* those with an inbox id, ascending by it */
    size_t inbox_count;
    struct entry **copies; /* of these, those that stand in the batch behind the first */
    size_t copy_count;
    struct entry **keyed; /* those with a key to be noted, ascending by (scope, key) */
    size_t keyed_count;
    struct journal_timer *due; /* the timers that are commands of this batch */
    struct entry **due_entries;
    size_t due_count;

    struct journal_event *events;
    size_t event_count, event_room;
    size_t timer_count; /* how often a timer was decided */
    instant next_timer; /* the earliest that it has set; 0: none */
    struct decision settled;
    struct buf payload;
    size_t published;
    struct pg_fault fault; /* of the last run that failed */
};

/* batch_rows.c */
void batch_name(struct batch *b, struct entry *e); /* the aggregates that its command touches */
void batch_send_loads(struct batch *b);            /* of all that is named and not fetched yet */
bool batch_take_loads(struct batch *b);
size_t batch_send_saves(struct batch *b, size_t *expected); /* returns how many statements; each must affect so many rows */

/* batch_once.c */
void batch_note_once(struct batch *b, struct entry *e); /* its inbox id, its key */
void batch_part_copies(struct batch *b);                /* answers for those that stand in the batch twice */
void batch_send_once(struct batch *b);
bool batch_take_once(struct batch *b);
bool batch_known_messages_trip(struct batch *b); /* which of the duplicates are none */
bool batch_known_keys_trip(struct batch *b);     /* answers for those that had come before */
size_t batch_send_forgotten(struct batch *b);
size_t batch_send_answers(struct batch *b); /* returns how many; 0: nothing was sent */
bool batch_take_answers(struct batch *b, size_t sent);

/* batch_timers.c */
void batch_note_due(struct batch *b, struct entry *e); /* its command is a timer that fell due */
bool batch_take_due_timers(struct batch *b);
bool batch_timer_fires(struct batch *b, const struct command *c); /* false: it was moved, cleared or decided in this batch */
void batch_note_timers(struct batch *b, const struct entry *e);   /* of its decision */
size_t batch_send_timers(struct batch *b);

/* batch_decide.c */
void batch_decide(struct batch *b);

#endif
