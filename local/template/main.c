/* loyalty: what a customer's completed orders have earned. */
#include "account.h"
#include "inbound/inbound.h"
#include "outbound/outbound.h"

extern const struct embedded migrations[];

static const struct service program = {
    .name = "loyalty",
    .summary = "what a customer's completed orders have earned",
    .routes = account_routes,    /* inbound/http.c */
    .events = account_events,    /* inbound/events.c */
    .decider = &account_decider, /* domain/account.c */
    .tables = account_tables,    /* outbound/store.c */
    .encode = account_encode,    /* outbound/store.c */
    .migrations = migrations,    /* migrations/ */
};

int main(int argc, char **argv)
{
    return service_run(&program, argc, argv);
}
