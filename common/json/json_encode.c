/*
 * Writes JSON straight into the buffer: nothing is built first, and numbers, ids and times are written digit by digit.
 *
 * Text may come from anywhere (a log field, a foreign header), the output is JSON all the same: a byte that is not UTF-8 becomes U+FFFD.
 */
#include "json_encode.h"

#include <string.h>

/* How many bytes the UTF-8 character at p has, of n that are there; 0 when there is none (RFC 3629: no surrogates, no overlong forms). */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (length == 1)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > n)
        return 0;
    uint32_t c = p[0] & (0x7f >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    return c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : length;
}

/* How many bytes from the front of s stand for themselves. */
static size_t plain_bytes(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        size_t length = 1;
        if (p[i] >= 0x80)
            length = utf8_length(p + i, s.n - i);
        else if (p[i] < 0x20 || p[i] == '"' || p[i] == '\\')
            length = 0;
        if (length == 0)
            break;
        i += length;
    }
    return i;
}

static void put_special(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    switch (c) {
    case '"': buf_add(out, STR("\\\"")); return;
    case '\\': buf_add(out, STR("\\\\")); return;
    case '\b': buf_add(out, STR("\\b")); return;
    case '\f': buf_add(out, STR("\\f")); return;
    case '\n': buf_add(out, STR("\\n")); return;
    case '\r': buf_add(out, STR("\\r")); return;
    case '\t': buf_add(out, STR("\\t")); return;
    }
    if (c >= 0x80) {
        buf_add(out, STR("\xef\xbf\xbd")); /* U+FFFD */
        return;
    }
    buf_add(out, STR("\\u00"));
    buf_add_char(out, digits[c >> 4]);
    buf_add_char(out, digits[c & 15]);
}

static void put_quoted(struct buf *out, struct str s)
{
    buf_add_char(out, '"');
    while (s.n > 0) {
        size_t n = plain_bytes(s);
        buf_add_bytes(out, s.p, n);
        if (n < s.n)
            put_special(out, (unsigned char)s.p[n++]);
        s.p += n;
        s.n -= n;
    }
    buf_add_char(out, '"');
}

/* What stands before any value: the comma behind its neighbour, and its key. */
static void begin_value(struct json_writer *w, const char *key)
{
    if (w->comma)
        buf_add_char(w->out, ',');
    w->comma = true;
    if (key) {
        put_quoted(w->out, str_of(key));
        buf_add_char(w->out, ':');
    }
}

static void begin_nested(struct json_writer *w, const char *key, char bracket)
{
    begin_value(w, key);
    buf_add_char(w->out, bracket);
    w->comma = false;
}

static void end_nested(struct json_writer *w, char bracket)
{
    buf_add_char(w->out, bracket);
    w->comma = true;
}

void json_begin_object(struct json_writer *w, const char *key)
{
    begin_nested(w, key, '{');
}

void json_end_object(struct json_writer *w)
{
    end_nested(w, '}');
}

void json_begin_array(struct json_writer *w, const char *key)
{
    begin_nested(w, key, '[');
}

void json_end_array(struct json_writer *w)
{
    end_nested(w, ']');
}

void json_put_raw(struct json_writer *w, const char *key, struct str json)
{
    begin_value(w, key);
    buf_add(w->out, json);
}

void json_put_text(struct json_writer *w, const char *key, struct str value)
{
    begin_value(w, key);
    if (str_absent(value))
        buf_add(w->out, STR("null"));
    else
        put_quoted(w->out, value);
}

void json_put_integer(struct json_writer *w, const char *key, int64_t value)
{
    char digits[20];
    char *end = digits + sizeof digits, *p = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--p = '-';
    json_put_raw(w, key, (struct str){p, (size_t)(end - p)});
}

void json_put_boolean(struct json_writer *w, const char *key, bool value)
{
    json_put_raw(w, key, value ? STR("true") : STR("false"));
}

void json_put_id(struct json_writer *w, const char *key, struct uuid value)
{
    begin_value(w, key);
    char *p = buf_extend(w->out, UUID_TEXT + 2);
    uuid_format(value, p + 1);
    p[0] = p[UUID_TEXT + 1] = '"';
}

void json_put_money(struct json_writer *w, const char *key, struct money value)
{
    json_begin_object(w, key);
    json_put_integer(w, "amount", value.amount);
    json_put_text(w, "currency", (struct str){value.currency, strnlen(value.currency, 3)});
    json_end_object(w);
}

void json_put_time(struct json_writer *w, const char *key, instant value)
{
    begin_value(w, key);
    if (value == 0) {
        buf_add(w->out, STR("null"));
        return;
    }
    char *p = buf_extend(w->out, INSTANT_TEXT + 2);
    instant_format(value, p + 1);
    p[0] = p[INSTANT_TEXT + 1] = '"';
}
