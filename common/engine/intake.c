/* Intake: decodes records, has the engine decide them, and sends to the dead letters what cannot be taken. */
#include "intake.h"
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct intake {
    struct intake_config config;
    struct kafka_consumer *consumer;

    pthread_mutex_t lock;
    pthread_cond_t all_done;
    size_t under_way; /* commands of this batch in the engine; under lock */
    bool unavailable; /* one of them was not decided; under lock */

    struct counter taken, passed_over;
};

/* A record of the batch in the engine: where to say why it is dead, if it is. */
struct submitted {
    struct intake *intake;
    struct arena *arena; /* of the batch; used under the intake's lock from the engine's thread */
    struct str *reason;
};

/* ── decode ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

bool intake_decode(struct arena *arena, const struct cloud_event *event, const struct json_shape *shape, void *out, struct str *reason)
{
    struct json_errors errors = {0};
    if (json_decode(arena, event->data, shape, out, &errors))
        return true;
    const struct json_error *first = &errors.items[0];
    *reason = arena_printf(arena, "data%.*s: %s: %.*s", STR_ARG(first->pointer), first->code, STR_ARG(first->detail));
    return false;
}

/* `name` is the part of `type` before its last dot. */
static bool same_but_for_major(struct str type, struct str name, const char *known)
{
    size_t n = (size_t)(name.p - type.p) + name.n + 1;
    return strncmp(known, type.p, n) == 0;
}

static enum intake_meaning find_type(const struct intake_event *events, const struct cloud_event *event, const struct intake_event **found,
                                     struct arena *arena, struct str *reason)
{
    struct str topic, name;
    int major;
    if (!cloud_event_type(event->type, &topic, &name, &major))
        return *reason = arena_printf(arena, "type: not <topic>.<name>.v<major>: %.*s", STR_ARG(event->type)), INTAKE_DEAD;
    for (const struct intake_event *known = events; known->type; known++)
        if (str_is(event->type, known->type))
            return *found = known, INTAKE_COMMAND;
    for (const struct intake_event *known = events; known->type; known++)
        if (same_but_for_major(event->type, name, known->type))
            return *reason = arena_printf(arena, "type: major version %d is not known here", major), INTAKE_DEAD;
    return INTAKE_NOTHING;
}

/* Most of what a topic carries is for others: seen at its type alone, before anything else of it is read. */
static bool is_for_others(const struct intake_event *events, const struct kafka_record *record)
{
    struct str type = kafka_record_header(record, STR("ce_type")), topic, name;
    int major;
    if (!cloud_event_type(type, &topic, &name, &major) || !str_equal(topic, record->topic))
        return false;
    for (const struct intake_event *known = events; known->type; known++)
        if (same_but_for_major(type, name, known->type))
            return false;
    return true;
}

static bool is_in_its_place(const struct kafka_record *record, const struct cloud_event *event, struct arena *arena, struct str *reason)
{
    struct str topic, name;
    int major;
    char key[UUID_TEXT + 1];
    uuid_format(event->correlation, key);
    if (cloud_event_type(event->type, &topic, &name, &major) && !str_equal(topic, record->topic))
        return *reason = arena_printf(arena, "type: belongs to topic %.*s", STR_ARG(topic)), false;
    if (!str_is(record->key, key))
        return *reason = arena_printf(arena, "key: must be the correlation id %s", key), false;
    return true;
}

/* What a copy has in common with the first, and another message under the same id most likely has not. */
static int64_t content_of(const struct kafka_record *record, const struct cloud_event *event)
{
    const uint64_t parts[] = {str_hash(event->type),         str_hash(record->value),     uuid_hash(event->subject),
                              uuid_hash(event->correlation), uuid_hash(event->causation), (uint64_t)event->version};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        h = (h ^ parts[i]) * 0x9e3779b97f4a7c15;
    return h ? (int64_t)h : 1;
}

