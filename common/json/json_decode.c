/* A tree into a C struct, by a shape: each fault is noted where it is, and the walk goes on to find the next. */
#include "json_decode.h"

#include "invariant.h"
#include "json_pointer.h"
#include "json_tree.h"
#include <inttypes.h>
#include <string.h>

struct decoding {
    struct arena *arena;
    struct json_errors *errors;
    bool failed;
};

void json_error_add(struct arena *arena, struct json_errors *errors, struct str pointer, const char *code, struct str detail)
{
    if (errors->count == JSON_ERRORS_MAX)
        return;
    errors->items[errors->count++] = (struct json_error){arena_str(arena, pointer), code, arena_str(arena, detail)};
}

__attribute__((format(printf, 4, 5))) static void fault(struct decoding *d, const struct json_place *place, const char *code,
                                                        const char *format, ...)
{
    d->failed = true;
    if (d->errors->count == JSON_ERRORS_MAX) /* a text of a million faults shall not cost a million pointers */
        return;
    va_list args;
    va_start(args, format);
    struct str detail = arena_vprintf(d->arena, format, args);
    va_end(args);
    json_error_add(d->arena, d->errors, json_pointer(d->arena, place), code, detail);
}

static const char *expected(enum json_type type)
{
    switch (type) {
    case JSON_TEXT: return "text";
    case JSON_INTEGER: return "a whole number";
    case JSON_BOOLEAN: return "true or false";
    case JSON_ID: return "an id, e.g. \"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\"";
    case JSON_MONEY: return "money, e.g. {\"amount\": 12000, \"currency\": \"KRW\"}";
    case JSON_TIME: return "a time, e.g. \"2026-11-22T18:55:10Z\"";
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_ANY: return "any value";
    }
    unreachable();
}

static const char *found(const json_t *value)
{
    switch (json_typeof(value)) {
    case JANSSON_OBJECT: return "an object";
    case JANSSON_ARRAY: return "an array";
    case JSON_STRING: return "text";
    case JANSSON_INTEGER: return "a whole number";
    case JSON_REAL: return "a number with a fraction or an exponent";
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_NULL: return "null";
    }
    unreachable();
}

static bool has_type(struct decoding *d, const struct json_place *place, enum json_type type, bool matches, const json_t *value)
{
    if (!matches)
        fault(d, place, "wrong-type", "expected %s, found %s", expected(type), found(value));
    return matches;
}

static bool take_text(struct decoding *d, const struct json_place *place, enum json_type type, const json_t *value, struct str *text)
{
    if (!has_type(d, place, type, json_typeof(value) == JSON_STRING, value))
        return false;
    *text = (struct str){json_string_value(value), json_string_length(value)};
    return true;
}

/* Code points: jansson has made sure that this is UTF-8. */
static int64_t characters(struct str text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return n;
}

static void decode_text(struct decoding *d, const struct json_place *place, const struct json_field *field, const json_t *value,
                        struct str *out)
{
    struct str text;
    if (!take_text(d, place, JSON_TEXT, value, &text))
        return;
    int64_t n = field->ranged ? characters(text) : 0;
    if (field->ranged && n > field->max)
        fault(d, place, "too-long", "%" PRId64 " characters, at most %" PRId64 " are allowed", n, field->max);
    else if (field->ranged && n < field->min)
        fault(d, place, "too-short", "%" PRId64 " characters, at least %" PRId64 " are needed", n, field->min);
    else
        *out = arena_str(d->arena, text);
}

static void decode_integer(struct decoding *d, const struct json_place *place, const struct json_field *field, const json_t *value,
                           int64_t *out)
{
    if (!has_type(d, place, JSON_INTEGER, json_typeof(value) == JANSSON_INTEGER, value))
        return;
    int64_t n = json_integer_value(value);
    if (field->ranged && n < field->min)
        fault(d, place, "out-of-range", "expected at least %" PRId64 ", found %" PRId64, field->min, n);
    else if (field->ranged && n > field->max)
        fault(d, place, "out-of-range", "expected at most %" PRId64 ", found %" PRId64, field->max, n);
    else
        *out = n;
}

static void decode_boolean(struct decoding *d, const struct json_place *place, const json_t *value, bool *out)
{
    json_type type = json_typeof(value);
    if (has_type(d, place, JSON_BOOLEAN, type == JSON_TRUE || type == JSON_FALSE, value))
        *out = type == JSON_TRUE;
}

static void decode_id(struct decoding *d, const struct json_place *place, const json_t *value, struct uuid *out)
{
    struct str text;
    if (take_text(d, place, JSON_ID, value, &text) && !uuid_parse(text, out))
        fault(d, place, "invalid", "expected %s", expected(JSON_ID));
}

static void decode_time(struct decoding *d, const struct json_place *place, const json_t *value, instant *out)
{
    struct str text;
    if (take_text(d, place, JSON_TIME, value, &text) && !instant_parse(text, out))
        fault(d, place, "invalid", "expected %s (RFC 3339)", expected(JSON_TIME));
}

static void decode_object(struct decoding *d, const struct json_place *place, const struct json_shape *shape, const json_t *value,
                          void *out);

/* Both members and no other, even where unknown fields are let pass: an amount with a remark that we overlook is another amount. */
static void decode_money(struct decoding *d, const struct json_place *place, const struct json_field *field, const json_t *value,
                         struct money *out)
{
    struct parts {
        int64_t amount;
        struct str currency;
    } parts = {0};
    struct json_field fields[] = {
        JSON_FIELD(struct parts, amount, "amount", JSON_INTEGER, JSON_REQUIRED),
        JSON_FIELD(struct parts, currency, "currency", JSON_TEXT, JSON_REQUIRED),
    };
    fields[0].ranged = field->ranged;
    fields[0].min = field->min;
    fields[0].max = field->max;
    const struct json_shape shape = JSON_SHAPE(struct parts, fields, JSON_REFUSE_UNKNOWN);

