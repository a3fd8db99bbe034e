/*
 * cloud_event — one event on a topic: CloudEvents 1.0, Kafka protocol binding, binary mode.
 *
 * Headers ce_specversion, ce_id, ce_type, ce_source, ce_time, ce_subject, ce_correlationid, ce_causationid, ce_aggregateversion,
 * traceparent (with tracestate and baggage, where there are any), content-type; the value is the data as JSON; the key is the correlation
 * id as text (order id; catalog: product id).
 */
#ifndef JUMUN_CLOUD_EVENT_H
#define JUMUN_CLOUD_EVENT_H

#include "arena.h"
#include "instant.h"
#include "uuid.h"

struct cloud_event {
    struct uuid id;
    struct str type;   /* "jumun.order.OrderConfirmed.v1" */
    struct str source; /* "/jumun/order" */
    instant time;
    struct uuid subject; /* the aggregate's id */
    struct uuid correlation;
    struct uuid causation;  /* nil: nothing before it */
    int64_t version;        /* the aggregate's, after this event: 1, 2, … */
    struct str traceparent; /* and what goes along with it: see trace.h; may be absent */
    struct str data;        /* JSON */
};

/* "jumun.order.OrderConfirmed.v1" → name "OrderConfirmed" of topic "jumun.order", major 1. False: not of that form. */
bool cloud_event_type(struct str type, struct str *topic, struct str *name, int *major);

struct kafka_record;
/* Strings of *event point into the record. On false *reason says what is wrong, for the dead-letter topic and a person. */
bool cloud_event_decode(const struct kafka_record *record, struct cloud_event *event, struct arena *arena, struct str *reason);

#endif
