/* Store: dialogues, notices and preferences as rows, their events as JSON. */
#include "outbound.h"

#include "invariant.h"
#include "json_decode.h"
#include "notification.h"

static int named(const char *const *names, int count, struct str name)
{
    int i = 0;
    while (i < count && !str_is(name, names[i]))
        i++;
    invariant(i < count); /* nobody but we write these names */
    return i;
}

/* ── lists in a column ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct item {
    struct str channel, reason;
};
struct whole {
    struct json_list items;
};

static struct json_list items_read(struct arena *arena, struct str json, const struct json_shape *item)
{
    const struct json_field fields[] = {JSON_FIELD_ARRAY(struct whole, items, "items", JSON_REQUIRED, item, 1, NOTICE_CHANNELS)};
    const struct json_shape shape = JSON_SHAPE(struct whole, fields, JSON_REFUSE_UNKNOWN);
    struct json_errors errors = {0};
    struct whole whole;
    invariant(json_decode(arena, arena_printf(arena, "{\"items\":%.*s}", STR_ARG(json)), &shape, &whole, &errors));
    return whole.items;
}

void channels_put(struct json_writer *w, const char *key, const struct channel_list *channels)
{
    json_begin_array(w, key);
    for (int i = 0; i < channels->count; i++)
        json_put_text(w, NULL, str_of(notice_channel_names[channels->items[i]]));
    json_end_array(w);
}

static void channels_encode(const void *field, struct buf *json)
{
    const struct channel_list *channels = field;
    if (channels->count > 0)
        channels_put(&(struct json_writer){.out = json}, NULL, channels);
}

void channels_decode(struct arena *arena, struct str json, void *field)
{
    static const struct json_field fields[] = {JSON_FIELD(struct item, channel, NULL, JSON_TEXT, JSON_REQUIRED)};
    static const struct json_shape shape = JSON_SHAPE(struct item, fields, JSON_REFUSE_UNKNOWN);
    struct json_list items = items_read(arena, json, &shape);
    struct channel_list *channels = field;
    channels->count = (int64_t)items.count;
    for (size_t i = 0; i < items.count; i++)
        channels->items[i] = named(notice_channel_names, NOTICE_CHANNELS, ((const struct item *)items.items)[i].channel);
}

static void failures_put(struct json_writer *w, const char *key, const struct channel_failures *failures)
{
    json_begin_array(w, key);
    for (int i = 0; i < failures->count; i++) {
        json_begin_object(w, NULL);
        json_put_text(w, "channel", str_of(notice_channel_names[failures->items[i].channel]));
        json_put_text(w, "reason", str_of(channel_failure_names[failures->items[i].failure]));
        json_end_object(w);
    }
    json_end_array(w);
}

static void failures_encode(const void *field, struct buf *json)
{
    const struct channel_failures *failures = field;
    if (failures->count > 0)
        failures_put(&(struct json_writer){.out = json}, NULL, failures);
}

static void failures_decode(struct arena *arena, struct str json, void *field)
{
    static const struct json_field fields[] = {
        JSON_FIELD(struct item, channel, "channel", JSON_TEXT, JSON_REQUIRED),
        JSON_FIELD(struct item, reason, "reason", JSON_TEXT, JSON_REQUIRED),
    };
    static const struct json_shape shape = JSON_SHAPE(struct item, fields, JSON_REFUSE_UNKNOWN);
    struct json_list items = items_read(arena, json, &shape);
    struct channel_failures *failures = field;
    failures->count = (int64_t)items.count;
    for (size_t i = 0; i < items.count; i++) {
        const struct item *item = (const struct item *)items.items + i;
        failures->items[i].channel = named(notice_channel_names, NOTICE_CHANNELS, item->channel);
        failures->items[i].failure = named(channel_failure_names, CHANNEL_FAILURES, item->reason);
    }
}

/* ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct store_column dialogue_columns[] = {
    STORE_COLUMN(struct dialogue, customer, "customer", STORE_ID),
    STORE_COLUMN(struct dialogue, cause, "cause", STORE_ID),
    STORE_COLUMN(struct dialogue, first_item, "first_item", STORE_TEXT),
    STORE_COLUMN(struct dialogue, item_count, "item_count", STORE_INTEGER),
    STORE_COLUMN(struct dialogue, waiting, "waiting", STORE_INTEGER),
    STORE_COLUMN(struct dialogue, carrier, "carrier", STORE_TEXT),
    STORE_COLUMN(struct dialogue, tracking_number, "tracking_number", STORE_TEXT),
    STORE_COLUMN(struct dialogue, amount.amount, "amount", STORE_INTEGER),
    STORE_COLUMN(struct dialogue, amount.currency, "currency", STORE_CURRENCY),
};

static const struct store_column notice_columns[] = {
    STORE_COLUMN_FIXED(struct notice, order, "order_id", STORE_ID),
    STORE_COLUMN_FIXED(struct notice, customer, "customer", STORE_ID),
    STORE_COLUMN_FIXED(struct notice, cause, "cause", STORE_ID),
    STORE_COLUMN_NAME_FIXED(struct notice, kind, "kind", notice_kind_names, NOTICE_KINDS),
    STORE_COLUMN_NAME(struct notice, channel, "channel", notice_channel_names, NOTICE_CHANNELS),
    STORE_COLUMN_NAME_FIXED(struct notice, language, "language", notice_language_names, NOTICE_LANGUAGES),
    STORE_COLUMN_NAME(struct notice, status, "status", notice_status_names, NOTICE_STATUSES),
    STORE_COLUMN_FIXED(struct notice, text, "text", STORE_TEXT),
    STORE_COLUMN_FIXED(struct notice, at, "at", STORE_TIME),
    STORE_COLUMN(struct notice, attempts, "attempts", STORE_INTEGER),
    STORE_COLUMN_JSON(struct notice, failures, "failures", failures_encode, failures_decode),
};

static const struct store_column preferences_columns[] = {
    STORE_COLUMN_NAME(struct preferences, language, "language", notice_language_names, NOTICE_LANGUAGES),
    STORE_COLUMN_JSON(struct preferences, channels, "channels", channels_encode, channels_decode),
    STORE_COLUMN(struct preferences, email, "email", STORE_TEXT),
    STORE_COLUMN(struct preferences, phone, "phone", STORE_TEXT),
    STORE_COLUMN(struct preferences, webhook_url, "webhook_url", STORE_TEXT),
};

const struct store_table notification_tables[] = {
    [DIALOGUE] = STORE_TABLE("dialogue", dialogue_columns),
    [NOTICE] = STORE_TABLE("notice", notice_columns),
    [PREFERENCES] = STORE_TABLE("preferences", preferences_columns),
};

/* ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void told_put(struct json_writer *w, const struct notice_told *told)
{
    json_put_id(w, "orderId", told->order);
    json_put_id(w, "customer", told->customer);
    json_put_text(w, "kind", str_of(notice_kind_names[told->kind]));
    json_put_text(w, "channel", str_of(notice_channel_names[told->channel]));
    if (told->failures.count > 0)
        failures_put(w, "failures", &told->failures);
}

/* The history keeps what was wished, not where the customer is reached: that is in the table only. */
static void preferences_changed_put(struct json_writer *w, const struct preferences *p)
{
    json_put_text(w, "language", str_of(notice_language_names[p->language]));
    channels_put(w, "channels", &p->channels);
}

void notification_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    (void)a;
    switch (event) {
    case NOTIFICATION_SENT:
    case NOTIFICATION_GIVEN_UP: told_put(w, data); return;
    case PREFERENCES_CHANGED: preferences_changed_put(w, data); return;
    }
    unreachable(); /* the others leave no trace */
}
