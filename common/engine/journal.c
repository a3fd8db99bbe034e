/* Journal: the SQL of the tables that every context has. */
#include "journal.h"
#include <stdio.h>

/* One array parameter: a value of each of the n rows, i being the row. */
#define EACH(p, type, put, value)                                                                                                          \
    do {                                                                                                                                   \
        pg_array_begin((p), (type), n);                                                                                                    \
        for (size_t i = 0; i < n; i++)                                                                                                     \
            put((p), (value));                                                                                                             \
        pg_array_end(p);                                                                                                                   \
    } while (0)

/* ── the transaction ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void journal_send_begin(struct pg *pg)
{
    pg_send(pg, "begin", NULL);
    pg_send(pg, "select clock_timestamp()", NULL);
}

bool journal_take_begin(struct pg *pg, instant *now)
{
    if (!pg_receive(pg))
        return false;
    const struct pg_rows *rows = pg_receive(pg);
    if (rows)
        *now = pg_time(rows, 0, 0);
    return rows;
}

/* ── inbox ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void send_ids(struct pg *pg, const char *sql, const struct uuid *ids, size_t n)
{
    struct pg_params p = {0};
    EACH(&p, PG_UUID, pg_array_uuid, ids[i]);
    pg_send(pg, sql, &p);
    pg_params_release(&p);
}

void journal_send_inbox(struct pg *pg, const struct journal_message *messages, size_t n)
{
    struct pg_params p = {0};
    EACH(&p, PG_UUID, pg_array_uuid, messages[i].event);
    EACH(&p, PG_INT8, pg_array_int8, messages[i].content);
    pg_send(pg,
            "insert into inbox (event, content) select e, nullif(c, 0) from unnest($1::uuid[], $2::bigint[]) as t(e, c)"
            " on conflict do nothing returning event",
            &p);
    pg_params_release(&p);
}

void journal_send_known_messages(struct pg *pg, const struct uuid *events, size_t n)
{
    send_ids(pg, "select event, coalesce(content, 0) from inbox where event = any($1::uuid[])", events, n);
}

void journal_send_inbox_forget(struct pg *pg, const struct uuid *events, size_t n)
{
    send_ids(pg, "delete from inbox where event = any($1::uuid[])", events, n);
}

/* ── idempotency keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A name-based id of the body serves as its fingerprint: equal bodies have equal ones, and nobody gains by making two collide. */
struct uuid journal_fingerprint(struct str body)
{
    return uuid_named((struct uuid){{0}}, body);
}

static void add_key_arrays(struct pg_params *p, struct asker *const *askers, size_t n)
{
    EACH(p, PG_TEXT, pg_array_text, askers[i]->scope);
    EACH(p, PG_TEXT, pg_array_text, askers[i]->key);
}

void journal_send_keys(struct pg *pg, struct asker *const *askers, size_t n, duration lease)
{
    struct pg_params p = {0};
    add_key_arrays(&p, askers, n);
    EACH(&p, PG_UUID, pg_array_uuid, journal_fingerprint(askers[i]->body));
    EACH(&p, PG_UUID, pg_array_uuid, askers[i]->resource);
    pg_add_int8(&p, lease);
    pg_send(pg,
            "insert into idempotency (scope, key, fingerprint, resource, lease)"
            " select s, k, f, r, clock_timestamp() + $5::bigint * interval '1 microsecond'"
            " from unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[]) as t(s, k, f, r) order by s, k"
            " on conflict do nothing returning scope, key",
            &p);
    pg_params_release(&p);
}

void journal_send_known_keys(struct pg *pg, struct asker *const *askers, size_t n)
{
    struct pg_params p = {0};
    add_key_arrays(&p, askers, n);
    pg_send(pg,
            "select i.scope, i.key, i.fingerprint, i.resource, i.status is null and i.lease < clock_timestamp(), i.status,"
            " i.content_type, i.location, i.answer"
            " from unnest($1::text[], $2::text[]) as t(s, k) join idempotency i on i.scope = t.s and i.key = t.k for update of i",
            &p);
    pg_params_release(&p);
}

void journal_take_known_key(const struct pg_rows *rows, int row, struct journal_key *key)
{
    *key = (struct journal_key){
        .scope = pg_text(rows, row, 0),
        .key = pg_text(rows, row, 1),
        .fingerprint = pg_uuid(rows, row, 2),
        .resource = pg_uuid(rows, row, 3),
        .cut_off = pg_bool(rows, row, 4),
        .status = (int)pg_int8(rows, row, 5),
        .content_type = pg_text(rows, row, 6),
        .location = pg_text(rows, row, 7),
        .body = pg_text(rows, row, 8),
    };
}

