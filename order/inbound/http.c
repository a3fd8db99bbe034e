/* REST: placing an order, paying it again, cancelling it, looking at it. */
#include "document.h"
#include "inbound.h"
#include "invariant.h"
#include "outbound/tables.h"
#include "settings.h"

/* ── POST /orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct order_body {
    struct json_list items; /* of struct place_item */
    struct order_address address;
    struct payment_means payment;
};

static const struct json_field item_fields[] = {
    JSON_FIELD(struct place_item, product, "productId", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct place_item, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, ORDER_QUANTITY_MAX),
};
static const struct json_shape item_shape = JSON_SHAPE(struct place_item, item_fields, JSON_REFUSE_UNKNOWN);

static const struct json_field address_fields[] = {
    JSON_FIELD_RANGE(struct order_address, recipient, "recipient", JSON_TEXT, JSON_REQUIRED, 1, ORDER_RECIPIENT_MAX),
    JSON_FIELD_RANGE(struct order_address, phone, "phone", JSON_TEXT, JSON_REQUIRED, 1, ORDER_PHONE_MAX),
    JSON_FIELD_RANGE(struct order_address, zip, "zip", JSON_TEXT, JSON_REQUIRED, 1, ORDER_ZIP_MAX),
    JSON_FIELD_RANGE(struct order_address, line1, "line1", JSON_TEXT, JSON_REQUIRED, 1, ORDER_STREET_MAX),
    JSON_FIELD_RANGE(struct order_address, line2, "line2", JSON_TEXT, JSON_OPTIONAL, 0, ORDER_STREET_MAX),
};
static const struct json_shape address_shape = JSON_SHAPE(struct order_address, address_fields, JSON_REFUSE_UNKNOWN);

static const struct json_field means_fields[] = {
    JSON_FIELD_RANGE(struct payment_means, method, "method", JSON_TEXT, JSON_REQUIRED, 1, ORDER_METHOD_MAX),
    JSON_FIELD_RANGE(struct payment_means, token, "token", JSON_TEXT, JSON_REQUIRED, 1, ORDER_TOKEN_MAX),
};
static const struct json_shape means_shape = JSON_SHAPE(struct payment_means, means_fields, JSON_REFUSE_UNKNOWN);

static const struct json_field order_fields[] = {
    JSON_FIELD_ARRAY(struct order_body, items, "items", JSON_REQUIRED, &item_shape, 1, ORDER_LINES_MAX),
    JSON_FIELD_OBJECT(struct order_body, address, "address", JSON_REQUIRED, &address_shape),
    JSON_FIELD_OBJECT(struct order_body, payment, "payment", JSON_REQUIRED, &means_shape),
};
static const struct json_shape order_shape = JSON_SHAPE(struct order_body, order_fields, JSON_REFUSE_UNKNOWN);

static bool place(struct call *call, struct command *c)
{
    struct order_body body;
    if (!call_decode(call, &order_shape, &body))
        return false;
    struct place_order *place = ARENA_NEW(http_arena(call->http), struct place_order);
    *place = (struct place_order){
        .order = c->fresh,
        .customer = call->who.subject,
        .items = body.items.items,
        .item_count = body.items.count,
        .address = body.address,
        .means = body.payment,
        .payment_window = order_config.payment_window,
    };
    c->type = PLACE_ORDER;
    c->data = place;
    return true;
}

static void adopt_placed(struct call *call, struct command *c, struct uuid order)
{
    (void)call;
    ((struct place_order *)c->data)->order = order;
    c->correlation = order;
}

/* ── POST /orders/{id}/payment ──────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool pay(struct call *call, struct command *c)
{
    struct pay_order *pay = ARENA_NEW(http_arena(call->http), struct pay_order);
    if (!call_id(call, "id", &pay->order) || !call_decode(call, &means_shape, &pay->means))
        return false;
    pay->customer = call->who.subject;
    c->type = PAY_ORDER;
    c->data = pay;
    c->correlation = pay->order;
    return true;
}

static void adopt_paid(struct call *call, struct command *c, struct uuid resource)
{
    (void)call;
    (void)resource;
    ((struct pay_order *)c->data)->repeated = true;
}

/* ── what both are answered ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void answer_declined(const struct aggregate *a, struct arena *arena, struct answer *out)
{
    const struct order *order = a->state;
    char id[UUID_TEXT + 1];
    uuid_format(a->id, id);
    struct json_writer w = {.out = &out->body};
    json_begin_object(&w, NULL);
    json_put_text(&w, "type", STR("/problems/payment-declined"));
    json_put_text(&w, "title", STR("The payment was declined"));
    json_put_integer(&w, "status", 402);
    json_put_text(&w, "detail",
                  arena_printf(arena, "The order waits. Pay it again, by another card, with POST /api/orders/%s/payment.", id));
    json_put_id(&w, "orderId", a->id);
    json_put_text(&w, "declineCode", order->decline_code);
    json_end_object(&w);
    out->status = 402;
    out->content_type = STR("application/problem+json");
}

static int paid_status(const struct order *order)
{
    if (order->status == ORDER_CANCELLING || order->status == ORDER_CANCELLED)
        return 202; /* cancelled while it was being paid: the document says so */
    switch ((enum order_payment)order->payment) {
    case ORDER_PAYMENT_NONE:
    case ORDER_PAYMENT_ASKED: return 202; /* not known yet: it follows by itself */
    case ORDER_PAYMENT_APPROVED:
    case ORDER_PAYMENT_REFUNDED: return 201;
    case ORDER_PAYMENT_DECLINED: return 402;
    case ORDER_PAYMENTS: break;
    }
    unreachable();
}

