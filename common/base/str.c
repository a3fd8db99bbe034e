/* Views of text: comparing, taking apart, reading as a number. */
#include "str.h"

#include <string.h>

struct str str_of(const char *terminated)
{
    return (struct str){terminated, terminated ? strlen(terminated) : 0};
}

bool str_absent(struct str s)
{
    return s.p == NULL;
}

bool str_empty(struct str s)
{
    return s.p == NULL || s.n == 0;
}

bool str_equal(struct str a, struct str b)
{
    if (a.n != b.n || str_absent(a) != str_absent(b))
        return false;
    return a.n == 0 || memcmp(a.p, b.p, a.n) == 0;
}

bool str_is(struct str a, const char *terminated)
{
    return str_equal(a, str_of(terminated));
}

/* Not tolower(3): that one depends on the locale. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_equal_ignoring_case(struct str a, struct str b)
{
    if (a.n != b.n || str_absent(a) != str_absent(b))
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t common = a.n < b.n ? a.n : b.n;
    int order = common ? memcmp(a.p, b.p, common) : 0;
    if (order != 0)
        return order;
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return (int)str_absent(b) - (int)str_absent(a); /* absent stands before empty */
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_split(struct str *rest, char separator, struct str *part)
{
    if (str_empty(*rest))
        return false;
    const char *end = memchr(rest->p, separator, rest->n);
    size_t taken = end ? (size_t)(end - rest->p) : rest->n;
    *part = (struct str){rest->p, taken};
    size_t skipped = end ? taken + 1 : taken;
    *rest = (struct str){rest->p + skipped, rest->n - skipped};
    return true;
}

bool str_to_int64(struct str s, int64_t *value)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == s.n)
        return false;
    int64_t sum = 0;
    for (; i < s.n; i++) {
        int digit = s.p[i] - '0';
        if (digit < 0 || digit > 9)
            return false;
        /* Downwards for negative numbers: the least int64 has no positive twin. */
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, negative ? -digit : digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}

uint64_t str_hash(struct str s)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (uint8_t)s.p[i]) * 0x100000001b3;
    return hash;
}
