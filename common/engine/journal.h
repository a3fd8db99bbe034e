/*
 * journal — the statements of a batch on the tables that every context has: inbox, idempotency, event, outbox, timer.
 *
 * Each `…_send` queues one statement with array parameters for all its rows; answers come by pg_receive() in the same order.
 */
#ifndef JUMUN_JOURNAL_H
#define JUMUN_JOURNAL_H

#include "engine.h"

void journal_send_begin(struct pg *pg); /* two statements: BEGIN, and the database's clock */
bool journal_take_begin(struct pg *pg, instant *now);

struct journal_message {
    struct uuid event;
    int64_t content; /* 0: not known */
};
void journal_send_inbox(struct pg *pg, const struct journal_message *messages, size_t n); /* ascending; answers with the new ones */
void journal_send_known_messages(struct pg *pg, const struct uuid *events, size_t n);     /* answers with (event, content; 0: not known) */
void journal_send_inbox_forget(struct pg *pg, const struct uuid *events, size_t n);

/* ── idempotency keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void journal_send_keys(struct pg *pg, struct asker *const *askers, size_t n,
                       duration lease); /* answers with (scope, key) of the new ones */
void journal_send_known_keys(struct pg *pg, struct asker *const *askers, size_t n);
void journal_send_adopt(struct pg *pg, struct asker *const *askers, size_t n, duration lease);

struct journal_key { /* a row that was there already */
    struct str scope, key;
    struct uuid fingerprint, resource;
    bool cut_off; /* no answer, and its lease is over */
    int status;   /* 0: the answer is out */
    struct str content_type, location, body;
};
void journal_take_known_key(const struct pg_rows *rows, int row, struct journal_key *key);
struct uuid journal_fingerprint(struct str body);

struct journal_answer {
    const struct asker *asker;
    const struct answer *answer;
};
/* A key that has an answer keeps it, and of two it takes one. Rows: the indexes of those that were kept. */
void journal_send_answers(struct pg *pg, const struct journal_answer *answers, size_t n);

/* ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct journal_event {
    struct uuid id, aggregate, correlation, causation;
    const char *aggregate_kind;
    int64_t version;
    const struct event_type *type;
    struct str traceparent;
    instant at;
    struct str data;
};
void journal_send_events(struct pg *pg, const struct journal_event *events, size_t n); /* in order; published ones go to the outbox too */

/* What became of the transaction that appended this event, when the answer to its COMMIT was lost together with the session of `backend`.
 */
enum journal_fate { JOURNAL_COMMITTED, JOURNAL_ABORTED, JOURNAL_UNKNOWN };
enum journal_fate journal_ask_fate(struct pg *pg, const struct journal_event *event, int backend); /* ends that backend */

/* ── timers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct journal_timer {
    struct uuid aggregate, correlation;
    const char *aggregate_kind, *timer;
    instant due; /* 0: cleared */
};
void journal_send_timers_set(struct pg *pg, const struct journal_timer *timers, size_t n);   /* those with a due time, each once */
void journal_send_timers_clear(struct pg *pg, const struct journal_timer *timers, size_t n); /* those without */
void journal_send_timers_check(struct pg *pg, const struct journal_timer *timers, size_t n); /* answers with those still due, locked */
void journal_send_timer_postpone(struct pg *pg, const struct journal_timer *timer, duration wait);

/* Those of the given kinds and names that are due within `ahead`, the earliest first: aggregate, kind, timer, correlation, and the
   microseconds until then. NULL: a fault. */
const struct pg_rows *journal_due_timers(struct pg *pg, const struct decider *decider, duration ahead, size_t most);

#endif
