/* Payments, column by column. */
#include "tables.h"

#include "attempts.h"
#include "refund.h"

static const struct store_column payment_columns[] = {
    STORE_COLUMN_FIXED(struct payment, id, "payment_id", STORE_ID),
    STORE_COLUMN_FIXED(struct payment, customer, "customer", STORE_ID),
    STORE_COLUMN_NAME(struct payment, status, "status", payment_status_names, PAYMENT_STATUSES),
    STORE_COLUMN_FIXED(struct payment, amount.amount, "amount", STORE_INTEGER),
    STORE_COLUMN_FIXED(struct payment, amount.currency, "currency", STORE_CURRENCY),
    STORE_COLUMN_JSON(struct payment, attempts, "attempts", attempts_encode, attempts_decode),
    STORE_COLUMN_JSON(struct payment, refund, "refund", refund_encode, refund_decode),
    STORE_COLUMN(struct payment, token, "token", STORE_TEXT),
    STORE_COLUMN(struct payment, needs_review, "needs_review", STORE_TEXT),
    STORE_COLUMN(struct payment, cancel_requested, "cancel_requested", STORE_BOOLEAN),
    STORE_COLUMN(struct payment, closing, "closing", STORE_BOOLEAN),
    STORE_COLUMN_FIXED(struct payment, created_at, "created_at", STORE_TIME),
    STORE_COLUMN(struct payment, updated_at, "updated_at", STORE_TIME),
};

const struct store_table payment_tables[PAYMENT_AGGREGATES] = {
    [PAYMENT] = STORE_TABLE("payment", payment_columns),
};

static struct store *payments; /* its SQL must live as long as the connections that have it prepared */

void payment_reading_start(void)
{
    payments = store_new(&payment_tables[PAYMENT], sizeof(struct payment));
}

void payment_reading_stop(void)
{
    store_free(payments);
    payments = NULL;
}

const struct payment *payment_read(struct pg *pg, struct uuid order, struct arena *arena, bool *fault)
{
    struct aggregate a = {.kind = PAYMENT, .id = order, .state = ARENA_NEW(arena, struct payment)};
    store_send_load(payments, pg, &(struct key){.kind = PAYMENT, .id = order}, 1, true);
    pg_sync(pg);
    const struct pg_rows *rows = pg_receive(pg);
    bool found = rows && pg_count(rows) == 1;
    if (found)
        store_take_row(payments, rows, 0, arena, &a);
    *fault = !pg_end(pg);
    return found && !*fault ? a.state : NULL;
}
