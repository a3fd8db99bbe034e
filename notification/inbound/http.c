/* REST: what is served, and by whom. */
#include "inbound.h"

const struct service_route notification_routes[] = {
    {.method = "GET", .path = "/my/notifications", .roles = ROLE_CUSTOMER, .query = list_notifications},
    {.method = "GET", .path = "/my/preferences", .roles = ROLE_CUSTOMER, .query = get_preferences},
    {.method = "PUT", .path = "/my/preferences", .roles = ROLE_CUSTOMER, .command = put_preferences, .answer = answer_preferences},
    {.method = NULL},
};

/* Twice, because the database may have been started anew since the connection was last used. */
const struct pg_rows *query_rows(struct call *call, struct pg *pg, const char *sql, const struct pg_params *p)
{
    const struct pg_rows *rows = pg_query(pg, sql, p);
    if (!rows && pg_fault(pg)->kind == PG_DISCONNECTED && pg_connect(pg))
        rows = pg_query(pg, sql, p);
    if (!rows)
        call_problem(call, &(struct http_problem){.status = 503,
                                                  .type = "/problems/unavailable",
                                                  .title = "Not available now",
                                                  .detail = STR("Please try again shortly."),
                                                  .retry_after = 1});
    return rows;
}
