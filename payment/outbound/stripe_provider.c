/*
 * A provider by HTTP, of Stripe's shape: a charge is a PaymentIntent that is created and confirmed in one request, a refund is a Refund.
 *
 * Each request carries our key as its Idempotency-Key: the same key is answered as it was the first time. So whatever leaves the outcome
 * open (no answer, 409 while the first request with the key is under way, 429, 5xx) is SILENT, and is asked again by payment's timer. An
 * answer that says "processing" is followed by a look at the object itself, because the key would say "processing" for ever.
 */
#include "clock.h"
#include "httpc.h"
#include "json_decode.h"
#include "log.h"
#include "memory.h"
#include "provider.h"
#include "settings.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MOST 262144       /* bytes; an object has a few thousand */
#define API_VERSION "2022-11-15" /* what is understood here, whatever the account's own is */

static struct httpc *client;

enum asked_for { CHARGE, REFUND };

/* One that asks, until it is answered. */
struct asking {
    enum asked_for what;
    duration deadline; /* clock_monotonic() */
    provider_done done;
    void *ctx;
    bool looked_up;
    char charge[PAYMENT_REFERENCE_MAX + 1]; /* of a refund */
};

/* ── requests ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* application/x-www-form-urlencoded (WHATWG URL, section 5). */
static void put_encoded(struct buf *form, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (isalnum(c) || strchr("-._", c))
            buf_add_char(form, (char)c);
        else
            buf_printf(form, "%%%02X", c);
    }
}

static void put_field(struct buf *form, const char *name, struct str value)
{
    if (form->n)
        buf_add_char(form, '&');
    put_encoded(form, str_of(name));
    buf_add_char(form, '=');
    put_encoded(form, value);
}

static void put_amount(struct buf *form, int64_t amount)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%lld", (long long)amount);
    put_field(form, "amount", str_of(digits));
}

