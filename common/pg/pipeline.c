/*
 * The pipeline: statements go out without waiting, and their answers are taken in order.
 *
 * The socket does not block. Whoever waits here waits for both directions: a server whose answers nobody reads stops reading itself, and
 * two that only send wait for each other for ever (libpq, "Pipeline Mode").
 *
 * A statement that the connection does not know is prepared just ahead of its first use, in the same pipeline. Whether that worked is known
 * only when the answer comes: until then it counts in its own pipeline alone, where both fail together; the next pipeline prepares again,
 * under a new name.
 */
#include "inside.h"

#include "invariant.h"
#include "memory.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* ── what is expected ───────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void expect(struct pg *pg, struct expected e)
{
    if (pg->expected_head == pg->expected_tail)
        pg->expected_head = pg->expected_tail = 0;
    if (pg->expected_tail == pg->expected_room) {
        pg->expected_room = pg->expected_room ? pg->expected_room * 2 : 64;
        pg->expected = memory_resize(pg->expected, pg->expected_room * sizeof *pg->expected);
    }
    pg->expected[pg->expected_tail++] = e;
    pg->syncs += e.kind == EXPECT_SYNC;
}

/* ── sending ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Waits until the socket can be read, or written if there is something to write, and reads. */
static bool exchange(struct pg *pg, bool writing)
{
    struct pollfd p = {.fd = PQsocket(pg->conn), .events = (short)(POLLIN | (writing ? POLLOUT : 0))};
    int n;
    do
        n = poll(&p, 1, pg->patience);
    while (n < 0 && errno == EINTR);
    if (n <= 0) {
        connection_lost(pg, n == 0 ? "the server does not answer" : strerror(errno));
        return false;
    }
    if ((p.revents & ~POLLOUT) && !PQconsumeInput(pg->conn)) {
        connection_lost(pg, NULL);
        return false;
    }
    return true;
}

static void flush(struct pg *pg)
{
    int more;
    while ((more = PQflush(pg->conn)) == 1)
        if (!exchange(pg, true))
            return;
    if (more < 0)
        connection_lost(pg, NULL);
}

/* A connection that was lost stays so until pg_connect(): half a transaction must not go on in another session. */
static bool can_send(struct pg *pg)
{
    return pg->conn || (!pg->lost && pg_connect(pg));
}

struct bound { /* parameters, as libpq takes them */
    Oid types[PG_PARAMS_MAX];
    const char *values[PG_PARAMS_MAX];
    int lengths[PG_PARAMS_MAX];
    int formats[PG_PARAMS_MAX];
};

static Oid array_of(enum pg_type element)
{
    switch (element) {
    case PG_BOOL: return 1000;
    case PG_BYTEA: return 1001;
    case PG_INT4: return 1007;
    case PG_TEXT: return 1009;
    case PG_INT8: return 1016;
    case PG_JSON: return 199;
    case PG_TIMESTAMPTZ: return 1185;
    case PG_UUID: return 2951;
    }
    unreachable();
}

static int bind(struct bound *b, const struct pg_params *p)
{
    if (!p)
        return 0;
    for (int i = 0; i < p->count; i++) {
        invariant(p->items[i].size <= INT_MAX);
        b->types[i] = p->items[i].array ? array_of(p->items[i].type) : (Oid)p->items[i].type;
        b->values[i] = p->items[i].null ? NULL : p->bytes.p ? p->bytes.p + p->items[i].at : ""; /* "": nothing but empty texts */
        b->lengths[i] = (int)p->items[i].size;
        b->formats[i] = 1;
    }
    return p->count;
}

static void name(char text[16], uint32_t serial)
{
    snprintf(text, 16, "s%u", (unsigned)serial);
}

static bool prepare_if_needed(struct pg *pg, struct statement *s, int count, const Oid *types)
{
    if (s->state == STATEMENT_PREPARED || (s->state == STATEMENT_UNDER_WAY && s->pipeline == pg->pipeline))
        return true;
    s->serial = ++pg->statements.last_serial;
    s->state = STATEMENT_UNDER_WAY;
    s->pipeline = pg->pipeline;
    char text[16];
    name(text, s->serial);
    expect(pg, (struct expected){.kind = EXPECT_PREPARED, .statement = s, .serial = s->serial});
    return PQsendPrepare(pg->conn, text, s->text, count, types);
}

