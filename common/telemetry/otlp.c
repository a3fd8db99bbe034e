/* OTLP: the JSON of an ExportTraceServiceRequest, written span by span. */
#include "otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_hex(struct json_writer *w, const char *key, const uint8_t *bytes, size_t n)
{
    char text[32];
    trace_hex(bytes, n, text);
    json_put_text(w, key, (struct str){text, 2 * n});
}

static void put_number_text(struct json_writer *w, const char *key, int64_t n, const char *zeros)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%lld%s", (long long)n, zeros);
    json_put_text(w, key, (struct str){text, (size_t)length});
}

static void put_nanoseconds(struct json_writer *w, const char *key, instant t)
{
    put_number_text(w, key, t, "000");
}

static void begin_attribute(struct json_writer *w, struct str key)
{
    json_begin_object(w, NULL);
    json_put_text(w, "key", key);
    json_begin_object(w, "value");
}

static void end_attribute(struct json_writer *w)
{
    json_end_object(w);
    json_end_object(w);
}

static void put_text_attribute(struct json_writer *w, struct str key, struct str value)
{
    begin_attribute(w, key);
    json_put_text(w, "stringValue", value);
    end_attribute(w);
}

static void put_field(struct json_writer *w, const struct log_field *f)
{
    begin_attribute(w, str_of(f->name));
    switch (f->kind) {
    case LOG_FIELD_TEXT: json_put_text(w, "stringValue", f->text); break;
    case LOG_FIELD_INT: put_number_text(w, "intValue", f->number, ""); break;
    case LOG_FIELD_ID: json_put_id(w, "stringValue", f->id); break;
    }
    end_attribute(w);
}

/* ── the resource ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* An escape that is none stays as it is. */
static struct str unescape(struct str text, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char digits[3] = {i + 2 < text.n ? text.p[i + 1] : '\0', i + 2 < text.n ? text.p[i + 2] : '\0', '\0'};
        if (text.p[i] == '%' && strspn(digits, "0123456789abcdefABCDEF") == 2) {
            out[n++] = (char)strtoul(digits, NULL, 16);
            i += 2;
        } else {
            out[n++] = text.p[i];
        }
    }
    return (struct str){out, n};
}

static void put_more_attributes(struct json_writer *w, const char *list)
{
    struct str rest = str_of(list), pair, key;
    char value[512];
    while (str_split(&rest, ',', &pair)) {
        struct str text = pair;
        bool assigned = str_split(&text, '=', &key) && key.n < pair.n;
        if (assigned && text.n <= sizeof value && str_trim(key).n > 0)
            put_text_attribute(w, str_trim(key), unescape(str_trim(text), value));
    }
}

void otlp_begin(struct json_writer *w, const struct otlp_resource *resource)
{
    json_begin_object(w, NULL);
    json_begin_array(w, "resourceSpans");
    json_begin_object(w, NULL);
    json_begin_object(w, "resource");
    json_begin_array(w, "attributes");
    put_text_attribute(w, STR("service.name"), str_of(resource->service));
    put_text_attribute(w, STR("service.version"), str_of(resource->version));
    if (resource->attributes)
        put_more_attributes(w, resource->attributes);
    json_end_array(w);
    json_end_object(w);
    json_begin_array(w, "scopeSpans");
    json_begin_object(w, NULL);
    json_begin_object(w, "scope");
    json_put_text(w, "name", STR("jumun"));
    json_put_text(w, "version", str_of(resource->version));
    json_end_object(w);
    json_begin_array(w, "spans");
}

void otlp_end(struct json_writer *w)
{
    json_end_array(w); /* spans */
    json_end_object(w);
    json_end_array(w); /* scopeSpans */
    json_end_object(w);
    json_end_array(w); /* resourceSpans */
    json_end_object(w);
}

/* ── a span ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool has_parent(const struct span *s)
{
    static const uint8_t none[sizeof s->parent];
    return memcmp(s->parent, none, sizeof none) != 0;
}

void otlp_put_span(struct json_writer *w, const struct finished_span *s)
{
    json_begin_object(w, NULL);
    put_hex(w, "traceId", s->span.trace, sizeof s->span.trace);
    put_hex(w, "spanId", s->span.id, sizeof s->span.id);
    if (has_parent(&s->span))
        put_hex(w, "parentSpanId", s->span.parent, sizeof s->span.parent);
    json_put_integer(w, "flags", 1); /* sampled: others are not recorded */
    json_put_text(w, "name", s->name);
    json_put_integer(w, "kind", s->kind);
    put_nanoseconds(w, "startTimeUnixNano", s->span.began);
    put_nanoseconds(w, "endTimeUnixNano", s->ended);
    json_begin_array(w, "attributes");
    for (size_t i = 0; i < s->field_count; i++)
        put_field(w, &s->fields[i]);
    json_end_array(w);
    json_begin_object(w, "status");
    if (s->status != SPAN_UNSET)
        json_put_integer(w, "code", s->status);
    json_end_object(w);
    json_end_object(w);
}
