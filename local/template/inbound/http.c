/* Accounts by REST: their customers look, and operators. */
#include "../outbound/outbound.h"
#include "inbound.h"

static const char account_sql[] = "select orders, points from account where id = $1";

/* Who has no completed order yet has an empty account. */
static bool read_account(void *connection, struct uuid customer, struct account *account)
{
    struct pg_params p = {0};
    pg_add_uuid(&p, customer);
    const struct pg_rows *rows = pg_query(connection, account_sql, &p);
    pg_params_release(&p);
    if (rows && pg_count(rows) > 0)
        *account = (struct account){.orders = pg_int8(rows, 0, 0), .points = pg_int8(rows, 0, 1)};
    return rows != NULL;
}

static void reply_account(struct call *call, struct uuid customer, const struct account *account)
{
    struct buf body = BUF_INIT;
    account_write(&body, customer, account);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

static void get_account(struct call *call, void *connection)
{
    struct uuid customer;
    struct account account = {0};
    if (!call_id(call, "customer", &customer))
        return;
    if (!(call->who.roles & ROLE_OPERATOR) && !uuid_equal(call->who.subject, customer))
        call_problem(call, &problem_not_found);
    else if (read_account(connection, customer, &account))
        reply_account(call, customer, &account);
    else
        call_problem(call, &(struct http_problem){.status = 503,
                                                  .type = "/problems/unavailable",
                                                  .title = "Accounts cannot be read now",
                                                  .detail = STR("Repeat the request after a moment."),
                                                  .retry_after = 1});
}

/* The gateway adds /api in front. */
const struct service_route account_routes[] = {
    {.method = "GET", .path = "/loyalty/{customer}", .roles = ROLE_CUSTOMER | ROLE_OPERATOR, .query = get_account},
    {.method = NULL},
};
