/* inbound — the two ways into notification. */
#ifndef JUMUN_NOTIFICATION_INBOUND_H
#define JUMUN_NOTIFICATION_INBOUND_H

#include "service.h"

extern const struct service_route notification_routes[];
extern const struct intake_event notification_events[];

#endif
