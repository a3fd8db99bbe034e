"""The auditor: faults of each kind are planted in the quiet shop, and it must name each, with its id; what was planted is taken back. And after all
stories nothing at all is wrong.

What is on Kafka cannot be taken back, so what the topics and the histories do not agree in is planted in the histories. All are planted at once, each in
an order of its own, and looked for in one audit."""
import contextlib
import json
import uuid

import psycopg2
import psycopg2.extras
import pytest
import redis

from auditor import verify
from endings import assert_cancelled, assert_completed
from histories import database_url, owners_url
from people import Customer
from waiting import at_once
from wire import new_key

pytestmark = pytest.mark.audits
psycopg2.extras.register_uuid()
PRICE = 32000
FAULTS = {}  # {what is planted: (the invariant's number, how)}


def planted(*numbers):
    """A function that plants it, for the time of its `with`, in what it is given: yields the words of the sentence that must name it."""
    def keeps(plant):
        FAULTS.update({f"{number}, {plant.__name__}": (number, contextlib.contextmanager(plant)) for number in numbers[:1]})
        FAULTS.update({f"{number}, {plant.__name__}": (number, None) for number in numbers[1:]})
        return plant
    return keeps


# ── changing, and back ──


@contextlib.contextmanager
def changed(service, change, back, **values):
    """One row is changed, or made, or removed; and afterwards is as it was. The change may return one or two values: %(was)s and %(other)s of the way back."""
    def does(statement):
        connection = psycopg2.connect(owners_url(service))  # the service may not change its history
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                assert cursor.rowcount == 1, f"{cursor.rowcount} rows: {statement}"
                return cursor.fetchone() if cursor.description else None
        finally:
            connection.close()

    values.update(zip(("was", "other"), does(change) or ()))
    try:
        yield
    finally:
        does(back)


def event_changed(service, order, name, sets, column, **values):
    """One column of the row of an order's event."""
    back = {"id": "uuid", "causation": "uuid", "data": "json", "version": "bigint"}[column]
    return changed(service, f"update event x set {column} = {sets} from event old where old.seq = x.seq and x.correlation = %(order)s"
                            f" and x.type like '%%.{name}.v1' returning old.seq, old.{column}::text",
                   f"update event set {column} = %(other)s::{back} where seq = %(was)s", order=order.id, **values)


CHARGE_OF = "(select (a ->> 'key')::uuid from payment p, json_array_elements(p.attempts -> 'attempts') a where p.id = %(id)s)"


def event_id(service, order, name):
    connection = psycopg2.connect(database_url(service))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"select id::text from event where correlation = %s and type like '%%.{name}.v1'", (order.id,))
            return cursor.fetchone()[0]
    finally:
        connection.close()


class View:
    """What Redis keeps, of the generation that is read."""

    def __init__(self, shop):
        self.redis = redis.Redis.from_url(shop.settings("customer-view")["JUMUN_REDIS_URL"].strip("'\""), decode_responses=True)
        self.prefix = f"view:{self.redis.get('view:generations').split()[1]}:"

    @contextlib.contextmanager
    def has(self, key, field, value):
        was = self.redis.hget(self.prefix + key, field)
        assert was is not None and was != value
        self.redis.hset(self.prefix + key, field, value)
        try:
            yield
        finally:
            self.redis.hset(self.prefix + key, field, was)


class Orders:
    """One that waits to be paid, one that was cancelled and refunded, and a completed one for each who asks."""

    def __init__(self, shop, wire, topics, ledger):
        self.cups, self.customer, self.view = shop.sells(price=PRICE), Customer(wire), View(shop)
        self.free = at_once([lambda: self.customer.orders(self.cups, 2)] * 17)
        self.refunded = self.customer.regrets(self.cups, "tok_lost")
        self.unpaid = self.customer.orders(self.cups, token="tok_declined").is_declined()
        for order in self.free:
            assert_completed(order, topics, ledger, 2 * PRICE)
        assert_cancelled(self.refunded, topics, ledger, "customer", PRICE)

    def completed(self):
        return self.free.pop()


@pytest.fixture(scope="module")
def orders(whole_shop, wire, topics, ledger):
    whole_shop.is_told({})
    whole_shop.waits_until_ready()
    return Orders(whole_shop, wire, topics, ledger)


# ── one or more for each invariant ──


@planted(1)
def a_completed_order_whose_payment_was_declined(orders):
    order = orders.completed()
    with changed("payment", "update payment set attempts = replace(attempts::text, 'APPROVED', 'DECLINED')::json where id = %(id)s",
                 "update payment set attempts = replace(attempts::text, 'DECLINED', 'APPROVED')::json where id = %(id)s", id=order.id):
        yield order.id, "0 approved attempts"


@planted(2)
def a_refund_twice(orders):
    with changed("payment", f"""
            insert into simulated_provider.refund (key, charge, amount, currency, done, refunded_at)
            select gen_random_uuid(), charge, amount, currency, true, now() from simulated_provider.refund where done and charge in {CHARGE_OF}
            returning key""", "delete from simulated_provider.refund where key = %(was)s", id=orders.refunded.id):
        yield orders.refunded.id, f"{2 * PRICE} was given back of {PRICE}"


