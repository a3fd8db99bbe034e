/*
 * workers — the threads that answer queries, each with a connection of its own. Private to common/service.
 *
 * Queries go past the engine. The queue is bounded: what does not fit is the caller's to refuse.
 */
#ifndef JUMUN_WORKERS_H
#define JUMUN_WORKERS_H

#include "metrics.h"
#include "service.h"

struct workers_config {
    size_t count;
    size_t queue_max;
    const char *database_url; /* for PostgreSQL connections, when there is no worker_new */
    void *(*worker_new)(void);
    void (*worker_free)(void *connection);
};

struct workers;
struct workers *workers_start(const struct workers_config *config);
bool workers_offer(struct workers *w, struct call *call); /* false: full */
void workers_stop(struct workers *w);                     /* answers what is queued first */
void workers_show(const struct workers *w, struct metrics_page *page);

#endif
