/* Store: accounts as rows, their events as JSON. */
#include "invariant.h"
#include "outbound.h"

void account_write(struct buf *body, struct uuid customer, const struct account *account)
{
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    json_put_id(&w, "customer", customer);
    json_put_integer(&w, "orders", account->orders);
    json_put_integer(&w, "points", account->points);
    json_end_object(&w);
}

void account_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    const struct points_earned *earned = data;
    (void)a;
    invariant(event == POINTS_EARNED);
    json_put_id(w, "order", earned->order);
    json_put_integer(w, "points", earned->points);
}

static const struct store_column columns[] = {
    STORE_COLUMN(struct account, orders, "orders", STORE_INTEGER),
    STORE_COLUMN(struct account, points, "points", STORE_INTEGER),
};

const struct store_table account_tables[] = {[ACCOUNT] = STORE_TABLE("account", columns)};
