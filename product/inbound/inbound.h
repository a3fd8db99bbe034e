/* inbound — the two ways into product. */
#ifndef JUMUN_PRODUCT_INBOUND_H
#define JUMUN_PRODUCT_INBOUND_H

#include "service.h"

extern const struct service_route product_routes[];
extern const struct intake_event product_events[];

#endif
