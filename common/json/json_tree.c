/* A text as jansson's tree: what jansson must not see is refused before, what it refuses is said in our words. */
#include "json_tree.h"

#include "buf.h"
#include "json_encode.h"
#include "json_pointer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The position behind the string that begins at `i`. */
static size_t skip_string(struct str text, size_t i)
{
    for (i++; i < text.n && text.p[i] != '"'; i++)
        if (text.p[i] == '\\')
            i++;
    return i;
}

/* jansson recurses: depth is limited by a look at the brackets, before it has a say. *at is the bracket that is one too many. */
static bool depth_allowed(struct str text, size_t *at)
{
    int depth = 0;
    for (size_t i = 0; i < text.n; i++) {
        switch (text.p[i]) {
        case '"': i = skip_string(text, i); break;
        case '[':
        case '{':
            if (++depth > JSON_DEPTH_MAX) {
                *at = i;
                return false;
            }
            break;
        case ']':
        case '}': depth--; break;
        }
    }
    return true;
}

static void refuse_depth(struct arena *arena, struct str text, size_t at, struct json_errors *errors)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at; i++, column++)
        if (text.p[i] == '\n') {
            line++;
            column = 0;
        }
    struct str detail = arena_printf(arena, "line %zu, column %zu: nested deeper than %d levels", line, column, JSON_DEPTH_MAX);
    json_error_add(arena, errors, STR(""), "malformed", detail);
}

/* A text that jansson understood up to the guilty word has a pointer to it; a malformed one has only line and column. */
static void refuse_text(struct arena *arena, struct str text, const json_error_t *e, struct json_errors *errors)
{
    const char *code = "malformed", *what = e->text;
    switch (json_error_code(e)) {
    case json_error_duplicate_key: code = "duplicate"; break;
    case json_error_numeric_overflow: code = "out-of-range"; break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        code = "invalid";
        what = "a text must not contain NUL"; /* jansson would speak of its flags */
        break;
    default: break;
    }
    struct str pointer = STR("");
    if (strcmp(code, "malformed") != 0 && e->position > 0 && (size_t)e->position <= text.n)
        pointer = json_pointer_at(arena, (struct str){text.p, (size_t)e->position});
    struct str detail = arena_printf(arena, "line %d, column %d: %s", e->line, e->column, what);
    json_error_add(arena, errors, pointer, code, detail);
}

json_t *json_tree_parse(struct arena *arena, struct str text, struct json_errors *errors)
{
    size_t at;
    if (!depth_allowed(text, &at)) {
        refuse_depth(arena, text, at, errors);
        return NULL;
    }
    json_error_t e;
    json_t *tree = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (!tree)
        refuse_text(arena, text, &e, errors);
    return tree;
}

/* The shortest decimal that reads as the same number, with a mark that it is no integer. */
static struct str real_text(double value, char text[32])
{
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, 32, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (!strpbrk(text, ".e"))
        memcpy(text + strlen(text), ".0", sizeof ".0"); /* 17 digits, sign and exponent leave room */
    return str_of(text);
}

static void write_value(struct json_writer *w, const char *key, const json_t *value);

static void write_object(struct json_writer *w, const char *key, const json_t *object)
{
    json_begin_object(w, key);
    json_t *members = (json_t *)object; /* jansson's iterators are for changing, too */
    for (void *i = json_object_iter(members); i; i = json_object_iter_next(members, i))
        write_value(w, json_object_iter_key(i), json_object_iter_value(i));
    json_end_object(w);
}

static void write_array(struct json_writer *w, const char *key, const json_t *array)
{
    json_begin_array(w, key);
    for (size_t i = 0; i < json_array_size(array); i++)
        write_value(w, NULL, json_array_get(array, i));
    json_end_array(w);
}

static void write_value(struct json_writer *w, const char *key, const json_t *value)
{
    char text[32];
    switch (json_typeof(value)) {
    case JANSSON_OBJECT: write_object(w, key, value); break;
    case JANSSON_ARRAY: write_array(w, key, value); break;
    case JSON_STRING: json_put_text(w, key, (struct str){json_string_value(value), json_string_length(value)}); break;
    case JANSSON_INTEGER: json_put_integer(w, key, json_integer_value(value)); break;
    case JSON_REAL: json_put_raw(w, key, real_text(json_real_value(value), text)); break;
    case JSON_TRUE: json_put_boolean(w, key, true); break;
    case JSON_FALSE: json_put_boolean(w, key, false); break;
    case JSON_NULL: json_put_text(w, key, str_of(NULL)); break;
    }
}

struct str json_tree_text(struct arena *arena, const json_t *value)
{
    struct buf out = BUF_INIT;
    struct json_writer w = {.out = &out};
    write_value(&w, NULL, value);
    struct str text = arena_str(arena, buf_str(&out));
    buf_release(&out);
    return text;
}