void journal_send_adopt(struct pg *pg, struct asker *const *askers, size_t n, duration lease)
{
    struct pg_params p = {0};
    add_key_arrays(&p, askers, n);
    pg_add_int8(&p, lease);
    pg_send(pg,
            "update idempotency i set lease = clock_timestamp() + $3::bigint * interval '1 microsecond'"
            " from unnest($1::text[], $2::text[]) as t(s, k) where i.scope = t.s and i.key = t.k",
            &p);
    pg_params_release(&p);
}

void journal_send_answers(struct pg *pg, const struct journal_answer *answers, size_t n)
{
    struct pg_params p = {0};
    EACH(&p, PG_TEXT, pg_array_text, answers[i].asker->scope);
    EACH(&p, PG_TEXT, pg_array_text, answers[i].asker->key);
    EACH(&p, PG_INT8, pg_array_int8, answers[i].answer->status);
    EACH(&p, PG_TEXT, pg_array_text, answers[i].answer->content_type);
    EACH(&p, PG_TEXT, pg_array_text, answers[i].answer->location);
    EACH(&p, PG_TEXT, pg_array_text, buf_str(&answers[i].answer->body));
    pg_send(pg,
            "update idempotency i set status = t.status, content_type = t.content_type, location = t.location, answer = t.answer"
            " from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[]) with ordinality"
            " as t(s, k, status, content_type, location, answer, n) where i.scope = t.s and i.key = t.k and i.status is null"
            " returning t.n - 1",
            &p);
    pg_params_release(&p);
}

/* ── events ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* "jumun.order.OrderConfirmed.v1"; the text is put straight into the parameters. */
static void put_type(struct pg_params *p, const struct event_type *type)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%s.%s.v1", type->topic, type->name);
    pg_array_text(p, (struct str){text, (size_t)n});
}

static struct str topic_of(const struct event_type *type)
{
    return type->reach == EVENT_PUBLISHED ? str_of(type->topic) : (struct str){0};
}

void journal_send_events(struct pg *pg, const struct journal_event *events, size_t n)
{
    struct pg_params p = {0};
    EACH(&p, PG_UUID, pg_array_uuid, events[i].id);
    EACH(&p, PG_TEXT, pg_array_text, str_of(events[i].aggregate_kind));
    EACH(&p, PG_UUID, pg_array_uuid, events[i].aggregate);
    EACH(&p, PG_INT8, pg_array_int8, events[i].version);
    EACH(&p, PG_TEXT, put_type, events[i].type);
    EACH(&p, PG_TEXT, pg_array_text, topic_of(events[i].type));
    EACH(&p, PG_UUID, pg_array_uuid, events[i].correlation);
    EACH(&p, PG_UUID, pg_array_uuid, events[i].causation);
    EACH(&p, PG_TEXT, pg_array_text, events[i].traceparent);
    EACH(&p, PG_TIMESTAMPTZ, pg_array_time, events[i].at);
    EACH(&p, PG_JSON, pg_array_text, events[i].data);
    pg_send(pg,
            "with added as (insert into event (id, aggregate_kind, aggregate, version, type, topic, correlation, causation, traceparent,"
            " at, data) select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::uuid[],"
            " $8::uuid[], $9::text[], $10::timestamptz[], $11::json[]) returning seq, topic)"
            " insert into outbox select seq from added where topic is not null",
            &p);
    pg_params_release(&p);
}

/* True when the backend is gone, and with it whatever it had begun: only then is what the tables say final. */
static bool end_backend(struct pg *pg, int backend)
{
    struct pg_params p = {0};
    pg_add_int8(&p, backend);
    const struct pg_rows *rows = pg_query(pg,
                                          "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1::bigint"
                                          " and usename = current_user and application_name = current_setting('application_name')",
                                          &p);
    pg_params_release(&p);
    return rows && pg_count(rows) == 0;
}

