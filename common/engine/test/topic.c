/* Topic: a test's own, by plain librdkafka. */
#include "topic.h"
#include "clock.h"
#include "memory.h"
#include "testing.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rd_kafka_t *client(rd_kafka_type_t type)
{
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", testing_environment("TEST_KAFKA_BROKERS"), why, sizeof why);
    rd_kafka_conf_set(conf, "fetch.wait.max.ms", "10", why, sizeof why);
    rd_kafka_conf_set(conf, "linger.ms", "0", why, sizeof why);
    rd_kafka_conf_set(conf, "partitioner", "murmur2_random", why, sizeof why);
    if (type == RD_KAFKA_CONSUMER) /* a group is asked for even where partitions are assigned by hand */
        rd_kafka_conf_set(conf, "group.id", "none", why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!rk)
        fail_msg("librdkafka: %s", why);
    return rk;
}

/* ── made and deleted ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void check_made(rd_kafka_event_t *event, const char *name)
{
    size_t n;
    if (!event || rd_kafka_event_error(event))
        fail_msg("topic %s cannot be made: %s", name, event ? rd_kafka_event_error_string(event) : "no answer");
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    if (n != 1 || rd_kafka_topic_result_error(results[0]))
        fail_msg("topic %s cannot be made: %s", name, n ? rd_kafka_topic_result_error_string(results[0]) : "no result");
}

static void make(struct topic *t)
{
    char why[200];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(t->name, t->partitions, 1, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(t->client);
    rd_kafka_CreateTopics(t->client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
    check_made(event, t->name);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void delete_topic(struct topic *t)
{
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(t->name);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(t->client);
    rd_kafka_DeleteTopics(t->client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void read_from_the_beginning(struct topic *t)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(t->partitions);
    for (int i = 0; i < t->partitions; i++)
        rd_kafka_topic_partition_list_add(all, t->name, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    t->reader = client(RD_KAFKA_CONSUMER);
    rd_kafka_poll_set_consumer(t->reader);
    if (rd_kafka_assign(t->reader, all))
        fail_msg("topic %s cannot be read", t->name);
    rd_kafka_topic_partition_list_destroy(all);
}

struct topic *topic_named(const char *name, int partitions)
{
    struct topic *t = NEW(struct topic);
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->partitions = partitions;
    t->client = client(RD_KAFKA_PRODUCER);
    make(t);
    read_from_the_beginning(t);
    return t;
}

struct topic *topic_new(const char *prefix, int partitions)
{
    char id[UUID_TEXT + 1], name[120];
    uuid_format(uuid_new(), id);
    (void)snprintf(name, sizeof name, "%s.%s", prefix, id);
    return topic_named(name, partitions);
}

void topic_free(struct topic *t)
{
    for (size_t i = 0; i < t->count; i++)
        rd_kafka_message_destroy(t->messages[i].of_librdkafka);
    free(t->messages);
    rd_kafka_consumer_close(t->reader);
    rd_kafka_destroy(t->reader);
    delete_topic(t);
    rd_kafka_destroy(t->client);
    free(t);
}

/* ── read and written ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void keep(struct topic *t, rd_kafka_message_t *m)
{
    t->messages = memory_resize(t->messages, (t->count + 1) * sizeof *t->messages);
    t->messages[t->count++] = (struct topic_message){
        .of_librdkafka = m,
        .partition = m->partition,
        .offset = m->offset,
        .key = {m->key, m->key_len},
        .value = {m->payload, m->len},
    };
}

void topic_await(struct topic *t, size_t at_least)
{
    duration end = clock_monotonic() + SECONDS(120);
    while (t->count < at_least) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(t->reader, 100);
        if (m && !m->err)
            keep(t, m);
        else if (m)
            rd_kafka_message_destroy(m);
        if (clock_monotonic() > end)
            fail_msg("waited in vain for %zu messages of %s: %zu came", at_least, t->name, t->count);
    }
}

struct str topic_header(const struct topic_message *m, const char *name)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t n;
    if (rd_kafka_message_headers(m->of_librdkafka, &headers) || rd_kafka_header_get_last(headers, name, &value, &n))
        return (struct str){0};
    return (struct str){value, n};
}

void topic_write(struct topic *t, const char *key, struct str value, const struct topic_header *headers, size_t header_count)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(header_count);
    for (size_t i = 0; i < header_count; i++)
        rd_kafka_header_add(list, headers[i].name, -1, headers[i].value, -1);
    rd_kafka_resp_err_t error = rd_kafka_producev(t->client, RD_KAFKA_V_TOPIC(t->name), RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
                                                  RD_KAFKA_V_VALUE((void *)value.p, value.n), RD_KAFKA_V_HEADERS(list),
                                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error || rd_kafka_flush(t->client, 20000))
        fail_msg("%s cannot be written: %s", t->name, rd_kafka_err2str(error));
}
