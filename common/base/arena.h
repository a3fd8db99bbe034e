/*
 * arena — memory that is freed all at once: a batch's, a request's, a message group's.
 *
 *     struct arena a; arena_init(&a);
 *     char *name = arena_alloc(&a, 100);      // zeroed, aligned for any type; never NULL
 *     arena_reset(&a);                        // all of it is gone; one chunk is kept for the next round
 *     arena_release(&a);
 *
 * Not for use from two threads at once.
 */
#ifndef JUMUN_ARENA_H
#define JUMUN_ARENA_H

#include "str.h"
#include <stdarg.h>

struct arena_chunk;
struct arena {
    struct arena_chunk *chunks;
    size_t used; /* bytes handed out since init or reset */
};

void arena_init(struct arena *a);
void arena_reset(struct arena *a);
void arena_release(struct arena *a);

void *arena_alloc(struct arena *a, size_t size);
void *arena_copy(struct arena *a, const void *p, size_t size);
struct str arena_str(struct arena *a, struct str s); /* a copy, terminated by NUL behind its end; absent stays absent */
struct str arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *a, const char *format, va_list args);

#define ARENA_NEW(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

#endif
