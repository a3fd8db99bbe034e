/* REST: attempts, which order asks for; looking at a payment, and cancelling it. */
#include "inbound.h"
#include "outbound/tables.h"

static const struct http_problem unavailable = {
    .status = 503,
    .type = "/problems/unavailable",
    .title = "The payment cannot be read now",
    .detail = STR_CONST("Repeat the request after a moment."),
    .retry_after = 1,
};

/* ── POST /payments/{orderId}/attempts: from order only ─────────────────────────────────────────────────────────────────────────────── */

struct attempt_body {
    int64_t attempt;
    struct money amount;
    struct str method, token;
};
static const struct json_field attempt_fields[] = {
    JSON_FIELD_RANGE(struct attempt_body, attempt, "attempt", JSON_INTEGER, JSON_REQUIRED, 1, 1000000),
    JSON_FIELD_RANGE(struct attempt_body, amount, "amount", JSON_MONEY, JSON_REQUIRED, 0, INT64_MAX),
    JSON_FIELD_RANGE(struct attempt_body, method, "method", JSON_TEXT, JSON_REQUIRED, 1, PAYMENT_METHOD_MAX),
    JSON_FIELD_RANGE(struct attempt_body, token, "token", JSON_TEXT, JSON_REQUIRED, 1, PAYMENT_TOKEN_MAX),
};
static const struct json_shape attempt_shape = JSON_SHAPE(struct attempt_body, attempt_fields, JSON_REFUSE_UNKNOWN);

/* A customer has no amount to name: whom the gateway lets in from outside finds nothing here. */
static bool from_order(const struct call *call)
{
    return str_is(http_header(call->http, "X-Jumun-Caller"), "order");
}

static bool make_attempt(struct call *call, struct command *c)
{
    struct attempt_body body;
    struct uuid order;
    if (!from_order(call)) {
        call_problem(call, &problem_not_found);
        return false;
    }
    if (!call_id(call, "orderId", &order) || !call_decode(call, &attempt_shape, &body))
        return false;
    struct make_attempt *make = ARENA_NEW(http_arena(call->http), struct make_attempt);
    *make = (struct make_attempt){
        .order = order,
        .customer = call->who.subject,
        .attempt = body.attempt,
        .amount = body.amount,
        .method = body.method,
        .token = body.token,
    };
    c->type = MAKE_ATTEMPT;
    c->data = make;
    c->correlation = order;
    return true;
}

static int64_t asked_attempt(const struct command *c)
{
    return c->type == MAKE_ATTEMPT ? ((const struct make_attempt *)c->data)->attempt : ((const struct record_outcome *)c->data)->attempt;
}

/* Nothing is asked for a closed payment any more: order is told so, whatever attempt it asked for. */
static void put_closed(const struct payment *p, const struct command *c, struct json_writer *w)
{
    bool asked_before = p->attempts.count > 0;
    json_begin_object(w, NULL);
    json_put_text(w, "status", str_of(payment_status_names[p->status]));
    json_put_id(w, "paymentId", p->id);
    json_put_integer(w, "attempt", asked_attempt(c));
    json_put_money(w, "amount", asked_before ? p->amount : ((const struct make_attempt *)c->data)->amount);
    json_end_object(w);
}

/* Order understands APPROVED, DECLINED and CLOSED; everything else is "not known" to it. Money that is ours is APPROVED, given back or not.
 */
static void put_attempt(const struct payment *p, int64_t asked, struct json_writer *w)
{
    const struct payment_attempt *attempt = payment_telling_attempt(p, asked);
    json_begin_object(w, NULL);
    json_put_text(w, "status", str_of(payment_status_names[attempt->status]));
    json_put_id(w, "paymentId", p->id);
    json_put_integer(w, "attempt", attempt->number);
    json_put_money(w, "amount", p->amount);
    if (!str_absent(attempt->decline_code))
        json_put_text(w, "declineCode", attempt->decline_code);
    json_end_object(w);
}

static void answer_attempt(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                           struct answer *out)
{
    (void)call;
    out->later = c->type == MAKE_ATTEMPT && d->effect_count > 0; /* the provider is being asked */
    if (out->later)
        return;
    const struct payment *payment = a[0]->state;
    struct json_writer w = {.out = &out->body};
    out->status = 200;
    if (payment->status == PAYMENT_CLOSED)
        put_closed(payment, c, &w);
    else
        put_attempt(payment, asked_attempt(c), &w);
}

