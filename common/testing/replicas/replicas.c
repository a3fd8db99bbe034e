/* Two engines on one database, and what became of the commands that they were given. */
#include "replicas.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void migrate(struct replicas *r, const char *service, const struct embedded *migrations)
{
    struct arena arena;
    struct str problem = {0};
    arena_init(&arena);
    if (!pg_migrate(r->pg, "engine", engine_migrations, &arena, &problem) || !pg_migrate(r->pg, service, migrations, &arena, &problem))
        fail_msg("%.*s %s", STR_ARG(problem), pg_fault(r->pg)->message);
    arena_release(&arena);
}

void replicas_start(struct replicas *r, const struct engine_config *config, const struct embedded *migrations)
{
    memset(r, 0, sizeof *r);
    testing_database_new(&r->database);
    r->pg = pg_new(r->database.url, "replicas", PG_QUERIES);
    assert_true(pg_connect(r->pg));
    migrate(r, config->service, migrations);
    struct engine_config own = *config;
    own.database_url = r->database.url;
    for (int i = 0; i < REPLICAS; i++)
        r->engines[i] = engine_start(&own);
}

void replicas_stop(struct replicas *r)
{
    for (int i = 0; i < REPLICAS; i++) {
        engine_stop(r->engines[i]);
        engine_free(r->engines[i]);
    }
    pg_free(r->pg);
    testing_database_drop(&r->database);
}

static void count(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    (void)refusal;
    struct replicas *r = c->ctx;
    r->outcomes[outcome]++;
    r->decided++;
}

void replicas_submit(struct replicas *r, int replica, int type, const void *data, size_t size, struct uuid correlation)
{
    struct engine_command *c = engine_command_new();
    c->command = (struct command){.type = type, .data = arena_copy(&c->arena, data, size), .correlation = correlation};
    c->done = count;
    c->ctx = r;
    r->queued++;
    engine_submit(r->engines[replica % REPLICAS], c);
}

void replicas_wait(struct replicas *r)
{
    testing_wait_until(r->decided == r->queued);
}

int64_t replicas_number(struct replicas *r, const char *sql, const char *text)
{
    struct pg_params p = {0};
    if (text)
        pg_add_text(&p, str_of(text));
    const struct pg_rows *rows = pg_query(r->pg, sql, text ? &p : NULL);
    pg_params_release(&p);
    if (!rows)
        fail_msg("%s: %s", sql, pg_fault(r->pg)->message);
    assert_int_equal(pg_count(rows), 1);
    return pg_int8(rows, 0, 0);
}
