/* Orders and catalog items, column by column. */
#include "tables.h"

#include "contents.h"

static const struct store_column order_columns[] = {
    STORE_COLUMN_FIXED(struct order, customer, "customer", STORE_ID),
    STORE_COLUMN_NAME(struct order, status, "status", order_status_names, ORDER_STATUSES),
    STORE_COLUMN_NAME(struct order, payment, "payment", order_payment_names, ORDER_PAYMENTS),
    STORE_COLUMN(struct order, attempt, "attempt", STORE_INTEGER),
    STORE_COLUMN(struct order, payment_id, "payment_id", STORE_ID),
    STORE_COLUMN(struct order, decline_code, "decline_code", STORE_TEXT),
    STORE_COLUMN(struct order, method, "method", STORE_TEXT),
    STORE_COLUMN(struct order, token, "token", STORE_TEXT),
    STORE_COLUMN_FIXED(struct order, total.amount, "total", STORE_INTEGER),
    STORE_COLUMN_FIXED(struct order, total.currency, "currency", STORE_CURRENCY),
    STORE_COLUMN_JSON_FIXED(struct order, lines, "lines", lines_encode, lines_decode),
    STORE_COLUMN_JSON_FIXED(struct order, address, "address", address_encode, address_decode),
    STORE_COLUMN(struct order, needs_review, "needs_review", STORE_TEXT),
    STORE_COLUMN(struct order, cancel_reason, "cancel_reason", STORE_TEXT),
    STORE_COLUMN(struct order, released, "released", STORE_BOOLEAN),
    STORE_COLUMN(struct order, deadline, "deadline", STORE_TIME),
    STORE_COLUMN_FIXED(struct order, created_at, "created_at", STORE_TIME),
    STORE_COLUMN(struct order, updated_at, "updated_at", STORE_TIME),
};

static const struct store_column catalog_item_columns[] = {
    STORE_COLUMN(struct catalog_item, product_version, "product_version", STORE_INTEGER),
    STORE_COLUMN(struct catalog_item, name, "name", STORE_TEXT),
    STORE_COLUMN(struct catalog_item, price.amount, "price", STORE_INTEGER),
    STORE_COLUMN(struct catalog_item, price.currency, "currency", STORE_CURRENCY),
    STORE_COLUMN(struct catalog_item, available, "available", STORE_INTEGER),
    STORE_COLUMN(struct catalog_item, discontinued, "discontinued", STORE_BOOLEAN),
};

const struct store_table order_tables[ORDER_AGGREGATES] = {
    [ORDER] = STORE_TABLE("orders", order_columns),
    [CATALOG_ITEM] = STORE_TABLE("catalog_item", catalog_item_columns),
};

static struct store *orders; /* its SQL must live as long as the connections that have it prepared */

void order_reading_start(void)
{
    orders = store_new(&order_tables[ORDER], sizeof(struct order));
}

void order_reading_stop(void)
{
    store_free(orders);
    orders = NULL;
}

const struct aggregate *order_read(struct pg *pg, struct uuid id, struct arena *arena, bool *fault)
{
    struct aggregate *a = NULL;
    store_send_load(orders, pg, &(struct key){.kind = ORDER, .id = id}, 1, true);
    pg_sync(pg);
    const struct pg_rows *rows = pg_receive(pg);
    if (rows && pg_count(rows) == 1) {
        a = ARENA_NEW(arena, struct aggregate);
        *a = (struct aggregate){.kind = ORDER, .id = id, .state = ARENA_NEW(arena, struct order)};
        store_take_row(orders, rows, 0, arena, a);
    }
    *fault = !pg_end(pg);
    return *fault ? NULL : a;
}
