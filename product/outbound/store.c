/* Store: products and preparations as rows, their events as JSON. */
#include "invariant.h"
#include "json_decode.h"
#include "outbound.h"
#include "preparation.h"
#include "product_decider.h"

/* ── JSON ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void product_put(struct json_writer *w, struct uuid id, const struct product_snapshot *s)
{
    json_put_id(w, "id", id);
    json_put_text(w, "name", s->name);
    json_put_text(w, "description", s->description);
    json_put_money(w, "price", s->price);
    json_put_integer(w, "available", s->available);
    json_put_boolean(w, "discontinued", s->discontinued);
    json_put_integer(w, "version", s->version);
}

static void put_lines(struct json_writer *w, const struct stock_lines *lines)
{
    json_begin_array(w, "lines");
    for (size_t i = 0; i < lines->count; i++) {
        json_begin_object(w, NULL);
        json_put_id(w, "product", lines->items[i].product);
        json_put_integer(w, "quantity", lines->items[i].quantity);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_shortages(struct json_writer *w, const struct preparation_rejected *rejected)
{
    json_begin_array(w, "lines");
    for (size_t i = 0; i < rejected->count; i++) {
        const struct stock_shortage *shortage = &rejected->shortages[i];
        json_begin_object(w, NULL);
        json_put_id(w, "product", shortage->product);
        json_put_integer(w, "wanted", shortage->wanted);
        json_put_integer(w, "available", shortage->available);
        json_end_object(w);
    }
    json_end_array(w);
}

void product_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    switch (event) {
    case PRODUCT_REGISTERED_EVENT:
    case PRODUCT_CHANGED_EVENT:
    case PRODUCT_DISCONTINUED_EVENT:
    case STOCK_CHANGED_EVENT: product_put(w, a->id, data); return;
    case PRODUCT_RESTOCKED_EVENT: json_put_integer(w, "quantity", ((const struct stock_moved *)data)->quantity); return;
    case PREPARATION_COMPLETED_EVENT: put_lines(w, &((const struct preparation_completed *)data)->lines); return;
    case PREPARATION_REJECTED_EVENT: put_shortages(w, data); return;
    case PREPARATION_CANCELLED_EVENT: put_lines(w, &((const struct preparation_cancelled *)data)->lines); return;
    case PREPARATION_SHIPPED_EVENT: return;
    }
    unreachable(); /* EVENT_STATE leaves no trace */
}

/* ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct store_column product_columns[] = {
    STORE_COLUMN(struct product, name, "name", STORE_TEXT),
    STORE_COLUMN(struct product, description, "description", STORE_TEXT),
    STORE_COLUMN(struct product, price.amount, "price", STORE_INTEGER),
    STORE_COLUMN(struct product, price.currency, "currency", STORE_CURRENCY),
    STORE_COLUMN(struct product, on_hand, "on_hand", STORE_INTEGER),
    STORE_COLUMN(struct product, reserved, "reserved", STORE_INTEGER),
    STORE_COLUMN(struct product, discontinued, "discontinued", STORE_BOOLEAN),
};

/* Lines are kept as they are published: {"lines":[{"product":…,"quantity":…}]}. */
static const struct json_field line_fields[] = {
    JSON_FIELD(struct stock_line, product, "product", JSON_ID, JSON_REQUIRED),
    JSON_FIELD(struct stock_line, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED),
};
static const struct json_shape line_shape = JSON_SHAPE(struct stock_line, line_fields, JSON_REFUSE_UNKNOWN);

struct kept_lines {
    struct json_list lines;
};
static const struct json_field kept_fields[] = {
    JSON_FIELD_ARRAY(struct kept_lines, lines, "lines", JSON_REQUIRED, &line_shape, 1, 100),
};
static const struct json_shape kept_shape = JSON_SHAPE(struct kept_lines, kept_fields, JSON_REFUSE_UNKNOWN);

static void lines_to_json(const void *field, struct buf *json)
{
    const struct stock_lines *lines = field;
    if (lines->count == 0)
        return;
    struct json_writer w = {.out = json};
    json_begin_object(&w, NULL);
    put_lines(&w, lines);
    json_end_object(&w);
}

static void lines_from_json(struct arena *arena, struct str json, void *field)
{
    struct kept_lines kept;
    struct json_errors errors = {0};
    invariant(json_decode(arena, json, &kept_shape, &kept, &errors));
    *(struct stock_lines *)field = (struct stock_lines){kept.lines.items, kept.lines.count};
}

static const struct store_column preparation_columns[] = {
    STORE_COLUMN_NAME(struct preparation, state, "state", preparation_state_names, PREPARATION_STATES),
    STORE_COLUMN_JSON(struct preparation, lines, "lines", lines_to_json, lines_from_json),
};

const struct store_table product_tables[] = {
    [PRODUCT] = STORE_TABLE("product", product_columns),
    [PREPARATION] = STORE_TABLE("preparation", preparation_columns),
};
