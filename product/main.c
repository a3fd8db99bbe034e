/* product: what is sold, how many there are, and the goods of each order. */
#include "inbound/inbound.h"
#include "outbound/outbound.h"
#include "product_decider.h"

extern const struct embedded migrations[];

static const struct service product = {
    .name = "product",
    .summary = "the catalog, its stock, and the goods of each order",
    .routes = product_routes,    /* inbound/http.c */
    .events = product_events,    /* inbound/events.c */
    .decider = &product_decider, /* domain/product_decider.c */
    .tables = product_tables,    /* outbound/store.c */
    .encode = product_encode,    /* outbound/store.c */
    .migrations = migrations,    /* migrations/ */
};

int main(int argc, char **argv)
{
    return service_run(&product, argc, argv);
}
