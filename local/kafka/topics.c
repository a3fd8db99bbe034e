/*
 * topics: makes the Kafka topics of a table that do not exist yet, once the broker answers.
 *
 *     topics BROKERS SECONDS [TABLE]      without TABLE, it is read from standard input
 *
 * A program of its own because Kafka's script starts a Java machine for every topic; this takes some milliseconds for all.
 * It waits at most SECONDS for the broker, and until every topic has a leader. Exit 0: all topics are there, as the table says.
 */
#include <librdkafka/rdkafka.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOPICS_MAX 64

struct topic {
    char *words; /* its line, cut up: what the others point into */
    char *name;
    int partitions;
    char *settings[8];
    int settings_count;
};

struct table {
    struct topic topics[TOPICS_MAX];
    int count;
};

_Noreturn static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("topics: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One line: NAME PARTITIONS KEY=VALUE…; false for an empty line or a remark. */
static bool topic_read(struct topic *topic, const char *line)
{
    char *rest = NULL, *words = strdup(line);
    char *name = strtok_r(words, " \t\n", &rest);
    if (name == NULL || name[0] == '#') {
        free(words);
        return false;
    }
    char *partitions = strtok_r(NULL, " \t\n", &rest);
    *topic = (struct topic){.words = words, .name = name, .partitions = partitions != NULL ? (int)strtol(partitions, NULL, 10) : 0};
    if (topic->partitions < 1)
        fail("%s: the second word must be a number of partitions", name);
    for (char *setting; (setting = strtok_r(NULL, " \t\n", &rest)) != NULL;) {
        if (strchr(setting, '=') == NULL || topic->settings_count == 8)
            fail("%s: '%s' is no setting, or one too many", name, setting);
        topic->settings[topic->settings_count++] = setting;
    }
    return true;
}

static void table_read(struct table *table, FILE *in)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, in) >= 0) {
        if (table->count == TOPICS_MAX)
            fail("more than %d topics", TOPICS_MAX);
        if (topic_read(&table->topics[table->count], line))
            table->count++;
    }
    free(line);
}

static rd_kafka_t *connect_to(const char *brokers)
{
    const char *settings[][2] = {
        {"bootstrap.servers", brokers},
        {"reconnect.backoff.ms", "20"},
        {"reconnect.backoff.max.ms", "50"},
        {"log_level", "0"},
    };
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error) != RD_KAFKA_CONF_OK)
            fail("%s", error);
    }
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (kafka == NULL)
        fail("%s", error);
    return kafka;
}

/* The broker's view of all topics, asked until it answers; the caller destroys it. */
static const rd_kafka_metadata_t *metadata_get(rd_kafka_t *kafka, int64_t deadline)
{
    for (;;) {
        const rd_kafka_metadata_t *metadata = NULL;
        rd_kafka_resp_err_t error = rd_kafka_metadata(kafka, 1, NULL, &metadata, 500);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->broker_cnt > 0)
            return metadata;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            rd_kafka_metadata_destroy(metadata);
        if (now_ms() > deadline)
            fail("the broker does not answer: %s", rd_kafka_err2str(error));
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000L}, NULL);
    }
}

static const rd_kafka_metadata_topic_t *metadata_find(const rd_kafka_metadata_t *metadata, const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (strcmp(metadata->topics[i].topic, name) == 0 && metadata->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            return &metadata->topics[i];
    }
    return NULL;
}

static bool has_leaders(const rd_kafka_metadata_topic_t *topic)
{
    for (int i = 0; i < topic->partition_cnt; i++) {
        if (topic->partitions[i].leader < 0)
            return false;
    }
    return true;
}

static rd_kafka_NewTopic_t *creation_of(const struct topic *topic)
{
    char error[256];
    rd_kafka_NewTopic_t *creation = rd_kafka_NewTopic_new(topic->name, topic->partitions, 1, error, sizeof error);
    if (creation == NULL)
        fail("%s: %s", topic->name, error);
    for (int i = 0; i < topic->settings_count; i++) {
        char *value = strchr(topic->settings[i], '=');
        *value = '\0';
        rd_kafka_NewTopic_set_config(creation, topic->settings[i], value + 1);
        *value = '=';
    }
    return creation;
}

static void create(rd_kafka_t *kafka, rd_kafka_NewTopic_t **creations, size_t count)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(kafka);
    rd_kafka_CreateTopics(kafka, creations, count, NULL, answers);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(answers, 30000);
    if (answer == NULL)
        fail("no answer to the creation of topics in 30 s");
    if (rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail("%s", rd_kafka_event_error_string(answer));

    size_t results;
    const rd_kafka_topic_result_t **result = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &results);
    for (size_t i = 0; i < results; i++) {
        rd_kafka_resp_err_t error = rd_kafka_topic_result_error(result[i]);
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            fail("%s: %s", rd_kafka_topic_result_name(result[i]), rd_kafka_topic_result_error_string(result[i]));
    }
    rd_kafka_event_destroy(answer);
    rd_kafka_queue_destroy(answers);
}

/* Creates what is missing; returns how many. */
static int create_missing(rd_kafka_t *kafka, const struct table *table, int64_t deadline)
{
    rd_kafka_NewTopic_t *creations[TOPICS_MAX];
    int missing = 0;
    const rd_kafka_metadata_t *metadata = metadata_get(kafka, deadline);
    for (int i = 0; i < table->count; i++) {
        if (metadata_find(metadata, table->topics[i].name) == NULL)
            creations[missing++] = creation_of(&table->topics[i]);
    }
    rd_kafka_metadata_destroy(metadata);
    if (missing > 0)
        create(kafka, creations, (size_t)missing);
    rd_kafka_NewTopic_destroy_array(creations, (size_t)missing);
    return missing;
}

/* True when every topic of the table is there and led; wrong partition counts end the program. */
static bool all_led(rd_kafka_t *kafka, const struct table *table, int64_t deadline)
{
    bool led = true;
    const rd_kafka_metadata_t *metadata = metadata_get(kafka, deadline);
    for (int i = 0; i < table->count && led; i++) {
        const struct topic *wanted = &table->topics[i];
        const rd_kafka_metadata_topic_t *topic = metadata_find(metadata, wanted->name);
        led = topic != NULL && has_leaders(topic);
        if (led && topic->partition_cnt != wanted->partitions)
            fail("%s has %d partitions, the table says %d", wanted->name, topic->partition_cnt, wanted->partitions);
    }
    rd_kafka_metadata_destroy(metadata);
    return led;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4)
        fail("usage: topics BROKERS SECONDS [TABLE]");
    int64_t deadline = now_ms() + strtol(argv[2], NULL, 10) * 1000;

    struct table table = {.count = 0};
    FILE *in = argc == 4 ? fopen(argv[3], "re") : stdin;
    if (in == NULL)
        fail("%s: %m", argv[3]);
    table_read(&table, in);
    (void)fclose(in);

    rd_kafka_t *kafka = connect_to(argv[1]);
    int made = create_missing(kafka, &table, deadline);
    while (!all_led(kafka, &table, deadline)) {
        if (now_ms() > deadline)
            fail("not every topic has a leader");
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000L}, NULL);
    }
    rd_kafka_destroy(kafka);
    for (int i = 0; i < table.count; i++)
        free(table.topics[i].words);
    if (made > 0)
        printf("%d topics made\n", made);
    return 0;
}
