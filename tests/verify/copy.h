/*
 * copy — all rows of a query, one after the other, as fast as PostgreSQL can give them: COPY … TO STDOUT in binary form.
 *
 *     struct copy c;
 *     if (copy_open(&c, connection, "select event from inbox"))
 *         while (copy_next(&c)) … copy_uuid(&c, 0) …
 *     if (!copy_close(&c)) … c.fault …
 *
 * Fields point into the row, and last until the next.
 */
#ifndef VERIFY_COPY_H
#define VERIFY_COPY_H

#include "instant.h"
#include "uuid.h"
#include <libpq-fe.h>

#define COPY_FIELDS 16
struct copy {
    PGconn *connection;
    char *row;
    struct str fields[COPY_FIELDS]; /* absent: NULL */
    int count;
    bool headed;
    char fault[200]; /* empty: none */
};

bool copy_open(struct copy *c, PGconn *connection, const char *query);
bool copy_next(struct copy *c);
bool copy_close(struct copy *c);

struct uuid copy_uuid(const struct copy *c, int field); /* NULL: nil */
int64_t copy_integer(const struct copy *c, int field);  /* int4, int8; NULL: 0 */
bool copy_bool(const struct copy *c, int field);        /* NULL: false */
instant copy_time(const struct copy *c, int field);     /* NULL: 0 */

#endif
