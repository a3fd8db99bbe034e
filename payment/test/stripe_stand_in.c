/* A server that answers as Stripe does, and remembers. */
#include "stripe_stand_in.h"

#include "arena.h"
#include "http.h"
#include "invariant.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES 256

/* What a key has done, and how it is answered. */
struct entry {
    char key[256], body[1024]; /* of the request */
    bool refund;
    char id[32];
    struct entry *charge; /* of a refund */
    char method[64];
    int64_t amount; /* moved */
    int refund_faults;
    int status;
    char answer[1024];
};

static struct {
    struct http_server *server;
    char url[64];
    pthread_mutex_t lock;
    struct entry entries[ENTRIES];
    size_t count;
    struct http_request *parked[ENTRIES];
    size_t parked_count;
    int next_status; /* of stand_in_answers(); 0: none */
    char next_body[1024];
} stand_in = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ── what comes in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int hexadecimal(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static void decode(struct str text, char *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%' && i + 2 < text.n) {
            c = (char)(hexadecimal(text.p[i + 1]) * 16 + hexadecimal(text.p[i + 2]));
            i += 2;
        }
        invariant(n + 1 < room);
        out[n++] = c == '+' ? ' ' : c;
    }
    out[n] = '\0';
}

/* A field of the form; empty when it is not there. */
static void field(struct str form, const char *name, char *value, size_t room)
{
    struct str pair, key;
    char decoded[64];
    *value = '\0';
    while (str_split(&form, '&', &pair)) {
        struct str rest = pair;
        str_split(&rest, '=', &key);
        decode(key, decoded, sizeof decoded);
        if (strcmp(decoded, name) == 0)
            decode(rest, value, room);
    }
}

/* ── what it remembers ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct entry *by_key(struct str key)
{
    for (size_t i = 0; i < stand_in.count; i++)
        if (str_is(key, stand_in.entries[i].key))
            return &stand_in.entries[i];
    return NULL;
}

static struct entry *by_id(struct str id)
{
    for (size_t i = 0; i < stand_in.count; i++)
        if (str_is(id, stand_in.entries[i].id))
            return &stand_in.entries[i];
    return NULL;
}

static struct entry *entry_new(struct str key, struct str body, bool refund)
{
    invariant(stand_in.count < ENTRIES);
    struct entry *e = &stand_in.entries[stand_in.count++];
    *e = (struct entry){.refund = refund};
    (void)snprintf(e->key, sizeof e->key, "%.*s", STR_ARG(key));
    (void)snprintf(e->body, sizeof e->body, "%.*s", STR_ARG(body));
    (void)snprintf(e->id, sizeof e->id, "%s_3Mx%04zu", refund ? "re" : "pi", stand_in.count);
    return e;
}

static int64_t back(const struct entry *charge)
{
    int64_t sum = 0;
    for (size_t i = 0; i < stand_in.count; i++)
        if (stand_in.entries[i].charge == charge)
            sum += stand_in.entries[i].amount;
    return sum;
}

/* ── what it answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void object(struct entry *e, const char *status, const char *more)
{
    char id[sizeof e->id];
    memcpy(id, e->id, sizeof id);
    e->status = 200;
    (void)snprintf(e->answer, sizeof e->answer, "{\"id\":\"%s\",\"object\":\"%s\",\"livemode\":false,\"status\":\"%s\",\"metadata\":{}%s}",
                   id, e->refund ? "refund" : "payment_intent", status, more);
}

static void fault(struct entry *e, int status, const char *type, const char *code, const char *more)
{
    e->status = status;
    (void)snprintf(e->answer, sizeof e->answer,
                   "{\"error\":{\"type\":\"%s\",\"code\":\"%s\",\"message\":\"…\",\"doc_url\":\"https://stripe.com/docs\"%s}}", type, code,
                   more);
}

static void charge(struct entry *e, struct str form)
{
    char amount[24], method[64];
    field(form, "payment_method", method, sizeof method);
    field(form, "amount", amount, sizeof amount);
    (void)snprintf(e->method, sizeof e->method, "%s", method);
    if (strcmp(method, PM_DECLINED) == 0) {
        fault(e, 402, "card_error", "card_declined", ",\"decline_code\":\"insufficient_funds\"");
        return;
    }
    if (strcmp(method, PM_HANGS) != 0)
        e->amount = strtoll(amount, NULL, 10);
    e->refund_faults = strcmp(method, PM_REFUND_FAILS_TWICE) == 0 ? 2 : 0;
    object(e, strcmp(method, PM_PROCESSING) == 0 ? "processing" : "succeeded", ",\"last_payment_error\":null");
}

static void refund(struct entry *e, struct str form)
{
    char intent[64], amount[24];
    field(form, "payment_intent", intent, sizeof intent);
    field(form, "amount", amount, sizeof amount);
    struct entry *taken = by_id(str_of(intent));
    int64_t wanted = strtoll(amount, NULL, 10);
    if (!taken) {
        fault(e, 404, "invalid_request_error", "resource_missing", ",\"param\":\"payment_intent\"");
    } else if (back(taken) + wanted > taken->amount) {
        fault(e, 400, "invalid_request_error", "charge_already_refunded", "");
    } else if (taken->refund_faults > 0) {
        taken->refund_faults--;
        object(e, "failed", ",\"failure_reason\":\"expired_or_canceled_card\"");
    } else {
        e->charge = taken;
        e->amount = wanted;
        object(e, strcmp(taken->method, PM_REFUND_PENDING) == 0 ? "pending" : "succeeded", "");
    }
}

static void reply(struct http_request *rq, int status, const char *body)
{
    http_reply_json(rq, status, str_of(body));
}

static bool authorized(struct http_request *rq)
{
    if (str_is(http_header(rq, "Authorization"), "Bearer " STAND_IN_KEY))
        return true;
    reply(rq, 401, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Invalid API Key provided\"}}");
    return false;
}

static bool scripted(struct http_request *rq)
{
    if (!stand_in.next_status)
        return false;
    reply(rq, stand_in.next_status, stand_in.next_body);
    stand_in.next_status = 0;
    return true;
}

/* Answered never, or when asked again. */
static bool withheld(struct http_request *rq, const struct entry *e, bool first)
{
    bool withhold = strcmp(e->method, PM_HANGS) == 0 || (strcmp(e->method, PM_LOST) == 0 && first);
    if (withhold)
        stand_in.parked[stand_in.parked_count++] = rq;
    return withhold;
}

