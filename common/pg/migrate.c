/* Migrations: the schema is brought up to the program, or the program refuses it. */
#include "inside.h"

#include "sha256.h"
#include <stdlib.h>
#include <string.h>

extern const struct embedded pg_grants[];

/* What holds during one pg_migrate() or pg_grant(): a session lock, so that of several programs one works and the others find it done. */
struct migration {
    struct pg *pg;
    struct str set;          /* of pg_migrate() and pg_schema_look() */
    struct str role, record; /* of pg_grant() */
    struct embedded *files;  /* in name order */
    size_t count;
    struct arena *arena;
    struct str problem;
};

static bool refuse(struct migration *m, const char *name, const char *sentence)
{
    m->problem = arena_printf(m->arena, "migration %.*s/%s %s", STR_ARG(m->set), name, sentence);
    return false;
}

static bool fault(struct migration *m, const char *what)
{
    m->problem = arena_printf(m->arena, "%s: %s", what, m->pg->fault.message);
    return false;
}

/* ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct embedded *)a)->name, ((const struct embedded *)b)->name);
}

static void sort_files(struct migration *m, const struct embedded *files)
{
    while (files[m->count].name)
        m->count++;
    m->files = arena_copy(m->arena, files, (m->count + 1) * sizeof(struct embedded));
    qsort(m->files, m->count, sizeof(struct embedded), by_name);
}

static const struct embedded *file_named(const struct migration *m, struct str name)
{
    for (size_t i = 0; i < m->count; i++)
        if (str_is(name, m->files[i].name))
            return &m->files[i];
    return NULL;
}

#define TEXT_SIZE ((size_t)SHA256_SIZE * 2)

static struct str checksum(struct arena *arena, const struct embedded *file)
{
    uint8_t digest[SHA256_SIZE];
    sha256((struct str){file->text, file->size}, STR(""), digest);
    char *text = arena_alloc(arena, TEXT_SIZE + 1);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    return (struct str){text, TEXT_SIZE};
}

/* ── running ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A file has many statements, which prepared ones cannot have: it goes by the simple protocol, outside pipeline mode. */
static bool run_script(struct pg *pg, const char *text)
{
    if (!PQexitPipelineMode(pg->conn)) {
        connection_lost(pg, NULL);
        return false;
    }
    PGresult *result = PQexec(pg->conn, text);
    ExecStatusType status = PQresultStatus(result);
    bool well = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    if (!well)
        fault_of_result(pg, result);
    PQclear(result);
    if (pg->conn && !PQenterPipelineMode(pg->conn))
        connection_lost(pg, NULL);
    return well && pg->conn;
}

static bool record(struct migration *m, const struct embedded *file)
{
    struct pg_params p = {0};
    pg_add_text(&p, m->set);
    pg_add_text(&p, str_of(file->name));
    pg_add_text(&p, checksum(m->arena, file));
    bool well = pg_query(m->pg, "insert into schema_migration (set, name, checksum) values ($1, $2, $3)", &p);
    pg_params_release(&p);
    return well;
}

static bool run(struct migration *m, const struct embedded *file)
{
    struct pg *pg = m->pg;
    if (pg_query(pg, "begin", NULL) && run_script(pg, file->text)) {
        if (PQtransactionStatus(pg->conn) != PQTRANS_INTRANS)
            return refuse(m, file->name, "ends its transaction itself: it must not begin, commit or roll back");
        if (record(m, file) && pg_query(pg, "commit", NULL))
            return true;
    }
    struct pg_fault first = pg->fault; /* not that of the rollback */
    if (pg->conn)
        pg_query(pg, "rollback", NULL);
    pg->fault = first;
    return refuse(m, file->name, arena_printf(m->arena, "failed: %s", first.message).p);
}

/* ── what is there already ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Strikes off the files that the database has; false when it has others. */
static bool strike_off(struct migration *m, const struct pg_rows *rows)
{
    for (int i = 0; i < pg_count(rows); i++) {
        struct str name = arena_str(m->arena, pg_text(rows, i, 0));
        const struct embedded *file = file_named(m, name);
        if (!file)
            return refuse(m, name.p, "is in the database and unknown to this program: the schema is newer. Start a newer program");
        if (!str_equal(pg_text(rows, i, 1), checksum(m->arena, file)))
            return refuse(m, name.p, "has changed since it was applied. Restore its text, and put the change into a new migration");
    }
    for (int i = 0; i < pg_count(rows); i++)
        for (size_t j = 0; j < m->count; j++)
            if (str_is(pg_text(rows, i, 0), m->files[j].name)) {
                memmove(&m->files[j], &m->files[j + 1], (m->count - j - 1) * sizeof(struct embedded));
                m->count--;
            }
    return true;
}

