/*
 * assignment — the partitions that the group has given us, and how far each is applied.
 *
 *     given by the group (assignment_gain) → placed: fetched from its position on (assignment_place) → taken (assignment_lose)
 *
 * A consumer's thread alone changes it; assignment_show and the counts may be asked for by any.
 */
#ifndef JUMUN_KAFKA_ASSIGNMENT_H
#define JUMUN_KAFKA_ASSIGNMENT_H

#include "batch.h"
#include "kafka.h"
#include <pthread.h>

#define POSITION_UNKNOWN (-1)

struct partition {
    char *topic;
    int32_t number;
    bool placed;
    int64_t next;      /* offset of the first record that is not applied, as far as known */
    int64_t applied;   /* as `next`, but known only since a record was applied here: what may be committed */
    int64_t committed; /* what Kafka was told last */
};

struct assignment {
    rd_kafka_t *rk;
    const struct kafka_positions *positions; /* NULL: Kafka keeps them */
    void *ctx;
    pthread_mutex_t lock; /* around changes, and reading in other threads */
    struct partition *partitions;
    size_t n, last; /* last: where the search began to end */
};

void assignment_init(struct assignment *a, const struct kafka_positions *positions, void *ctx);
void assignment_release(struct assignment *a);

void assignment_gain(struct assignment *a, const rd_kafka_topic_partition_list_t *gained);
void assignment_lose(struct assignment *a, const rd_kafka_topic_partition_list_t *lost); /* of them, what was placed is unassigned */

/* Starts fetching what was gained. False: the positions cannot be told now; to be tried again. */
bool assignment_place(struct assignment *a);
bool assignment_waits(const struct assignment *a); /* something is to be placed */
void assignment_displace(struct assignment *a);    /* all is to be placed again */
void assignment_pause(struct assignment *a);       /* fetching, while a batch is tried again */
void assignment_resume(struct assignment *a);
void assignment_rouse(struct assignment *a); /* what stopped fetching because the queue was full goes on at once */

void assignment_seen(struct assignment *a, const rd_kafka_message_t *message); /* polled */
void assignment_applied(struct assignment *a, const struct batch *b);

bool assignment_uncommitted(const struct assignment *a);
void assignment_commit(struct assignment *a);                                                           /* without waiting */
void assignment_commit_now(struct assignment *a, const rd_kafka_topic_partition_list_t *only);          /* waits for the answer */
void assignment_commit_failed(struct assignment *a, const rd_kafka_topic_partition_list_t *partitions); /* to be committed again */

/* The records of a topic that are not applied yet, by what the last fetches told. Any thread. */
int64_t assignment_lag(struct assignment *a, const char *topic);

#endif
