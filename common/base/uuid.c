/* Identifiers: their bits (RFC 9562) and their text. */
#include "uuid.h"

#include "sha256.h"
#include <string.h>

bool uuid_is_nil(struct uuid u)
{
    return uuid_equal(u, (struct uuid){0});
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

int uuid_compare(struct uuid a, struct uuid b)
{
    return memcmp(a.b, b.b, sizeof a.b);
}

uint64_t uuid_hash(struct uuid u)
{
    uint64_t high, low;
    memcpy(&high, u.b, sizeof high);
    memcpy(&low, u.b + 8, sizeof low);
    /* Ids of one moment share their first bytes, named and foreign ids need not be random at the end: mix both halves. */
    uint64_t hash = (high * 0x9e3779b97f4a7c15) ^ low;
    hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93;
    return hash ^ hash >> 32;
}

static bool hyphen_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

/* Of a hexadecimal digit, its value; negative: it is none. */
static int hex_digit(char c)
{
    static const uint8_t above[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11,
        ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};
    return above[(unsigned char)c] - 1;
}

/* All digits are looked up, and judged together: every row and every message has some ids. */
bool uuid_parse(struct str text, struct uuid *u)
{
    static const uint8_t places[sizeof u->b] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    const char *p = text.p;
    if (text.n != UUID_TEXT || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return false;
    struct uuid parsed;
    int any = 0;
    for (size_t i = 0; i < sizeof parsed.b; i++) {
        int high = hex_digit(p[places[i]]), low = hex_digit(p[places[i] + 1]);
        any |= high | low;
        parsed.b[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
    if (any < 0)
        return false;
    *u = parsed;
    return true;
}

void uuid_format(struct uuid u, char text[UUID_TEXT + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < sizeof u.b; i++) {
        if (hyphen_before(i))
            *text++ = '-';
        *text++ = digits[u.b[i] >> 4];
        *text++ = digits[u.b[i] & 15];
    }
    *text = '\0';
}

static struct uuid with_version(struct uuid u, uint8_t version)
{
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | version << 4);
    u.b[8] = (u.b[8] & 0x3f) | 0x80;
    return u;
}

struct uuid uuid_v7(uint64_t milliseconds, const uint8_t random[10])
{
    struct uuid u;
    for (size_t i = 0; i < 6; i++)
        u.b[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
    memcpy(u.b + 6, random, 10);
    return with_version(u, 7);
}

/* As in the RFC's appendix B.2. It must stay so for ever: stored ids were made by it. */
struct uuid uuid_named(struct uuid space, struct str name)
{
    uint8_t digest[SHA256_SIZE];
    sha256((struct str){(const char *)space.b, sizeof space.b}, name, digest);
    struct uuid u;
    memcpy(u.b, digest, sizeof u.b);
    return with_version(u, 8);
}
