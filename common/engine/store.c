/* Store: the SQL of a table of columns, and the way of its values between rows and states. */
#include "store.h"
#include "invariant.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

struct store {
    const struct store_table *table;
    char *load, *consult, *insert, *update;
};

static const char *column_sql_type(enum store_type type)
{
    switch (type) {
    case STORE_ID: return "uuid";
    case STORE_INTEGER: return "bigint";
    case STORE_BOOLEAN: return "boolean";
    case STORE_TIME: return "timestamptz";
    case STORE_JSON: return "json";
    case STORE_TEXT:
    case STORE_NAME:
    case STORE_CURRENCY: return "text";
    }
    unreachable();
}

static enum pg_type column_pg_type(enum store_type type)
{
    switch (type) {
    case STORE_ID: return PG_UUID;
    case STORE_INTEGER: return PG_INT8;
    case STORE_BOOLEAN: return PG_BOOL;
    case STORE_TIME: return PG_TIMESTAMPTZ;
    case STORE_JSON: return PG_JSON;
    case STORE_TEXT:
    case STORE_NAME:
    case STORE_CURRENCY: return PG_TEXT;
    }
    unreachable();
}

enum columns { ALL_COLUMNS, CHANGING_COLUMNS };

static bool is_left_out(const struct store_column *column, enum columns which)
{
    return which == CHANGING_COLUMNS && column->fixed;
}

/* ", a, b, c" */
static void add_columns(struct buf *sql, const struct store_table *t, enum columns which)
{
    for (size_t i = 0; i < t->count; i++)
        if (!is_left_out(&t->columns[i], which))
            buf_printf(sql, ", %s", t->columns[i].name);
}

static void add_unnest(struct buf *sql, const struct store_table *t, enum columns which)
{
    int parameter = 3;
    buf_printf(sql, "unnest($1::uuid[], $2::bigint[]");
    for (size_t i = 0; i < t->count; i++)
        if (!is_left_out(&t->columns[i], which))
            buf_printf(sql, ", $%d::%s[]", parameter++, column_sql_type(t->columns[i].type));
    buf_printf(sql, ")");
}

static char *select_sql(const struct store_table *t, const char *lock)
{
    struct buf sql = BUF_INIT;
    buf_printf(&sql, "select id, version");
    add_columns(&sql, t, ALL_COLUMNS);
    buf_printf(&sql, " from %s where id = any($1::uuid[]) order by id%s", t->name, lock);
    return sql.p;
}

static char *insert_sql(const struct store_table *t)
{
    struct buf sql = BUF_INIT;
    buf_printf(&sql, "insert into %s (id, version", t->name);
    add_columns(&sql, t, ALL_COLUMNS);
    buf_printf(&sql, ") select * from ");
    add_unnest(&sql, t, ALL_COLUMNS);
    return sql.p;
}

static char *update_sql(const struct store_table *t)
{
    struct buf sql = BUF_INIT;
    buf_printf(&sql, "update %s t set version = v.version", t->name);
    for (size_t i = 0; i < t->count; i++)
        if (!is_left_out(&t->columns[i], CHANGING_COLUMNS))
            buf_printf(&sql, ", %s = v.%s", t->columns[i].name, t->columns[i].name);
    buf_printf(&sql, " from ");
    add_unnest(&sql, t, CHANGING_COLUMNS);
    buf_printf(&sql, " as v(id, version");
    add_columns(&sql, t, CHANGING_COLUMNS);
    buf_printf(&sql, ") where t.id = v.id");
    return sql.p;
}

struct store *store_new(const struct store_table *table, size_t state_size)
{
    invariant(table->count + 2 <= PG_PARAMS_MAX);
    for (size_t i = 0; i < table->count; i++)
        invariant(table->columns[i].offset < state_size);
    struct store *s = NEW(struct store);
    s->table = table;
    s->load = select_sql(table, " for update");
    s->consult = select_sql(table, "");
    s->insert = insert_sql(table);
    s->update = update_sql(table);
    return s;
}

void store_free(struct store *s)
{
    free(s->load);
    free(s->consult);
    free(s->insert);
    free(s->update);
    free(s);
}

/* ── load ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void store_send_load(const struct store *s, struct pg *pg, const struct key *keys, size_t n, bool consulted)
{
    struct pg_params p = {0};
    pg_array_begin(&p, PG_UUID, n);
    for (size_t i = 0; i < n; i++)
        pg_array_uuid(&p, keys[i].id);
    pg_array_end(&p);
    pg_send(pg, consulted ? s->consult : s->load, &p);
    pg_params_release(&p);
}

struct uuid store_row_id(const struct pg_rows *rows, int row)
{
    return pg_uuid(rows, row, 0);
}

static int name_index(const struct store_column *column, struct str text)
{
    for (int i = 0; i < column->name_count; i++)
        if (str_is(text, column->names[i]))
            return i;
    unreachable(); /* the table's check constraint allows only these names */
}

