/* inbound — the two ways in: REST (http.c) and events of other contexts (events.c). */
#ifndef JUMUN_ORDER_INBOUND_H
#define JUMUN_ORDER_INBOUND_H

#include "service.h"

extern const struct service_route order_routes[];
extern const struct intake_event order_intake[];

#endif
