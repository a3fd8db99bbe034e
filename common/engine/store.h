/*
 * store — an aggregate's state as a row: one table says how, and the engine loads, locks and saves by it.
 *
 *     static const struct store_column delivery_columns[] = {
 *         STORE_COLUMN(struct delivery, customer, "customer", STORE_ID),
 *         STORE_COLUMN_NAME(struct delivery, state, "state", delivery_state_names, DELIVERY_STATES),
 *         STORE_COLUMN_JSON(struct delivery, address, "address", address_encode, address_decode),
 *     };
 *     const struct store_table delivery_tables[] = { STORE_TABLE("delivery", delivery_columns) };   // in the order of decider.aggregates
 *
 * Every such table has, besides its columns, `id uuid primary key` and `version bigint not null`. Batches of rows travel as array
 * parameters; rows are locked (FOR UPDATE) in id order, so two engines on the same aggregates go one after the other and never in circles.
 */
#ifndef JUMUN_STORE_H
#define JUMUN_STORE_H

#include "decider.h"
#include "pg.h"

enum store_type {
    STORE_ID,       /* struct uuid ↔ uuid; nil is NULL */
    STORE_INTEGER,  /* int64_t ↔ bigint */
    STORE_BOOLEAN,  /* bool ↔ boolean */
    STORE_TEXT,     /* struct str ↔ text; absent is NULL */
    STORE_TIME,     /* instant ↔ timestamptz; 0 is NULL */
    STORE_NAME,     /* an enum (int) ↔ text, by a table of names */
    STORE_CURRENCY, /* char[4] ↔ text */
    STORE_JSON,     /* anything ↔ json, by two functions; nothing written is NULL, and NULL is not decoded */
};

struct store_column {
    const char *name;
    enum store_type type;
    size_t offset;
    bool fixed; /* written when the row is first stored, never after: it does not change, and travels once */
    const char *const *names;
    int name_count;
    void (*encode)(const void *field, struct buf *json);
    void (*decode)(struct arena *arena, struct str json, void *field);
};

#define STORE_COLUMN(state, member, column, kind)                                                                                          \
    {                                                                                                                                      \
        .name = (column), .type = (kind), .offset = offsetof(state, member)                                                                \
    }
#define STORE_COLUMN_FIXED(state, member, column, kind)                                                                                    \
    {                                                                                                                                      \
        .name = (column), .type = (kind), .offset = offsetof(state, member), .fixed = true                                                 \
    }
#define STORE_COLUMN_NAME(state, member, column, table, count)                                                                             \
    {                                                                                                                                      \
        .name = (column), .type = STORE_NAME, .offset = offsetof(state, member), .names = (table), .name_count = (count)                   \
    }
#define STORE_COLUMN_NAME_FIXED(state, member, column, table, count)                                                                       \
    {                                                                                                                                      \
        .name = (column), .type = STORE_NAME, .offset = offsetof(state, member), .fixed = true, .names = (table), .name_count = (count)    \
    }
#define STORE_COLUMN_JSON(state, member, column, to_json, from_json)                                                                       \
    {                                                                                                                                      \
        .name = (column), .type = STORE_JSON, .offset = offsetof(state, member), .encode = (to_json), .decode = (from_json)                \
    }

#define STORE_COLUMN_JSON_FIXED(state, member, column, to_json, from_json)                                                                 \
    {                                                                                                                                      \
        .name = (column), .type = STORE_JSON, .offset = offsetof(state, member), .fixed = true, .encode = (to_json), .decode = (from_json) \
    }

struct store_table {
    const char *name;
    const struct store_column *columns;
    size_t count; /* at most PG_PARAMS_MAX - 2 */
};
#define STORE_TABLE(table, list)                                                                                                           \
    {                                                                                                                                      \
        .name = (table), .columns = (list), .count = sizeof(list) / sizeof((list)[0])                                                      \
    }

/* The SQL of a table, made once; the texts live as long as the store. */
struct store;
struct store *store_new(const struct store_table *table, size_t state_size);
void store_free(struct store *s);

/* Queues the SELECT of these rows, in id order; locked unless `consulted`. */
void store_send_load(const struct store *s, struct pg *pg, const struct key *keys, size_t n, bool consulted);
/* Folds one row of its answer into an aggregate that is all zero but for kind, id and state. Values are copied into the arena. */
void store_take_row(const struct store *s, const struct pg_rows *rows, int row, struct arena *arena, struct aggregate *a);
struct uuid store_row_id(const struct pg_rows *rows, int row);

/* Queues the INSERT of those not `stored` yet and the UPDATE of the others; returns how many statements were sent (0..2).
   Each statement's pg_affected() must be what *expected says for it. */
size_t store_send_save(const struct store *s, struct pg *pg, struct aggregate *const *changed, size_t n, size_t expected[2]);

#endif
