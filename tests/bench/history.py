"""Years in a minute: concluded orders that the five databases have are copied into the past, with all that is kept of an order, by SQL.

Each table's rows of a sample of orders are multiplied. Ids go back in time with them: the first 48 bits are the time, the rest is hashed, the same wherever
the same id stands. Where a lifetime is given, only so many of the copies are as young as that, as retention would have left them.
"""
SAMPLE = 100  # orders that are copied

OF_ORDERS = "{key} in (select id from sample)"
LATEST = "true order by {key} desc limit {rows}"

# database, table, which rows, by which column, rows of an order (where the order is not named), lifetime in days
TABLES = [
    ("order", "event", OF_ORDERS, "correlation", None, None), ("order", "orders", OF_ORDERS, "id", None, None),
    ("order", "idempotency", OF_ORDERS, "resource", None, 7), ("order", "inbox", LATEST, "event", 5, 30),
    ("product", "event", OF_ORDERS, "correlation", None, None), ("product", "preparation", OF_ORDERS, "id", None, None),
    ("product", "inbox", LATEST, "event", 2, 30),
    ("payment", "event", OF_ORDERS, "correlation", None, None), ("payment", "payment", OF_ORDERS, "id", None, None),
    ("payment", "idempotency", OF_ORDERS, "resource", None, 7), ("payment", "simulated_provider.charge", LATEST, "charged_at", 1, None),
    ("delivery", "event", OF_ORDERS, "correlation", None, None), ("delivery", "delivery", OF_ORDERS, "id", None, None),
    ("delivery", "inbox", LATEST, "event", 2, 30),
    ("notification", "event", OF_ORDERS, "correlation", None, None), ("notification", "dialogue", OF_ORDERS, "id", None, None),
    ("notification", "notice", OF_ORDERS, "order_id", None, None), ("notification", "inbox", LATEST, "event", 5, 30),
]
YEARS = 3
COLUMNS = """select attname, format_type(atttypid, null) from pg_attribute
             where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped and attidentity = '' and attgenerated = '' order by attnum"""
HELPERS = """
create or replace function pg_temp.past(id uuid, i bigint, step bigint) returns uuid immutable strict language sql as $$
    select (lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint - i * step), 12, '0')
            || substr(replace(id::text, '-', ''), 13, 1) || substr(md5(id::text || i), 1, 19))::uuid $$;
create temporary table sample (id uuid primary key);
insert into sample values {sample};
"""


def expression(column, kind, table, step):
    if kind == "uuid":
        return f"md5({column}::text || i)::uuid" if table.startswith("simulated_provider") else f"pg_temp.past({column}, i, {step})"
    if kind == "timestamp with time zone":
        return f"{column} - i * {step} * interval '1 millisecond'"
    return f"{column} || '/' || i" if (table, column) == ("idempotency", "r.key") else column


def copy_of(sql, database, table, which, key, rows, lifetime, copies):
    step = YEARS * 365 * 86_400_000 // copies  # milliseconds from one copy to the next
    young = copies if lifetime is None else min(copies, lifetime * 86_400_000 // step)
    columns = [line.split("|") for line in sql(database, COLUMNS.format(table=table)).splitlines()]
    values = ", ".join(expression(f"r.{name}", kind, table, step) for name, kind in columns)
    names, chosen = ", ".join(name for name, _ in columns), which.format(key=key, rows=SAMPLE * (rows or 0))
    return [f"create temporary table chosen as select * from {table} where {chosen}",
            f"insert into {table} ({names}) select {values} from generate_series({young}::bigint, 1, -1) i"
            f" cross join lateral (select * from chosen where i is not null{' order by seq' if table == 'event' else ''} offset 0) r",
            "drop table chosen"]


def fill(sql, orders):
    """Copies until there are so many more; returns the bytes of the five databases."""
    sample = ", ".join(f"('{id}')" for id in sql("order", f"select id from orders where status = 'COMPLETED' order by id desc limit {SAMPLE}").split())
    copies, databases = max(1, orders // SAMPLE), list(dict.fromkeys(table[0] for table in TABLES))
    for database in databases:
        words = [word for table in TABLES if table[0] == database for word in copy_of(sql, *table, copies)]
        sql(database, "set synchronous_commit = off;" + HELPERS.format(sample=sample) + ";".join(words))
        sql(database, "vacuum analyze")
    return {database: int(sql(database, "select pg_database_size(current_database())")) for database in databases}
