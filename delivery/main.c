/* delivery: the way of an order's goods from the warehouse to the door. */
#include "delivery.h"
#include "inbound/inbound.h"
#include "outbound/carrier.h"
#include "outbound/outbound.h"
#include "settings.h"

extern const struct embedded migrations[];

static const struct service delivery = {
    .name = "delivery",
    .summary = "the way of an order's goods from the warehouse to the door",
    .settings = delivery_settings, /* settings.c */
    .routes = delivery_routes,     /* inbound/http.c */
    .events = delivery_events,     /* inbound/events.c */
    .decider = &delivery_decider,  /* domain/delivery.c */
    .tables = delivery_tables,     /* outbound/store.c */
    .encode = delivery_encode,     /* outbound/store.c */
    .effects = delivery_effects,   /* outbound/carrier.c */
    .migrations = migrations,      /* migrations/ */
    .start = carrier_start,        /* outbound/carrier.c */
    .stop = carrier_stop,
    .show = carrier_show,
};

int main(int argc, char **argv)
{
    return service_run(&delivery, argc, argv);
}
