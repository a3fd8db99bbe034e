/* inside — what the files of pg share about a connection. Not for others. */
#ifndef JUMUN_PG_INSIDE_H
#define JUMUN_PG_INSIDE_H

#include "pg.h"
#include <libpq-fe.h>

/* ── prepared statements, of one connection ─────────────────────────────────────────────────────────────────────────────────────── */

struct statement {
    const char *text; /* its address is the key */
    char *copy;       /* to notice when the address has come to hold another text */
    uint32_t serial;  /* names it on the server; a new one for each attempt to prepare */
    enum { STATEMENT_UNKNOWN, STATEMENT_UNDER_WAY, STATEMENT_PREPARED } state;
    uint64_t pipeline; /* the one in which its preparation is under way */
};
struct statements {
    struct statement **slots; /* open addressing; a power of two */
    size_t room, count;
    uint32_t last_serial;
};
struct statement *statement_of(struct statements *s, const char *sql); /* made when not there; lives until statements_release */
void statements_release(struct statements *s);

/* ── the connection ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What the server still has to answer, in order. */
struct expected {
    enum { EXPECT_PREPARED, EXPECT_ROWS, EXPECT_SYNC } kind;
    struct statement *statement; /* of EXPECT_PREPARED */
    uint32_t serial;             /* likewise: which attempt */
};

struct pg_rows {
    PGresult *result;
};

struct pg {
    char *url, *name;
    enum pg_use use;
    PGconn *conn;
    bool lost;         /* since the last pg_connect(): until the next one everything fails */
    int patience;      /* milliseconds without a byte from the server until it is given up; -1: any time */
    uint64_t pipeline; /* counts syncs sent */
    bool failed;       /* the pipeline being received has a fault */
    struct statements statements;
    struct expected *expected; /* a queue: [head, tail) of room */
    size_t expected_head, expected_tail, expected_room;
    size_t syncs; /* how many EXPECT_SYNC are in it */
    struct pg_rows rows;
    struct pg_fault fault;
};

#define PATIENCE 35000 /* a little more than statement_timeout: the server speaks first when it can speak at all */

void connection_lost(struct pg *pg, const char *message); /* the fault is PG_DISCONNECTED; NULL: libpq knows why */
void connection_forget_rows(struct pg *pg);
void fault_of_result(struct pg *pg, const PGresult *result); /* sets pg->fault; drops the connection when that is what the fault means */

#endif
