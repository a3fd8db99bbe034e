/* The catalog by REST: anyone reads it, an administrator writes it. */
#include "../outbound/outbound.h"
#include "inbound.h"
#include "product_decider.h"

#define NAME_MAX_LENGTH        200
#define DESCRIPTION_MAX_LENGTH 2000
#define PRICE_MAX              1000000000
#define RESTOCK_MAX            1000000

/* ── answers to commands ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void write_product(struct buf *body, struct uuid id, const struct product_snapshot *s)
{
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    product_put(&w, id, s);
    json_end_object(&w);
}

static void answer_product(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                           struct answer *out)
{
    (void)call, (void)c, (void)d;
    struct product_snapshot s = product_snapshot(a[0]);
    out->status = 200;
    write_product(&out->body, a[0]->id, &s);
}

static void answer_registered(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                              struct answer *out)
{
    char id[UUID_TEXT + 1];
    answer_product(call, c, a, d, out);
    uuid_format(a[0]->id, id);
    out->status = 201;
    out->location = arena_printf(d->arena, "/products/%s", id); /* the gateway puts its /api before it */
}

/* ── POST /products ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct json_field register_fields[] = {
    JSON_FIELD_RANGE(struct register_product, name, "name", JSON_TEXT, JSON_REQUIRED, 1, NAME_MAX_LENGTH),
    JSON_FIELD_RANGE(struct register_product, description, "description", JSON_TEXT, JSON_OPTIONAL, 0, DESCRIPTION_MAX_LENGTH),
    JSON_FIELD_RANGE(struct register_product, price, "price", JSON_MONEY, JSON_REQUIRED, 1, PRICE_MAX),
    JSON_FIELD_RANGE(struct register_product, stock, "stock", JSON_INTEGER, JSON_REQUIRED, 0, PRODUCT_STOCK_MAX),
};
static const struct json_shape register_shape = JSON_SHAPE(struct register_product, register_fields, JSON_REFUSE_UNKNOWN);

static void command_of(struct call *call, struct command *c, int type, const void *data, size_t size, struct uuid product)
{
    c->type = type;
    c->data = arena_copy(http_arena(call->http), data, size);
    c->correlation = product; /* the key on the catalog's topic */
}

static bool register_product(struct call *call, struct command *c)
{
    struct register_product r = {0};
    if (!call_decode(call, &register_shape, &r))
        return false;
    r.product = c->fresh;
    if (str_absent(r.description))
        r.description = STR("");
    command_of(call, c, REGISTER, &r, sizeof r, r.product);
    return true;
}

static void adopt_registered(struct call *call, struct command *c, struct uuid resource)
{
    struct register_product r = *(const struct register_product *)c->data;
    r.product = resource;
    command_of(call, c, REGISTER, &r, sizeof r, resource);
}

/* ── PATCH /products/{id} ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct json_field revise_fields[] = {
    JSON_FIELD_PATCH(struct revise_product, name, has_name, "name", JSON_TEXT, 1, NAME_MAX_LENGTH),
    JSON_FIELD_PATCH(struct revise_product, description, has_description, "description", JSON_TEXT, 0, DESCRIPTION_MAX_LENGTH),
    JSON_FIELD_PATCH(struct revise_product, price, has_price, "price", JSON_MONEY, 1, PRICE_MAX),
};
static const struct json_shape revise_shape = JSON_SHAPE(struct revise_product, revise_fields, JSON_REFUSE_UNKNOWN);

/* If-Match: "7" is the version that the product must have. What is no ETag of ours is a version that no product has. */
static int64_t version_of(struct str if_match)
{
    int64_t version;
    struct str tag = str_trim(if_match);
    if (str_absent(if_match) || str_is(tag, "*"))
        return PRODUCT_VERSION_ANY;
    if (tag.n > 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"' && str_to_int64((struct str){tag.p + 1, tag.n - 2}, &version) &&
        version > 0)
        return version;
    return -1;
}

static bool revise_product(struct call *call, struct command *c)
{
    struct revise_product r = {0};
    struct uuid product;
    if (!call_id(call, "id", &product) || !call_decode(call, &revise_shape, &r))
        return false;
    r.product = product;
    r.version = version_of(http_header(call->http, "If-Match"));
    command_of(call, c, REVISE, &r, sizeof r, product);
    return true;
}

/* ── POST /products/{id}/restock ────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct json_field restock_fields[] = {
    JSON_FIELD_RANGE(struct restock_product, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, RESTOCK_MAX),
};
static const struct json_shape restock_shape = JSON_SHAPE(struct restock_product, restock_fields, JSON_REFUSE_UNKNOWN);

static bool restock_product(struct call *call, struct command *c)
{
    struct restock_product r = {0};
    struct uuid product;
    if (!call_id(call, "id", &product) || !call_decode(call, &restock_shape, &r))
        return false;
    r.product = product;
    command_of(call, c, RESTOCK, &r, sizeof r, product);
    return true;
}

/* ── POST /products/{id}/discontinue ────────────────────────────────────────────────────────────────────────────────────────────── */

static bool discontinue_product(struct call *call, struct command *c)
{
    struct discontinue_product r = {0};
    if (!call_id(call, "id", &r.product))
        return false;
    command_of(call, c, DISCONTINUE, &r, sizeof r, r.product);
    return true;
}

