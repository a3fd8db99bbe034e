/* Testing: databases of a test's own, and waiting with a limit. */
#include "testing.h"
#include "clock.h"
#include "pg.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *testing_environment(const char *name)
{
    const char *value = getenv(name);
    if (value && *value)
        return value;
    (void)fprintf(stderr, "%s is not set: run the tests by ./jumun test unit, which starts the servers\n", name);
    exit(1);
}

/* ── databases ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void run_sql(const char *format, const char *name)
{
    char *sql = NULL;
    if (asprintf(&sql, format, name) < 0)
        abort();
    struct pg *pg = pg_new(testing_environment("TEST_POSTGRES_URL"), "testing", PG_QUERIES);
    if (!pg_connect(pg) || !pg_query(pg, sql, NULL))
        fail_msg("%s: %s", sql, pg_fault(pg)->message);
    pg_free(pg);
    free(sql);
}

/* The server's URL with another database's name at its end. */
static void put_url(struct testing_database *d)
{
    const char *server = testing_environment("TEST_POSTGRES_URL");
    const char *slash = strrchr(server, '/');
    const char *query = strchr(slash, '?');
    (void)snprintf(d->url, sizeof d->url, "%.*s/%s%s", (int)(slash - server), server, d->name, query ? query : "");
}

void testing_database_new(struct testing_database *d)
{
    char id[UUID_TEXT + 1];
    uuid_format(uuid_new(), id);
    (void)snprintf(d->name, sizeof d->name, "test_%.8s%.4s%.12s", id, id + 9, id + 24);
    put_url(d);
    run_sql("create database %s", d->name);
}

void testing_database_drop(struct testing_database *d)
{
    run_sql("drop database if exists %s with (force)", d->name);
}

/* ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct testing_patience testing_patience_begin(void)
{
    return (struct testing_patience){.end = clock_monotonic() + SECONDS(120)};
}

void testing_patience_check(struct testing_patience *p, const char *condition, const char *file, int line)
{
    if (clock_monotonic() > p->end)
        fail_msg("%s:%d: waited in vain until %s", file, line, condition);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* between looks at the condition */
}
