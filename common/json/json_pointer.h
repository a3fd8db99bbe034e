/*
 * json_pointer — where in a text something stands, as RFC 6901 writes it. Within this folder only.
 *
 * While a value is visited its way from the top is a chain of places on the stack; it becomes text only when there is a fault to tell of.
 */
#ifndef JUMUN_JSON_POINTER_H
#define JUMUN_JSON_POINTER_H

#include "arena.h"

#define JSON_DEPTH_MAX 32

struct json_place {
    const struct json_place *up; /* NULL: a member or element of the top */
    struct str key;              /* absent for an element of an array */
    size_t index;
};

/* NULL is the top. */
struct str json_pointer(struct arena *arena, const struct json_place *place);

/* Of the last thing in the beginning of a text that is well-formed and not nested too deep, so far. */
struct str json_pointer_at(struct arena *arena, struct str beginning);

#endif