static bool compare(struct migration *m)
{
    struct pg_params p = {0};
    pg_add_text(&p, m->set);
    const struct pg_rows *rows = pg_query(m->pg, "select name, checksum from schema_migration where set = $1 order by name", &p);
    pg_params_release(&p);
    return rows ? strike_off(m, rows) : fault(m, "schema_migration cannot be read");
}

static bool make_table(struct migration *m)
{
    return pg_query(m->pg,
                    "create table if not exists schema_migration (set text, name text, checksum text not null,"
                    " applied_at timestamptz not null default now(), primary key (set, name))",
                    NULL) ||
           fault(m, "schema_migration cannot be made");
}

static bool bring_up(struct migration *m)
{
    if (!make_table(m) || !compare(m))
        return false;
    for (size_t i = 0; i < m->count; i++)
        if (!run(m, &m->files[i]))
            return false;
    return true;
}

/* ── one at a time ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Waiting for another program's migrations, and one's own, may take as long as it takes. */
static bool lock(struct migration *m)
{
    m->pg->patience = -1;
    return (pg_query(m->pg, "set statement_timeout = 0", NULL) && pg_query(m->pg, "select pg_advisory_lock(319216411246)", NULL)) ||
           fault(m, "the database is not to be had for migrations");
}

static void unlock(struct migration *m)
{
    struct pg_fault of_migration = m->pg->fault;
    if (m->pg->conn &&
        !(pg_query(m->pg, "select pg_advisory_unlock(319216411246)", NULL) && pg_query(m->pg, "reset statement_timeout", NULL)))
        pg_disconnect(m->pg); /* which unlocks, too */
    m->pg->fault = of_migration;
    m->pg->patience = PATIENCE;
}

/* ── what others see of it ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool locked(struct migration *m, bool (*work)(struct migration *m))
{
    m->pg->fault = (struct pg_fault){0};
    bool well = pg_connect(m->pg) ? lock(m) && work(m) : fault(m, "the database is not reachable");
    unlock(m);
    return well;
}

bool pg_migrate(struct pg *pg, const char *set, const struct embedded *migrations, struct arena *arena, struct str *problem)
{
    struct migration m = {.pg = pg, .set = str_of(set), .arena = arena};
    sort_files(&m, migrations);
    bool well = locked(&m, bring_up);
    *problem = m.problem;
    return well;
}

static bool grant(struct migration *m)
{
    struct pg_params p = {0};
    pg_add_text(&p, m->role);
    pg_add_text(&p, m->record);
    bool well = pg_query(m->pg, "select set_config('jumun.role', $1, false), set_config('jumun.record', $2, false)", &p) &&
                run_script(m->pg, pg_grants[0].text);
    pg_params_release(&p);
    return well || fault(m, "the service's role cannot be given its rights");
}

bool pg_grant(struct pg *pg, const char *role, const char *record, struct arena *arena, struct str *problem)
{
    struct migration m = {.pg = pg, .role = str_of(role), .record = str_of(record), .arena = arena};
    bool well = locked(&m, grant);
    *problem = m.problem;
    return well;
}

static bool is_there(const struct pg_rows *rows)
{
    return pg_count(rows) > 0 && pg_bool(rows, 0, 0);
}

enum pg_schema pg_schema_look(struct pg *pg, const char *set, const struct embedded *migrations, struct arena *arena, struct str *problem)
{
    struct migration m = {.pg = pg, .set = str_of(set), .arena = arena};
    sort_files(&m, migrations);
    pg->fault = (struct pg_fault){0};
    const struct pg_rows *rows =
        pg_connect(pg) ? pg_query(pg, "select coalesce(has_table_privilege(to_regclass('schema_migration'), 'select'), false)", NULL)
                       : NULL;
    if (!rows)
        return PG_SCHEMA_UNKNOWN;
    if (!is_there(rows))
        return PG_SCHEMA_OLDER;
    if (compare(&m))
        return m.count > 0 ? PG_SCHEMA_OLDER : PG_SCHEMA_CURRENT;
    *problem = m.problem;
    return pg->fault.kind == PG_NO_FAULT ? PG_SCHEMA_REFUSED : PG_SCHEMA_UNKNOWN;
}
