"""The services' histories: the events that never leave a service are only there."""
import psycopg2

from shop import RUN

CONTEXTS = ("order", "product", "payment", "delivery", "notification")


def database_url(service):
    for line in (RUN / "service" / service / "settings").read_text().splitlines():
        if line.startswith("JUMUN_DATABASE_URL="):
            return line.split("=", 1)[1].strip("'\"")
    raise AssertionError(f"{service}'s settings name no database")


def owners_url(service):
    """As who owns the schema: for what its service must not do. No process of the shop is told this password."""
    password, owners = ((RUN / "secrets" / role).read_text().strip() for role in (service, f"{service}_owner"))
    return database_url(service).replace(f"//{service}:{password}@", f"//{service}_owner:{owners}@")


OF_ORDERS = """
    select aggregate_kind, aggregate::text, version, id::text, topic from event
    where (aggregate_kind, aggregate) in (select aggregate_kind, aggregate from event where correlation = any(%s::uuid[]))
"""


def rows(connection, query, values):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


class Histories:
    def __init__(self):
        self.connections = [psycopg2.connect(database_url(service)) for service in CONTEXTS]
        for connection in self.connections:
            connection.set_session(readonly=True, autocommit=True)

    def have(self, event_id, aggregate):
        for connection in self.connections:
            with connection.cursor() as cursor:
                cursor.execute("select 1 from event where aggregate = %s and id = %s", (aggregate, event_id))
                if cursor.fetchone():
                    return True
        return False

    def of(self, order_ids):
        """Every event of these orders, published or not, as (context, kind, aggregate, version, id, topic)."""
        return [(context, *event) for context, connection in zip(CONTEXTS, self.connections)
                for event in rows(connection, OF_ORDERS, (list(order_ids),))]

    def orders_of(self, customer):
        """Their ids, as order itself has them: the view may be late."""
        connection = self.connections[CONTEXTS.index("order")]
        return [order for (order,) in rows(connection, "select id::text from orders where customer = %s order by id", (customer.id,))]

    def close(self):
        for connection in self.connections:
            connection.close()
