/*
 * Memory that is freed all at once: chunks, each twice as large as the one before, filled from the front.
 *
 * Reset keeps the largest chunk of ordinary size: after a few rounds an arena holds what a round needs in one piece, and a round that was
 * once huge does not stay in memory. With AddressSanitizer what is not handed out is poisoned, and a gap stands behind each piece, so that
 * a write past the end or a use after reset is found as it would be with malloc.
 */
#include "arena.h"

#include "invariant.h"
#include "memory.h"
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT   alignof(max_align_t)
#define CHUNK_FIRST ((size_t)992)         /* with what stands before it, the most that glibc keeps at hand for each thread */
#define CHUNK_MOST  ((size_t)1024 * 1024) /* chunks do not grow beyond, except for one piece that is larger */

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define GAP 16
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#define GAP                               0
#endif

struct arena_chunk {
    struct arena_chunk *next;
    size_t room;
    size_t used;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

static void free_all(struct arena_chunk *c)
{
    while (c) {
        struct arena_chunk *next = c->next;
        ASAN_UNPOISON_MEMORY_REGION(c->bytes, c->room);
        free(c);
        c = next;
    }
}

/* Takes the chunk that is worth keeping out of the list; NULL when there is none. */
static struct arena_chunk *take_largest(struct arena_chunk **list)
{
    struct arena_chunk **best = NULL;
    for (struct arena_chunk **c = list; *c; c = &(*c)->next)
        if ((*c)->room <= CHUNK_MOST && (!best || (*c)->room > (*best)->room))
            best = c;
    if (!best)
        return NULL;
    struct arena_chunk *kept = *best;
    *best = kept->next;
    return kept;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *kept = take_largest(&a->chunks);
    free_all(a->chunks);
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
        ASAN_POISON_MEMORY_REGION(kept->bytes, kept->room);
    }
    *a = (struct arena){.chunks = kept};
}

void arena_release(struct arena *a)
{
    free_all(a->chunks);
    arena_init(a);
}

static size_t chunk_room(const struct arena *a, size_t needed)
{
    size_t room = a->chunks ? a->chunks->room * 2 : CHUNK_FIRST;
    if (room > CHUNK_MOST)
        room = CHUNK_MOST;
    return needed > room ? needed : room;
}

static void add_chunk(struct arena *a, size_t needed)
{
    size_t room = chunk_room(a, needed);
    struct arena_chunk *c = malloc(sizeof *c + room); /* not zeroed: each piece is, when it is handed out */
    invariant(c != NULL);
    c->next = a->chunks;
    c->room = room;
    c->used = 0;
    ASAN_POISON_MEMORY_REGION(c->bytes, room);
    a->chunks = c;
}

static void *take(struct arena *a, size_t size)
{
    invariant(size < SIZE_MAX / 4);
    size_t needed = (size + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!a->chunks || a->chunks->room - a->chunks->used < needed)
        add_chunk(a, needed);
    struct arena_chunk *c = a->chunks;
    void *p = c->bytes + c->used;
    c->used += needed;
    a->used += size;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return memset(take(a, size), 0, size);
}

void *arena_copy(struct arena *a, const void *p, size_t size)
{
    void *copy = take(a, size);
    return size ? memcpy(copy, p, size) : copy;
}

struct str arena_str(struct arena *a, struct str s)
{
    if (str_absent(s))
        return s;
    char *copy = take(a, s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return (struct str){copy, s.n};
}

struct str arena_vprintf(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    invariant(n >= 0);
    char *text = take(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, args);
    return (struct str){text, (size_t)n};
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str s = arena_vprintf(a, format, args);
    va_end(args);
    return s;
}
