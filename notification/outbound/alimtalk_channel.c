/*
 * Alimtalk (알림톡) as a channel: a notice is a KakaoTalk message, handed to a provider by HTTP as Kakao's message centre has it.
 *
 *     POST {"serial_number", "sender_key", "phone_number", "template_code", "message"}  →  {"code": "0000", "message": …}
 *
 * The message must be what the template, registered with Kakao, makes of its variables: one template a kind and language, its code made of
 * both. What the provider cannot deliver goes to the customer's next channel; an SMS of the provider's own is not asked for.
 */
#include "channel.h"
#include "httpc.h"
#include "json_decode.h"
#include "json_encode.h"
#include "memory.h"
#include "settings.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define RESPONSE_MAX ((size_t)64 * 1024)

static _Atomic(struct httpc *) client;

/* ── what it answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The code of the answer; what is not named here, a template that does not fit, say, stays as it is however often it is sent. */
static const struct {
    const char *code;
    enum channel_failure failure;
} codes[] = {
    {"3008", FAILURE_NO_RECIPIENT}, /* no such telephone number */
    {"3018", FAILURE_NO_RECIPIENT}, /* no KakaoTalk there, or one that takes no messages from us */
    {"3006", FAILURE_BUSY},         /* a fault of its own */
    {"8000", FAILURE_BUSY},         /* it could not reach its own servers */
    {"9998", FAILURE_BUSY},         /* it has stopped for a while */
    {"9999", FAILURE_BUSY},         /* it does not know itself */
};

static enum channel_failure failure_of(struct str code)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (str_is(code, codes[i].code))
            return codes[i].failure;
    return FAILURE_REFUSED;
}

struct posting {
    channel_done done;
    void *ctx;
};

static void said(const struct posting *p, struct str body)
{
    struct reply {
        struct str code;
    } reply = {0};
    static const struct json_field fields[] = {JSON_FIELD_RANGE(struct reply, code, "code", JSON_TEXT, JSON_REQUIRED, 1, 20)};
    static const struct json_shape shape = JSON_SHAPE(struct reply, fields, JSON_IGNORE_UNKNOWN);
    struct arena arena;
    struct json_errors errors = {0};
    char detail[60];
    arena_init(&arena);
    if (!json_decode(&arena, body, &shape, &reply, &errors)) {
        channel_failed(p->done, p->ctx, FAILURE_UNREACHABLE, "its answer is not understood");
    } else if (str_is(reply.code, "0000") || str_is(reply.code, "3012")) { /* 3012: it has this serial number already */
        channel_took(p->done, p->ctx);
    } else {
        (void)snprintf(detail, sizeof detail, "it answered with the code %.*s", STR_ARG(reply.code));
        channel_failed(p->done, p->ctx, failure_of(reply.code), detail);
    }
    arena_release(&arena);
}

static void posted(void *ctx, const struct httpc_response *r)
{
    struct posting p = *(struct posting *)ctx;
    free(ctx);
    if (r->result != HTTPC_ANSWERED)
        channel_failed(p.done, p.ctx, FAILURE_UNREACHABLE, r->failure);
    else if (r->status / 100 == 2)
        said(&p, r->body);
    else
        channel_answered(p.done, p.ctx,
                         r->status == 404 ? 400 : r->status); /* 404: it is the setting's URL, not the customer, that is not there */
}

/* ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct str template_code(struct arena *arena, const struct channel_message *m)
{
    struct str name = str_of(notice_kind_names[m->kind]);
    char *kind = arena_alloc(arena, name.n + 1);
    for (size_t i = 0; i < name.n; i++)
        kind[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] + ('a' - 'A')) : name.p[i];
    return arena_printf(arena, "%s%s_%s", notification_config.alimtalk_template_prefix, kind, notice_language_names[m->language]);
}

static void body_write(struct buf *body, struct arena *arena, const struct channel_message *m)
{
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    json_put_id(&w, "serial_number", m->notice);
    json_put_text(&w, "sender_key", str_of(notification_config.alimtalk_sender_key));
    json_put_text(&w, "phone_number", m->address);
    json_put_text(&w, "template_code", template_code(arena, m));
    json_put_text(&w, "message", m->text);
    json_end_object(&w);
}

static void alimtalk_send(const struct channel_message *m, channel_done done, void *ctx)
{
    static const struct httpc_header headers[] = {{STR_CONST("Content-Type"), STR_CONST("application/json; charset=utf-8")}};
    struct arena arena;
    struct buf body = BUF_INIT;
    struct posting *p = NEW(struct posting);
    *p = (struct posting){done, ctx};
    arena_init(&arena);
    body_write(&body, &arena, m);
    httpc_send(client, &(struct httpc_call){.method = "POST",
                                            .url = str_of(notification_config.alimtalk_url),
                                            .headers = headers,
                                            .header_count = sizeof headers / sizeof headers[0],
                                            .body = buf_str(&body),
                                            .deadline = notification_config.deadline,
                                            .done = posted,
                                            .ctx = p});
    buf_release(&body);
    arena_release(&arena);
}

/* ── on and off ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool alimtalk_offered(void)
{
    return notification_config.alimtalk_url[0] != '\0';
}

static bool alimtalk_start(char problem[200])
{
    if (notification_config.alimtalk_sender_key[0] == '\0') {
        (void)snprintf(problem, 200, "JUMUN_ALIMTALK_URL is set, so JUMUN_ALIMTALK_SENDER_KEY must be, too");
        return false;
    }
    client = httpc_start(&(struct httpc_config){.connections_max = 16, .response_max = RESPONSE_MAX});
    return true;
}

static void alimtalk_stop(void)
{
    httpc_stop(atomic_exchange(&client, NULL));
}

const struct channel alimtalk_channel = {alimtalk_offered, alimtalk_start, alimtalk_stop, alimtalk_send};
