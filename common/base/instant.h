/*
 * instant — a point in time: microseconds since 1970-01-01 UTC. 0 means "none". Pure: the present is asked for in clock.h.
 */
#ifndef JUMUN_INSTANT_H
#define JUMUN_INSTANT_H

#include "str.h"

typedef int64_t instant;
typedef int64_t duration; /* microseconds */

#define MILLISECONDS(n) ((duration)(n)*1000)
#define SECONDS(n)      ((duration)(n)*1000000)
#define MINUTES(n)      SECONDS((n)*60)

#define INSTANT_TEXT 27 /* "2026-11-22T18:55:10.123456Z" */

/* RFC 3339, UTC, always six digits of the second's fraction. */
void instant_format(instant t, char text[INSTANT_TEXT + 1]);

/* RFC 3339 with any offset and 0..9 digits (cut to microseconds); false when malformed or outside the years 1..9999. */
bool instant_parse(struct str text, instant *t);

#endif
