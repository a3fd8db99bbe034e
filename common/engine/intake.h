/*
 * intake — foreign events become commands: the way from Kafka into the engine.
 *
 *     static const struct intake_event events[] = {
 *         {"jumun.payment.PaymentApproved.v1", payment_approved},
 *         {NULL},
 *     };
 *
 * A batch of records is decoded, submitted, and answered for before positions move on; the engine's inbox makes each event effective once.
 * Types that the context does not know are passed over, and counted. To the dead letters (letters.h), with original bytes, coordinates and
 * reason, goes what cannot be taken: not a CloudEvent, malformed data, a wrong topic or key for its type, an unknown major version of a
 * known type, a contradiction (the decider refuses it, or its id was another message's), a rejection by the database.
 */
#ifndef JUMUN_INTAKE_H
#define JUMUN_INTAKE_H

#include "cloud_event.h"
#include "engine.h"
#include "json_decode.h"
#include "kafka.h"
#include "letters.h"

struct intake_event {
    const char *type; /* NULL ends a table */
    /* Fills in type and data of *command, the rest is set already; data lives in the arena. False: *reason says why not. */
    bool (*decode)(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason);
};

/* For decode functions: the event's data by a shape; on false *reason has the first fault. */
bool intake_decode(struct arena *arena, const struct cloud_event *event, const struct json_shape *shape, void *out, struct str *reason);

/* What a record means here: all that is seen of it before it is decided. Nothing is waited for, so tests can ask, too. */
enum intake_meaning {
    INTAKE_COMMAND, /* *c is ready to be submitted */
    INTAKE_NOTHING, /* of a type that is not in the table */
    INTAKE_DEAD,    /* not to be taken: *reason says why */
};
enum intake_meaning intake_read(const struct intake_event *events, const struct kafka_record *record, struct engine_command *c,
                                struct str *reason);

struct intake_config {
    const char *service;
    const char *brokers;
    const struct intake_event *events; /* the topics follow from their types */
    struct engine *engine;
    struct letters *letters;
};
struct intake;
struct intake *intake_start(const struct intake_config *config);
void intake_stop(struct intake *in);

/* A message again, as it came, from the dead letters: decided like any other, and once. Any thread but the engine's; waits. */
enum intake_again {
    INTAKE_TAKEN,       /* it has had its effect, now or before */
    INTAKE_STILL_DEAD,  /* *reason says why; in the arena */
    INTAKE_NOT_DECIDED, /* not within `patience`: it may be yet */
};
enum intake_again intake_take_again(struct intake *in, const struct kafka_record *record, duration patience, struct arena *arena,
                                    struct str *reason);

bool intake_ready(const struct intake *in);
void intake_show(const struct intake *in, struct metrics_page *page);

#endif
