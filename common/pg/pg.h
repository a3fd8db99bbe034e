/*
 * pg — a PostgreSQL connection used in pipeline mode, with array parameters.
 *
 * The point is to do a batch of any size in a handful of round trips: a statement takes arrays, and statements are sent without waiting.
 *
 *     struct pg_params p = {0};
 *     pg_array_begin(&p, PG_UUID, n); for (…) pg_array_uuid(&p, ids[i]); pg_array_end(&p);
 *     pg_send(pg, "select id, version from orders where id = any($1) order by id for update", &p);
 *     pg_send(pg, …);
 *     pg_sync(pg);                                  // flushes; the server answers in order
 *     const struct pg_rows *rows = pg_receive(pg);  // NULL: a fault, see pg_fault()
 *     … pg_uuid(rows, row, column) …
 *     pg_end(pg);                                   // after the last answer of a sync: takes its end
 *
 * Statements are prepared once per connection, by the address of their text, which therefore is a literal. Plans never depend on
 * statistics: connections made with PG_KEYED plan generic and by index only, because a plan made on an empty table would be a full scan
 * for as long as the connection lives. There, name rows by conditions that an index has (= any($1), or a join with unnest($1, …)), and take
 * the first ones in an index's order in a subquery of their own, before joining: from (select … from t order by k limit $1) x join ….
 * Parameters and results are binary.
 * After the first fault of a pipeline the answers up to its sync are faults too, and pg_fault() remains the first. A transaction begun in
 * it is the caller's to ROLLBACK; that does no harm when none was begun. After PG_DISCONNECTED everything fails until pg_connect(): half a
 * transaction does not go on in another session. One thread at a time per connection.
 */
#ifndef JUMUN_PG_H
#define JUMUN_PG_H

#include "arena.h"
#include "buf.h"
#include "embed.h"
#include "instant.h"
#include "uuid.h"

enum pg_use {
    PG_KEYED,   /* the engine's and the relay's: every statement goes by key, plans by index only */
    PG_QUERIES, /* lists and reports: the planner decides */
};

enum pg_type {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_JSON = 114,
    PG_TIMESTAMPTZ = 1184,
    PG_UUID = 2950
};

enum pg_fault_kind {
    PG_NO_FAULT,
    PG_DISCONNECTED, /* the connection is gone: nothing is known of what was under way */
    PG_TRANSIENT,    /* deadlock, serialization, shutdown, out of resources: the same again may succeed */
    PG_REJECTED,     /* the statement or its data: the same again fails again */
};
struct pg_fault {
    enum pg_fault_kind kind;
    char sqlstate[6];
    char message[200]; /* one line, for the log; never for a client */
};

struct pg;

/* Connects when first needed. `name` is shown in pg_stat_activity. */
bool pg_url_valid(const char *url); /* postgresql://…, which libpq can read; asked before one is used, see url.c */
struct pg *pg_new(const char *url, const char *name, enum pg_use use);
void pg_free(struct pg *pg);

/* True when connected, connecting if need be (at most about 3 s). After a disconnect it starts afresh: all that was under way is forgotten.
 */
bool pg_connect(struct pg *pg);
void pg_disconnect(struct pg *pg);
/* A server that restarts hangs up on who asks nothing just now; the next question would find that out, too late. Only for a connection that
 * keeps nothing on the server (a lock, a transaction): a new one may stand in its place after the next pg_connect(). */
void pg_disconnect_if_gone(struct pg *pg);
bool pg_connected(const struct pg *pg);
const struct pg_fault *pg_fault(const struct pg *pg); /* of the last call that failed */
int pg_backend(const struct pg *pg);                  /* the server process's pid */
int pg_socket(const struct pg *pg);                   /* -1 when not connected */

/* ── parameters ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define PG_PARAMS_MAX 32
struct pg_params { /* {0}, or what pg_params_clear() left */
    int count;
    struct {
        enum pg_type type;
        bool array, null;
        size_t at, size; /* in bytes */
    } items[PG_PARAMS_MAX];
    struct buf bytes;
    size_t missing; /* elements that the array under way still wants */
};
void pg_params_clear(struct pg_params *p); /* for the next statement; room is kept */
void pg_params_release(struct pg_params *p);

