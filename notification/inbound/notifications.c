/* GET /my/notifications: what a customer was told, newest first, and by which channel. */
#include "inbound.h"
#include "json_encode.h"
#include "pg.h"

/* By the index notice_customer; the page begins behind (at, id) of the last one seen. */
static const char page_sql[] = "select id, order_id, kind, channel, language, status, text, at, failures from notice"
                               " where customer = $1 and (at, id) < (coalesce($2, 'infinity'::timestamptz), $3)"
                               " order by at desc, id desc limit $4";

static void put_notice(struct json_writer *w, const struct pg_rows *rows, int row)
{
    json_begin_object(w, NULL);
    json_put_id(w, "id", pg_uuid(rows, row, 0));
    json_put_id(w, "orderId", pg_uuid(rows, row, 1));
    json_put_text(w, "kind", pg_text(rows, row, 2));
    json_put_text(w, "channel", pg_text(rows, row, 3));
    json_put_text(w, "language", pg_text(rows, row, 4));
    json_put_text(w, "status", pg_text(rows, row, 5));
    json_put_text(w, "text", pg_text(rows, row, 6));
    json_put_time(w, "at", pg_time(rows, row, 7));
    if (!pg_null(rows, row, 8))
        json_put_raw(w, "failures", pg_text(rows, row, 8));
    json_end_object(w);
}

/* A position is "<microseconds> <id>" of the last notice of a page. */
struct position {
    instant at; /* 0: from the newest */
    struct uuid id;
};

static struct str position_write(struct arena *arena, const struct pg_rows *rows, int row)
{
    char id[UUID_TEXT + 1];
    uuid_format(pg_uuid(rows, row, 0), id);
    return arena_printf(arena, "%lld %s", (long long)pg_time(rows, row, 7), id);
}

static struct position position_read(struct str text)
{
    struct position p = {0};
    struct str at;
    if (str_split(&text, ' ', &at) && str_to_int64(at, &p.at) && uuid_parse(text, &p.id))
        return p;
    return (struct position){0};
}

/* One row more than the page shows tells whether there is a next page. */
static const struct pg_rows *page_rows(struct call *call, struct pg *pg, struct position after, int64_t limit)
{
    struct pg_params p = {0};
    pg_add_uuid(&p, call->who.subject);
    pg_add_time(&p, after.at);
    pg_add_uuid(&p, after.id);
    pg_add_int8(&p, limit + 1);
    const struct pg_rows *rows = query_rows(call, pg, page_sql, &p);
    pg_params_release(&p);
    return rows;
}

void list_notifications(struct call *call, void *connection)
{
    int64_t limit;
    struct str cursor;
    if (!call_limit(call, &limit) || !call_cursor(call, &cursor))
        return;
    const struct pg_rows *rows = page_rows(call, connection, position_read(cursor), limit);
    if (!rows)
        return;
    int shown = pg_count(rows) > limit ? (int)limit : pg_count(rows);
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    json_begin_array(&w, "items");
    for (int row = 0; row < shown; row++)
        put_notice(&w, rows, row);
    json_end_array(&w);
    struct str next = {0};
    if (pg_count(rows) > shown)
        next = position_write(http_arena(call->http), rows, shown - 1);
    call_put_next_cursor(call, &w, next);
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}