/* ── GET /payments/{orderId} ────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_attempts(const struct payment *p, struct json_writer *w)
{
    json_begin_array(w, "attempts");
    for (size_t i = 0; i < p->attempts.count; i++) {
        const struct payment_attempt *attempt = &p->attempts.items[i];
        json_begin_object(w, NULL);
        json_put_integer(w, "number", attempt->number);
        json_put_text(w, "status", str_of(payment_status_names[attempt->status]));
        if (!str_absent(attempt->decline_code))
            json_put_text(w, "declineCode", attempt->decline_code);
        json_put_time(w, "at", attempt->at);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_payment(struct uuid order, const struct payment *p, struct json_writer *w)
{
    struct money nothing = p->amount;
    nothing.amount = 0;
    json_begin_object(w, NULL);
    json_put_id(w, "orderId", order);
    json_put_id(w, "id", p->id);
    json_put_text(w, "status", str_of(payment_status_names[p->status]));
    json_put_money(w, "amount", p->amount);
    json_put_money(w, "captured", payment_taken(p->status) ? p->amount : nothing);
    json_put_money(w, "refunded", p->status == PAYMENT_REFUNDED ? p->amount : nothing);
    put_attempts(p, w);
    if (!str_absent(p->needs_review))
        json_put_text(w, "needsReview", p->needs_review);
    json_end_object(w);
}

/* Of a payment that was closed before anything was asked there is nothing to see. */
static bool may_see(const struct call *call, const struct payment *p)
{
    if (uuid_is_nil(p->customer))
        return false;
    return (call->who.roles & ROLE_OPERATOR) || uuid_equal(p->customer, call->who.subject);
}

static void get(struct call *call, void *connection)
{
    struct uuid order;
    bool fault;
    if (!call_id(call, "orderId", &order))
        return;
    const struct payment *p = payment_read(connection, order, http_arena(call->http), &fault);
    if (fault) {
        call_problem(call, &unavailable);
        return;
    }
    if (!p || !may_see(call, p)) {
        call_problem(call, &problem_not_found);
        return;
    }
    struct buf body = BUF_INIT;
    put_payment(order, p, &(struct json_writer){.out = &body});
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

/* ── POST /payments/{orderId}/cancel ────────────────────────────────────────────────────────────────────────────────────────────── */

static bool cancel(struct call *call, struct command *c)
{
    struct uuid order;
    if (!call_id(call, "orderId", &order))
        return false;
    struct cancel_payment *cancel = ARENA_NEW(http_arena(call->http), struct cancel_payment);
    *cancel = (struct cancel_payment){.order = order, .customer = call->who.subject};
    c->type = CANCEL_PAYMENT;
    c->data = cancel;
    c->correlation = order;
    return true;
}

static void answer_cancel(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                          struct answer *out)
{
    (void)call, (void)c, (void)d;
    out->status = 202; /* order cancels, and its answer comes by event */
    put_payment(a[0]->id, a[0]->state, &(struct json_writer){.out = &out->body});
}

const struct service_route payment_routes[] = {
    {.method = "POST", .path = "/payments/{orderId}/attempts", .roles = ROLE_CUSTOMER, .command = make_attempt, .answer = answer_attempt},
    {.method = "GET", .path = "/payments/{orderId}", .roles = ROLE_CUSTOMER | ROLE_OPERATOR, .query = get},
    {.method = "POST",
     .path = "/payments/{orderId}/cancel",
     .roles = ROLE_CUSTOMER,
     .flags = HTTP_KEY_ACCEPTED,
     .command = cancel,
     .answer = answer_cancel},
    {.method = "GET", .path = "/ops/ledger", .roles = ROLE_OPERATOR, .query = get_ledger},
    {.method = "GET", .path = "/simulated-provider/charges", .roles = ROLE_OPERATOR, .query = list_simulated_charges},
    {.method = "GET", .path = "/simulated-provider/refunds", .roles = ROLE_OPERATOR, .query = list_simulated_refunds},
    {0},
};