static void answer(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                   struct answer *out)
{
    (void)call;
    (void)c;
    const struct order *order = a[0]->state;
    out->later = d->effect_count > 0; /* payment is being asked: who asked goes along, and is answered by what comes of it */
    if (out->later)
        return;
    char id[UUID_TEXT + 1];
    uuid_format(a[0]->id, id);
    out->location = arena_printf(d->arena, "/orders/%s", id); /* the gateway puts its /api before it */
    out->status = paid_status(order);
    if (out->status == 402)
        answer_declined(a[0], d->arena, out);
    else
        order_document(a[0], d->arena, &out->body);
}

/* ── DELETE /orders/{id} ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool cancel(struct call *call, struct command *c)
{
    struct cancel_order *cancel = ARENA_NEW(http_arena(call->http), struct cancel_order);
    if (!call_id(call, "id", &cancel->order))
        return false;
    cancel->who = call->who.subject;
    cancel->by_operator = call->who.roles & ROLE_OPERATOR;
    c->type = CANCEL_ORDER;
    c->data = cancel;
    c->correlation = cancel->order;
    return true;
}

/* Asked for, not done: delivery decides. */
static void answer_cancel(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                          struct answer *out)
{
    (void)call, (void)c;
    out->status = 202;
    order_document(a[0], d->arena, &out->body);
}

/* ── GET /orders/{id} ───────────────────────────────────────────────────────────────────────────────────────────────────────────── */

const struct http_problem problem_unreadable = {
    .status = 503,
    .type = "/problems/unavailable",
    .title = "Orders cannot be read now",
    .detail = STR_CONST("Repeat the request after a moment."),
    .retry_after = 1,
};

static bool may_see(const struct call *call, const struct aggregate *a)
{
    const struct order *order = a->state;
    return (call->who.roles & ROLE_OPERATOR) || uuid_equal(order->customer, call->who.subject);
}

static void get(struct call *call, void *connection)
{
    struct uuid id;
    bool fault;
    if (!call_id(call, "id", &id))
        return;
    const struct aggregate *a = order_read(connection, id, http_arena(call->http), &fault);
    if (fault) {
        call_problem(call, &problem_unreadable);
        return;
    }
    if (!a || !may_see(call, a)) {
        call_problem(call, &problem_not_found);
        return;
    }
    struct buf body = BUF_INIT;
    order_document(a, http_arena(call->http), &body);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

const struct service_route order_routes[] = {
    {.method = "POST",
     .path = "/orders",
     .roles = ROLE_CUSTOMER,
     .flags = HTTP_KEY_REQUIRED,
     .command = place,
     .answer = answer,
     .adopt = adopt_placed},
    {.method = "POST",
     .path = "/orders/{id}/payment",
     .roles = ROLE_CUSTOMER,
     .flags = HTTP_KEY_REQUIRED,
     .command = pay,
     .answer = answer,
     .adopt = adopt_paid},
    {.method = "DELETE",
     .path = "/orders/{id}",
     .roles = ROLE_CUSTOMER | ROLE_OPERATOR,
     .flags = HTTP_KEY_ACCEPTED,
     .command = cancel,
     .answer = answer_cancel},
    {.method = "GET", .path = "/orders/{id}", .roles = ROLE_CUSTOMER | ROLE_OPERATOR, .query = get},
    {.method = "GET", .path = "/ops/sagas", .roles = ROLE_OPERATOR, .query = get_sagas},
    {.method = "GET", .path = "/ops/breakers", .roles = ROLE_OPERATOR, .direct = get_breakers},
    {0},
};
