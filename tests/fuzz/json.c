/* JSON against a shape that has every kind of field: whatever is accepted is within its limits, and says the same when it is written again.
 */
#include "fuzz.h"
#include "json_decode.h"
#include "json_encode.h"

struct part {
    struct str name;
    int64_t quantity;
};
struct whole {
    struct str text, any, note;
    int64_t number;
    bool flag, noted;
    struct uuid id;
    struct money money;
    instant at;
    struct part part;
    struct json_list parts, words;
};

static const struct json_field part_fields[] = {
    JSON_FIELD_RANGE(struct part, name, "name", JSON_TEXT, JSON_REQUIRED, 1, 5),
    JSON_FIELD_RANGE(struct part, quantity, "quantity", JSON_INTEGER, JSON_OPTIONAL, -9, 9),
};
static const struct json_shape part_shape = JSON_SHAPE(struct part, part_fields, JSON_REFUSE_UNKNOWN);
static const struct json_field word_fields[] = {{.type = JSON_TEXT, .ranged = true, .min = 0, .max = 3}};
static const struct json_shape word_shape = {.size = sizeof(struct str), .fields = word_fields, .count = 1};
static const struct json_field fields[] = {
    JSON_FIELD_RANGE(struct whole, text, "text", JSON_TEXT, JSON_OPTIONAL, 0, 8),
    JSON_FIELD(struct whole, any, "any", JSON_ANY, JSON_OPTIONAL),
    JSON_FIELD_PATCH(struct whole, note, noted, "note", JSON_TEXT, 1, 4),
    JSON_FIELD_RANGE(struct whole, number, "number", JSON_INTEGER, JSON_OPTIONAL, -1000, 1000),
    JSON_FIELD(struct whole, flag, "flag", JSON_BOOLEAN, JSON_OPTIONAL),
    JSON_FIELD(struct whole, id, "id", JSON_ID, JSON_OPTIONAL),
    JSON_FIELD_RANGE(struct whole, money, "money", JSON_MONEY, JSON_OPTIONAL, 1, 100),
    JSON_FIELD(struct whole, at, "at", JSON_TIME, JSON_OPTIONAL),
    JSON_FIELD_OBJECT(struct whole, part, "part", JSON_OPTIONAL, &part_shape),
    JSON_FIELD_ARRAY(struct whole, parts, "parts", JSON_OPTIONAL, &part_shape, 0, 4),
    JSON_FIELD_ARRAY(struct whole, words, "words", JSON_OPTIONAL, &word_shape, 1, 4),
};
static const struct json_shape strict = JSON_SHAPE(struct whole, fields, JSON_REFUSE_UNKNOWN);
static const struct json_shape lenient = JSON_SHAPE(struct whole, fields, JSON_IGNORE_UNKNOWN);

static size_t characters(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static void check_limits(const struct whole *w)
{
    invariant(characters(w->text) <= 8 && w->number >= -1000 && w->number <= 1000);
    invariant(!w->noted || (characters(w->note) >= 1 && characters(w->note) <= 4));
    invariant(w->money.amount == 0 || (w->money.amount >= 1 && w->money.amount <= 100));
    invariant(w->parts.count <= 4 && w->words.count <= 4);
    for (size_t i = 0; i < w->parts.count; i++) {
        const struct part *p = (const struct part *)w->parts.items + i;
        invariant(characters(p->name) >= 1 && characters(p->name) <= 5 && p->quantity >= -9 && p->quantity <= 9);
    }
    for (size_t i = 0; i < w->words.count; i++)
        invariant(characters(((const struct str *)w->words.items)[i]) <= 3);
}

/* Written by us and read again: the same. */
static void check_again(struct arena *arena, const struct whole *w)
{
    struct buf out = BUF_INIT;
    struct json_writer writer = {.out = &out};
    struct json_errors errors = {0};
    struct whole again;
    json_begin_object(&writer, NULL);
    if (!str_absent(w->text))
        json_put_text(&writer, "text", w->text);
    if (!str_absent(w->any))
        json_put_raw(&writer, "any", w->any);
    json_put_integer(&writer, "number", w->number);
    json_end_object(&writer);
    invariant(json_decode(arena, buf_str(&out), &strict, &again, &errors));
    invariant(str_equal(again.text, w->text) && str_equal(again.any, w->any) && again.number == w->number);
    buf_release(&out);
}

static void check_errors(const struct json_errors *errors)
{
    invariant(errors->count >= 1 && errors->count <= JSON_ERRORS_MAX);
    for (size_t i = 0; i < errors->count; i++) {
        struct str pointer = errors->items[i].pointer;
        invariant(errors->items[i].code && !str_absent(pointer) && !str_empty(errors->items[i].detail));
        invariant(pointer.n == 0 || pointer.p[0] == '/');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena arena;
    struct whole one, other;
    struct json_errors errors = {0}, others = {0};
    arena_init(&arena);
    bool accepted = json_decode(&arena, fuzz_text(data, n), &strict, &one, &errors);
    bool let_pass = json_decode(&arena, fuzz_text(data, n), &lenient, &other, &others);
    invariant(!accepted || let_pass);
    if (accepted) {
        check_limits(&one);
        check_again(&arena, &one);
    } else {
        check_errors(&errors);
    }
    if (let_pass)
        check_limits(&other);
    else
        check_errors(&others);
    arena_release(&arena);
    return 0;
}