/* The event's id is the proof. pg_xact_status() is none: after a crash of the server the next transaction may get the same number. */
enum journal_fate journal_ask_fate(struct pg *pg, const struct journal_event *event, int backend)
{
    if (!end_backend(pg, backend))
        return JOURNAL_UNKNOWN;
    struct pg_params p = {0};
    pg_add_uuid(&p, event->aggregate);
    pg_add_text(&p, str_of(event->aggregate_kind));
    pg_add_int8(&p, event->version);
    const struct pg_rows *rows =
        pg_query(pg, "select id from event where aggregate = $1 and aggregate_kind = $2 and version = $3::bigint", &p);
    pg_params_release(&p);
    if (!rows)
        return JOURNAL_UNKNOWN;
    return pg_count(rows) == 1 && uuid_equal(pg_uuid(rows, 0, 0), event->id) ? JOURNAL_COMMITTED : JOURNAL_ABORTED;
}

/* ── timers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void send_timers(struct pg *pg, const char *sql, const struct journal_timer *timers, size_t n, bool with_due)
{
    struct pg_params p = {0};
    EACH(&p, PG_UUID, pg_array_uuid, timers[i].aggregate);
    EACH(&p, PG_TEXT, pg_array_text, str_of(timers[i].aggregate_kind));
    EACH(&p, PG_TEXT, pg_array_text, str_of(timers[i].timer));
    if (with_due) {
        EACH(&p, PG_UUID, pg_array_uuid, timers[i].correlation);
        EACH(&p, PG_TIMESTAMPTZ, pg_array_time, timers[i].due);
    }
    pg_send(pg, sql, &p);
    pg_params_release(&p);
}

void journal_send_timers_set(struct pg *pg, const struct journal_timer *timers, size_t n)
{
    send_timers(pg,
                "insert into timer (aggregate, aggregate_kind, timer, correlation, due)"
                " select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])"
                " on conflict (aggregate, aggregate_kind, timer) do update set due = excluded.due",
                timers, n, true);
}

void journal_send_timers_clear(struct pg *pg, const struct journal_timer *timers, size_t n)
{
    send_timers(pg,
                "delete from timer t using unnest($1::uuid[], $2::text[], $3::text[]) as c(a, k, n)"
                " where t.aggregate = c.a and t.aggregate_kind = c.k and t.timer = c.n",
                timers, n, false);
}

void journal_send_timers_check(struct pg *pg, const struct journal_timer *timers, size_t n)
{
    send_timers(pg,
                "select c.i from unnest($1::uuid[], $2::text[], $3::text[]) with ordinality as c(a, k, n, i)"
                " join timer t on t.aggregate = c.a and t.aggregate_kind = c.k and t.timer = c.n"
                " where t.due <= clock_timestamp() for update of t",
                timers, n, false);
}

void journal_send_timer_postpone(struct pg *pg, const struct journal_timer *timer, duration wait)
{
    struct pg_params p = {0};
    pg_add_uuid(&p, timer->aggregate);
    pg_add_text(&p, str_of(timer->aggregate_kind));
    pg_add_text(&p, str_of(timer->timer));
    pg_add_int8(&p, wait);
    pg_send(pg,
            "update timer set due = now() + $4::bigint * interval '1 microsecond'"
            " where aggregate = $1 and aggregate_kind = $2 and timer = $3",
            &p);
    pg_params_release(&p);
}

static void add_kinds(struct pg_params *p, const struct decider *decider)
{
    size_t n = decider->aggregate_count;
    EACH(p, PG_TEXT, pg_array_text, str_of(decider->aggregates[i].name));
}

static void add_timer_names(struct pg_params *p, const struct decider *decider)
{
    size_t n = decider->timer_count;
    EACH(p, PG_TEXT, pg_array_text, str_of(decider->timers[i]));
}

/*
 * Walks the index on `due` from its beginning, for a walk takes note of entries that are dead, of which there are thousands between two
 * runs of vacuum. The names are disguised (|| '') to keep the planner from looking them up in the primary key instead.
 */
const struct pg_rows *journal_due_timers(struct pg *pg, const struct decider *decider, duration ahead, size_t most)
{
    struct pg_params p = {0};
    add_kinds(&p, decider);
    add_timer_names(&p, decider);
    pg_add_int8(&p, ahead);
    pg_add_int8(&p, (int64_t)most);
    const struct pg_rows *rows = pg_query(
        pg,
        "select aggregate, aggregate_kind, timer, correlation, (extract(epoch from due - now()) * 1000000)::bigint"
        " from (select * from timer where (aggregate_kind || '') = any($1) and (timer || '') = any($2) order by due limit $4::bigint) t"
        " where due <= now() + $3::bigint * interval '1 microsecond' order by due",
        &p);
    pg_params_release(&p);
    return rows;
}
