/* The open orders, read by their index. */
#include "sagas.h"

#include "invariant.h"

static int name_index(const char *const *names, int count, struct str name)
{
    for (int i = 0; i < count; i++)
        if (str_is(name, names[i]))
            return i;
    unreachable(); /* the table allows no other */
}

bool sagas_count(struct pg *pg, struct saga_counts *counts)
{
    static const char sql[] = "select status, count(*), count(*) filter (where deadline < now()), count(needs_review)"
                              " from orders where open group by status";
    const struct pg_rows *rows = pg_query(pg, sql, NULL);
    if (!rows)
        return false;
    *counts = (struct saga_counts){0};
    for (int row = 0; row < pg_count(rows); row++) {
        int status = name_index(order_status_names, ORDER_STATUSES, pg_text(rows, row, 0));
        counts->open[status] = pg_int8(rows, row, 1);
        counts->overdue[status] = pg_int8(rows, row, 2);
        counts->review[status] = pg_int8(rows, row, 3);
    }
    return true;
}

static struct saga take_saga(const struct pg_rows *rows, int row, struct arena *arena)
{
    return (struct saga){
        .id = pg_uuid(rows, row, 0),
        .order = {.status = name_index(order_status_names, ORDER_STATUSES, pg_text(rows, row, 1)),
                  .payment = name_index(order_payment_names, ORDER_PAYMENTS, pg_text(rows, row, 2)),
                  .released = pg_bool(rows, row, 3),
                  .needs_review = arena_str(arena, pg_text(rows, row, 4)),
                  .updated_at = pg_time(rows, row, 5),
                  .deadline = pg_time(rows, row, 6)},
    };
}

bool sagas_list(struct pg *pg, bool overdue_only, struct uuid after, int64_t limit, struct arena *arena, struct saga **items, size_t *count)
{
    static const char sql[] = "select id, status, payment, released, needs_review, updated_at, deadline from orders"
                              " where open and id > coalesce($1, '00000000-0000-0000-0000-000000000000')"
                              " and (not $2 or deadline < now()) order by id limit $3";
    struct pg_params p = {0};
    pg_add_uuid(&p, after);
    pg_add_bool(&p, overdue_only);
    pg_add_int8(&p, limit);
    const struct pg_rows *rows = pg_query(pg, sql, &p);
    pg_params_release(&p);
    if (!rows)
        return false;
    *count = (size_t)pg_count(rows);
    *items = ARENA_ARRAY(arena, struct saga, *count + 1);
    for (int row = 0; row < pg_count(rows); row++)
        (*items)[row] = take_saga(rows, row, arena);
    return true;
}