@planted(3)
def a_cancelled_order_whose_goods_have_left(orders):
    with changed("product", """
            insert into event (id, aggregate_kind, aggregate, version, type, correlation, at, data) select gen_random_uuid(), 'preparation', %(id)s,
            max(version) + 1, 'jumun.preparation.PreparationShipped.v1', %(id)s, now(), '{}' from event where aggregate = %(id)s returning seq""",
                 "delete from event where seq = %(was)s", id=orders.refunded.id):
        yield orders.refunded.id, "goods have left"


@planted(4)
def a_charge_that_we_do_not_know_of(orders):
    with changed("payment", "insert into simulated_provider.charge (key, amount, currency, token, charged_at) values (%(key)s, 77, 'KRW', 'tok_ok', now())",
                 "delete from simulated_provider.charge where key = %(key)s", key=(stray := uuid.uuid4())):
        yield str(stray), "77"


@planted(4)
def a_charge_that_the_provider_does_not_know_of(orders):
    order = orders.completed()
    with changed("payment", f"update simulated_provider.charge set charged_at = charged_at + interval '1 year' where key in {CHARGE_OF}",
                 f"update simulated_provider.charge set charged_at = charged_at - interval '1 year' where key in {CHARGE_OF}", id=order.id):
        yield order.id, "no such charge"


@planted(5)
def a_won_too_many_taken(orders):
    order = orders.completed()
    with changed("payment", f"update simulated_provider.charge set amount = amount + 1 where key in {CHARGE_OF}",
                 f"update simulated_provider.charge set amount = amount - 1 where key in {CHARGE_OF}", id=order.id):
        yield order.id, f"keeps {2 * PRICE + 1}"


@planted(6)
def a_cup_too_many(orders):
    with changed("product", "update product set on_hand = on_hand + 1 where id = %(id)s", "update product set on_hand = on_hand - 1 where id = %(id)s",
                 id=orders.cups["id"]):
        yield orders.cups["id"], "came in"


@planted(7)
def another_total(orders):
    with changed("order", "update orders set total = total + 1 where id = %(id)s", "update orders set total = total - 1 where id = %(id)s",
                 id=orders.unpaid.id):
        yield orders.unpaid.id, f"make {PRICE}", f"is {PRICE + 1}"


@planted(8)
def a_version_skipped(orders):
    order = orders.completed()
    with event_changed("product", order, "PreparationShipped", "x.version + 1", "version"):
        yield order.id, "version 1 is followed by 3"


@planted(8)
def a_state_that_its_history_does_not_make(orders):
    with changed("delivery", "update delivery set state = 'AWAITING' where id = %(id)s", "update delivery set state = 'CANCELLED' where id = %(id)s",
                 id=orders.refunded.id):
        yield orders.refunded.id, "its row says AWAITING"


@planted(9)
def an_order_past_its_deadline(orders):
    with changed("order", "update orders set deadline = deadline - interval '1 day' where id = %(id)s",
                 "update orders set deadline = deadline + interval '1 day' where id = %(id)s", id=orders.unpaid.id):
        yield orders.unpaid.id, "past its deadline"


@planted(10)
def a_message_that_no_history_has(orders):
    order = orders.completed()
    was = event_id("delivery", order, "DeliveryCompleted")
    with event_changed("delivery", order, "DeliveryCompleted", "%(new)s", "id", new=uuid.uuid4()):
        yield order.id, was, "in no history"


@planted(10)
def an_event_that_is_on_no_topic(orders):
    order = orders.completed()
    with event_changed("delivery", order, "DeliveryCompleted", "%(new)s", "id", new=(new := uuid.uuid4())):
        yield order.id, str(new), "not on its topic"


@planted(11)
def a_copy_that_is_another(orders):
    order = orders.completed()
    with event_changed("order", order, "OrderShipped", "'{}'", "data"):
        yield event_id("order", order, "OrderShipped"), "not as its history has it"


@planted(12)
def a_version_that_overtakes(orders):
    order = orders.completed()
    with event_changed("order", order, "OrderConfirmed", "100", "version"):
        yield order.id, "OrderConfirmed", "version 100"


@planted(13, 15, 21)
def an_event_that_was_never_taken_in(orders):
    forgotten = event_id("order", orders.completed(), "OrderConfirmed")
    with changed("delivery", "delete from inbox where event = %(id)s returning at::text, content", "insert into inbox values (%(id)s, %(was)s, %(other)s)",
                 id=forgotten):
        yield forgotten, "delivery"


@planted(13, 15)
def an_event_that_nobody_sent(orders):
    with changed("payment", "insert into inbox values (%(id)s)", "delete from inbox where event = %(id)s", id=(invented := uuid.UUID(int=uuid.uuid4().int | 0xff << 120))):  # not of long ago
        yield str(invented), "payment"


