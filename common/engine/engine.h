/*
 * engine — the batch loop: commands in, one pipelined transaction a batch, answers and effects out.
 *
 * What waits (requests, messages, timers, answers of outbound calls) becomes commands in one bounded queue. When the previous commit is
 * done, whatever has queued up is the next batch: no timer, one command when idle, hundreds under load. A batch is one transaction in two
 * round trips, whatever its size:
 *   1. begin; note inbox ids and idempotency keys; load and lock the named aggregates, in id order; check the timers that fell due
 *      — then decide all, in memory —
 *   2. save states, append events and outbox, set timers, keep answers, by array parameters; commit
 * Only then: askers are answered, effects start, submitters are told, the relay is woken.
 *
 * A refusal disturbs no neighbour. When the database rejects what was decided, the batch is halved until only the guilty one is left, and
 * that one fails. When the connection is lost after COMMIT was sent, the transaction's fate is looked up, never guessed: see
 * docs/decisions/. When the database is away, the batch waits for it; askers whose deadline passes meanwhile are told so (503).
 *
 * A timer fires when it is due, and is gone then, whether the decider accepts or refuses it; what decides on it may set it again.
 *
 *     struct engine *e = engine_start(&(struct engine_config){ … });
 *     struct engine_command *c = engine_command_new();
 *     c->command = (struct command){.type = PLACE, .data = arena_copy(&c->arena, &place, sizeof place), .correlation = order};
 *     if (!engine_offer(e, c)) { … full: 503 … engine_command_free(c); }
 */
#ifndef JUMUN_ENGINE_H
#define JUMUN_ENGINE_H

#include "json_encode.h"
#include "metrics.h"
#include "store.h"
#include "trace.h"
#include <sys/queue.h>

struct engine;

/* ── who asks ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct answer {
    int status;
    struct str content_type; /* absent: application/json */
    struct str location;     /* Location header; absent: none */
    struct str etag;         /* ETag header; absent: none. Not kept with an Idempotency-Key: a replayed answer is not the present version */
    int retry_after;         /* seconds; 0: none */
    struct buf body;         /* the answer's own */
    bool later;              /* no answer yet: an effect of this decision takes the asker along, and its outcome's command answers */
    bool replayed;           /* set by the engine: an earlier answer, byte for byte (Idempotent-Replayed) */
};

/*
 * A parked request, seen by the engine. The owner embeds it, and keeps it until `resume`, which is called exactly once, on the engine's
 * thread, after the commit (or the fault).
 */
struct asker {
    /* The answer by what was decided; refusal is NULL when not refused. Before the commit; pure. a[] is in the order of decider.keys(). */
    void (*compose)(const struct asker *asker, const struct command *c, struct aggregate *const *a, const struct decision *d,
                    struct answer *out);
    void (*resume)(struct asker *asker, const struct answer *answer);
    duration deadline; /* clock_monotonic() after which an undecided command is not decided any more; 0: none */

    /* Idempotency: absent key means none. The first command with a (scope, key) is decided, and its answer kept. */
    struct str scope; /* who and which route: "customer-id POST /orders" */
    struct str key;
    struct str body;      /* compared with the first one's by its hash */
    struct uuid resource; /* the id that the command will create (goes into keys and data through `adopt`) */
    /* An earlier attempt with this key was cut off (a crash) before it was answered: decide again, on the resource of that attempt. */
    void (*adopt)(struct asker *asker, struct command *c, struct uuid resource);

    /* The engine's own marks. */
    bool holds_key;   /* this asker's key is noted, and its answer is to be kept */
    bool taken_along; /* by an effect: what it asked for was decided, and only the outcome is open */
};

/* ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum engine_outcome {
    ENGINE_DONE,         /* committed; with events or without */
    ENGINE_REFUSED,      /* the decider's refusal */
    ENGINE_DUPLICATE,    /* its inbox id was there already */
    ENGINE_CONTRADICTED, /* its inbox id was there already, with another content; nothing was done */
    ENGINE_FAILED,       /* the database rejects what was decided: a bug or poison; nothing was done */
    ENGINE_UNAVAILABLE,  /* the engine stops, or the deadline passed: nothing was done */
};

struct engine_command {
    struct command command;
    struct arena arena;  /* for data; freed with the command */
    struct uuid event;   /* inbox id; nil: none */
    int64_t content;     /* what tells a copy from another message under the same id; 0: not known */
    struct asker *asker; /* NULL: nobody waits */
    void (*done)(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal); /* may be NULL; frees nothing */
    void *ctx;                                                                                          /* for done */
    struct span span;  /* of the effect whose outcome this is; ends when the command is submitted */
    const char *after; /* its name: the event that the effect followed */
    STAILQ_ENTRY(engine_command) next;
};
struct engine_command *engine_command_new(void);
void engine_command_free(struct engine_command *c);

bool engine_offer(struct engine *e, struct engine_command *c); /* false: the queue is full, and c is still the caller's */
void engine_submit(struct engine *e,
                   struct engine_command *c); /* never refused: messages (whose number is bounded) and effects' outcomes */

/* ── effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Started on the engine's thread after the commit; must not wait. Whoever gets an asker must pass it on with the outcome's command. */
struct effect {
    struct uuid aggregate;
    struct uuid correlation;
    struct uuid cause;      /* the first event of the decision; nil when there was none */
    struct str traceparent; /* valid during start() only; see trace.h */
    const char *after;      /* the decision's first event; NULL when there was none */
    const void *data;       /* valid during start() only */
    struct asker *asker;
};
typedef void (*effect_start)(void *ctx, struct engine *e, const struct effect *effect);

/* The command that will tell the effect's outcome: with its order, cause, trace and asker. Type and data are the caller's to fill in. */
struct engine_command *engine_outcome_command(const struct effect *effect);

/* ── the engine ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct engine_config {
    const char *service; /* "order": source of the events is /jumun/order */
    const char *database_url;
    const struct decider *decider;
    const struct store_table *tables; /* in the order of decider->aggregates */
    /* Writes the members of the event's data (the braces are there already); a->state is the state after this decision. */
    void (*encode)(int event, const void *data, const struct aggregate *a, struct json_writer *w);
    const effect_start *effects;  /* by effect number */
    void *ctx;                    /* for effects */
    void (*committed)(void *ctx); /* something is in the outbox; may be NULL */
    void *committed_ctx;
    size_t queue_max;      /* 0: 4096 */
    size_t batch_max;      /* 0: 512 */
    duration timer_period; /* 0: 250 ms: how often timers that others have set are looked for */
    duration answer_lease; /* 0: 10 s: a key whose answer is out for longer was cut off, and may be taken over */
};

#define ENGINE_RECORD "event"                     /* the table of what has happened: rows are added to it, none is changed or removed */
extern const struct embedded engine_migrations[]; /* event, outbox, inbox, idempotency, timer, pruned: set "engine" */

struct engine *engine_start(const struct engine_config *config); /* the schema must be there; connects when it can */
void engine_stop(struct engine *e);                              /* decides what is queued; commands that come later are UNAVAILABLE */
void engine_free(struct engine *e);                              /* after engine_stop(), when nobody submits any more */
bool engine_ready(const struct engine *e);
bool engine_alive(const struct engine *e); /* the loop has turned within the last 10 s */
void engine_show(const struct engine *e, struct metrics_page *page);

#endif
