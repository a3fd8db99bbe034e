/* A connection's coming and going. */
#include "inside.h"

#include "invariant.h"
#include "memory.h"
#include <poll.h>
#include <stdlib.h>

#define SESSION "-c timezone=UTC -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
/*
 * No plan may depend on what the tables held when it was made. On a table that was empty then, everything looks equally cheap, and the
 * planner likes to walk the whole table once per batch: by a sequential scan, for a hash or merge join, or through an index from end to end
 * with the arrays looked up for each row. So only those scans are left that cannot exist without a condition on an index: bitmap scans.
 * What remains forbidden yet possible is what the SQL asks for itself, such as the order of an index (ORDER BY … LIMIT).
 */
#define BY_INDEX                                                                                                                           \
    " -c enable_seqscan=off -c enable_indexscan=off -c enable_indexonlyscan=off -c enable_hashjoin=off -c enable_mergejoin=off"            \
    " -c enable_memoize=off -c plan_cache_mode=force_generic_plan -c jit=off"

struct pg *pg_new(const char *url, const char *name, enum pg_use use)
{
    struct pg *pg = NEW(struct pg);
    pg->url = memory_strdup(url);
    pg->name = memory_strdup(name);
    pg->use = use;
    pg->patience = PATIENCE;
    return pg;
}

void pg_free(struct pg *pg)
{
    if (!pg)
        return;
    pg_disconnect(pg);
    connection_forget_rows(pg);
    free(pg->expected);
    free(pg->url);
    free(pg->name);
    free(pg);
}

void connection_forget_rows(struct pg *pg)
{
    PQclear(pg->rows.result);
    pg->rows.result = NULL;
}

/* Notices ("there is no transaction in progress") are for people at a terminal. */
static void ignore_notice(void *ctx, const PGresult *notice)
{
    (void)ctx;
    (void)notice;
}

/* Settings go with the startup packet: they cost no round trip, and hold before the first statement. What the URL says wins over what
   stands before it here. */
static PGconn *open_connection(const struct pg *pg)
{
    const char *const keywords[] = {
        "connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "gssencmode",
        "dbname",          "options",         "application_name",    "client_encoding",  NULL,
    };
    const char *const values[] = {
        "3", "10", "5", "3", "disable", pg->url, pg->use == PG_KEYED ? SESSION BY_INDEX : SESSION, pg->name, "UTF8", NULL,
    };
    return PQconnectdbParams(keywords, values, 1);
}

bool pg_connect(struct pg *pg)
{
    if (pg->conn)
        return true;
    pg->conn = open_connection(pg);
    invariant(pg->conn);
    pg->lost = pg->failed = false;
    PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
    if (PQstatus(pg->conn) != CONNECTION_OK || PQsetnonblocking(pg->conn, 1) != 0 || !PQenterPipelineMode(pg->conn)) {
        connection_lost(pg, NULL);
        return false;
    }
    return true;
}

void pg_disconnect(struct pg *pg)
{
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->lost = false;
    pg->expected_head = pg->expected_tail = pg->syncs = 0;
    statements_release(&pg->statements);
}

/* Its last words come before the end of the stream: libpq sees one of them at a time. */
void pg_disconnect_if_gone(struct pg *pg)
{
    bool gone = false;
    while (pg->conn && !gone && poll(&(struct pollfd){.fd = PQsocket(pg->conn), .events = POLLIN}, 1, 0) > 0)
        gone = !PQconsumeInput(pg->conn);
    if (gone)
        pg_disconnect(pg);
}

bool pg_connected(const struct pg *pg)
{
    return pg->conn != NULL;
}

const struct pg_fault *pg_fault(const struct pg *pg)
{
    return &pg->fault;
}

int pg_backend(const struct pg *pg)
{
    return pg->conn ? PQbackendPID(pg->conn) : 0;
}

int pg_socket(const struct pg *pg)
{
    return pg->conn ? PQsocket(pg->conn) : -1;
}
