/* Intake: decodes records, has the engine decide them, and sends to the dead letters what cannot be taken. */
#include "intake.h"
#include "clock.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct intake {
    struct intake_config config;
    struct kafka_consumer *consumer;
    struct kafka_producer *dead_letters;
    char dead_letter_topic[80];

    pthread_mutex_t lock;
    pthread_cond_t all_done;
    size_t under_way; /* commands of this batch in the engine; under lock */
    bool unavailable; /* one of them was not decided; under lock */

    struct counter taken, passed_over, dead;
};

/* A record of the batch, and why it is dead, if it is. */
struct letter {
    struct intake *intake;
    const struct kafka_record *record;
    struct arena *arena; /* of the batch; used under the intake's lock from the engine's thread */
    struct str reason;
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
    c->command =
        (struct command){.cause = event.id, .correlation = event.correlation, .fresh = uuid_new(), .traceparent = event.traceparent};
    return known->decode(&c->arena, &event, &c->command, reason) ? INTAKE_COMMAND : INTAKE_DEAD;
}

/* ── the engine's answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void decided(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    struct letter *letter = c->ctx;
    struct intake *in = letter->intake;
    pthread_mutex_lock(&in->lock);
    if (outcome == ENGINE_REFUSED)
        letter->reason = arena_printf(letter->arena, "refused: %s: %.*s", refusal->type, STR_ARG(refusal->detail));
    else if (outcome == ENGINE_FAILED)
        letter->reason = STR("rejected by the database");
    else if (outcome == ENGINE_UNAVAILABLE)
        in->unavailable = true;
    if (--in->under_way == 0)
        pthread_cond_signal(&in->all_done);
    pthread_mutex_unlock(&in->lock);
}

static void submit(struct intake *in, struct letter *letter)
{
    if (is_for_others(in->config.events, letter->record)) {
        counter_add(&in->passed_over, 1);
        return;
    }
    struct engine_command *c = engine_command_new();
    struct str reason = {0};
    switch (intake_read(in->config.events, letter->record, c, &reason)) {
    case INTAKE_COMMAND:
        c->done = decided;
        c->ctx = letter;
        counter_add(&in->taken, 1);
        pthread_mutex_lock(&in->lock);
        in->under_way++;
        pthread_mutex_unlock(&in->lock);
        engine_submit(in->config.engine, c);
        return;
    case INTAKE_NOTHING: counter_add(&in->passed_over, 1); break;
    case INTAKE_DEAD:
        pthread_mutex_lock(&in->lock);
        letter->reason = arena_str(letter->arena, reason);
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

/* ── dead letters ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void dead_letter_reported(void *ctx, const char *failure)
{
    bool *all_taken = ctx;
    *all_taken &= failure == NULL;
}

static void send_dead_letter(struct intake *in, const struct letter *letter, bool *all_taken)
{
    const struct kafka_record *r = letter->record;
    struct arena *arena = letter->arena;
    struct kafka_header *headers = ARENA_ARRAY(arena, struct kafka_header, r->header_count + 4);
    if (r->header_count > 0)
        memcpy(headers, r->headers, r->header_count * sizeof *headers);
    struct kafka_header *own = headers + r->header_count;
    own[0] = (struct kafka_header){STR("x-reason"), letter->reason};
    own[1] = (struct kafka_header){STR("x-original-topic"), r->topic};
    own[2] = (struct kafka_header){STR("x-original-partition"), arena_printf(arena, "%d", (int)r->partition)};
    own[3] = (struct kafka_header){STR("x-original-offset"), arena_printf(arena, "%lld", (long long)r->offset)};
    log_error("a message went to the dead letters", LOG_TEXT_OF("topic", r->topic), LOG_INT("partition", r->partition),
              LOG_INT("offset", r->offset), LOG_TEXT_OF("reason", letter->reason));
    kafka_produce_raw(in->dead_letters, in->dead_letter_topic, r->key, r->value, headers, r->header_count + 4, dead_letter_reported,
                      all_taken);
}

/* The reports point to a local: they are all in, or the producer is dropped, before this returns. */
static bool send_dead_letters(struct intake *in, const struct letter *letters, size_t n)
{
    bool all_taken = true;
    size_t sent = 0;
    for (size_t i = 0; i < n; i++)
        if (!str_absent(letters[i].reason)) {
            send_dead_letter(in, &letters[i], &all_taken);
            sent++;
        }
    if (sent == 0)
        return true;
    while (!kafka_producer_flush(in->dead_letters, SECONDS(5)))
        log_warning("dead letters wait for Kafka", LOG_INT("letters", (int64_t)sent));
    counter_add(&in->dead, all_taken ? sent : 0);
    return all_taken;
}

/* ── a batch of records ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static enum kafka_verdict apply(void *ctx, const struct kafka_record *records, size_t n)
{
    struct intake *in = ctx;
    struct arena arena;
    arena_init(&arena);
    struct letter *letters = ARENA_ARRAY(&arena, struct letter, n);
    in->unavailable = false;
    for (size_t i = 0; i < n; i++) {
        letters[i] = (struct letter){.intake = in, .record = &records[i], .arena = &arena};
        submit(in, &letters[i]);
    }
    bool applied = await_engine(in) && send_dead_letters(in, letters, n);
    arena_release(&arena);
    return applied ? KAFKA_APPLIED : KAFKA_RETRY;
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
    snprintf(in->dead_letter_topic, sizeof in->dead_letter_topic, "jumun.dlq.%s", config->service);
    in->dead_letters = kafka_producer_new(&(struct kafka_producer_config){.brokers = config->brokers, .client = config->service});
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
    kafka_producer_free(in->dead_letters);
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
    metrics_counter(page, "jumun_intake_dead_letters_total", "Messages sent to the dead letters.", NULL, &in->dead);
    kafka_consumer_show(in->consumer, page);
}
