/* Words: the tables, and looking things up in them. */
#include "words.h"

#include "hash.h"

#define TOPIC(topic, name) STR_CONST(name),
const struct str topic_names[TOPICS] = {
#include "events.def"
};
#define CONTEXT(context, name) STR_CONST(name),
const struct str context_names[CONTEXTS] = {
#include "events.def"
};
#define NOTICE_OF(notice) STR_CONST(#notice),
const struct str notice_names[NOTICES] = {
#include "events.def"
};
#define KIND(kind, name, context, topic) {STR_CONST(name), CONTEXT_##context, TOPIC_##topic},
const struct kind_word kind_words[KINDS] = {
#include "events.def"
};
#define BY(context) (1u << CONTEXT_##context)
#define PUBLISHED   true
#define INTERNAL    false
#define EVENT(kind, topic, name, reach, readers, told)                                                                                     \
    {STR_CONST(topic "." #name ".v1"), STR_CONST(#name), KIND_##kind, reach, readers, NOTICE_##told},
const struct event_word event_words[EVENTS] = {
#include "events.def"
};
#define STATE(kind, state) STR_CONST(#state),
const struct str state_names[STATES] = {
#include "transitions.def"
};
#define STATE(kind, state) KIND_##kind,
static const enum kind state_kinds[STATES] = {
#include "transitions.def"
};
#define FIELD(field, name) STR_CONST(name),
const struct str field_names[FIELDS] = {
#include "fields.def"
};

static int find(const struct str *names, int n, struct str name)
{
    for (int i = 0; i < n; i++)
        if (str_equal(names[i], name))
            return i;
    return WORD_UNKNOWN;
}

int topic_named(struct str name)
{
    return find(topic_names, TOPICS, name);
}

int notice_named(struct str name)
{
    return find(notice_names, NOTICES, name);
}

int field_named(struct str name)
{
    return find(field_names, FIELDS, name);
}

int kind_named(struct str name)
{
    for (int i = 0; i < KINDS; i++)
        if (str_equal(kind_words[i].name, name))
            return i;
    return WORD_UNKNOWN;
}

int state_named(enum kind kind, struct str name)
{
    for (int i = 0; i < STATES; i++)
        if (state_kinds[i] == kind && str_equal(state_names[i], name))
            return i;
    return WORD_UNKNOWN;
}

/* ── types: asked for twenty times an order ──────────────────────────────────────────────────────────────────────────────────────────── */

#define TYPE_SLOTS 256
static uint8_t type_slots[TYPE_SLOTS]; /* an event's number + 1 */

__attribute__((constructor)) static void types_hash(void)
{
    for (int i = 0; i < EVENTS; i++) {
        uint64_t slot = hash_str(event_words[i].type);
        while (type_slots[slot % TYPE_SLOTS])
            slot++;
        type_slots[slot % TYPE_SLOTS] = (uint8_t)(i + 1);
    }
}

int event_typed(struct str type)
{
    for (uint64_t slot = hash_str(type); type_slots[slot % TYPE_SLOTS]; slot++) {
        int event = type_slots[slot % TYPE_SLOTS] - 1;
        if (str_equal(event_words[event].type, type))
            return event;
    }
    return WORD_UNKNOWN;
}

/* ── transitions ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define IN(kind, state)             (1u << STATE_##kind##_##state)
#define ANY                         (~0u)
#define STATE_OF(kind, to)          STATE_##kind##_##to
#define STATE_ORDER_SAME            (-1)
#define STATE_PAYMENT_SAME          (-1)
#define STATE_PREPARATION_SAME      (-1)
#define STATE_DELIVERY_SAME         (-1)
#define STEP(kind, event, from, to) {EVENT_##event, from, STATE_OF(kind, to)},
static const struct {
    enum event event;
    unsigned from;
    int to;
} steps[] = {
#include "transitions.def"
};

int state_after(int state, int event)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if ((int)steps[i].event == event && steps[i].from & 1u << state)
            return steps[i].to < 0 ? state : steps[i].to;
    return -1;
}

int state_before_all(enum kind kind)
{
    for (int i = 0; i < STATES; i++)
        if (state_kinds[i] == kind)
            return i;
    return -1;
}
