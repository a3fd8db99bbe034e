/*
 * decider — what a context decides, apart from everything that waits.
 *
 * A context is four tables and three functions, all pure: no I/O, no clock, no randomness, no hidden allocation. Time, new ids and foreign
 * facts come in with the command or with the states; the same functions run in the service, in its tests, and in a simulation.
 *
 *     keys(command)            which aggregates it touches
 *     decide(command, states)  events, timers and effects, or a refusal
 *     evolve(state, event)     the state after the event
 *
 * The engine (engine.h) loads and locks the named aggregates, decides, evolves, saves and publishes, many commands in one transaction.
 *
 *     static void decide(const struct command *c, struct aggregate *const *a, struct decision *d)
 *     {
 *         const struct delivery *delivery = a[0]->state;
 *         if (delivery->state == DELIVERY_STARTED)
 *             decision_refuse(d, &already_started);
 *         else
 *             decision_event(d, a[0], DELIVERY_STARTED_EVENT, &(struct delivery_started){…});
 *     }
 *
 * The pattern: Chassaing, "Functional Event Sourcing Decider" (2021).
 */
#ifndef JUMUN_DECIDER_H
#define JUMUN_DECIDER_H

#include "arena.h"
#include "instant.h"
#include "uuid.h"

/* ── what comes in ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct command {
    int type;                /* of the context's own enum */
    const void *data;        /* by type; lives as long as the command */
    struct uuid cause;       /* id of the event or request behind it: the causation id of what is decided */
    struct uuid correlation; /* the order's id (for the catalog: the product's): groups, and is the key on the topics */
    struct uuid fresh;       /* an id that nothing has yet, for what the command may create */
    struct str traceparent;  /* the trace it belongs to (trace.h of telemetry); may be absent */
    instant now;             /* the database's clock, set by the engine just before deciding */
};

/* The command type of a timer that fell due; data is a struct timer_due. Contexts' own types are 1, 2, … */
#define COMMAND_TIMER_DUE 0
struct timer_due {
    int timer;          /* of the context's timer table */
    int aggregate_kind; /* of whom */
    struct uuid id;
};

/* ── what it touches ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct aggregate {
    int kind; /* index into decider.aggregates */
    struct uuid id;
    int64_t version; /* events so far; 0: does not exist, and state is all zero */
    void *state;     /* of the kind's type; never NULL. Whatever it points to lives as long as the batch */
    bool changed;    /* an event was applied to it */
    bool stored;     /* the database has it: the engine's own mark */
};

struct key {
    int kind;
    struct uuid id;
    bool consulted; /* only read: not locked, and must not be changed */
};
struct keys {
    struct arena *arena;
    struct key *items;
    size_t count, room;
};
void keys_init(struct keys *keys, struct arena *arena);
void keys_add(struct keys *keys, int kind, struct uuid id);     /* decide() gets the aggregates in the order of these calls */
void keys_consult(struct keys *keys, int kind, struct uuid id); /* likewise, for what the decision only looks at */

/* ── what is decided ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A refusal is an answer: it goes to who asked, changes nothing, and disturbs nobody. Served as RFC 9457 problem+json. */
struct refusal {
    int status;        /* HTTP: 402, 404, 409, 422 … */
    const char *type;  /* stable: "/problems/sold-out" */
    const char *title; /* the kind of problem */
    struct str detail; /* this case, and what to do */
    const struct refusal_error *errors;
    size_t error_count;
};
struct refusal_error {
    struct str pointer; /* RFC 6901, into the request's body */
    const char *code;
    struct str detail;
};

struct decided_event {
    struct aggregate *aggregate;
    int type;         /* index into decider.events */
    const void *data; /* copied into the decision's arena */
    struct uuid id;   /* given by the engine, after the decision */
};
struct decided_timer {
    const struct aggregate *aggregate;
    int timer;   /* of the context's timer table */
    instant due; /* 0 clears it */
};
struct decided_effect {
    struct uuid aggregate;
    int effect;       /* index into the service's effects */
    const void *data; /* copied into the decision's arena */
};

struct decision {
    struct arena *arena;           /* of the batch */
    const struct refusal *refusal; /* set: nothing else counts */
    struct decided_event *events;
    size_t event_count, event_room;
    struct decided_timer *timers;
    size_t timer_count, timer_room;
    struct decided_effect *effects;
    size_t effect_count, effect_room;
    const struct decider *decider;
};

void decision_init(struct decision *d, const struct decider *decider, struct arena *arena);

/* Something happened to the aggregate. `data` has the size that decider.events says; what it points to must live as long as the batch. */
void decision_event(struct decision *d, struct aggregate *a, int event, const void *data);

/* One timer of each kind per aggregate; setting it again, in the same decision too, moves it. When due it comes back as COMMAND_TIMER_DUE,
 * at least once. */
void decision_timer(struct decision *d, const struct aggregate *a, int timer, instant due);

/* After the commit, start something outside. Its outcome comes back as a command. Flat data only (no pointers). May be lost in a crash:
   who needs it sets a timer beside it. */
void decision_effect(struct decision *d, const struct aggregate *a, int effect, const void *data, size_t size);

/* `r` is copied, with all it points to, into the decision's arena. The first refusal of a decision is the one that counts. */
void decision_refuse(struct decision *d, const struct refusal *r);
/* A refusal with a sentence made for this case. */
void decision_refuse_with(struct decision *d, int status, const char *type, const char *title, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ── the context's tables ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum event_reach {
    EVENT_PUBLISHED, /* kept in the context's history, and sent to its topic */
    EVENT_INTERNAL,  /* kept in the history only */
    EVENT_STATE,     /* changes the state, and leaves no trace: foreign facts that the context merely mirrors. Not counted in the version */
};

struct event_type {
    const char *name; /* "OrderConfirmed" */
    enum event_reach reach;
    const char *topic; /* "jumun.order"; its full type is topic.name.v1 */
    size_t data_size;
};

struct aggregate_type {
    const char *name; /* "order" */
    size_t state_size;
};

struct decider {
    const struct aggregate_type *aggregates;
    size_t aggregate_count;
    const struct event_type *events;
    size_t event_count;
    const char *const *timers; /* names, for the database */
    size_t timer_count;

    void (*keys)(const struct command *c, struct keys *keys);
    void (*decide)(const struct command *c, struct aggregate *const *a, struct decision *d);
    void (*evolve)(struct aggregate *a, int event, const void *data, struct arena *arena); /* anything allocated comes from arena */

    /* May be NULL. Called once at the end of a batch for each changed aggregate: an event that describes the state rather than one change
       of it (StockChanged), so that a hundred changes in a batch give one. It may only add events of `a`. */
    void (*settle)(struct aggregate *a, struct decision *d);
};

/* Applies a decision that is not refused: evolves its aggregates, marks them changed, and counts their versions up after each event that is
   of the history (not EVENT_STATE). For engine, tests and simulation. */
void decision_apply(const struct decision *d, struct arena *arena);

#endif
