/* Store: deliveries as rows, their events as JSON. */
#include "invariant.h"
#include "outbound.h"

/* ── JSON ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void delivery_write(struct buf *body, struct uuid order, const struct delivery *delivery)
{
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    json_put_id(&w, "orderId", order);
    json_put_text(&w, "status", str_of(delivery_state_names[delivery->state]));
    if (!str_absent(delivery->carrier))
        json_put_text(&w, "carrier", delivery->carrier);
    if (!str_absent(delivery->tracking_number))
        json_put_text(&w, "trackingNumber", delivery->tracking_number);
    if (delivery->started_at)
        json_put_time(&w, "startedAt", delivery->started_at);
    if (delivery->completed_at)
        json_put_time(&w, "completedAt", delivery->completed_at);
    if (!str_absent(delivery->address))
        json_put_raw(&w, "address", delivery->address);
    json_end_object(&w);
}

static void put_started(struct json_writer *w, const struct delivery_started *started)
{
    json_put_text(w, "carrier", started->carrier);
    json_put_text(w, "trackingNumber", started->tracking_number);
    json_put_raw(w, "lines", started->lines);
}

/* Whose delivery it is: who tells them of it then need not look it up (docs/decisions/0006). Where it goes stays in the table. */
static void put_customer(struct json_writer *w, const struct aggregate *a)
{
    json_put_id(w, "customer", ((const struct delivery *)a->state)->customer);
}

void delivery_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    switch (event) {
    case DELIVERY_STARTED_EVENT:
        put_customer(w, a);
        put_started(w, data);
        return;
    case DELIVERY_REQUESTED_EVENT:
    case DELIVERY_COMPLETED_EVENT: put_customer(w, a); return;
    case DELIVERY_CANCELLED_EVENT: json_put_raw(w, "lines", ((const struct delivery_cancelled *)data)->lines); return;
    case DELIVERY_AWAITED_EVENT:
    case DELIVERY_PREPARED_EVENT:
    case DELIVERY_CANCEL_REFUSED_EVENT: return;
    }
    unreachable();
}

/* ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Address and lines are JSON that delivery only carries along: they are never parsed here. */
static void json_out(const void *field, struct buf *json)
{
    buf_add(json, *(const struct str *)field);
}

static void json_in(struct arena *arena, struct str json, void *field)
{
    (void)arena; /* it is in the arena already */
    *(struct str *)field = json;
}

static const struct store_column columns[] = {
    STORE_COLUMN_NAME(struct delivery, state, "state", delivery_state_names, DELIVERY_STATES),
    STORE_COLUMN(struct delivery, customer, "customer", STORE_ID),
    STORE_COLUMN_JSON(struct delivery, address, "address", json_out, json_in),
    STORE_COLUMN_JSON(struct delivery, lines, "lines", json_out, json_in),
    STORE_COLUMN(struct delivery, carrier, "carrier", STORE_TEXT),
    STORE_COLUMN(struct delivery, tracking_number, "tracking_number", STORE_TEXT),
    STORE_COLUMN(struct delivery, requested_at, "requested_at", STORE_TIME),
    STORE_COLUMN(struct delivery, started_at, "started_at", STORE_TIME),
    STORE_COLUMN(struct delivery, completed_at, "completed_at", STORE_TIME),
};

const struct store_table delivery_tables[] = {[DELIVERY] = STORE_TABLE("delivery", columns)};
