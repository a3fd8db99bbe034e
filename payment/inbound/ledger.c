/* REST: the two ledgers beside each other, for operators; and the simulated provider's own, for tests. */
#include "outbound/ledger.h"
#include "inbound.h"
#include "outbound/provider.h"
#include <string.h>

#define DIFFERENCES_MOST 1000

static const struct http_problem unavailable = {
    .status = 503,
    .type = "/problems/unavailable",
    .title = "The ledger cannot be read now",
    .detail = STR_CONST("Repeat the request after a moment."),
    .retry_after = 1,
};

static const struct http_problem kept_elsewhere = {
    .status = 501,
    .type = "/problems/ledger-elsewhere",
    .title = "The provider keeps its ledger to itself",
    .detail = STR_CONST("Only the simulated provider's books are at hand. Compare the payments with the reports of your provider."),
};

static void reply(struct call *call, struct buf *body)
{
    call_json(call, 200, buf_str(body));
    buf_release(body);
}

static void put_money(struct json_writer *w, const char *key, const struct pg_rows *rows, int row, int column)
{
    struct money money = {.amount = pg_int8(rows, row, column)};
    struct str currency = pg_text(rows, row, column + 1);
    if (pg_null(rows, row, column) || currency.n >= sizeof money.currency)
        return;
    memcpy(money.currency, currency.p, currency.n);
    json_put_money(w, key, money);
}

/* ── GET /ops/ledger ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_counts(struct json_writer *w, const char *key, const struct pg_rows *rows, int column)
{
    json_begin_object(w, key);
    json_put_integer(w, "ours", pg_int8(rows, 0, column));
    json_put_integer(w, "provider", pg_int8(rows, 0, column + 1));
    json_end_object(w);
}

static void put_difference(struct json_writer *w, const struct pg_rows *rows, int row)
{
    json_begin_object(w, NULL);
    json_put_text(w, "kind", pg_text(rows, row, 0));
    json_put_text(w, "charge", pg_text(rows, row, 1));
    if (!pg_null(rows, row, 2))
        json_put_id(w, "orderId", pg_uuid(rows, row, 2));
    put_money(w, "ours", rows, row, 3);
    put_money(w, "provider", rows, row, 5);
    json_end_object(w);
}

void get_ledger(struct call *call, void *connection)
{
    if (!provider_ledger_is_here()) {
        call_problem(call, &kept_elsewhere);
        return;
    }
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    const struct pg_rows *rows = ledger_counts(connection);
    if (rows) {
        put_counts(&w, "charges", rows, 0);
        put_counts(&w, "refunds", rows, 2);
        rows = ledger_differences(connection, DIFFERENCES_MOST + 1);
    }
    if (!rows) {
        buf_release(&body);
        call_problem(call, &unavailable);
        return;
    }
    json_begin_array(&w, "differences");
    for (int row = 0; row < pg_count(rows) && row < DIFFERENCES_MOST; row++)
        put_difference(&w, rows, row);
    json_end_array(&w);
    json_put_boolean(&w, "more", pg_count(rows) > DIFFERENCES_MOST);
    json_end_object(&w);
    reply(call, &body);
}

/* ── GET /simulated-provider/charges, …/refunds ─────────────────────────────────────────────────────────────────────────────────── */

static void put_entry(struct json_writer *w, const struct pg_rows *rows, int row)
{
    json_begin_object(w, NULL);
    json_put_id(w, "key", pg_uuid(rows, row, 0));
    if (!pg_null(rows, row, 1))
        json_put_id(w, "charge", pg_uuid(rows, row, 1));
    put_money(w, "amount", rows, row, 2);
    json_put_time(w, "at", pg_time(rows, row, 4));
    json_end_object(w);
}

static void list(struct call *call, void *connection, const struct pg_rows *(*page)(struct pg *pg, struct uuid after, int64_t most))
{
    int64_t limit;
    struct str cursor;
    struct uuid after = {0};
    char last[UUID_TEXT + 1];
    if (!provider_ledger_is_here()) {
        call_problem(call, &problem_not_found);
        return;
    }
    if (!call_limit(call, &limit) || !call_cursor(call, &cursor))
        return;
    if (!str_absent(cursor))
        uuid_parse(cursor, &after); /* it is signed: ours */
    const struct pg_rows *rows = page(connection, after, limit + 1);
    if (!rows) {
        call_problem(call, &unavailable);
        return;
    }
    bool more = pg_count(rows) > limit;
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    json_begin_array(&w, "items");
    for (int row = 0; row < pg_count(rows) && row < limit; row++)
        put_entry(&w, rows, row);
    json_end_array(&w);
    if (more)
        uuid_format(pg_uuid(rows, (int)limit - 1, 0), last);
    call_put_next_cursor(call, &w, more ? str_of(last) : (struct str){0});
    json_end_object(&w);
    reply(call, &body);
}

void list_simulated_charges(struct call *call, void *connection)
{
    list(call, connection, ledger_charges);
}

void list_simulated_refunds(struct call *call, void *connection)
{
    list(call, connection, ledger_refunds);
}
