/* Parameters as the server reads them: PostgreSQL's binary formats, in network byte order. */
#include "pg.h"

#include "invariant.h"
#include <endian.h>
#include <string.h>

/* Timestamps count from 2000-01-01. */
#define EPOCH SECONDS(INT64_C(946684800))

void pg_params_clear(struct pg_params *p)
{
    p->count = 0;
    p->missing = 0;
    buf_clear(&p->bytes);
}

void pg_params_release(struct pg_params *p)
{
    buf_release(&p->bytes);
    *p = (struct pg_params){0};
}

/* An array is open from its begin to its end: only then it has a size. */
static bool array_open(const struct pg_params *p)
{
    return p->count && p->items[p->count - 1].array && !p->items[p->count - 1].size;
}

/* ── single values ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void add(struct pg_params *p, enum pg_type type, const void *bytes, size_t size)
{
    invariant(p->count < PG_PARAMS_MAX && !array_open(p));
    p->items[p->count].type = type;
    p->items[p->count].array = false;
    p->items[p->count].null = !bytes;
    p->items[p->count].at = p->bytes.n;
    p->items[p->count++].size = bytes ? size : 0;
    if (bytes)
        buf_add_bytes(&p->bytes, bytes, size);
}

void pg_add_uuid(struct pg_params *p, struct uuid v)
{
    add(p, PG_UUID, uuid_is_nil(v) ? NULL : v.b, sizeof v.b);
}

void pg_add_int8(struct pg_params *p, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    add(p, PG_INT8, &be, sizeof be);
}

void pg_add_bool(struct pg_params *p, bool v)
{
    add(p, PG_BOOL, v ? "\1" : "\0", 1);
}

void pg_add_text(struct pg_params *p, struct str v)
{
    add(p, PG_TEXT, v.p, v.n);
}

void pg_add_time(struct pg_params *p, instant v)
{
    uint64_t be = htobe64((uint64_t)(v - EPOCH));
    add(p, PG_TIMESTAMPTZ, v ? &be : NULL, sizeof be);
}

/* ── arrays ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * dimensions, has NULLs, element type; then of the one dimension: length, lower bound; then the elements: size (-1: NULL), bytes.
 * An empty array has no dimension.
 */
#define HAS_NULLS_AT 7 /* the last byte of the second word */

void pg_array_begin(struct pg_params *p, enum pg_type element, size_t count)
{
    invariant(p->count < PG_PARAMS_MAX && !array_open(p) && count <= INT32_MAX);
    p->items[p->count].type = element;
    p->items[p->count].array = true;
    p->items[p->count].null = false;
    p->items[p->count].at = p->bytes.n;
    p->items[p->count++].size = 0;
    p->missing = count;
    buf_add_be32(&p->bytes, count > 0);
    buf_add_be32(&p->bytes, 0);
    buf_add_be32(&p->bytes, (uint32_t)element);
    if (count) {
        buf_add_be32(&p->bytes, (uint32_t)count);
        buf_add_be32(&p->bytes, 1);
    }
}

void pg_array_end(struct pg_params *p)
{
    invariant(array_open(p) && p->missing == 0);
    p->items[p->count - 1].size = p->bytes.n - p->items[p->count - 1].at;
}

static enum pg_type element_type(const struct pg_params *p)
{
    invariant(array_open(p));
    return p->items[p->count - 1].type;
}

static void element(struct pg_params *p, const void *bytes, size_t size)
{
    invariant(p->missing > 0 && size <= INT32_MAX);
    p->missing--;
    if (!bytes) {
        buf_add_be32(&p->bytes, UINT32_MAX);
        p->bytes.p[p->items[p->count - 1].at + HAS_NULLS_AT] = 1;
        return;
    }
    char *to = buf_extend(&p->bytes, sizeof(uint32_t) + size);
    uint32_t be = htobe32((uint32_t)size);
    memcpy(to, &be, sizeof be);
    memcpy(to + sizeof be, bytes, size);
}

void pg_array_uuid(struct pg_params *p, struct uuid v)
{
    invariant(element_type(p) == PG_UUID);
    element(p, uuid_is_nil(v) ? NULL : v.b, sizeof v.b);
}

void pg_array_int8(struct pg_params *p, int64_t v)
{
    if (element_type(p) == PG_INT4) {
        invariant(v >= INT32_MIN && v <= INT32_MAX);
        uint32_t be = htobe32((uint32_t)v);
        element(p, &be, sizeof be);
        return;
    }
    invariant(element_type(p) == PG_INT8);
    uint64_t be = htobe64((uint64_t)v);
    element(p, &be, sizeof be);
}

void pg_array_bool(struct pg_params *p, bool v)
{
    invariant(element_type(p) == PG_BOOL);
    element(p, v ? "\1" : "\0", 1);
}

void pg_array_text(struct pg_params *p, struct str v)
{
    invariant(element_type(p) == PG_TEXT || element_type(p) == PG_JSON || element_type(p) == PG_BYTEA);
    element(p, v.p, v.n);
}

void pg_array_time(struct pg_params *p, instant v)
{
    invariant(element_type(p) == PG_TIMESTAMPTZ);
    uint64_t be = htobe64((uint64_t)(v - EPOCH));
    element(p, v ? &be : NULL, sizeof be);
}
