/* inbound — the two ways into customer-view: events from Kafka, and questions by HTTP. */
#ifndef JUMUN_CUSTOMER_VIEW_INBOUND_H
#define JUMUN_CUSTOMER_VIEW_INBOUND_H

#include "service.h"

extern const struct service_route view_routes[];
void *view_worker_new(void); /* a connection to Redis for each query worker */
void view_worker_free(void *connection);

bool projector_start(struct engine *none, char problem[200]);
void projector_stop(void);
bool projector_ready(const char **waiting_for);
void projector_show(struct metrics_page *page);
struct letters *projector_letters(void);

/* again.c */
enum intake_again view_take_again(void *connection, const struct kafka_record *message, struct arena *arena, struct str *reason);

#endif
