/*
 * words — the system's nouns as numbers: topics, contexts, aggregates, their states, events, notices, the view's fields; from the tables
 * *.def. Whatever is not in them is named by its *_UNKNOWN.
 */
#ifndef VERIFY_WORDS_H
#define VERIFY_WORDS_H

#include "str.h"

enum topic {
#define TOPIC(topic, name) TOPIC_##topic,
#include "events.def"
    TOPICS
};

enum context {
#define CONTEXT(context, name) CONTEXT_##context,
#include "events.def"
    CONTEXTS
};
#define DATABASES CONTEXT_VIEW /* those before the view have one */

enum kind {
#define KIND(kind, name, context, topic) KIND_##kind,
#include "events.def"
    KINDS
};

enum notice {
#define NOTICE_OF(notice) NOTICE_##notice,
#include "events.def"
    NOTICES
};

enum event {
#define EVENT(kind, topic, name, reach, readers, told) EVENT_##name,
#include "events.def"
    EVENTS
};

/* Of all aggregates in one row: STATE_ORDER_NONE … */
enum state {
#define STATE(kind, state) STATE_##kind##_##state,
#include "transitions.def"
    STATES
};

enum field {
#define FIELD(field, name) FIELD_##field,
#include "fields.def"
    FIELDS
};

#define WORD_UNKNOWN 255 /* of any of them */

struct event_word {
    struct str type; /* "jumun.order.OrderPlaced.v1" */
    struct str name; /* "OrderPlaced" */
    enum kind kind;
    bool published;
    unsigned readers; /* a bit 1 << context each */
    enum notice told;
};
struct kind_word {
    struct str name;
    enum context context;
    enum topic topic;
};

extern const struct str topic_names[TOPICS], context_names[CONTEXTS], notice_names[NOTICES], state_names[STATES], field_names[FIELDS];
extern const struct kind_word kind_words[KINDS];
extern const struct event_word event_words[EVENTS];

int topic_named(struct str name);
int kind_named(struct str name);
int notice_named(struct str name);
int state_named(enum kind kind, struct str name);
int event_typed(struct str type);
int field_named(struct str name);

/* For a sentence. */
static inline const char *state_word(uint8_t state)
{
    return state < STATES ? state_names[state].p : "of an unknown state";
}

/* The state after the event; -1: it may not happen in this one. */
int state_after(int state, int event);
int state_before_all(enum kind kind); /* NONE of that kind; -1: it has no states */

#endif
