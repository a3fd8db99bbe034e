/*
 * json_decode — JSON text into a C struct, by a shape: what is expected, once, as a table.
 *
 *     struct item { struct uuid product; int64_t quantity; };
 *     static const struct json_field item_fields[] = {
 *         JSON_FIELD(struct item, product, "productId", JSON_ID, JSON_REQUIRED),
 *         JSON_FIELD_RANGE(struct item, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, 999),
 *     };
 *     static const struct json_shape item_shape = JSON_SHAPE(struct item, item_fields, JSON_REFUSE_UNKNOWN);
 *
 *     struct item item;
 *     struct json_errors errors = {0};
 *     if (!json_decode(&arena, text, &item_shape, &item, &errors)) … errors.items[0].pointer is "/quantity"
 *
 * All faults of a text are gathered, each with its JSON pointer (RFC 6901), a code that does not change, and a sentence for a person.
 * Refused always (RFC 8259, I-JSON RFC 7493): duplicate members, invalid UTF-8, lone surrogates, NUL in strings, a fraction or an exponent
 * where an integer is expected, numbers outside int64, anything behind the value, nesting deeper than 32.
 * What is decoded lives in the arena. Absent optional fields are zero (struct str: absent). null is as if absent in an optional field (what
 * json_encode writes for an absent text), and of the wrong type in a required one and in a PATCH; JSON_ANY takes it as a value.
 * JSON_MONEY has both its members and no other, whatever the shape says of unknown ones.
 */
#ifndef JUMUN_JSON_DECODE_H
#define JUMUN_JSON_DECODE_H

#include "arena.h"
#include "instant.h"
#include "money.h"
#include "uuid.h"

enum json_type {
    JSON_TEXT,    /* struct str; min..max = its length in characters (code points) */
    JSON_INTEGER, /* int64_t; min..max = its value */
    JSON_BOOLEAN, /* bool */
    JSON_ID,      /* struct uuid */
    JSON_MONEY,   /* struct money, from {"amount": …, "currency": …}; min..max = its amount */
    JSON_TIME,    /* instant, from RFC 3339 */
    JSON_OBJECT,  /* a struct embedded at the offset, by .shape */
    JSON_ARRAY,   /* struct json_list at the offset: elements by .shape (bare values: its one field has no name); min..max = how many */
    JSON_ANY,     /* struct str: the value's own text, compact; checked to be well-formed, nothing more */
};

enum json_field_flags {
    JSON_OPTIONAL = 0,
    JSON_REQUIRED = 1,
};

enum json_unknown {
    JSON_IGNORE_UNKNOWN, /* events: a newer writer may say more */
    JSON_REFUSE_UNKNOWN, /* requests: a typing mistake, or a field that is the server's to set */
};

struct json_shape;

struct json_field {
    const char *name;
    enum json_type type;
    int flags;
    size_t offset;
    const struct json_shape *shape;
    int64_t min, max;
    size_t presence;
    bool ranged;       /* min and max hold */
    bool has_presence; /* a bool at .presence tells whether the field was there (PATCH) */
};

struct json_shape {
    size_t size;
    const struct json_field *fields;
    size_t count;
    enum json_unknown unknown;
};

struct json_list {
    void *items; /* of shape->size each, in the arena */
    size_t count;
};

#define JSON_SHAPE(type, table, unknown_fields)                                                                                            \
    {                                                                                                                                      \
        sizeof(type), (table), sizeof(table) / sizeof((table)[0]), (unknown_fields)                                                        \
    }
#define JSON_FIELD(owner, member, key, kind, flag)                                                                                         \
    {                                                                                                                                      \
        .name = (key), .type = (kind), .flags = (flag), .offset = offsetof(owner, member)                                                  \
    }
#define JSON_FIELD_RANGE(owner, member, key, kind, flag, from, to)                                                                         \
    {                                                                                                                                      \
        .name = (key), .type = (kind), .flags = (flag), .offset = offsetof(owner, member), .ranged = true, .min = (from), .max = (to)      \
    }
#define JSON_FIELD_OBJECT(owner, member, key, flag, of)                                                                                    \
    {                                                                                                                                      \
        .name = (key), .type = JSON_OBJECT, .flags = (flag), .offset = offsetof(owner, member), .shape = (of)                              \
    }
#define JSON_FIELD_ARRAY(owner, member, key, flag, of, from, to)                                                                           \
    {                                                                                                                                      \
        .name = (key), .type = JSON_ARRAY, .flags = (flag), .offset = offsetof(owner, member), .shape = (of), .ranged = true,              \
        .min = (from), .max = (to)                                                                                                         \
    }
#define JSON_FIELD_PATCH(owner, member, present, key, kind, from, to)                                                                      \
    {                                                                                                                                      \
        .name = (key), .type = (kind), .flags = JSON_OPTIONAL, .offset = offsetof(owner, member), .ranged = true, .min = (from),           \
        .max = (to), .has_presence = true, .presence = offsetof(owner, present)                                                            \
    }

struct json_error {
    struct str pointer; /* RFC 6901; "" is the whole text */
    const char *code;   /* "malformed" "duplicate" "unknown-field" "required" "wrong-type" "out-of-range" "too-long" "too-short"
                           "too-many" "too-few" "invalid" */
    struct str detail;  /* for a person: what is wrong and what is expected; a malformed text has line and column */
};

#define JSON_ERRORS_MAX 20
struct json_errors {
    struct json_error items[JSON_ERRORS_MAX];
    size_t count; /* further ones are not kept */
};

/* False: errors holds at least one, and *out is not to be used. */
bool json_decode(struct arena *arena, struct str text, const struct json_shape *shape, void *out, struct json_errors *errors);

/*
 * Adds a fault found by a rule that no shape can say; `pointer` and `detail` are copied, `code` must be a constant:
 *     json_error_add(arena, &errors, arena_printf(arena, "/items/%zu/productId", i), "invalid", STR("listed twice"));
 */
void json_error_add(struct arena *arena, struct json_errors *errors, struct str pointer, const char *code, struct str detail);

#endif
