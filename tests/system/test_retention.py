"""What has outlived its use goes, while orders go on: keys by their age, inbox ids by theirs. Who reads everything again after that has only the deciders
to tell old from new; and the auditor says what it could not look for, and misses what is younger."""
import psycopg2
import pytest

from auditor import verify
from consumers import reads_from_the_beginning
from endings import all_there_is, assert_completed, one_of_each_end
from histories import CONTEXTS, database_url
from people import Order, basket
from waiting import until
from wire import new_key

pytestmark = pytest.mark.faults

PRICE = 32000
SHORT = {"JUMUN_KEEP_INBOX_MS": "1000"}


def asks(service, statement, **values):
    """The rows, or how many were changed."""
    connection = psycopg2.connect(database_url(service))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else cursor.rowcount
    finally:
        connection.close()


def figures(shop, service):
    return dict(line.rsplit(" ", 1) for line in shop.asks_admin(service, "/metrics").text.splitlines() if line and line[0] != "#")


def letters(shop):
    return {service: figures(shop, service)["jumun_dead_letters_open"] for service in CONTEXTS}


def remembered(service, order):
    """How many of the events that others have said of the order are in its inbox."""
    ids = [row for context in CONTEXTS for row in asks(context, "select id::text from event where correlation = %(order)s", order=order.id)]
    return asks(service, "select count(*) from inbox where event = any(%(ids)s::uuid[])", ids=[row[0] for row in ids])[0][0]


def test_keys_go_by_their_age(shop, customer):
    """A week is long enough for any client that repeats; the contract promises a day."""
    old, young = new_key(), new_key()
    body = basket([(shop.tea, 1)])
    first, second = customer.places(body, old), customer.places(body, young)
    aged = asks("order", "update idempotency set at = at - interval '8 days', lease = lease - interval '8 days' where key = %(old)s", old=old)
    assert aged == 1
    shop.stop("order")
    shop.start("order")  # what is old is looked for at the start, and every minute
    until(lambda: not asks("order", "select from idempotency where key = %(old)s", old=old), "the old key has gone")
    again = customer.places(body, young)
    assert again.replayed and again.body == second.body
    anew = customer.places(body, old)
    assert not anew.replayed and Order(customer, anew).id != Order(customer, first).id
    assert float(figures(shop, "order")['jumun_pruned_rows_total{table="idempotency"}']) >= 1


def test_an_inbox_forgets_and_nothing_happens_twice(shop, customer, topics, ledger):
    cups = shop.sells(stock=10, price=PRICE)
    completed, cancelled, declined, waiting = one_of_each_end(customer, cups, PRICE, topics, ledger)
    for order, notices in ((completed, 5), (cancelled, 4), (declined, 4), (waiting, 2)):
        order.timeline("OrderPlaced", *["NotificationSent"] * notices)
    assert all(remembered(service, completed) for service in ("order", "product", "delivery", "notification"))

    shop.starts_once_with(dict.fromkeys(CONTEXTS, SHORT))
    during = customer.orders(cups)  # orders go on
    for service in CONTEXTS:
        until(lambda: not any(remembered(service, order) for order in (completed, cancelled, declined)), f"{service} has forgotten", limit=300)
    assert_completed(during, topics, ledger, charged=PRICE)

    during.timeline("OrderPlaced", *["NotificationSent"] * 5)
    orders = completed, cancelled, declined, waiting, during
    before, poison = all_there_is(customer, orders, cups), letters(shop)
    events = {service: asks(service, "select count(*) from event where correlation = %(order)s", order=completed.id) for service in CONTEXTS}
    for service in CONTEXTS:
        reads_from_the_beginning(shop, service)  # with its usual lifetime: the setting was for one start
    assert all_there_is(customer, orders, cups) == before
    assert letters(shop) == poison
    assert events == {service: asks(service, "select count(*) from event where correlation = %(order)s", order=completed.id) for service in CONTEXTS}
    assert waiting.pays("tok_ok").status in (201, 202)
    assert_completed(waiting, topics, ledger, charged=PRICE)

    audit = verify()
    assert audit.holds and not audit.violated(), audit.violated()
    assert "not looked for: order " in audit.invariants[13]["note"]
    young = customer.orders(cups)
    assert_completed(young, topics, ledger, charged=PRICE)
    young.timeline("OrderPlaced", *["NotificationSent"] * 5)
    [(event,)] = asks("order", "select id::text from event where correlation = %(order)s and type = 'jumun.order.OrderConfirmed.v1'", order=young.id)
    [(at, content)] = asks("delivery", "delete from inbox where event = %(event)s returning at::text, content", event=event)
    try:
        assert any(event in what for what in verify(patience=3).violated().get(13, []))
    finally:
        asks("delivery", "insert into inbox values (%(event)s, %(at)s, %(content)s)", event=event, at=at, content=content)
