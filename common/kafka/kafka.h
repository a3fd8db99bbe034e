/*
 * kafka — producing and consuming, on librdkafka, the way this system does it.
 *
 * Producer: idempotent, acks=all, retried for as long as it takes (bounded by the caller's patience). Every message is reported, once:
 *
 *     struct kafka_producer *p = kafka_producer_new(&(struct kafka_producer_config){.brokers = "127.0.0.1:8093", .client = "order"});
 *     kafka_produce_event(p, "jumun.order", &event, report, ctx);
 *     kafka_producer_flush(p, SECONDS(5));      // serves reports, in the caller's thread, until all are in or time is up
 *
 * Consumer: a thread that fetches what there is (natural batches, at most `batch_max`), hands it to `apply`, and commits positions to Kafka
 * only after `apply` has said KAFKA_APPLIED. Manual commit, cooperative assignment. `apply` blocks as long as it needs: fetching goes on
 * behind it; a rebalance waits for it. KAFKA_RETRY pauses with backoff and gives the same records again.
 *
 *     static enum kafka_verdict apply(void *ctx, const struct kafka_record *records, size_t n);
 *
 * A consumer that keeps its positions elsewhere (beside its projection, in the same store) gives `positions`: then Kafka's are not used.
 *
 * Reader: all that a topic says, from its beginning, in no group: for who keeps a book of it in memory.
 */
#ifndef JUMUN_KAFKA_H
#define JUMUN_KAFKA_H

#include "cloud_event.h"
#include "metrics.h"

/* ── producer ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct kafka_producer_config {
    const char *brokers;
    const char *client;
    duration message_timeout; /* 0: 30 s. After it a message is reported as failed; it may still have been taken */
    size_t message_max;       /* bytes, all in all; 0: a million. Brokers must allow it to the topic */
};

/* `failure` is NULL when all in-sync replicas have it. Called from kafka_producer_flush/poll only. */
typedef void (*kafka_report)(void *ctx, const char *failure);

struct kafka_producer;
struct kafka_producer *kafka_producer_new(const struct kafka_producer_config *config);
void kafka_producer_free(struct kafka_producer *p); /* drops what is still unreported: flush first */

/* Copies what it needs. When librdkafka's queue is full it waits, serving reports. */
void kafka_produce_event(struct kafka_producer *p, const char *topic, const struct cloud_event *event, kafka_report report, void *ctx);

struct kafka_header {
    struct str name, value;
};
/* Any bytes at all (dead letters): `key`, `value` absent → null; partition chosen by key. */
void kafka_produce_raw(struct kafka_producer *p, const char *topic, struct str key, struct str value, const struct kafka_header *headers,
                       size_t header_count, kafka_report report, void *ctx);

bool kafka_producer_flush(struct kafka_producer *p, duration patience); /* false: time is up, some are still unreported */
void kafka_producer_show(const struct kafka_producer *p, struct metrics_page *page);

/* True when the brokers answer a metadata request within `patience`. For readiness. */
bool kafka_producer_reachable(struct kafka_producer *p, duration patience);

/*
 * From where to where the partitions of topics reach, as Kafka says now. Any thread. Asked of a producer, because on a consumer's
 * connection the question would wait behind every fetch. False: it cannot be told, or not all of it.
 */
struct kafka_extent {
    const char *topic; /* as it was given */
    int32_t partition;
    int64_t begin, end; /* the first record that is kept; behind the last one */
};
bool kafka_extents(struct kafka_producer *p, const char *const *topics, size_t topic_count, duration patience, struct arena *arena,
                   struct kafka_extent **extents, size_t *n);

/* ── consumer ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct kafka_record {
    struct str topic; /* terminated */
    int32_t partition;
    int64_t offset;
    instant time;          /* Kafka's timestamp */
    struct str key, value; /* absent: null */
    const struct kafka_header *headers;
    size_t header_count;
    struct str trace; /* for what it causes, see trace.h; absent: as its headers say */
};
struct str kafka_record_header(const struct kafka_record *r, struct str name);    /* the last of that name; absent when none */
struct str kafka_record_trace(const struct kafka_record *r, struct arena *arena); /* absent when malformed, too */

enum kafka_verdict { KAFKA_APPLIED, KAFKA_RETRY };

struct kafka_position {
    const char *topic;
    int32_t partition;
    int64_t next; /* offset of the next record wanted; < 0: from the beginning */
};
struct kafka_positions {
    /* Fills in .next of each. False: cannot tell now; it is asked again after a pause. Called when partitions are assigned or rewound. */
    bool (*load)(void *ctx, struct kafka_position *positions, size_t n);
};

struct kafka_consumer_config {
    const char *brokers;
    const char *group;
    const char *const *topics;
    size_t topic_count;
    size_t batch_max;    /* 0: 512 */
    duration batch_wait; /* 0: 5 ms. How long to wait for more once one is there: not at all if the fetch queue is empty */
    enum kafka_verdict (*apply)(void *ctx, const struct kafka_record *records, size_t n);
    void *ctx;
    const struct kafka_positions *positions; /* NULL: Kafka keeps them */
};

struct kafka_consumer;
struct kafka_consumer *kafka_consumer_start(const struct kafka_consumer_config *config); /* a new group begins at the earliest record */
void kafka_consumer_stop(struct kafka_consumer *c);        /* finishes apply, commits, leaves the group, frees */
bool kafka_consumer_ready(const struct kafka_consumer *c); /* has had an assignment, and the brokers answer */
void kafka_consumer_rewind(struct kafka_consumer *c);      /* any thread: load positions again and seek there (own positions only) */
void kafka_consumer_show(const struct kafka_consumer *c, struct metrics_page *page); /* lag by topic, records, batches, age */

/* ── reader ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct kafka_reader_config {
    const char *brokers;
    const char *client;
    const char *topic;                                                     /* one that is not there yet is waited for */
    void (*read)(void *ctx, const struct kafka_record *records, size_t n); /* on the reader's thread, in the order of each partition */
    void *ctx;
};

struct kafka_reader;
struct kafka_reader *kafka_reader_start(const struct kafka_reader_config *config);
void kafka_reader_stop(struct kafka_reader *r); /* nobody may await or fetch any more */

/* Any thread. True when all has been read that was in the topic when this was called; false: not within `patience`. */
bool kafka_reader_await(struct kafka_reader *r, duration patience);
/* Any thread. One record again, by a client of its own (some 10 ms); its texts live in the arena. False: it is not there, or time is up. */
bool kafka_reader_fetch(const struct kafka_reader *r, int32_t partition, int64_t offset, duration patience, struct arena *arena,
                        struct kafka_record *out);

#endif
