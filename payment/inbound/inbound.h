/* inbound — the way in: REST (http.c), foreign events (events.c). */
#ifndef JUMUN_PAYMENT_INBOUND_H
#define JUMUN_PAYMENT_INBOUND_H

#include "service.h"

extern const struct service_route payment_routes[];
extern const struct intake_event payment_events[];

#endif