void pg_send(struct pg *pg, const char *sql, const struct pg_params *params)
{
    if (!can_send(pg))
        return;
    struct bound b;
    int count = bind(&b, params);
    struct statement *s = statement_of(&pg->statements, sql);
    if (!prepare_if_needed(pg, s, count, b.types)) {
        connection_lost(pg, NULL);
        return;
    }
    char text[16];
    name(text, s->serial);
    expect(pg, (struct expected){.kind = EXPECT_ROWS});
    if (!PQsendQueryPrepared(pg->conn, text, count, b.values, b.lengths, b.formats, 1))
        connection_lost(pg, NULL);
}

void pg_sync(struct pg *pg)
{
    if (!can_send(pg))
        return;
    if (!PQpipelineSync(pg->conn)) {
        connection_lost(pg, NULL);
        return;
    }
    expect(pg, (struct expected){.kind = EXPECT_SYNC});
    pg->pipeline++;
    flush(pg);
}

/* ── receiving ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The next result; NULL ends each statement's. When the connection is lost meanwhile, NULL too. */
static PGresult *next_result(struct pg *pg)
{
    while (pg->conn && PQisBusy(pg->conn)) {
        int more = PQflush(pg->conn);
        if (more < 0)
            connection_lost(pg, NULL);
        else
            exchange(pg, more == 1);
    }
    return pg->conn ? PQgetResult(pg->conn) : NULL;
}

/* True and the result in *rows, or a fault. After the first one the others of a pipeline are aborted: the first stays the one to report. */
static bool take_result(struct pg *pg, PGresult **rows)
{
    PGresult *result = next_result(pg);
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY: *rows = result; return true;
    case PGRES_PIPELINE_ABORTED: break;
    default:
        if (result)
            fault_of_result(pg, result);
        else if (pg->conn)
            connection_lost(pg, "an answer is missing");
    }
    PQclear(result);
    return false;
}

/* Takes all that belongs to the first of what is expected, which is not a sync. */
static bool take_expected(struct pg *pg, PGresult **rows)
{
    struct expected e = pg->expected[pg->expected_head++];
    bool well = take_result(pg, rows);
    if (!pg->conn)
        return false;
    if (e.kind == EXPECT_PREPARED && e.serial == e.statement->serial)
        e.statement->state = well ? STATEMENT_PREPARED : STATEMENT_UNKNOWN;
    PGresult *after = next_result(pg);
    if (!after && pg->conn)
        return well;
    if (after)
        connection_lost(pg, "an answer too many");
    PQclear(after);
    if (well)
        PQclear(*rows);
    return false;
}

static int next_kind(const struct pg *pg)
{
    invariant(pg->expected_head < pg->expected_tail);
    return pg->expected[pg->expected_head].kind;
}

/* Takes one answer that nobody wants to see, but for whether it is a fault. */
static void skip(struct pg *pg)
{
    PGresult *result;
    if (take_expected(pg, &result))
        PQclear(result);
    else
        pg->failed = true;
}

const struct pg_rows *pg_receive(struct pg *pg)
{
    connection_forget_rows(pg);
    if (!pg->conn && !pg->lost)
        connection_lost(pg, NULL);
    invariant(!pg->conn || pg->syncs > 0); /* or else it would wait for ever */
    while (pg->conn && next_kind(pg) == EXPECT_PREPARED)
        skip(pg);
    if (!pg->conn)
        return NULL;
    invariant(next_kind(pg) == EXPECT_ROWS);
    if (take_expected(pg, &pg->rows.result))
        return &pg->rows;
    pg->failed = true;
    return NULL;
}

/* The sync's own answer. Before it there may be a fault: what the server does at the end of a transaction can fail too. */
static void take_sync(struct pg *pg)
{
    int missing = 0;
    while (pg->conn) {
        PGresult *result = next_result(pg);
        bool end = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (result && !end) {
            fault_of_result(pg, result);
            pg->failed = true;
        }
        PQclear(result);
        if (end)
            return;
        if (!result && pg->conn && ++missing > 2)
            connection_lost(pg, "an answer is missing");
    }
}

static bool end(struct pg *pg)
{
    invariant(!pg->conn || pg->syncs > 0);
    while (pg->conn && next_kind(pg) != EXPECT_SYNC)
        skip(pg);
    take_sync(pg);
    if (!pg->conn)
        return false;
    pg->expected_head++;
    pg->syncs--;
    bool well = !pg->failed;
    pg->failed = false;
    return well;
}

bool pg_end(struct pg *pg)
{
    connection_forget_rows(pg);
    return end(pg);
}

const struct pg_rows *pg_query(struct pg *pg, const char *sql, const struct pg_params *params)
{
    invariant(pg->expected_head == pg->expected_tail);
    pg_send(pg, sql, params);
    pg_sync(pg);
    const struct pg_rows *rows = pg_receive(pg);
    return end(pg) ? rows : NULL;
}