@planted(14)
def a_cause_that_does_not_exist(orders):
    order = orders.completed()
    with event_changed("product", order, "PreparationShipped", "%(new)s", "causation", new=(new := uuid.uuid4())):
        yield order.id, str(new)


@planted(14)
def an_event_that_caused_itself(orders):
    order = orders.completed()
    with event_changed("product", order, "PreparationShipped", "x.id", "causation"):
        yield event_id("product", order, "PreparationShipped"), "a cause of itself"


@planted(16)
def a_timer_that_nobody_fires(orders):
    with changed("order", "insert into timer values (%(id)s, 'order', 'planted', %(id)s, now() - interval '1 minute')",
                 "delete from timer where timer = 'planted'", id=orders.unpaid.id):
        yield orders.unpaid.id, "planted"


@planted(16)
def a_position_behind(orders):
    place, position = max(orders.view.redis.hgetall(orders.view.prefix + "positions").items(), key=lambda item: int(item[1]))
    with orders.view.has("positions", place, str(int(position) - 1)):
        yield "customer-view lags", place.replace(":", "/")


@planted(17)
def a_stale_field(orders):
    order = orders.completed()
    with orders.view.has(f"order:{order.id}", "ship.carrier", "somebody else"):
        yield order.id, "ship.carrier"


@planted(18)
def a_notice_twice(orders):
    order = orders.completed()
    with changed("notification", """
            insert into notice (id, version, order_id, customer, cause, kind, channel, language, status, text, at, attempts)
            select gen_random_uuid(), version, order_id, customer, cause, kind, channel, language, status, text, at, attempts from notice
            where order_id = %(id)s and kind = 'ORDER_CONFIRMED' returning id""", "delete from notice where id = %(was)s", id=order.id):
        yield order.id, "ORDER_CONFIRMED", "more than once"


@planted(21)
def a_guard_that_would_let_an_event_pass_again(orders):
    order = orders.completed()
    with orders.view.has(f"order:{order.id}", "v:delivery", "1"):
        yield order.id, "v:delivery"


# ── what clients were told ──


def told(orders, outcome, status, order=None, key=None, body="", request="POST /orders"):
    line = {"request": request, "customer": orders.customer.id, "key": key or new_key(), "outcome": outcome, "status": status, "body": body}
    return json.dumps(line | ({"order": order.id} if order else {})) + "\n"


@planted(19)
def told_that_it_is_paid(orders):
    yield told(orders, "ok", 201, orders.unpaid), orders.unpaid.id, "never confirmed"


@planted(19)
def refused_and_done_all_the_same(orders):
    yield told(orders, "refused", 422, orders.unpaid), orders.unpaid.id, "refused"


@planted(20)
def one_key_and_two_orders(orders):
    one, key = orders.completed(), new_key()
    yield told(orders, "ok", 201, one, key) + told(orders, "ok", 201, orders.refunded, key), one.id, orders.refunded.id


@planted(20)
def one_key_and_two_answers(orders):
    one, key = orders.completed(), new_key()
    yield told(orders, "ok", 201, one, key, "one") + told(orders, "ok", 201, one, key, "another"), one.id, "differ"


# ── the audit of all of them ──


@pytest.fixture(scope="module")
def audit(orders, tmp_path_factory):
    """What it said while everything was planted, and what it was to say."""
    history, words = tmp_path_factory.mktemp("audit") / "history", {}
    with contextlib.ExitStack() as stack:
        for name, (number, plant) in FAULTS.items():
            if plant:
                words[name.split(", ")[1]] = stack.enter_context(plant(orders))
        lies = [word for of_one in words.values() for word in of_one if word.startswith("{")]
        history.write_text("".join(lies))
        said = verify("--history", str(history), patience=3)
    return said, words


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_planted_is_named(audit, fault):
    said, words = audit
    number, name = FAULTS[fault][0], fault.split(", ")[1]
    wanted = [word for word in words[name] if not word.startswith("{")]
    assert not said.holds
    assert any(all(word in what for word in wanted) for what in said.violated().get(number, [])), (wanted, said.violated().get(number))


def test_every_invariant_was_tried():
    assert {number for number, _ in FAULTS.values()} == set(range(1, 22))


def test_too_few_orders_are_no_proof(audit):
    said = verify("--min-orders", "1000000000")
    assert not said.holds and not said.violated() and said.unchecked() == {19, 20}, said.violated()


def test_after_all_stories_nothing_is_wrong(audit, orders, tmp_path):
    """Whatever was planted is taken back; and what clients were told is true."""
    history, one, key = tmp_path / "history", orders.completed(), new_key()
    history.write_text(told(orders, "ok", 201, one, key) + told(orders, "unknown", 0, None, key) + told(orders, "ok", 402, orders.unpaid)
                       + told(orders, "refused", 409) + told(orders, "ok", 202, orders.refunded, request="DELETE /orders"))
    said = verify("--min-orders", "18", "--history", str(history))
    assert said.holds and not said.unchecked(), said.violated()
    print({number: invariant["looked"] for number, invariant in said.invariants.items()})