enum intake_meaning intake_read(const struct intake_event *events, const struct kafka_record *record, struct engine_command *c,
                                struct str *reason)
{
    struct cloud_event event;
    const struct intake_event *known = NULL;
    if (!cloud_event_decode(record, &event, &c->arena, reason))
        return INTAKE_DEAD;
    enum intake_meaning meaning = find_type(events, &event, &known, &c->arena, reason);
    if (meaning != INTAKE_COMMAND)
        return meaning;
    if (!is_in_its_place(record, &event, &c->arena, reason))
        return INTAKE_DEAD;
    c->event = event.id;
    c->content = content_of(record, &event);
    c->command =
        (struct command){.cause = event.id, .correlation = event.correlation, .fresh = uuid_new(), .traceparent = event.traceparent};
    return known->decode(&c->arena, &event, &c->command, reason) ? INTAKE_COMMAND : INTAKE_DEAD;
}

/* ── the engine's answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Why a message is dead by this outcome; absent when it is not. */
static struct str reason_of(enum engine_outcome outcome, const struct refusal *refusal, struct arena *arena)
{
    switch (outcome) {
    case ENGINE_REFUSED: return arena_printf(arena, "refused: %s: %.*s", refusal->type, STR_ARG(refusal->detail));
    case ENGINE_CONTRADICTED: return STR("ce_id: was another message's, which had its effect");
    case ENGINE_FAILED: return STR("rejected by the database");
    case ENGINE_DONE:
    case ENGINE_DUPLICATE:
    case ENGINE_UNAVAILABLE: return (struct str){0};
    }
    unreachable();
}

static void decided(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    struct submitted *s = c->ctx;
    struct intake *in = s->intake;
    pthread_mutex_lock(&in->lock);
    *s->reason = reason_of(outcome, refusal, s->arena);
    in->unavailable |= outcome == ENGINE_UNAVAILABLE;
    if (--in->under_way == 0)
        pthread_cond_signal(&in->all_done);
    pthread_mutex_unlock(&in->lock);
}

static void submit(struct intake *in, const struct kafka_record *record, struct arena *arena, struct str *reason)
{
    if (is_for_others(in->config.events, record)) {
        counter_add(&in->passed_over, 1);
        return;
    }
    struct engine_command *c = engine_command_new();
    struct str why = {0};
    switch (intake_read(in->config.events, record, c, &why)) {
    case INTAKE_COMMAND:
        counter_add(&in->taken, 1);
        pthread_mutex_lock(&in->lock);
        struct submitted *s = ARENA_NEW(arena, struct submitted);
        *s = (struct submitted){in, arena, reason};
        in->under_way++;
        pthread_mutex_unlock(&in->lock);
        c->done = decided;
        c->ctx = s;
        engine_submit(in->config.engine, c);
        return;
    case INTAKE_NOTHING: counter_add(&in->passed_over, 1); break;
    case INTAKE_DEAD:
        pthread_mutex_lock(&in->lock);
        *reason = arena_str(arena, why);
        pthread_mutex_unlock(&in->lock);
        break;
    }
    engine_command_free(c);
}

static bool await_engine(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    while (in->under_way > 0)
        pthread_cond_wait(&in->all_done, &in->lock);
    bool all_decided = !in->unavailable;
    pthread_mutex_unlock(&in->lock);
    return all_decided;
}

/* ── a batch of records ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static enum kafka_verdict apply(void *ctx, const struct kafka_record *records, size_t n)
{
    struct intake *in = ctx;
    struct arena arena;
    arena_init(&arena);
    struct str *reasons = ARENA_ARRAY(&arena, struct str, n);
    in->unavailable = false;
    for (size_t i = 0; i < n; i++)
        submit(in, &records[i], &arena, &reasons[i]);
    bool applied = await_engine(in) && letters_send(in->config.letters, &arena, records, reasons, n);
    arena_release(&arena);
    return applied ? KAFKA_APPLIED : KAFKA_RETRY;
}

/* ── a message from the dead letters ─────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Held by who asks and by the engine: whoever is the last to leave frees it. */
struct again {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct arena arena; /* for the reason */
    struct str reason;
    enum intake_again answer;
    bool left; /* the other one has */
};

