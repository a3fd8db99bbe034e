/* inbound — the two ways in: requests and foreign events. */
#ifndef JUMUN_ACCOUNT_INBOUND_H
#define JUMUN_ACCOUNT_INBOUND_H

#include "service.h"

extern const struct service_route account_routes[];
extern const struct intake_event account_events[];

#endif
