/* CloudEvents read from Kafka records: what every event must carry, and which part is wrong when it does not. */
#include "cloud_event.h"
#include "kafka.h"

/* ── types ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Splits at the last `separator`; both parts must have something in them. */
static bool text_cut_last(struct str text, char separator, struct str *before, struct str *after)
{
    for (size_t i = text.n; i > 0; i--) {
        if (text.p[i - 1] == separator) {
            *before = (struct str){text.p, i - 1};
            *after = (struct str){text.p + i, text.n - i};
            return before->n > 0 && after->n > 0;
        }
    }
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "v1", "v12"; not "v0", "v01", "1". */
static bool type_major(struct str text, int *major)
{
    int64_t value = 0;
    if (text.n < 2 || text.n > 6 || text.p[0] != 'v' || !is_digit(text.p[1]) || text.p[1] == '0')
        return false;
    if (!str_to_int64((struct str){text.p + 1, text.n - 1}, &value))
        return false;
    *major = (int)value;
    return true;
}

static bool type_name(struct str name)
{
    if (!is_letter(name.p[0]))
        return false;
    for (size_t i = 1; i < name.n; i++)
        if (!is_letter(name.p[i]) && !is_digit(name.p[i]))
            return false;
    return true;
}

/* What Kafka allows in a topic's name. */
static bool type_topic(struct str topic)
{
    for (size_t i = 0; i < topic.n; i++) {
        char c = topic.p[i];
        if (!is_letter(c) && !is_digit(c) && c != '.' && c != '-' && c != '_')
            return false;
    }
    return topic.p[0] != '.' && topic.p[topic.n - 1] != '.';
}

bool cloud_event_type(struct str type, struct str *topic, struct str *name, int *major)
{
    struct str rest, version;
    return text_cut_last(type, '.', &rest, &version) && type_major(version, major) && text_cut_last(rest, '.', topic, name) &&
           type_name(*name) && type_topic(*topic);
}

/* ── records ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define TEXT_MAX 255

struct decoding {
    const struct kafka_record *record;
    struct arena *arena;
    struct str *reason;
};

static bool decoding_fail(const struct decoding *d, const char *header, const char *what, struct str value)
{
    size_t shown = value.n < 64 ? value.n : 64;
    if (str_absent(value))
        *d->reason = arena_printf(d->arena, "%s: %s", header, what);
    else
        *d->reason = arena_printf(d->arena, "%s: %s: '%.*s'", header, what, (int)shown, value.p);
    return false;
}

static bool decode_present(const struct decoding *d, const char *header, struct str *value)
{
    *value = kafka_record_header(d->record, str_of(header));
    return !str_absent(*value) || decoding_fail(d, header, "missing", *value);
}

static bool decode_uuid(const struct decoding *d, const char *header, struct uuid *id)
{
    struct str text;
    if (!decode_present(d, header, &text))
        return false;
    return (uuid_parse(text, id) && !uuid_is_nil(*id)) || decoding_fail(d, header, "not a UUID", text);
}

/* The first event of a chain has no cause. */
static bool decode_causation(const struct decoding *d, struct uuid *id)
{
    *id = (struct uuid){{0}};
    return str_absent(kafka_record_header(d->record, STR("ce_causationid"))) || decode_uuid(d, "ce_causationid", id);
}

/* Visible ASCII: these go into logs, and are compared. */
static bool decode_word(const struct decoding *d, const char *header, struct str *word)
{
    if (!decode_present(d, header, word))
        return false;
    if (word->n == 0 || word->n > TEXT_MAX)
        return decoding_fail(d, header, "must have 1 to 255 characters", (struct str){0});
    for (size_t i = 0; i < word->n; i++)
        if (word->p[i] <= ' ' || word->p[i] > '~')
            return decoding_fail(d, header, "must be visible ASCII", (struct str){0});
    return true;
}

static bool decode_specversion(const struct decoding *d)
{
    struct str text;
    if (!decode_present(d, "ce_specversion", &text))
        return false;
    return str_is(text, "1.0") || decoding_fail(d, "ce_specversion", "must be 1.0", text);
}

static bool decode_time(const struct decoding *d, instant *time)
{
    struct str text;
    if (!decode_present(d, "ce_time", &text))
        return false;
    return instant_parse(text, time) || decoding_fail(d, "ce_time", "not a time of RFC 3339", text);
}

static bool decode_version(const struct decoding *d, int64_t *version)
{
    struct str text;
    if (!decode_present(d, "ce_aggregateversion", &text))
        return false;
    return (str_to_int64(text, version) && *version >= 1) ||
           decoding_fail(d, "ce_aggregateversion", "must be a whole number from 1 on", text);
}

static bool decode_content_type(const struct decoding *d)
{
    struct str text, rest, media;
    if (!decode_present(d, "content-type", &text))
        return false;
    rest = text;
    return (str_split(&rest, ';', &media) && str_equal_ignoring_case(str_trim(media), STR("application/json"))) ||
           decoding_fail(d, "content-type", "must be application/json", text);
}

/* The key decides the partition, hence the order: an event under another key could overtake its own past. */
static bool decode_key(const struct decoding *d, struct uuid correlation)
{
    struct uuid key;
    if (str_absent(d->record->key))
        return decoding_fail(d, "key", "missing", d->record->key);
    return (uuid_parse(d->record->key, &key) && uuid_equal(key, correlation)) ||
           decoding_fail(d, "key", "must be the ce_correlationid", d->record->key);
}

static bool decode_data(const struct decoding *d, struct str *data)
{
    *data = d->record->value;
    return !str_empty(*data) || decoding_fail(d, "value", "empty", (struct str){0});
}

bool cloud_event_decode(const struct kafka_record *record, struct cloud_event *event, struct arena *arena, struct str *reason)
{
    struct decoding d = {record, arena, reason};
    event->traceparent = kafka_record_trace(record, arena); /* an aid, never a reason to refuse an event */
    return decode_specversion(&d) && decode_uuid(&d, "ce_id", &event->id) && decode_word(&d, "ce_type", &event->type) &&
           decode_word(&d, "ce_source", &event->source) && decode_time(&d, &event->time) &&
           decode_uuid(&d, "ce_subject", &event->subject) && decode_uuid(&d, "ce_correlationid", &event->correlation) &&
           decode_causation(&d, &event->causation) && decode_version(&d, &event->version) && decode_content_type(&d) &&
           decode_key(&d, event->correlation) && decode_data(&d, &event->data);
}