static void take_currency(struct str text, char currency[4])
{
    invariant(text.n <= 3);
    memset(currency, 0, 4);
    memcpy(currency, text.p ? text.p : "", text.n);
}

static void take_column(const struct store_column *column, const struct pg_rows *rows, int row, int at, struct arena *arena, void *state)
{
    char *field = (char *)state + column->offset;
    switch (column->type) {
    case STORE_ID: *(struct uuid *)(void *)field = pg_uuid(rows, row, at); break;
    case STORE_INTEGER: *(int64_t *)(void *)field = pg_int8(rows, row, at); break;
    case STORE_BOOLEAN: *(bool *)field = pg_bool(rows, row, at); break;
    case STORE_TEXT: *(struct str *)(void *)field = arena_str(arena, pg_text(rows, row, at)); break;
    case STORE_TIME: *(instant *)(void *)field = pg_time(rows, row, at); break;
    case STORE_NAME: *(int *)(void *)field = name_index(column, pg_text(rows, row, at)); break;
    case STORE_CURRENCY: take_currency(pg_text(rows, row, at), field); break;
    case STORE_JSON:
        if (!pg_null(rows, row, at))
            column->decode(arena, arena_str(arena, pg_text(rows, row, at)), field);
        break;
    }
}

void store_take_row(const struct store *s, const struct pg_rows *rows, int row, struct arena *arena, struct aggregate *a)
{
    a->version = pg_int8(rows, row, 1);
    a->stored = true;
    for (size_t i = 0; i < s->table->count; i++)
        take_column(&s->table->columns[i], rows, row, (int)i + 2, arena, a->state);
}

/* ── save ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_column(struct pg_params *p, const struct store_column *column, const void *state, struct buf *scratch)
{
    const char *field = (const char *)state + column->offset;
    switch (column->type) {
    case STORE_ID: pg_array_uuid(p, *(const struct uuid *)(const void *)field); break;
    case STORE_INTEGER: pg_array_int8(p, *(const int64_t *)(const void *)field); break;
    case STORE_BOOLEAN: pg_array_bool(p, *(const bool *)field); break;
    case STORE_TEXT: pg_array_text(p, *(const struct str *)(const void *)field); break;
    case STORE_TIME: pg_array_time(p, *(const instant *)(const void *)field); break;
    case STORE_NAME: pg_array_text(p, str_of(column->names[*(const int *)(const void *)field])); break;
    case STORE_CURRENCY: pg_array_text(p, str_of(field)); break;
    case STORE_JSON:
        buf_clear(scratch);
        column->encode(field, scratch);
        pg_array_text(p, scratch->n ? buf_str(scratch) : (struct str){0});
        break;
    }
}

static void send_rows(const struct store *s, struct pg *pg, const char *sql, enum columns which, struct aggregate *const *rows, size_t n)
{
    struct pg_params p = {0};
    struct buf scratch = BUF_INIT;
    pg_array_begin(&p, PG_UUID, n);
    for (size_t i = 0; i < n; i++)
        pg_array_uuid(&p, rows[i]->id);
    pg_array_end(&p);
    pg_array_begin(&p, PG_INT8, n);
    for (size_t i = 0; i < n; i++)
        pg_array_int8(&p, rows[i]->version);
    pg_array_end(&p);
    for (size_t c = 0; c < s->table->count; c++) {
        if (is_left_out(&s->table->columns[c], which))
            continue;
        pg_array_begin(&p, column_pg_type(s->table->columns[c].type), n);
        for (size_t i = 0; i < n; i++)
            put_column(&p, &s->table->columns[c], rows[i]->state, &scratch);
        pg_array_end(&p);
    }
    pg_send(pg, sql, &p);
    buf_release(&scratch);
    pg_params_release(&p);
}

static int compare_ids(const void *a, const void *b)
{
    return uuid_compare((*(struct aggregate *const *)a)->id, (*(struct aggregate *const *)b)->id);
}

/* New rows go in by id: two engines that make the same ones then wait for each other in one direction only. */
size_t store_send_save(const struct store *s, struct pg *pg, struct aggregate *const *changed, size_t n, size_t expected[2])
{
    struct aggregate **parted = memory_new(sizeof *parted * (n + 1));
    size_t old = 0, fresh = n, statements = 0;
    for (size_t i = 0; i < n; i++)
        parted[changed[i]->stored ? old++ : --fresh] = changed[i];
    if (old > 0) {
        send_rows(s, pg, s->update, CHANGING_COLUMNS, parted, old);
        expected[statements++] = old;
    }
    if (old < n) {
        qsort(parted + old, n - old, sizeof *parted, compare_ids);
        send_rows(s, pg, s->insert, ALL_COLUMNS, parted + old, n - old);
        expected[statements++] = n - old;
    }
    free(parted);
    return statements;
}
