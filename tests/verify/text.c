/* Text: a scanner over JSON that is known to be well-formed. */
#include "text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* Behind the string that begins at p. Its end is the first quotation mark behind an even number of backslashes. */
static const char *string_end(const char *p, const char *end)
{
    for (const char *mark = p; (mark = memchr(mark + 1, '"', (size_t)(end - mark - 1)));) {
        const char *before = mark;
        while (before[-1] == '\\')
            before--;
        if ((mark - before) % 2 == 0)
            return mark + 1;
    }
    return end;
}

/* Behind the value that begins at p. */
static const char *value_end(const char *p, const char *end)
{
    int depth = 0;
    for (; p < end; p++) {
        if (*p == '"')
            p = string_end(p, end) - 1;
        else if (*p == '{' || *p == '[')
            depth++;
        else if ((*p == ',' && depth == 0) || ((*p == '}' || *p == ']') && depth-- == 0))
            return p;
    }
    return end;
}

static struct str trimmed(const char *p, const char *end)
{
    return str_trim((struct str){p, (size_t)(end - p)});
}

struct str text_member(struct str object, const char *name)
{
    const char *p = object.p, *end = object.p + object.n;
    size_t length = strlen(name);
    if (str_empty(object) || *(p = space(p, end)) != '{')
        return (struct str){0};
    for (p++; (p = space(p, end)) < end && *p == '"';) {
        const char *key = p + 1;
        p = string_end(p, end);
        bool found = (size_t)(p - 1 - key) == length && memcmp(key, name, length) == 0;
        p = space(p, end);
        const char *value = p < end ? space(p + 1, end) : end; /* behind ':' */
        p = value_end(value, end);
        if (found)
            return trimmed(value, p);
        p = p < end ? p + 1 : end;
    }
    return (struct str){0};
}

bool text_element(struct str *array, struct str *element)
{
    if (array->n < 2)
        return false;
    const char *end = array->p + array->n, *p = space(array->p + 1, end); /* behind '[' or ',' */
    if (p >= end || *p == ']')
        return false;
    const char *after = value_end(p, end);
    *element = trimmed(p, after);
    *array = (struct str){after, (size_t)(end - after)};
    return true;
}

int64_t text_integer(struct str value)
{
    int64_t n;
    return str_to_int64(value, &n) ? n : INT64_MIN;
}

bool text_id(struct str value, struct uuid *id)
{
    return value.n == UUID_TEXT + 2 && uuid_parse((struct str){value.p + 1, UUID_TEXT}, id);
}

struct str text_string(struct buf *room, struct str value)
{
    if (value.n < 2 || value.p[0] != '"')
        return (struct str){0};
    struct str inner = {value.p + 1, value.n - 2};
    if (!memchr(inner.p, '\\', inner.n))
        return inner;
    json_t *string = json_loadb(value.p, value.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    buf_clear(room);
    if (string)
        buf_add_bytes(room, json_string_value(string), json_string_length(string));
    json_decref(string);
    return string ? buf_str(room) : (struct str){0};
}
