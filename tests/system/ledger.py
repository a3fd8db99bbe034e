"""The provider's books, which are not payment's: what it has charged, and what it has given back. (The simulated provider keeps them in a schema of its
own beside payment's tables; a key is all that the two have in common.)"""
import psycopg2

from histories import database_url

OF_ORDER = """
    with charge as (
        select c.key, c.amount from simulated_provider.charge c
        where c.charged_at <= clock_timestamp()
          and c.key in (select (a ->> 'key')::uuid from payment p, json_array_elements(p.attempts -> 'attempts') a where p.id = %s))
    select coalesce((select array_agg(amount) from charge), '{}'),
           coalesce((select array_agg(r.amount) from simulated_provider.refund r join charge on charge.key = r.charge where r.done), '{}')
"""
# What the provider has kept of each charge, and what payment says that it has.
COMPARED = """
    with ours as (
        select (a ->> 'key')::uuid as key, p.id as order, p.status, case when p.status in ('APPROVED', 'REFUNDING') then p.amount else 0 end as kept
        from payment p, json_array_elements(p.attempts -> 'attempts') a where a ->> 'status' = 'APPROVED' and p.created_at > %(since)s),
    theirs as (
        select c.key, c.amount - coalesce((select sum(r.amount) from simulated_provider.refund r where r.charge = c.key and r.done), 0) as kept
        from simulated_provider.charge c where c.charged_at between %(since)s and clock_timestamp())
    select coalesce(ours.key, theirs.key), ours.order, ours.status, ours.kept, theirs.kept from ours full join theirs using (key)
    where ours.kept is distinct from theirs.kept
"""


class Ledger:
    """Connects anew for each look: stories restart the database too."""

    def __init__(self):
        ((self.since,),) = self._look("select clock_timestamp()")

    @staticmethod
    def _look(query, values=None):
        connection = psycopg2.connect(database_url("payment"))
        try:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def of(self, order_id):
        """What was charged for the order, and what was given back: two lists of amounts."""
        ((charged, refunded),) = self._look(OF_ORDER, (order_id,))
        return charged, refunded

    def differences(self):
        """Charges, since these books were opened, of which the provider and payment do not say the same, both ways."""
        return self._look(COMPARED, {"since": self.since})