static void put_currency(struct buf *form, struct money money)
{
    for (char *c = money.currency; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    put_field(form, "currency", str_of(money.currency));
}

static void answered(void *ctx, const struct httpc_response *response);

/* POST by the key, or, without one, GET. */
static void send_request(struct asking *a, const char *path, const char *id, const struct uuid *key, const struct buf *form)
{
    struct arena arena;
    char key_text[UUID_TEXT + 1] = "";
    arena_init(&arena);
    if (key)
        uuid_format(*key, key_text);
    const struct httpc_header headers[] = {
        {STR("Authorization"), arena_printf(&arena, "Bearer %s", payment_config.stripe_key)},
        {STR("Stripe-Version"), STR(API_VERSION)},
        {STR("Content-Type"), STR("application/x-www-form-urlencoded")},
        {STR("Idempotency-Key"), str_of(key_text)},
    };
    httpc_send(client, &(struct httpc_call){
                           .method = key ? "POST" : "GET",
                           .url = arena_printf(&arena, "%s/v1/%s%s%s", payment_config.stripe_url, path, id ? "/" : "", id ? id : ""),
                           .headers = headers,
                           .header_count = key ? 4 : 2,
                           .body = form ? buf_str(form) : (struct str){0},
                           .deadline = a->deadline - clock_monotonic(),
                           .done = answered,
                           .ctx = a,
                       });
    arena_release(&arena);
}

static const char *path_of(enum asked_for what)
{
    return what == CHARGE ? "payment_intents" : "refunds";
}

static struct asking *asking_new(enum asked_for what, duration deadline, provider_done done, void *ctx)
{
    struct asking *a = NEW(struct asking);
    *a = (struct asking){.what = what, .deadline = clock_monotonic() + deadline, .done = done, .ctx = ctx};
    return a;
}

static void charge_by_stripe(const struct provider_charge *charge)
{
    struct buf form = BUF_INIT;
    char key[UUID_TEXT + 1];
    uuid_format(charge->key, key);
    put_amount(&form, charge->amount.amount);
    put_currency(&form, charge->amount);
    put_field(&form, "payment_method", charge->token);
    put_field(&form, "payment_method_types[]", STR("card"));
    put_field(&form, "confirm", STR("true"));
    put_field(&form, "error_on_requires_action", STR("true")); /* the customer is not there to be asked more */
    put_field(&form, "metadata[key]", str_of(key));            /* for a person who compares */
    send_request(asking_new(CHARGE, charge->deadline, charge->done, charge->ctx), path_of(CHARGE), NULL, &charge->key, &form);
    buf_release(&form);
}

static void refund_by_stripe(const struct provider_refund *refund)
{
    struct buf form = BUF_INIT;
    struct asking *a = asking_new(REFUND, refund->deadline, refund->done, refund->ctx);
    memcpy(a->charge, refund->charge.p, refund->charge.n);
    put_field(&form, "payment_intent", refund->charge);
    put_amount(&form, refund->amount.amount);
    send_request(a, path_of(REFUND), NULL, &refund->key, &form);
    buf_release(&form);
}

/* ── answers ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct fault {
    struct str type, code, decline_code, message;
};
static const struct json_field fault_fields[] = {
    JSON_FIELD(struct fault, type, "type", JSON_TEXT, JSON_OPTIONAL),
    JSON_FIELD(struct fault, code, "code", JSON_TEXT, JSON_OPTIONAL),
    JSON_FIELD(struct fault, decline_code, "decline_code", JSON_TEXT, JSON_OPTIONAL),
    JSON_FIELD(struct fault, message, "message", JSON_TEXT, JSON_OPTIONAL),
};
static const struct json_shape fault_shape = JSON_SHAPE(struct fault, fault_fields, JSON_IGNORE_UNKNOWN);

struct error_body {
    struct fault error;
};
static const struct json_field error_fields[] = {
    JSON_FIELD_OBJECT(struct error_body, error, "error", JSON_REQUIRED, &fault_shape),
};
static const struct json_shape error_shape = JSON_SHAPE(struct error_body, error_fields, JSON_IGNORE_UNKNOWN);

/* A PaymentIntent or a Refund. */
struct object {
    struct str id, status;
    struct fault last_payment_error;
    struct str failure_reason;
};
static const struct json_field object_fields[] = {
    JSON_FIELD_RANGE(struct object, id, "id", JSON_TEXT, JSON_REQUIRED, 1, PAYMENT_REFERENCE_MAX),
    JSON_FIELD(struct object, status, "status", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD_OBJECT(struct object, last_payment_error, "last_payment_error", JSON_OPTIONAL, &fault_shape),
    JSON_FIELD(struct object, failure_reason, "failure_reason", JSON_TEXT, JSON_OPTIONAL),
};
static const struct json_shape object_shape = JSON_SHAPE(struct object, object_fields, JSON_IGNORE_UNKNOWN);

static const struct provider_outcome silent = {.answer = PROVIDER_SILENT};

static struct provider_outcome approved(struct str reference)
{
    return (struct provider_outcome){.answer = PROVIDER_APPROVED, .reference = reference};
}

static struct provider_outcome declined(struct str code)
{
    return (struct provider_outcome){.answer = PROVIDER_DECLINED, .code = code};
}

static struct str first_of(struct str a, struct str b, struct str c)
{
    return !str_empty(a) ? a : !str_empty(b) ? b : c;
}

static bool is_one_of(struct str status, const char *const *known)
{
    while (*known && !str_is(status, *known))
        known++;
    return *known;
}

/* Ids are Stripe's words, and may go into a path: nothing but letters, digits and '_'. */
static bool is_id(struct str id)
{
    for (size_t i = 0; i < id.n; i++)
        if (!isalnum((unsigned char)id.p[i]) && id.p[i] != '_')
            return false;
    return id.n > 0;
}

/* "processing", "pending" and what is not known here is still open. */
static struct provider_outcome outcome_of_object(const struct object *object)
{
    static const char *const failed[] = {"requires_payment_method", "requires_confirmation", "requires_action", "canceled", "failed", NULL};
    if (!is_id(object->id))
        return silent;
    if (str_is(object->status, "succeeded"))
        return approved(object->id);
    if (is_one_of(object->status, failed))
        return declined(first_of(first_of(object->last_payment_error.decline_code, object->last_payment_error.code, object->failure_reason),
                                 object->status, STR("declined")));
    return silent;
}

static void warn(const struct asking *a, int status, const struct fault *fault)
{
    static _Atomic int64_t last;
    char type[64], message[200];
    (void)snprintf(type, sizeof type, "%.*s", STR_ARG(fault->type));
    (void)snprintf(message, sizeof message, "%.*s", STR_ARG(fault->message));
    if (log_every(&last, SECONDS(1)))
        log_warning("the provider does not take the request", LOG_STR("asked", path_of(a->what)), LOG_INT("status", status),
                    LOG_STR("type", type), LOG_STR("said", message));
}

/* A refusal of this card or of what is asked for has a code, and will be the same tomorrow. All else is about us, or the moment. */
static bool is_refusal(int status, const struct fault *fault)
{
    bool about_request = status == 400 || status == 402 || status == 404;
    return about_request && !str_is(fault->type, "idempotency_error") && (str_is(fault->type, "card_error") || !str_empty(fault->code));
}

static struct provider_outcome outcome_of_error(const struct asking *a, int status, const struct fault *fault)
{
    if (a->what == REFUND && str_is(fault->code, "charge_already_refunded"))
        return approved(str_of(a->charge));
    if (!str_is(fault->type, "card_error"))
        warn(a, status, fault);
    return is_refusal(status, fault) ? declined(first_of(fault->decline_code, fault->code, STR("declined"))) : silent;
}

static bool worth_a_look(const struct asking *a, const struct object *object, const struct provider_outcome *outcome)
{
    return outcome->answer == PROVIDER_SILENT && !a->looked_up && is_id(object->id) && clock_monotonic() < a->deadline;
}

static void say(struct asking *a, const struct provider_outcome *outcome)
{
    a->done(a->ctx, outcome);
    free(a);
}

static void take_object(struct asking *a, const struct object *object)
{
    struct provider_outcome outcome = outcome_of_object(object);
    if (!worth_a_look(a, object, &outcome)) {
        say(a, &outcome);
        return;
    }
    char id[PAYMENT_REFERENCE_MAX + 1] = "";
    memcpy(id, object->id.p, object->id.n); /* letters, digits and '_': as many bytes as characters */
    a->looked_up = true;
    send_request(a, path_of(a->what), id, NULL, NULL);
}

/* In the client's thread. */
static void answered(void *ctx, const struct httpc_response *response)
{
    struct asking *a = ctx;
    struct arena arena;
    struct json_errors errors = {0};
    struct object object;
    struct error_body error;
    arena_init(&arena);
    if (response->result != HTTPC_ANSWERED) {
        say(a, &silent);
    } else if (response->status == 200 && json_decode(&arena, response->body, &object_shape, &object, &errors)) {
        take_object(a, &object);
    } else if (response->status != 200 && json_decode(&arena, response->body, &error_shape, &error, &errors)) {
        struct provider_outcome outcome = a->looked_up ? silent : outcome_of_error(a, response->status, &error.error);
        say(a, &outcome);
    } else {
        warn(a, response->status, &(struct fault){.message = STR("an answer that is not understood")});
        say(a, &silent);
    }
    arena_release(&arena);
}

/* ── the adapter ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool start(const char *database_url, char problem[200])
{
    (void)database_url; /* Stripe keeps the ledger */
    if (!*payment_config.stripe_key) {
        (void)snprintf(problem, 200, "JUMUN_STRIPE_KEY must be set: the secret key that the provider \"stripe\" asks with");
        return false;
    }
    client = httpc_start(&(struct httpc_config){.response_max = ANSWER_MOST});
    return true;
}

static void stop(void)
{
    httpc_stop(client);
}

static void show(struct metrics_page *page)
{
    httpc_show(client, page);
}

const struct provider stripe_provider = {
    .name = "stripe",
    .start = start,
    .stop = stop,
    .charge = charge_by_stripe,
    .refund = refund_by_stripe,
    .show = show,
};
