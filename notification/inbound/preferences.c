/* GET and PUT /my/preferences: in which language and by which channels a customer wants to be told. */
#include "preferences.h"

#include "address.h"
#include "inbound.h"
#include "json_decode.h"
#include "notification.h"
#include "outbound/outbound.h"
#include "outbound/target.h"
#include "outbound/webhook_channel.h"
#include "settings.h"

/* ── as they are shown ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_text_if_any(struct json_writer *w, const char *key, struct str text)
{
    if (!str_absent(text))
        json_put_text(w, key, text);
}

static struct channel_list offered_channels(unsigned offered)
{
    struct channel_list list = {0};
    for (int channel = 0; channel < NOTICE_CHANNELS; channel++)
        if (offered & 1U << channel)
            list.items[list.count++] = channel;
    return list;
}

static void write_preferences(struct buf *body, struct arena *arena, struct uuid customer, const struct preferences *p)
{
    unsigned offered = channels_offered();
    struct channel_list channels = preferences_channels(p), all = offered_channels(offered);
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    json_put_text(&w, "language", str_of(notice_language_names[p->language]));
    channels_put(&w, "channels", &channels);
    put_text_if_any(&w, "email", p->email);
    put_text_if_any(&w, "phone", p->phone);
    put_text_if_any(&w, "webhookUrl", p->webhook_url);
    if (offered & 1U << CHANNEL_webhook)
        json_put_text(&w, "webhookSecret", webhook_secret(arena, customer));
    channels_put(&w, "offered", &all);
    json_end_object(&w);
}

static struct str etag(struct arena *arena, int64_t version)
{
    return arena_printf(arena, "\"%lld\"", (long long)version);
}

/* ── GET ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char preferences_sql[] = "select version, language, channels, email, phone, webhook_url from preferences where id = $1";

static struct preferences preferences_of(struct arena *arena, const struct pg_rows *rows)
{
    struct preferences p = {.email = pg_text(rows, 0, 3), .phone = pg_text(rows, 0, 4), .webhook_url = pg_text(rows, 0, 5)};
    while (!str_is(pg_text(rows, 0, 1), notice_language_names[p.language]))
        p.language++;
    if (!pg_null(rows, 0, 2))
        channels_decode(arena, pg_text(rows, 0, 2), &p.channels);
    return p;
}

/* Who has never said anything has preferences, too: the default ones, at version 0. */
void get_preferences(struct call *call, void *connection)
{
    struct arena *arena = http_arena(call->http);
    struct pg_params params = {0};
    pg_add_uuid(&params, call->who.subject);
    const struct pg_rows *rows = query_rows(call, connection, preferences_sql, &params);
    pg_params_release(&params);
    if (!rows)
        return;
    bool said = pg_count(rows) > 0;
    struct preferences p = said ? preferences_of(arena, rows) : (struct preferences){0};
    struct buf body = BUF_INIT;
    write_preferences(&body, arena, call->who.subject, &p);
    struct http_answer a = {.status = 200, .body = buf_str(&body)};
    http_answer_header(&a, STR("ETag"), etag(arena, said ? pg_int8(rows, 0, 0) : 0));
    call_reply(call, &a);
    buf_release(&body);
}

/* ── PUT ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct wish {
    struct str language, email, phone, webhook_url;
    struct json_list channels;
};
struct channel_name {
    struct str name;
};
static const struct json_field name_fields[] = {JSON_FIELD_RANGE(struct channel_name, name, NULL, JSON_TEXT, JSON_REQUIRED, 1, 20)};
static const struct json_shape name_shape = JSON_SHAPE(struct channel_name, name_fields, JSON_REFUSE_UNKNOWN);
static const struct json_field wish_fields[] = {
    JSON_FIELD_RANGE(struct wish, language, "language", JSON_TEXT, JSON_REQUIRED, 2, 2),
    JSON_FIELD_ARRAY(struct wish, channels, "channels", JSON_REQUIRED, &name_shape, 1, NOTICE_CHANNELS),
    JSON_FIELD_RANGE(struct wish, email, "email", JSON_TEXT, JSON_OPTIONAL, 1, ADDRESS_EMAIL_MAX),
    JSON_FIELD_RANGE(struct wish, phone, "phone", JSON_TEXT, JSON_OPTIONAL, 1, ADDRESS_PHONE_MAX),
    JSON_FIELD_RANGE(struct wish, webhook_url, "webhookUrl", JSON_TEXT, JSON_OPTIONAL, 1, ADDRESS_URL_MAX),
};
static const struct json_shape wish_shape = JSON_SHAPE(struct wish, wish_fields, JSON_REFUSE_UNKNOWN);

/* -1: there is none of that name. */
static int number_of(const char *const *names, int count, struct str name)
{
    for (int i = 0; i < count; i++)
        if (str_is(name, names[i]))
            return i;
    return -1;
}

static void read_wish(const struct wish *wish, struct preferences *wanted)
{
    wanted->language = number_of(notice_language_names, NOTICE_LANGUAGES, wish->language);
    wanted->email = wish->email;
    wanted->phone = wish->phone;
    wanted->webhook_url = wish->webhook_url;
    wanted->channels.count = (int64_t)wish->channels.count;
    for (size_t i = 0; i < wish->channels.count; i++)
        wanted->channels.items[i] =
            number_of(notice_channel_names, NOTICE_CHANNELS, ((const struct channel_name *)wish->channels.items)[i].name);
}

/* If-Match: "7" is the version that they must have, "0" that they were never said. What is no ETag of ours is a version of nobody. */
static int64_t version_of(struct str if_match)
{
    int64_t version;
    struct str tag = str_trim(if_match);
    if (str_absent(if_match) || str_is(tag, "*"))
        return PREFERENCES_VERSION_ANY;
    if (tag.n > 2 && tag.p[0] == '"' && tag.p[tag.n - 1] == '"' && str_to_int64((struct str){tag.p + 1, tag.n - 2}, &version) &&
        version >= 0)
        return version;
    return -1;
}

bool put_preferences(struct call *call, struct command *c)
{
    struct wish wish = {0};
    if (!call_decode(call, &wish_shape, &wish))
        return false;
    struct prefer *prefer = ARENA_NEW(http_arena(call->http), struct prefer);
    prefer->customer = call->who.subject;
    prefer->version = version_of(http_header(call->http, "If-Match"));
    prefer->offered = channels_offered();
    prefer->webhook_forbidden = !notification_config.webhook_private && target_is_plainly_private(wish.webhook_url);
    read_wish(&wish, &prefer->wanted);
    c->type = PREFER;
    c->data = prefer;
    c->correlation = call->who.subject;
    return true;
}

void answer_preferences(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                        struct answer *out)
{
    (void)c;
    out->status = 200;
    out->etag = etag(d->arena, a[0]->version);
    write_preferences(&out->body, d->arena, call->who.subject, a[0]->state);
}
