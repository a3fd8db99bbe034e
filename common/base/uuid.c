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

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool uuid_parse(struct str text, struct uuid *u)
{
    if (text.n != UUID_TEXT)
        return false;
    struct uuid parsed;
    const char *p = text.p;
    for (size_t i = 0; i < sizeof parsed.b; i++, p += 2) {
        if (hyphen_before(i) && *p++ != '-')
            return false;
        int high = hex_digit(p[0]), low = hex_digit(p[1]);
        if (high < 0 || low < 0)
            return false;
        parsed.b[i] = (uint8_t)(high << 4 | low);
    }
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
