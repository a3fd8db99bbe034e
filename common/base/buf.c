/* Bytes that grow: room doubles, and a NUL always stands behind them. */
#include "buf.h"

#include "invariant.h"
#include "memory.h"
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 256

void buf_init(struct buf *b)
{
    *b = (struct buf)BUF_INIT;
}

void buf_release(struct buf *b)
{
    free(b->p);
    buf_init(b);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    if (b->p)
        b->p[0] = '\0';
}

static void grow(struct buf *b, size_t needed)
{
    size_t room = b->room ? b->room * 2 : ROOM_FIRST;
    b->room = room < needed ? needed : room;
    b->p = memory_resize(b->p, b->room);
}

void *buf_extend(struct buf *b, size_t n)
{
    invariant(n < SIZE_MAX / 4 - b->n);
    size_t needed = b->n + n + 1;
    if (needed > b->room)
        grow(b, needed);
    char *added = b->p + b->n;
    b->n += n;
    b->p[b->n] = '\0';
    return added;
}

void buf_add_bytes(struct buf *b, const void *p, size_t n)
{
    char *added = buf_extend(b, n);
    if (n)
        memcpy(added, p, n);
}

void buf_add(struct buf *b, struct str s)
{
    buf_add_bytes(b, s.p, s.n);
}

void buf_add_char(struct buf *b, char c)
{
    *(char *)buf_extend(b, 1) = c;
}

void buf_add_be16(struct buf *b, uint16_t v)
{
    v = htobe16(v);
    buf_add_bytes(b, &v, sizeof v);
}

void buf_add_be32(struct buf *b, uint32_t v)
{
    v = htobe32(v);
    buf_add_bytes(b, &v, sizeof v);
}

void buf_add_be64(struct buf *b, uint64_t v)
{
    v = htobe64(v);
    buf_add_bytes(b, &v, sizeof v);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    invariant(n >= 0);
    vsnprintf(buf_extend(b, (size_t)n), (size_t)n + 1, format, again);
    va_end(again);
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->p ? b->p : "", b->n}; /* nothing written yet is empty, not absent */
}
