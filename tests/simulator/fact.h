/*
 * fact — a published event as the contexts tell it to each other: what outbound/ writes as JSON and inbound/ reads, here as a struct.
 *
 * Which members a type brings is told by api/asyncapi.yaml of its context; the others are nil, absent or 0. A copy on the network is the
 * same pointer. Names in facts.def are those of the events.
 */
#ifndef SIMULATOR_FACT_H
#define SIMULATOR_FACT_H

#include "instant.h"
#include "money.h"
#include "uuid.h"

enum topic { TOPIC_order, TOPIC_payment, TOPIC_preparation, TOPIC_delivery, TOPIC_catalog, TOPIC_notification, TOPICS };

enum fact_type {
#define FACT(name, topic) FACT_##name,
#include "facts.def"
    FACT_TYPES
};
extern const char *const fact_names[FACT_TYPES];

struct fact_line {
    struct uuid product;
    struct str name;
    int64_t quantity;
    int64_t unit_price;
};
struct fact_lines {
    const struct fact_line *items;
    size_t count;
};

struct fact_product { /* the whole public product */
    struct uuid id;
    struct str name;
    struct money price;
    int64_t available;
    bool discontinued;
    int64_t version;
};

struct fact {
    enum fact_type type;
    enum topic topic;
    struct uuid id, subject, correlation, causation;
    instant at;
    uint32_t effective; /* bits by service: whose inbox has it */

    struct uuid customer, payment;
    struct fact_lines lines;
    struct money money; /* total, amount, or what was refunded */
    struct str address;
    int64_t attempt;
    struct str code, reason;
    struct str carrier, tracking_number;
    struct fact_product product;

    struct str json; /* all of that, and nothing of it above: see by_json.c */
};

#endif
