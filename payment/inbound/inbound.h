/* inbound — the way in: REST (http.c, ledger.c), foreign events (events.c). */
#ifndef JUMUN_PAYMENT_INBOUND_H
#define JUMUN_PAYMENT_INBOUND_H

#include "service.h"

extern const struct service_route payment_routes[];
extern const struct intake_event payment_events[];

/* ledger.c */
void get_ledger(struct call *call, void *connection);
void list_simulated_charges(struct call *call, void *connection);
void list_simulated_refunds(struct call *call, void *connection);

#endif
