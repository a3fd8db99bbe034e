/* inbound — the two ways into delivery. */
#ifndef JUMUN_DELIVERY_INBOUND_H
#define JUMUN_DELIVERY_INBOUND_H

#include "service.h"

extern const struct service_route delivery_routes[];
extern const struct intake_event delivery_events[];

#endif