static void leave(struct again *a)
{
    bool last = a->left;
    a->left = true;
    pthread_cond_signal(&a->done);
    pthread_mutex_unlock(&a->lock);
    if (!last)
        return;
    arena_release(&a->arena);
    pthread_cond_destroy(&a->done);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

static void decided_again(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    struct again *a = c->ctx;
    pthread_mutex_lock(&a->lock);
    a->reason = reason_of(outcome, refusal, &a->arena);
    if (outcome != ENGINE_UNAVAILABLE)
        a->answer = str_absent(a->reason) ? INTAKE_TAKEN : INTAKE_STILL_DEAD;
    leave(a);
}

static enum intake_again await_again(struct intake *in, struct engine_command *c, duration patience, struct arena *arena,
                                     struct str *reason)
{
    struct again *a = NEW(struct again);
    duration until = clock_monotonic() + patience;
    a->answer = INTAKE_NOT_DECIDED;
    arena_init(&a->arena);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->done, NULL);
    c->done = decided_again;
    c->ctx = a;
    engine_submit(in->config.engine, c);
    pthread_mutex_lock(&a->lock);
    while (!a->left && clock_wait(&a->done, &a->lock, until))
        ;
    enum intake_again answer = a->answer;
    *reason = arena_str(arena, a->reason);
    leave(a);
    return answer;
}

enum intake_again intake_take_again(struct intake *in, const struct kafka_record *record, duration patience, struct arena *arena,
                                    struct str *reason)
{
    struct engine_command *c = engine_command_new();
    struct str why = {0};
    switch (intake_read(in->config.events, record, c, &why)) {
    case INTAKE_COMMAND: counter_add(&in->taken, 1); return await_again(in, c, patience, arena, reason);
    case INTAKE_NOTHING: *reason = STR("type: is not known here"); break;
    case INTAKE_DEAD: *reason = arena_str(arena, why); break;
    }
    engine_command_free(c);
    return INTAKE_STILL_DEAD;
}

/* ── start and stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define INTAKE_TOPICS 16

/* The topics follow from the types: each once. The names are the caller's to free. */
static size_t topics_of(const struct intake_event *events, char *topics[INTAKE_TOPICS])
{
    size_t n = 0;
    for (; events->type; events++) {
        struct str topic, name;
        int major;
        invariant(cloud_event_type(str_of(events->type), &topic, &name, &major));
        size_t i = 0;
        while (i < n && !str_is(topic, topics[i]))
            i++;
        if (i < n)
            continue;
        invariant(n < INTAKE_TOPICS);
        topics[n] = memory_new(topic.n + 1);
        memcpy(topics[n++], topic.p, topic.n);
    }
    return n;
}

struct intake *intake_start(const struct intake_config *config)
{
    struct intake *in = NEW(struct intake);
    in->config = *config;
    pthread_mutex_init(&in->lock, NULL);
    pthread_cond_init(&in->all_done, NULL);
    char *topics[INTAKE_TOPICS];
    size_t n = topics_of(config->events, topics);
    in->consumer = kafka_consumer_start(&(struct kafka_consumer_config){.brokers = config->brokers,
                                                                        .group = config->service,
                                                                        .topics = (const char *const *)topics,
                                                                        .topic_count = n,
                                                                        .apply = apply,
                                                                        .ctx = in});
    for (size_t i = 0; i < n; i++)
        free(topics[i]);
    return in;
}

void intake_stop(struct intake *in)
{
    kafka_consumer_stop(in->consumer);
    pthread_cond_destroy(&in->all_done);
    pthread_mutex_destroy(&in->lock);
    free(in);
}

bool intake_ready(const struct intake *in)
{
    return kafka_consumer_ready(in->consumer);
}

void intake_show(const struct intake *in, struct metrics_page *page)
{
    metrics_counter(page, "jumun_intake_taken_total", "Foreign events that became commands.", NULL, &in->taken);
    metrics_counter(page, "jumun_intake_passed_over_total", "Events of types that this context does not know.", NULL, &in->passed_over);
    kafka_consumer_show(in->consumer, page);
}
