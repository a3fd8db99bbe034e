/* What producer and consumer have in common of librdkafka: settings that may not fail, and its log lines in ours. */
#include "client.h"
#include "invariant.h"
#include "log.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

/*
 * A broker that comes back should be found within a second, not after librdkafka's ten. Nagle's algorithm would hold back a second
 * request until the first is acknowledged, up to 40 ms. No answer for ten seconds means a lost broker (a fetch waits for half of one).
 */
static const struct client_setting client_settings[] = {
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    {"socket.timeout.ms", "10000"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"log.connection.close", "false"},
    {"topic.metadata.refresh.interval.ms", "5000"},
    {NULL, NULL},
};

/* As in syslog(3), whose header cannot be included: its names are those of log.h. */
#define LEVEL_ERROR  3
#define LEVEL_NOTICE 5

/* A lost broker says so at every attempt to reach it: a line in five seconds is enough. What it finds experimental, we have chosen. */
static void client_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    static _Atomic int64_t last_error, last_warning;
    if (level > LEVEL_NOTICE || strcmp(facility, "CONFWARN") == 0)
        return;
    if (log_every(level <= LEVEL_ERROR ? &last_error : &last_warning, SECONDS(5)))
        log_warning("kafka client", LOG_STR("client", rd_kafka_name(rk)), LOG_STR("facility", facility), LOG_STR("text", text));
}

void client_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    invariant(rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK);
}

static void client_set_all(rd_kafka_conf_t *conf, const struct client_setting *settings)
{
    for (const struct client_setting *s = settings; s->name != NULL; s++)
        client_set(conf, s->name, s->value);
}

rd_kafka_conf_t *client_conf(const char *brokers, const char *client, const struct client_setting *settings)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    client_set_all(conf, client_settings);
    client_set_all(conf, settings);
    client_set(conf, "bootstrap.servers", brokers);
    client_set(conf, "client.id", client);
    rd_kafka_conf_set_log_cb(conf, client_log);
    return conf;
}

rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char why[256];
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (rk == NULL)
        log_error("kafka client cannot be made", LOG_STR("reason", why));
    invariant(rk != NULL);
    return rk;
}

bool client_reachable(rd_kafka_t *rk, duration patience)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t error = rd_kafka_metadata(rk, 0, NULL, &metadata, client_milliseconds(patience));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

int client_milliseconds(duration d)
{
    if (d <= 0)
        return 0;
    return d > MILLISECONDS(INT_MAX - 1) ? INT_MAX : (int)((d + 999) / 1000);
}

int client_partitions(rd_kafka_t *rk, const char *topic, duration patience)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
    int partitions = 0;
    if (rd_kafka_metadata(rk, 0, handle, &metadata, client_milliseconds(patience)) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            partitions = metadata->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(handle);
    return partitions;
}