void pg_add_uuid(struct pg_params *p, struct uuid v); /* the nil id is NULL */
void pg_add_int8(struct pg_params *p, int64_t v);
void pg_add_bool(struct pg_params *p, bool v);
void pg_add_text(struct pg_params *p, struct str v); /* absent is NULL */
void pg_add_time(struct pg_params *p, instant v);    /* 0 is NULL */

/* An array of `count` elements: begin, exactly `count` elements, end. */
void pg_array_begin(struct pg_params *p, enum pg_type element, size_t count);
void pg_array_uuid(struct pg_params *p, struct uuid v); /* the nil id is NULL */
void pg_array_int8(struct pg_params *p, int64_t v);     /* for PG_INT8, PG_INT4 */
void pg_array_bool(struct pg_params *p, bool v);
void pg_array_text(struct pg_params *p, struct str v); /* for PG_TEXT, PG_JSON, PG_BYTEA; absent is NULL */
void pg_array_time(struct pg_params *p, instant v);
void pg_array_end(struct pg_params *p);

/* ── statements ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void pg_send(struct pg *pg, const char *sql, const struct pg_params *params); /* params may be NULL; faults show at pg_receive */
void pg_sync(struct pg *pg);

struct pg_rows; /* valid until the next pg_receive() or pg_end() of the connection */
const struct pg_rows *pg_receive(struct pg *pg);
/* Takes the sync's own answer, and any answers not yet received; false when any statement of this sync had a fault. */
bool pg_end(struct pg *pg);

int pg_count(const struct pg_rows *rows);        /* rows returned */
int64_t pg_affected(const struct pg_rows *rows); /* rows inserted, updated, deleted */
bool pg_null(const struct pg_rows *rows, int row, int column);
struct uuid pg_uuid(const struct pg_rows *rows, int row, int column); /* NULL gives the nil id, 0, the absent str … */
int64_t pg_int8(const struct pg_rows *rows, int row, int column);     /* int4 and int8 columns */
bool pg_bool(const struct pg_rows *rows, int row, int column);
instant pg_time(const struct pg_rows *rows, int row, int column);
struct str pg_text(const struct pg_rows *rows, int row, int column); /* text, json, bytea; points into rows */

/* One statement, sent and answered, while no answer is outstanding. NULL on a fault. The rows need no pg_end(). */
const struct pg_rows *pg_query(struct pg *pg, const char *sql, const struct pg_params *params);

/* ── migrations ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * Brings the schema up to this program: runs, in name order and each in a transaction with its record in schema_migration(set, name,
 * checksum), what is not there yet. Safe with several programs at once (advisory lock). Refused, with a sentence in *problem: a recorded
 * migration whose text has changed, and one that this program does not know (the schema is newer than the program). When it is false,
 * pg_fault()->kind tells whether to try again later (PG_DISCONNECTED, PG_TRANSIENT) or to give up.
 */
bool pg_migrate(struct pg *pg, const char *set, const struct embedded *migrations, struct arena *arena, struct str *problem);

/*
 * Behind the migrations, by the same owner: `role` may read and write the rows of all tables that are there and come later, and nothing
 * else (grants.sql); of the table `record` ("": there is none) it may read rows and add some, but not change or remove one. False as
 * above; refused, too, is a role that does not exist, and one that owns the schema.
 */
bool pg_grant(struct pg *pg, const char *role, const char *record, struct arena *arena, struct str *problem);

/* Only looks, as a role that may change nothing. PG_SCHEMA_REFUSED: *problem says why, as above; PG_SCHEMA_UNKNOWN: pg_fault() does. */
enum pg_schema {
    PG_SCHEMA_CURRENT,
    PG_SCHEMA_OLDER, /* than the program; also one that is not there at all, or may not be read yet */
    PG_SCHEMA_REFUSED,
    PG_SCHEMA_UNKNOWN,
};
enum pg_schema pg_schema_look(struct pg *pg, const char *set, const struct embedded *migrations, struct arena *arena, struct str *problem);

#endif
