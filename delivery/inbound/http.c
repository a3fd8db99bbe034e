/* Deliveries by REST: their customers look, couriers and operators move them on. */
#include "../outbound/outbound.h"
#include "inbound.h"

#define DISPATCHERS (ROLE_COURIER | ROLE_OPERATOR)

/* ── POST /deliveries/{orderId}/start, …/complete ───────────────────────────────────────────────────────────────────────────────── */

static void answer_delivery(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                            struct answer *out)
{
    (void)call, (void)c, (void)d;
    out->status = 200;
    delivery_write(&out->body, a[0]->id, a[0]->state);
}

static void command_of(struct call *call, struct command *c, int type, const void *data, size_t size, struct uuid order)
{
    c->type = type;
    c->data = arena_copy(http_arena(call->http), data, size);
    c->correlation = order;
}

static const struct json_field start_fields[] = {
    JSON_FIELD_RANGE(struct start_delivery, carrier, "carrier", JSON_TEXT, JSON_OPTIONAL, 1, 100),
    JSON_FIELD_RANGE(struct start_delivery, tracking_number, "trackingNumber", JSON_TEXT, JSON_OPTIONAL, 1, 100),
};
static const struct json_shape start_shape = JSON_SHAPE(struct start_delivery, start_fields, JSON_REFUSE_UNKNOWN);

/* Without a body, or with half of one, we deliver ourselves. */
static bool start_delivery(struct call *call, struct command *c)
{
    struct start_delivery start = {0};
    struct uuid order;
    if (!call_id(call, "orderId", &order) || (!str_empty(http_body(call->http)) && !call_decode(call, &start_shape, &start)))
        return false;
    start.order = order;
    start.by = BY_COURIER;
    if (str_absent(start.carrier))
        start.carrier = STR("직접 배송");
    if (str_absent(start.tracking_number))
        start.tracking_number = delivery_tracking_number(http_arena(call->http), "JMN", order);
    command_of(call, c, START, &start, sizeof start, order);
    return true;
}

static bool complete_delivery(struct call *call, struct command *c)
{
    struct complete_delivery complete = {.by = BY_COURIER};
    if (!call_id(call, "orderId", &complete.order))
        return false;
    command_of(call, c, COMPLETE, &complete, sizeof complete, complete.order);
    return true;
}

/* ── GET /deliveries/{orderId} ──────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char one_sql[] =
    "select state, customer, carrier, tracking_number, started_at, completed_at, address from delivery where id = $1";

static struct delivery delivery_of(const struct pg_rows *rows)
{
    struct delivery delivery = {
        .customer = pg_uuid(rows, 0, 1),
        .carrier = pg_text(rows, 0, 2),
        .tracking_number = pg_text(rows, 0, 3),
        .started_at = pg_time(rows, 0, 4),
        .completed_at = pg_time(rows, 0, 5),
        .address = pg_text(rows, 0, 6),
    };
    for (int state = 0; state < DELIVERY_STATES; state++)
        if (str_is(pg_text(rows, 0, 0), delivery_state_names[state]))
            delivery.state = (enum delivery_state)state;
    return delivery;
}

static bool may_see(const struct identity *who, const struct delivery *delivery)
{
    return (who->roles & DISPATCHERS) || uuid_equal(who->subject, delivery->customer);
}

static void reply_delivery(struct call *call, struct uuid order, const struct delivery *delivery)
{
    struct buf body = BUF_INIT;
    delivery_write(&body, order, delivery);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

static void reply_unavailable(struct call *call)
{
    call_problem(call, &(struct http_problem){.status = 503,
                                              .type = "/problems/unavailable",
                                              .title = "Deliveries cannot be read now",
                                              .detail = STR("Repeat the request after a moment."),
                                              .retry_after = 1});
}

static void get_delivery(struct call *call, void *connection)
{
    struct uuid order;
    if (!call_id(call, "orderId", &order))
        return;
    struct pg_params p = {0};
    pg_add_uuid(&p, order);
    const struct pg_rows *rows = pg_query(connection, one_sql, &p);
    pg_params_release(&p);
    if (!rows) {
        reply_unavailable(call);
        return;
    }
    struct delivery delivery = pg_count(rows) > 0 ? delivery_of(rows) : (struct delivery){0};
    if (pg_count(rows) > 0 && may_see(&call->who, &delivery))
        reply_delivery(call, order, &delivery);
    else
        call_problem(call, &problem_not_found);
}

const struct service_route delivery_routes[] = {
    {.method = "GET", .path = "/deliveries/{orderId}", .roles = ROLE_CUSTOMER | DISPATCHERS, .query = get_delivery},
    {.method = "POST",
     .path = "/deliveries/{orderId}/start",
     .roles = DISPATCHERS,
     .flags = HTTP_KEY_ACCEPTED,
     .command = start_delivery,
     .answer = answer_delivery},
    {.method = "POST",
     .path = "/deliveries/{orderId}/complete",
     .roles = DISPATCHERS,
     .flags = HTTP_KEY_ACCEPTED,
     .command = complete_delivery,
     .answer = answer_delivery},
    {.method = NULL},
};