    if (!has_type(d, place, JSON_MONEY, json_typeof(value) == JANSSON_OBJECT, value))
        return;
    decode_object(d, place, &shape, value, &parts);
    out->amount = parts.amount;
    if (money_currency_valid(parts.currency))
        memcpy(out->currency, parts.currency.p, 3);
    else if (!str_absent(parts.currency))
        fault(d, &(struct json_place){.up = place, .key = STR("currency")}, "invalid",
              "expected a currency of three capital letters, e.g. \"KRW\"");
}

static void decode_value(struct decoding *d, const struct json_place *place, const struct json_field *field, const json_t *value,
                         void *out);

/* An object, or a bare value: then the shape has one field, without a name. */
static void decode_element(struct decoding *d, const struct json_place *place, const struct json_shape *shape, const json_t *value,
                           void *out)
{
    if (shape->fields[0].name)
        decode_object(d, place, shape, value, out);
    else
        decode_value(d, place, &shape->fields[0], value, (char *)out + shape->fields[0].offset);
}

static void decode_array(struct decoding *d, const struct json_place *place, const struct json_field *field, const json_t *value,
                         struct json_list *out)
{
    if (!has_type(d, place, JSON_ARRAY, json_typeof(value) == JANSSON_ARRAY, value))
        return;
    size_t n = json_array_size(value);
    if (field->ranged && (int64_t)n > field->max) { /* not looked into: that is what the limit is for */
        fault(d, place, "too-many", "%zu elements, at most %" PRId64 " are allowed", n, field->max);
        return;
    }
    if (field->ranged && (int64_t)n < field->min)
        fault(d, place, "too-few", "%zu elements, at least %" PRId64 " are needed", n, field->min);
    char *items = arena_alloc(d->arena, n * field->shape->size);
    for (size_t i = 0; i < n; i++) {
        struct json_place element = {.up = place, .index = i};
        decode_element(d, &element, field->shape, json_array_get(value, i), items + i * field->shape->size);
    }
    *out = (struct json_list){items, n};
}

static void decode_value(struct decoding *d, const struct json_place *place, const struct json_field *field, const json_t *value, void *out)
{
    switch (field->type) {
    case JSON_TEXT: decode_text(d, place, field, value, out); return;
    case JSON_INTEGER: decode_integer(d, place, field, value, out); return;
    case JSON_BOOLEAN: decode_boolean(d, place, value, out); return;
    case JSON_ID: decode_id(d, place, value, out); return;
    case JSON_MONEY: decode_money(d, place, field, value, out); return;
    case JSON_TIME: decode_time(d, place, value, out); return;
    case JSON_OBJECT: decode_object(d, place, field->shape, value, out); return;
    case JSON_ARRAY: decode_array(d, place, field, value, out); return;
    case JSON_ANY: *(struct str *)out = json_tree_text(d->arena, value); return;
    }
    unreachable();
}

/* Our writer puts null for an absent text, so an optional field takes it as absent. A PATCH must say what it means. */
static bool stands_for_absent(const struct json_field *field, const json_t *value)
{
    return json_typeof(value) == JSON_NULL && field->type != JSON_ANY && !(field->flags & JSON_REQUIRED) && !field->has_presence;
}

/* True when the text has this member. */
static bool decode_member(struct decoding *d, const struct json_place *up, const struct json_field *field, const json_t *object, char *out)
{
    struct json_place place = {.up = up, .key = str_of(field->name)};
    const json_t *value = json_object_getn(object, place.key.p, place.key.n);
    if (!value) {
        if (field->flags & JSON_REQUIRED)
            fault(d, &place, "required", "missing; expected %s", expected(field->type));
        return false;
    }
    if (stands_for_absent(field, value))
        return true;
    if (field->has_presence)
        *(bool *)(out + field->presence) = true;
    decode_value(d, &place, field, value, out + field->offset);
    return true;
}

static bool shape_knows(const struct json_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return true;
    return false;
}

static void refuse_unknown(struct decoding *d, const struct json_place *up, const struct json_shape *shape, const json_t *value)
{
    json_t *object = (json_t *)value; /* jansson's iterators are for changing, too */
    for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
        const char *name = json_object_iter_key(i);
        if (!shape_knows(shape, name))
            fault(d, &(struct json_place){.up = up, .key = str_of(name)}, "unknown-field", "no such field is known here");
    }
}

static void decode_object(struct decoding *d, const struct json_place *place, const struct json_shape *shape, const json_t *value,
                          void *out)
{
    if (!has_type(d, place, JSON_OBJECT, json_typeof(value) == JANSSON_OBJECT, value))
        return;
    size_t known = 0;
    for (size_t i = 0; i < shape->count; i++)
        known += decode_member(d, place, &shape->fields[i], value, out);
    if (shape->unknown == JSON_REFUSE_UNKNOWN && json_object_size(value) > known)
        refuse_unknown(d, place, shape, value);
}

bool json_decode(struct arena *arena, struct str text, const struct json_shape *shape, void *out, struct json_errors *errors)
{
    memset(out, 0, shape->size);
    json_t *tree = json_tree_parse(arena, text, errors);
    if (!tree)
        return false;
    struct decoding d = {.arena = arena, .errors = errors};
    decode_object(&d, NULL, shape, tree, out);
    json_decref(tree);
    return !d.failed;
}
