/* inbound — the two ways in: REST (http.c; for operators ops.c) and events of other contexts (events.c). */
#ifndef JUMUN_ORDER_INBOUND_H
#define JUMUN_ORDER_INBOUND_H

#include "service.h"

extern const struct service_route order_routes[];
extern const struct intake_event order_intake[];

extern const struct http_problem problem_unreadable; /* 503: the database gave no answer to a query */

void get_sagas(struct call *call, void *connection);
void get_breakers(struct call *call);

#endif
