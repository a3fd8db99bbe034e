/*
 * batch — the messages that a consumer holds: polled, not yet applied, in the order of their partitions. Owns them.
 */
#ifndef JUMUN_KAFKA_BATCH_H
#define JUMUN_KAFKA_BATCH_H

#include "kafka.h"
#include "trace.h"
#include <librdkafka/rdkafka.h>

struct batch {
    rd_kafka_message_t **messages;
    size_t n, room;
    struct arena arena; /* of the records that were shown last … */
    struct kafka_record *records;
    struct span *spans; /* … and of their spans; NULL when traces are off */
};

void batch_init(struct batch *b);
void batch_release(struct batch *b);
void batch_add(struct batch *b, rd_kafka_message_t *message);
void batch_clear(struct batch *b);
void batch_drop(struct batch *b, const rd_kafka_topic_partition_list_t *partitions); /* those of partitions that were taken from us */

/* Valid until the batch is changed or shown again. */
const struct kafka_record *batch_records(struct batch *b);
void batch_applied(struct batch *b, const char *group); /* those that were shown last: ends their spans */

#endif
