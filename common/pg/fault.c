/* What went wrong, as the caller has to see it: is the connection gone, is it worth trying again, or never. */
#include "inside.h"

#include <stdio.h>
#include <string.h>

/* PostgreSQL, appendix A. First match counts; what matches nothing is PG_REJECTED. */
static const struct {
    const char *prefix;
    enum pg_fault_kind kind;
} kinds[] = {
    {"08", PG_DISCONNECTED},    /* connection exceptions */
    {"57P01", PG_DISCONNECTED}, /* admin_shutdown */
    {"57P02", PG_DISCONNECTED}, /* crash_shutdown */
    {"57P03", PG_DISCONNECTED}, /* cannot_connect_now */
    {"40001", PG_TRANSIENT},    /* serialization_failure */
    {"40P01", PG_TRANSIENT},    /* deadlock_detected */
    {"53", PG_TRANSIENT},       /* insufficient resources: disk, memory, connections */
    {"55P03", PG_TRANSIENT},    /* lock_not_available */
    {"57014", PG_TRANSIENT},    /* query_canceled: statement_timeout */
    {"58", PG_TRANSIENT},       /* errors of the system outside: I/O */
};

static enum pg_fault_kind kind_of(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(sqlstate, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
            return kinds[i].kind;
    return PG_REJECTED;
}

static void set(struct pg_fault *fault, enum pg_fault_kind kind, const char *sqlstate, const char *message)
{
    *fault = (struct pg_fault){.kind = kind};
    snprintf(fault->sqlstate, sizeof fault->sqlstate, "%s", sqlstate);
    snprintf(fault->message, sizeof fault->message, "%s", message);
    for (char *c = fault->message; *c; c++)
        if (*c == '\n')
            *c = c[1] ? ' ' : '\0';
}

void connection_lost(struct pg *pg, const char *message)
{
    set(&pg->fault, PG_DISCONNECTED, "", message ? message : pg->conn ? PQerrorMessage(pg->conn) : "not connected");
    pg_disconnect(pg);
    pg->lost = true;
}

static bool server_hangs_up(const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

/* Only the primary message: details quote rows, and rows have people's addresses in them. */
void fault_of_result(struct pg *pg, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!sqlstate) { /* made by libpq, not by the server */
        connection_lost(pg, NULL);
        return;
    }
    set(&pg->fault, server_hangs_up(result) ? PG_DISCONNECTED : kind_of(sqlstate), sqlstate, message ? message : "");
    if (pg->fault.kind == PG_DISCONNECTED) {
        pg_disconnect(pg);
        pg->lost = true;
    }
}