static void post(struct http_request *rq, bool is_refund)
{
    struct str key = http_header(rq, "Idempotency-Key"), form = http_body(rq);
    struct entry *e = by_key(key);
    bool first = !e;
    if (str_empty(key) || !str_is(http_header(rq, "Content-Type"), "application/x-www-form-urlencoded")) {
        reply(rq, 400, "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"stand_in_wants_key_and_form\"}}");
        return;
    }
    if (first) {
        e = entry_new(key, form, is_refund);
        if (is_refund)
            refund(e, form);
        else
            charge(e, form);
    }
    if (!str_is(form, e->body))
        reply(rq, 400, "{\"error\":{\"type\":\"idempotency_error\",\"message\":\"Keys … can only be used with the same parameters\"}}");
    else if (!withheld(rq, e, first))
        reply(rq, e->status, e->answer);
}

static void handle_post(struct http_request *rq, void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&stand_in.lock);
    if (authorized(rq) && !scripted(rq))
        post(rq, str_is(http_path(rq), "/v1/refunds"));
    pthread_mutex_unlock(&stand_in.lock);
}

static void handle_get(struct http_request *rq, void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&stand_in.lock);
    if (authorized(rq)) {
        struct entry *e = by_id(http_param(rq, "id"));
        if (e)
            object(e, "succeeded", "");
        reply(rq, e ? 200 : 404, e ? e->answer : "{\"error\":{\"type\":\"invalid_request_error\",\"code\":\"resource_missing\"}}");
    }
    pthread_mutex_unlock(&stand_in.lock);
}

/* ── for the tests ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct http_route routes[] = {
    {"POST", "/v1/payment_intents", handle_post, HTTP_ANY_BODY, NULL},
    {"POST", "/v1/refunds", handle_post, HTTP_ANY_BODY, NULL},
    {"GET", "/v1/payment_intents/{id}", handle_get, 0, NULL},
    {"GET", "/v1/refunds/{id}", handle_get, 0, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

const char *stand_in_start(void)
{
    char problem[200];
    stand_in.server = http_start(&(struct http_config){.listen = "127.0.0.1:0", .routes = routes}, problem);
    invariant(stand_in.server);
    (void)snprintf(stand_in.url, sizeof stand_in.url, "http://127.0.0.1:%u", http_port(stand_in.server));
    return stand_in.url;
}

void stand_in_stop(void)
{
    for (size_t i = 0; i < stand_in.parked_count; i++)
        reply(stand_in.parked[i], 503, "{}");
    stand_in.parked_count = stand_in.count = 0;
    http_stop(stand_in.server, SECONDS(5));
}

void stand_in_answers(int status, const char *body)
{
    pthread_mutex_lock(&stand_in.lock);
    stand_in.next_status = status;
    (void)snprintf(stand_in.next_body, sizeof stand_in.next_body, "%s", body);
    pthread_mutex_unlock(&stand_in.lock);
}

int64_t stand_in_charged(struct uuid key)
{
    char text[UUID_TEXT + 1];
    uuid_format(key, text);
    pthread_mutex_lock(&stand_in.lock);
    const struct entry *e = by_key(str_of(text));
    int64_t amount = e ? e->amount : 0;
    pthread_mutex_unlock(&stand_in.lock);
    return amount;
}

int64_t stand_in_refunded(struct str payment_intent)
{
    pthread_mutex_lock(&stand_in.lock);
    int64_t amount = back(by_id(payment_intent));
    pthread_mutex_unlock(&stand_in.lock);
    return amount;
}
