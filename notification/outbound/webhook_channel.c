/*
 * The webhook as a channel: a notice is a signed POST to the customer's URL, as https://www.standardwebhooks.com has it.
 *
 * Each customer has a key of their own, derived from one secret of ours, so that nobody can sign to others; nothing is kept for it.
 */
#include "webhook_channel.h"

#include "channel.h"
#include "clock.h"
#include "httpc.h"
#include "invariant.h"
#include "json_encode.h"
#include "memory.h"
#include "settings.h"
#include "target.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE     32 /* SHA-256 */
#define RESPONSE_MAX ((size_t)64 * 1024)

static _Atomic(struct httpc *) client;

/* ── signing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void hmac(const void *key, size_t key_size, struct str text, uint8_t out[KEY_SIZE])
{
    unsigned n = 0;
    invariant(HMAC(EVP_sha256(), key, (int)key_size, (const uint8_t *)text.p, text.n, out, &n) && n == KEY_SIZE);
}

static void key_of(struct uuid customer, uint8_t key[KEY_SIZE])
{
    const char *secret = notification_config.webhook_secret;
    char name[8 + UUID_TEXT + 1] = "webhook ";
    uuid_format(customer, name + 8);
    hmac(secret, strlen(secret), str_of(name), key);
}

static struct str base64(struct arena *arena, const uint8_t bytes[KEY_SIZE])
{
    char *text = arena_alloc(arena, KEY_SIZE / 3 * 4 + 5);
    return (struct str){text, (size_t)EVP_EncodeBlock((uint8_t *)text, bytes, KEY_SIZE)};
}

struct str webhook_secret(struct arena *arena, struct uuid customer)
{
    uint8_t key[KEY_SIZE];
    key_of(customer, key);
    struct str text = base64(arena, key);
    return arena_printf(arena, "whsec_%.*s", STR_ARG(text));
}

struct str webhook_signature(struct arena *arena, struct uuid customer, struct str id, struct str timestamp, struct str body)
{
    uint8_t key[KEY_SIZE], signature[KEY_SIZE];
    key_of(customer, key);
    hmac(key, sizeof key, arena_printf(arena, "%.*s.%.*s.%.*s", STR_ARG(id), STR_ARG(timestamp), STR_ARG(body)), signature);
    struct str text = base64(arena, signature);
    return arena_printf(arena, "v1,%.*s", STR_ARG(text));
}

/* ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void body_write(struct buf *body, const struct channel_message *m)
{
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    json_put_id(&w, "id", m->notice);
    json_put_id(&w, "orderId", m->order);
    json_put_id(&w, "customer", m->customer);
    json_put_text(&w, "kind", str_of(notice_kind_names[m->kind]));
    json_put_text(&w, "language", str_of(notice_language_names[m->language]));
    json_put_text(&w, "title", m->title);
    json_put_text(&w, "text", m->text);
    json_end_object(&w);
}

struct posting {
    channel_done done;
    void *ctx;
};

static void posted(void *ctx, const struct httpc_response *r)
{
    struct posting p = *(struct posting *)ctx;
    free(ctx);
    if (r->result == HTTPC_ANSWERED)
        channel_answered(p.done, p.ctx, r->status);
    else
        channel_failed(p.done, p.ctx, r->forbidden ? FAILURE_FORBIDDEN : FAILURE_UNREACHABLE, r->failure);
}

static void post(struct arena *arena, const struct channel_message *m, struct str body, struct posting *p)
{
    char id[UUID_TEXT + 1];
    uuid_format(m->notice, id);
    struct str timestamp = arena_printf(arena, "%lld", (long long)(clock_now() / SECONDS(1)));
    struct httpc_header headers[] = {
        {STR("Content-Type"), STR("application/json")},
        {STR("User-Agent"), STR("Jumun/" JUMUN_VERSION)},
        {STR("webhook-id"), str_of(id)},
        {STR("webhook-timestamp"), timestamp},
        {STR("webhook-signature"), webhook_signature(arena, m->customer, str_of(id), timestamp, body)},
    };
    httpc_send(client, &(struct httpc_call){.method = "POST",
                                            .url = m->address,
                                            .headers = headers,
                                            .header_count = sizeof headers / sizeof headers[0],
                                            .body = body,
                                            .deadline = notification_config.deadline,
                                            .done = posted,
                                            .ctx = p});
}

static void webhook_send(const struct channel_message *m, channel_done done, void *ctx)
{
    struct arena arena;
    struct buf body = BUF_INIT;
    struct posting *p = NEW(struct posting);
    *p = (struct posting){done, ctx};
    arena_init(&arena);
    body_write(&body, m);
    post(&arena, m, buf_str(&body), p);
    buf_release(&body);
    arena_release(&arena);
}

/* ── on and off ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool webhook_offered(void)
{
    return notification_config.webhook_secret[0] != '\0';
}

static bool webhook_start(char problem[200])
{
    (void)problem;
    client = httpc_start(&(struct httpc_config){
        .connections_max = 4, .response_max = RESPONSE_MAX, .may_connect = notification_config.webhook_private ? NULL : target_is_public});
    return true;
}

static void webhook_stop(void)
{
    httpc_stop(atomic_exchange(&client, NULL));
}

const struct channel webhook_channel = {webhook_offered, webhook_start, webhook_stop, webhook_send};
