/* Answers as values: what PostgreSQL's binary formats hold. A column of another type than asked for is a bug of who wrote the SQL. */
#include "inside.h"

#include "invariant.h"
#include <endian.h>
#include <string.h>

#define EPOCH SECONDS(INT64_C(946684800)) /* timestamps count from 2000-01-01 */

/* Types that are text on the wire, besides those of enum pg_type. */
enum { NAME = 19, UNKNOWN = 705, BPCHAR = 1042, VARCHAR = 1043 };

int pg_count(const struct pg_rows *rows)
{
    return PQntuples(rows->result);
}

int64_t pg_affected(const struct pg_rows *rows)
{
    int64_t n;
    return str_to_int64(str_of(PQcmdTuples(rows->result)), &n) ? n : 0;
}

static void check_place(const struct pg_rows *rows, int row, int column)
{
    invariant(row >= 0 && row < PQntuples(rows->result));
    invariant(column >= 0 && column < PQnfields(rows->result));
}

bool pg_null(const struct pg_rows *rows, int row, int column)
{
    check_place(rows, row, column);
    return PQgetisnull(rows->result, row, column);
}

/* The value's bytes; NULL for NULL. */
static const char *value(const struct pg_rows *rows, int row, int column, size_t size)
{
    if (PQgetisnull(rows->result, row, column))
        return NULL;
    invariant((size_t)PQgetlength(rows->result, row, column) == size);
    return PQgetvalue(rows->result, row, column);
}

static enum pg_type type(const struct pg_rows *rows, int row, int column)
{
    check_place(rows, row, column);
    return PQftype(rows->result, column);
}

struct uuid pg_uuid(const struct pg_rows *rows, int row, int column)
{
    struct uuid u = {0};
    invariant(type(rows, row, column) == PG_UUID);
    const char *p = value(rows, row, column, sizeof u.b);
    if (p)
        memcpy(u.b, p, sizeof u.b);
    return u;
}

static int64_t int8(const struct pg_rows *rows, int row, int column)
{
    uint64_t be;
    const char *p = value(rows, row, column, sizeof be);
    if (!p)
        return 0;
    memcpy(&be, p, sizeof be);
    return (int64_t)be64toh(be);
}

int64_t pg_int8(const struct pg_rows *rows, int row, int column)
{
    enum pg_type t = type(rows, row, column);
    if (t == PG_INT8)
        return int8(rows, row, column);
    invariant(t == PG_INT4);
    uint32_t be;
    const char *p = value(rows, row, column, sizeof be);
    if (!p)
        return 0;
    memcpy(&be, p, sizeof be);
    return (int32_t)be32toh(be);
}

bool pg_bool(const struct pg_rows *rows, int row, int column)
{
    invariant(type(rows, row, column) == PG_BOOL);
    const char *p = value(rows, row, column, 1);
    return p && *p;
}

instant pg_time(const struct pg_rows *rows, int row, int column)
{
    invariant(type(rows, row, column) == PG_TIMESTAMPTZ);
    if (PQgetisnull(rows->result, row, column))
        return 0;
    int64_t since_2000 = int8(rows, row, column);
    return since_2000 > INT64_MAX - EPOCH ? INT64_MAX : since_2000 + EPOCH; /* "infinity" stays the end of time */
}

static bool is_text(int t)
{
    return t == PG_TEXT || t == PG_JSON || t == PG_BYTEA || t == VARCHAR || t == BPCHAR || t == NAME || t == UNKNOWN;
}

struct str pg_text(const struct pg_rows *rows, int row, int column)
{
    invariant(is_text((int)type(rows, row, column)));
    if (PQgetisnull(rows->result, row, column))
        return (struct str){0};
    return (struct str){PQgetvalue(rows->result, row, column), (size_t)PQgetlength(rows->result, row, column)};
}
