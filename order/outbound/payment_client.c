/* The payment service, by HTTP, behind a circuit breaker. */
#include "payment_client.h"

#include "clock.h"
#include "httpc.h"
#include "json_decode.h"
#include "log.h"
#include "order.h"
#include "settings.h"
#include <pthread.h>
#include <stdatomic.h>

static _Atomic(struct httpc *) client;
static pthread_mutex_t breaker_lock = PTHREAD_MUTEX_INITIALIZER;
static struct breaker breaker;
static struct counter approved, declined, closed, unknown;

/* A call under way. It lives as long as the command that will tell its outcome. */
struct question {
    struct engine *engine;
    struct engine_command *command;
    struct breaker_permit permit;
};

void payment_client_start(void)
{
    breaker_init(&breaker, &order_config.payment_breaker);
    atomic_store(&client, httpc_start(&(struct httpc_config){0}));
}

void payment_client_stop(void)
{
    struct httpc *c = atomic_exchange(&client, NULL);
    if (c)
        httpc_stop(c);
}

void payment_client_show(struct metrics_page *page)
{
    static const char name[] = "jumun_order_payment_answers_total", help[] = "What the payment service has said.";
    metrics_counter(page, name, help, "outcome=\"approved\"", &approved);
    metrics_counter(page, name, help, "outcome=\"declined\"", &declined);
    metrics_counter(page, name, help, "outcome=\"closed\"", &closed);
    metrics_counter(page, name, help, "outcome=\"unknown\"", &unknown);
    httpc_show(atomic_load(&client), page);
    struct breaker now;
    payment_client_breaker(&now);
    breaker_show(&now, "payment", page);
}

void payment_client_breaker(struct breaker *copy)
{
    pthread_mutex_lock(&breaker_lock);
    *copy = breaker;
    pthread_mutex_unlock(&breaker_lock);
}

/* ── the answer ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct said {
    struct str status, decline_code;
    struct uuid payment;
    int64_t attempt;
    struct money amount;
};
static const struct json_field said_fields[] = {
    JSON_FIELD(struct said, status, "status", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct said, payment, "paymentId", JSON_ID, JSON_OPTIONAL),
    JSON_FIELD(struct said, attempt, "attempt", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct said, amount, "amount", JSON_MONEY, JSON_OPTIONAL),
    JSON_FIELD(struct said, decline_code, "declineCode", JSON_TEXT, JSON_OPTIONAL),
};
static const struct json_shape said_shape = JSON_SHAPE(struct said, said_fields, JSON_IGNORE_UNKNOWN);

static void warn(const struct uuid order, const struct httpc_response *response)
{
    static _Atomic int64_t last;
    if (log_every(&last, SECONDS(1)))
        log_warning("payment gave no outcome", LOG_ID("order", order), LOG_INT("status", response->status),
                    LOG_STR("failure", response->failure ? response->failure : "an answer that is not understood"));
}

static void take(struct record_payment *r, const struct said *said)
{
    r->attempt = said->attempt;
    if (str_is(said->status, "APPROVED") && !uuid_is_nil(said->payment)) {
        r->outcome = PAYMENT_APPROVED;
        r->payment_id = said->payment;
        r->amount = said->amount;
        counter_add(&approved, 1);
    } else if (str_is(said->status, "DECLINED")) {
        r->outcome = PAYMENT_DECLINED;
        r->decline_code = str_empty(said->decline_code) ? STR("declined") : said->decline_code;
        counter_add(&declined, 1);
    } else if (str_is(said->status, "CLOSED")) {
        r->outcome = PAYMENT_CLOSED;
        counter_add(&closed, 1);
    } else {
        counter_add(&unknown, 1); /* PROCESSING, UNKNOWN, or a state of a newer payment */
    }
}

