/* inbound — the two ways into customer-view: events from Kafka, and questions by HTTP. */
#ifndef JUMUN_CUSTOMER_VIEW_INBOUND_H
#define JUMUN_CUSTOMER_VIEW_INBOUND_H

#include "service.h"

void *view_worker_new(void); /* a connection to Redis for each query worker */
void view_worker_free(void *connection);

extern const struct service_route view_routes[];

#define VIEW_TOPICS 5
extern const char *const view_topics[VIEW_TOPICS];
bool view_extents(duration patience, struct arena *arena, struct kafka_extent **extents, size_t *n); /* of them, see kafka_extents() */
int view_filled_percent(void); /* while it is filled, and cannot be read */

void get_rebuild(struct call *call, void *connection);
void post_rebuild(struct call *call, void *connection);

bool projector_start(struct engine *none, char problem[200]);
void projector_stop(void);
bool projector_ready(const char **waiting_for);
void projector_show(struct metrics_page *page);
struct letters *projector_letters(void);

/* again.c */
enum intake_again view_take_again(void *connection, const struct kafka_record *message, struct arena *arena, struct str *reason);

#endif
