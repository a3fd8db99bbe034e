/*
 * relay — moves committed events from the outbox to Kafka.
 *
 * At least once, and in order: the first occurrences of an aggregate's events on the topic are in version order, whatever crashes. One
 * relay of a database is active (it holds a session advisory lock); others stand by and take over when its session ends.
 *
 *     struct relay *r = relay_start(&(struct relay_config){.database_url = url, .brokers = brokers, .service = "order"});
 *     relay_wake(r);                          // after each commit; cheap, from any thread
 *     relay_stop(r);                          // waits for the reports of what is in flight
 *
 * Faults (database gone, broker gone) are retried with backoff and shown as backlog and age; nothing is dropped.
 */
#ifndef JUMUN_RELAY_H
#define JUMUN_RELAY_H

#include "instant.h"
#include "metrics.h"

struct relay_config {
    const char *service;
    const char *database_url;
    const char *brokers;
    size_t batch_max; /* 0: 1000 */
};

struct relay;
struct relay *relay_start(const struct relay_config *config);
void relay_wake(struct relay *r);
void relay_stop(struct relay *r);
bool relay_ready(const struct relay *r); /* its database session and the brokers have answered */
void relay_show(const struct relay *r, struct metrics_page *page);

#endif