/* Silence is a failure, and a 5xx; all else shows that somebody is at home. */
static void tell_breaker(const struct question *q, const struct httpc_response *response)
{
    bool alive = response->result == HTTPC_ANSWERED && response->status < 500;
    pthread_mutex_lock(&breaker_lock);
    enum breaker_state before = breaker.state;
    breaker_tell(&breaker, q->permit, alive, clock_monotonic());
    enum breaker_state after = breaker.state;
    pthread_mutex_unlock(&breaker_lock);
    if (before != after)
        log_warning("the breaker before payment has changed", LOG_STR("from", breaker_state_names[before]),
                    LOG_STR("to", breaker_state_names[after]));
}

/* In the client's thread. The command that tells the outcome was made with the question. */
static void answered(void *ctx, const struct httpc_response *response)
{
    struct question *q = ctx;
    struct engine_command *c = q->command;
    struct record_payment *r = (struct record_payment *)c->command.data;
    struct said said;
    struct json_errors errors = {0};
    tell_breaker(q, response);
    if (response->result == HTTPC_ANSWERED && response->status == 200 &&
        json_decode(&c->arena, response->body, &said_shape, &said, &errors)) {
        take(r, &said);
    } else {
        counter_add(&unknown, 1);
        warn(r->order, response);
    }
    engine_submit(q->engine, c);
}

/* ── the question ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What payment says and this order rules out is seen by nobody else: there are no dead letters for answers. */
static void recorded(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    if (outcome == ENGINE_REFUSED)
        log_error("payment contradicts the order", LOG_ID("order", c->command.correlation), LOG_STR("problem", refusal->type));
}

static struct engine_command *outcome_command(const struct effect *effect)
{
    const struct ask_payment *ask = effect->data;
    struct engine_command *c = engine_outcome_command(effect);
    struct record_payment *r = ARENA_NEW(&c->arena, struct record_payment);
    *r = (struct record_payment){.order = ask->order, .attempt = ask->attempt, .outcome = PAYMENT_UNKNOWN};
    c->command.type = RECORD_PAYMENT;
    c->command.data = r;
    c->done = recorded;
    return c;
}

static void write_question(const struct ask_payment *ask, struct buf *body)
{
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    json_put_integer(&w, "attempt", ask->attempt);
    json_put_money(&w, "amount", ask->amount);
    json_put_text(&w, "method", str_of(ask->method));
    json_put_text(&w, "token", str_of(ask->token));
    json_end_object(&w);
}

static void send_question(struct httpc *http, const struct ask_payment *ask, struct question *q)
{
    struct engine_command *c = q->command;
    char order[UUID_TEXT + 1], customer[UUID_TEXT + 1];
    uuid_format(ask->order, order);
    uuid_format(ask->customer, customer);
    struct httpc_header headers[] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("X-Jumun-Subject"), str_of(customer)},
        {STR("X-Jumun-Roles"), STR("customer")},
        {STR("X-Jumun-Caller"), STR("order")},
    };
    struct buf body = BUF_INIT;
    write_question(ask, &body);
    httpc_send(http, &(struct httpc_call){
                         .method = "POST",
                         .url = arena_printf(&c->arena, "%s/payments/%s/attempts", order_config.payment_url, order),
                         .headers = headers,
                         .header_count = sizeof headers / sizeof headers[0],
                         .trace = c->command.traceparent,
                         .body = buf_str(&body),
                         .deadline = order_config.payment_deadline,
                         .done = answered,
                         .ctx = q,
                     });
    buf_release(&body);
}

static bool admitted(struct breaker_permit *permit)
{
    pthread_mutex_lock(&breaker_lock);
    enum breaker_verdict verdict = breaker_ask(&breaker, clock_monotonic(), permit);
    pthread_mutex_unlock(&breaker_lock);
    return verdict == BREAKER_ADMITTED;
}

void payment_client_ask(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    struct engine_command *c = outcome_command(effect);
    struct question *q = ARENA_NEW(&c->arena, struct question);
    *q = (struct question){.engine = e, .command = c};
    struct httpc *http = atomic_load(&client);
    if (http && admitted(&q->permit))
        send_question(http, effect->data, q);
    else
        engine_submit(e, c);
}
