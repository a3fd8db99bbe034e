/* Our payments beside the simulated provider's books, by key of the attempt and by reference of the charge. */
#include "ledger.h"

#define OURS                                                                                                                               \
    "with attempt as ("                                                                                                                    \
    "  select (a ->> 'key')::uuid as key, p.id as order_id, a ->> 'status' as status, p.amount, p.currency"                                \
    "  from payment p cross join json_array_elements(p.attempts -> 'attempts') a"                                                          \
    "), back as ("                                                                                                                         \
    "  select refund ->> 'charge' as reference, id as order_id, status, amount, currency from payment where refund is not null"            \
    "), "

#define THEIRS                                                                                                                             \
    "charge as ("                                                                                                                          \
    "  select key, amount, currency from simulated_provider.charge where charged_at <= now()"                                              \
    "), refund as ("                                                                                                                       \
    "  select 'ch_' || charge as reference, sum(amount)::int8 as amount, min(currency) as currency, count(*) as times"                     \
    "  from simulated_provider.refund where done group by charge"                                                                          \
    ") "

const struct pg_rows *ledger_counts(struct pg *pg)
{
    static const char sql[] = OURS THEIRS "select (select count(*) from attempt where status = 'APPROVED'), (select count(*) from charge), "
                                          "(select count(*) from back where status = 'REFUNDED'), "
                                          "(select coalesce(sum(times), 0)::int8 from refund)";
    return pg_query(pg, sql, NULL);
}

/* The nil id, which stands before all, travels as NULL. */
static const struct pg_rows *query_most(struct pg *pg, const char *sql, const struct uuid *after, int64_t most)
{
    struct pg_params params = {0};
    pg_add_int8(&params, most);
    if (after)
        pg_add_uuid(&params, *after);
    const struct pg_rows *rows = pg_query(pg, sql, &params);
    pg_params_release(&params);
    return rows;
}

const struct pg_rows *ledger_differences(struct pg *pg, int64_t most)
{
    static const char sql[] = OURS THEIRS
        "select * from ("
        "  select case when c.key is null then 'CHARGE_UNKNOWN_TO_PROVIDER'"
        "         when a.key is null or a.status = 'DECLINED' then 'CHARGE_UNKNOWN_TO_US'"
        "         when a.status <> 'APPROVED' then 'CHARGE_NOT_KNOWN_YET' else 'CHARGE_OF_OTHER_AMOUNT' end,"
        "    'ch_' || key, a.order_id, case when a.status = 'APPROVED' then a.amount end, a.currency, c.amount, c.currency"
        "  from attempt a full join charge c using (key)"
        "  where case when c.key is null then a.status = 'APPROVED' else a.status is distinct from 'APPROVED'"
        "        or (a.amount, a.currency) <> (c.amount, c.currency) end"
        "  union all "
        "  select case when r.reference is null then 'REFUND_UNKNOWN_TO_PROVIDER' when b.reference is null then 'REFUND_UNKNOWN_TO_US'"
        "         when b.status <> 'REFUNDED' then 'REFUND_NOT_KNOWN_YET' else 'REFUND_OF_OTHER_AMOUNT' end,"
        "    reference, b.order_id, case when b.status = 'REFUNDED' then b.amount end, b.currency, r.amount, r.currency"
        "  from back b full join refund r using (reference)"
        "  where case when r.reference is null then b.status = 'REFUNDED' else b.status is distinct from 'REFUNDED'"
        "        or (b.amount, b.currency) <> (r.amount, r.currency) end"
        ") d limit $1";
    return query_most(pg, sql, NULL, most);
}

const struct pg_rows *ledger_charges(struct pg *pg, struct uuid after, int64_t most)
{
    static const char sql[] = "select key, null::uuid, amount, currency, charged_at from simulated_provider.charge "
                              "where charged_at <= now() and ($2::uuid is null or key > $2) "
                              "order by key limit $1";
    return query_most(pg, sql, &after, most);
}

const struct pg_rows *ledger_refunds(struct pg *pg, struct uuid after, int64_t most)
{
    static const char sql[] = "select key, charge, amount, currency, refunded_at from simulated_provider.refund "
                              "where done and ($2::uuid is null or key > $2) order by key limit $1";
    return query_most(pg, sql, &after, most);
}
