/*
 * client — what producer and consumer have in common of librdkafka: settings that may not fail, and its log lines in ours.
 */
#ifndef JUMUN_KAFKA_CLIENT_H
#define JUMUN_KAFKA_CLIENT_H

#include "instant.h"
#include <librdkafka/rdkafka.h>

struct client_setting {
    const char *name; /* NULL ends a table */
    const char *value;
};

/* To be handed to rd_kafka_new, which then owns it. */
rd_kafka_conf_t *client_conf(const char *brokers, const char *client, const struct client_setting *settings);
void client_set(rd_kafka_conf_t *conf, const char *name, const char *value);

/* Takes conf over. A client that cannot be made is a bug in the settings, or no memory. */
rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf);

/* True when a broker answers within `patience`. */
bool client_reachable(rd_kafka_t *rk, duration patience);

/* How many partitions a topic has; 0: it is not there, or cannot be told within `patience`. */
int client_partitions(rd_kafka_t *rk, const char *topic, duration patience);

int client_milliseconds(duration d); /* for librdkafka's timeouts: rounded up, never negative */

#endif
