/*
 * uuid — identifiers (RFC 9562): 16 bytes, ordered bytewise.
 *
 * Ids of the system are version 7: they ascend with time, which keeps indexes dense. Pure: new ones are made in clock.h.
 */
#ifndef JUMUN_UUID_H
#define JUMUN_UUID_H

#include "str.h"

struct uuid {
    uint8_t b[16];
};

#define UUID_TEXT 36 /* characters, without a NUL */

bool uuid_is_nil(struct uuid u);
bool uuid_equal(struct uuid a, struct uuid b);
int uuid_compare(struct uuid a, struct uuid b);
uint64_t uuid_hash(struct uuid u);

/* Strict 8-4-4-4-12 hexadecimal; any version. */
bool uuid_parse(struct str text, struct uuid *u);
void uuid_format(struct uuid u, char text[UUID_TEXT + 1]);

/* Version 7 from a time in milliseconds since 1970 and 10 random bytes (RFC 9562, section 5.7). */
struct uuid uuid_v7(uint64_t milliseconds, const uint8_t random[10]);

/* Version 8: the same name in the same space gives the same id. For things that are named by what they belong to, e.g. (order, kind). */
struct uuid uuid_named(struct uuid space, struct str name);

#endif
