/* inbound — the way in: REST (http.c). */
#ifndef JUMUN_PAYMENT_INBOUND_H
#define JUMUN_PAYMENT_INBOUND_H

#include "service.h"

extern const struct service_route payment_routes[];

#endif
