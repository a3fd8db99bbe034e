/* Copy: PostgreSQL's binary COPY format, row by row. */
#include "copy.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#define HEAD       (11 + 4 + 4)
#define EPOCH_2000 946684800000000ll /* PostgreSQL counts from there */

static bool fail(struct copy *c, const char *why)
{
    snprintf(c->fault, sizeof c->fault, "%.190s", why);
    return false;
}

bool copy_open(struct copy *c, PGconn *connection, const char *query)
{
    char statement[2000];
    *c = (struct copy){.connection = connection};
    int n = snprintf(statement, sizeof statement, "copy (%s) to stdout (format binary)", query);
    if (n < 0 || (size_t)n >= sizeof statement)
        return fail(c, "the query is too long");
    PGresult *answer = PQexec(connection, statement);
    bool begun = PQresultStatus(answer) == PGRES_COPY_OUT;
    if (!begun)
        fail(c, PQerrorMessage(connection));
    PQclear(answer);
    return begun;
}

static int16_t take16(const char **p)
{
    uint16_t v;
    memcpy(&v, *p, sizeof v);
    *p += sizeof v;
    return (int16_t)be16toh(v);
}

static int32_t take32(const char **p)
{
    uint32_t v;
    memcpy(&v, *p, sizeof v);
    *p += sizeof v;
    return (int32_t)be32toh(v);
}

/* The row's fields; false: the trailer. */
static bool split(struct copy *c, const char *p, const char *end)
{
    if (!c->headed && end - p >= HEAD)
        p += HEAD;
    c->headed = true;
    if (end - p < 2)
        return false;
    c->count = take16(&p);
    for (int i = 0; i < c->count && i < COPY_FIELDS; i++) {
        int32_t n = take32(&p);
        c->fields[i] = (struct str){0};
        if (n >= 0) {
            c->fields[i] = (struct str){p, (size_t)n};
            p += n;
        }
    }
    return c->count >= 0;
}

bool copy_next(struct copy *c)
{
    while (!c->fault[0]) {
        PQfreemem(c->row);
        c->row = NULL;
        int n = PQgetCopyData(c->connection, &c->row, 0);
        if (n == -1)
            return false;
        if (n < 0)
            return fail(c, PQerrorMessage(c->connection));
        if (split(c, c->row, c->row + n)) /* else the head or the trailer alone */
            return true;
    }
    return false;
}

bool copy_close(struct copy *c)
{
    PQfreemem(c->row);
    c->row = NULL;
    for (PGresult *answer; (answer = PQgetResult(c->connection)) != NULL; PQclear(answer))
        if (PQresultStatus(answer) == PGRES_FATAL_ERROR && !c->fault[0])
            fail(c, PQerrorMessage(c->connection));
    return !c->fault[0];
}

struct uuid copy_uuid(const struct copy *c, int field)
{
    struct uuid id = {{0}};
    if (c->fields[field].n == sizeof id.b)
        memcpy(id.b, c->fields[field].p, sizeof id.b);
    return id;
}

int64_t copy_integer(const struct copy *c, int field)
{
    const char *p = c->fields[field].p;
    uint64_t wide;
    if (c->fields[field].n == 4)
        return take32(&p);
    if (c->fields[field].n != 8)
        return 0;
    memcpy(&wide, p, sizeof wide);
    return (int64_t)be64toh(wide);
}

bool copy_bool(const struct copy *c, int field)
{
    return c->fields[field].n == 1 && c->fields[field].p[0];
}

instant copy_time(const struct copy *c, int field)
{
    return str_absent(c->fields[field]) ? 0 : copy_integer(c, field) + EPOCH_2000;
}