/* ── GET ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define COLUMNS "id, version, name, description, price, currency, on_hand - reserved, discontinued"

static const char one_sql[] = "select " COLUMNS " from product where id = $1";
static const char page_sql[] =
    "select " COLUMNS " from product where id > coalesce($1, '00000000-0000-0000-0000-000000000000') order by id limit $2";

static struct product_snapshot snapshot_of(const struct pg_rows *rows, int row)
{
    struct product_snapshot s = {
        .version = pg_int8(rows, row, 1),
        .name = pg_text(rows, row, 2),
        .description = pg_text(rows, row, 3),
        .price.amount = pg_int8(rows, row, 4),
        .available = pg_int8(rows, row, 6),
        .discontinued = pg_bool(rows, row, 7),
    };
    struct str currency = pg_text(rows, row, 5);
    for (size_t i = 0; i < 3 && i < currency.n; i++)
        s.price.currency[i] = currency.p[i];
    return s;
}

static void reply_unavailable(struct call *call)
{
    call_problem(call, &(struct http_problem){.status = 503,
                                              .type = "/problems/unavailable",
                                              .title = "The catalog cannot be read now",
                                              .detail = STR("Repeat the request after a moment."),
                                              .retry_after = 1});
}

static void reply_product(struct call *call, const struct pg_rows *rows)
{
    struct buf body = BUF_INIT;
    struct product_snapshot s = snapshot_of(rows, 0);
    write_product(&body, pg_uuid(rows, 0, 0), &s);
    struct http_answer a = {.status = 200, .body = buf_str(&body)};
    http_answer_header(&a, STR("ETag"), arena_printf(http_arena(call->http), "\"%lld\"", (long long)s.version));
    call_reply(call, &a);
    buf_release(&body);
}

static void get_product(struct call *call, void *connection)
{
    struct uuid product;
    if (!call_id(call, "id", &product))
        return;
    struct pg_params p = {0};
    pg_add_uuid(&p, product);
    const struct pg_rows *rows = pg_query(connection, one_sql, &p);
    pg_params_release(&p);
    if (!rows)
        reply_unavailable(call);
    else if (pg_count(rows) == 0)
        call_problem(call, &problem_not_found);
    else
        reply_product(call, rows);
}

/* One row more than the page shows tells whether there is a next page. */
static const struct pg_rows *page_rows(struct pg *pg, struct uuid after, int64_t limit)
{
    struct pg_params p = {0};
    pg_add_uuid(&p, after);
    pg_add_int8(&p, limit + 1);
    const struct pg_rows *rows = pg_query(pg, page_sql, &p);
    pg_params_release(&p);
    return rows;
}

static void reply_page(struct call *call, const struct pg_rows *rows, int limit)
{
    int shown = pg_count(rows) > limit ? limit : pg_count(rows);
    char last[UUID_TEXT + 1] = "";
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    json_begin_array(&w, "items");
    for (int row = 0; row < shown; row++) {
        struct product_snapshot s = snapshot_of(rows, row);
        json_begin_object(&w, NULL);
        product_put(&w, pg_uuid(rows, row, 0), &s);
        json_end_object(&w);
    }
    json_end_array(&w);
    if (pg_count(rows) > shown)
        uuid_format(pg_uuid(rows, shown - 1, 0), last);
    call_put_next_cursor(call, &w, pg_count(rows) > shown ? str_of(last) : (struct str){0});
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

/* In the order of ids, which is that of registration: a page stays where it is when others are added. */
static void list_products(struct call *call, void *connection)
{
    int64_t limit;
    struct str cursor;
    struct uuid after = {0};
    if (!call_limit(call, &limit) || !call_cursor(call, &cursor))
        return;
    if (!str_absent(cursor))
        uuid_parse(cursor, &after); /* it is signed: ours */
    const struct pg_rows *rows = page_rows(connection, after, limit);
    if (rows)
        reply_page(call, rows, (int)limit);
    else
        reply_unavailable(call);
}

const struct service_route product_routes[] = {
    {.method = "GET", .path = "/products", .roles = ROLE_ANYONE, .query = list_products},
    {.method = "GET", .path = "/products/{id}", .roles = ROLE_ANYONE, .query = get_product},
    {.method = "POST",
     .path = "/products",
     .roles = ROLE_ADMIN,
     .flags = HTTP_KEY_ACCEPTED,
     .command = register_product,
     .adopt = adopt_registered,
     .answer = answer_registered},
    {.method = "PATCH",
     .path = "/products/{id}",
     .roles = ROLE_ADMIN,
     .flags = HTTP_KEY_ACCEPTED,
     .command = revise_product,
     .answer = answer_product},
    {.method = "POST",
     .path = "/products/{id}/restock",
     .roles = ROLE_ADMIN,
     .flags = HTTP_KEY_ACCEPTED,
     .command = restock_product,
     .answer = answer_product},
    {.method = "POST",
     .path = "/products/{id}/discontinue",
     .roles = ROLE_ADMIN,
     .flags = HTTP_KEY_ACCEPTED,
     .command = discontinue_product,
     .answer = answer_product},
    {.method = NULL},
};
