/*
 * topic — a Kafka topic of a test's own: made, written, and read with plain librdkafka, apart from what is tested.
 *
 *     struct topic *t = topic_new("bank", 3);               // "bank.0192…": unique, three partitions
 *     topic_await(t, 10);                                    // until ten messages are there; fails the test after 20 s
 *     … t->messages[0].key, topic_header(&t->messages[0], "ce_id") …
 *     topic_free(t);                                         // deletes it
 */
#ifndef JUMUN_TEST_TOPIC_H
#define JUMUN_TEST_TOPIC_H

#include "str.h"
#include <librdkafka/rdkafka.h>

struct topic_message {
    rd_kafka_message_t *of_librdkafka;
    int32_t partition;
    int64_t offset;
    struct str key, value; /* absent: null */
};
struct topic {
    char name[120];
    int partitions;
    rd_kafka_t *client, *reader;
    struct topic_message *messages; /* in the order of each partition */
    size_t count;
};

struct topic *topic_new(const char *prefix, int partitions);
struct topic *topic_named(const char *name, int partitions);
void topic_free(struct topic *t);

void topic_await(struct topic *t, size_t at_least);
struct str topic_header(const struct topic_message *m, const char *name); /* absent when none */

struct topic_header {
    const char *name, *value;
};
/* Waits for its report. */
void topic_write(struct topic *t, const char *key, struct str value, const struct topic_header *headers, size_t header_count);

#endif
