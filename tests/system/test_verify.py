"""The auditor: a fault of each kind is planted in the quiet shop, and it must name it, with its id; what was planted is taken back. And after all
stories nothing at all is wrong.

What is on Kafka cannot be taken back, so what the topics and the histories do not agree in is planted in the histories."""
import contextlib
import json
import uuid

import psycopg2
import psycopg2.extras
import pytest
import redis

from auditor import verify
from endings import assert_cancelled, assert_completed
from histories import database_url
from wire import new_key

pytestmark = pytest.mark.audits
psycopg2.extras.register_uuid()
PRICE = 32000


class Orders:
    """One of each end, one that waits to be paid, and what they were of."""

    def __init__(self, shop, customer, topics, ledger):
        self.cups = shop.sells(price=PRICE)
        self.customer = customer
        self.completed = customer.orders(self.cups, 2)
        self.refunded = customer.regrets(self.cups, "tok_lost")
        self.unpaid = customer.orders(self.cups, token="tok_declined").is_declined()
        assert_completed(self.completed, topics, ledger, 2 * PRICE)
        assert_cancelled(self.refunded, topics, ledger, "customer", PRICE)


@pytest.fixture(scope="module")
def kept():
    """The orders of this module, made once."""
    return {}


@pytest.fixture
def orders(shop, customer, topics, ledger, kept):
    if not kept:
        kept["orders"] = Orders(shop, customer, topics, ledger)
    return kept["orders"]


# ── planting ──


@contextlib.contextmanager
def changed(service, change, back, **values):
    """One row is changed, or made, or removed; and afterwards is as it was."""
    def does(statement):
        connection = psycopg2.connect(database_url(service))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                assert cursor.rowcount == 1, f"{cursor.rowcount} rows: {statement}"
                return cursor.fetchone() if cursor.description else None
        finally:
            connection.close()

    values.update(zip(("was", "other"), does(change) or ()))
    try:
        yield values
    finally:
        does(back)


def redis_of(shop):
    return redis.Redis.from_url(shop.settings("customer-view")["JUMUN_REDIS_URL"].strip("'\""), decode_responses=True)


def view_key(shop, rest):
    """Of the generation that is read."""
    return f"view:{redis_of(shop).get('view:generations').split()[1]}:{rest}"


@contextlib.contextmanager
def set_in_redis(shop, key, field, value):
    view = redis_of(shop)
    was = view.hget(key, field)
    assert was is not None and was != value
    view.hset(key, field, value)
    try:
        yield
    finally:
        view.hset(key, field, was)
        view.close()


def column(service, table, order, name, expression):
    """The planting of another value into a column of an order's row."""
    return changed(service, f"update {table} x set {name} = {expression} from {table} old where old.id = x.id and x.id = %(id)s returning old.{name}::text",
                   f"update {table} set {name} = %(was)s::{'json' if name in ('attempts', 'data') else 'text' if name == 'state' else 'bigint'} where id = %(id)s",
                   id=order.id)


def event(service, order, name, sets, back):
    return changed(service, f"update event x set {sets} from event old where old.seq = x.seq and x.correlation = %(order)s and x.type like '%%.{name}.v1' "
                            f"returning old.seq, {back[1]}::text",
                   f"update event set {back[0]} where seq = %(was)s", order=order.id, new=uuid.uuid4())


def id_of(service, order, name):
    connection = psycopg2.connect(database_url(service))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"select id::text from event where correlation = %s and type like '%%.{name}.v1'", (order.id,))
            return cursor.fetchone()[0]
    finally:
        connection.close()


def assert_named(number, *words, told=(), audit=None, **options):
    """It says that the invariant is violated, once at least in one sentence with all these words."""
    audit = audit or verify(*told, **options)
    named = audit.violated().get(number, [])
    assert not audit.holds and any(all(word in what for word in words) for what in named), (words, audit.violated())
    return audit


# ── one for each invariant ──


def test_1_a_completed_order_whose_payment_was_declined(orders):
    with column("payment", "payment", orders.completed, "attempts", "replace(x.attempts::text, 'APPROVED', 'DECLINED')::json"):
        assert_named(1, orders.completed.id, "0 approved attempts")


def test_2_a_refund_twice(orders):
    with changed("payment", """
            insert into simulated_provider.refund (key, charge, amount, currency, done, refunded_at)
            select gen_random_uuid(), r.charge, r.amount, r.currency, true, now() from simulated_provider.refund r
            where r.done and r.charge in (select (a ->> 'key')::uuid from payment p, json_array_elements(p.attempts -> 'attempts') a where p.id = %(id)s)
            returning key""", "delete from simulated_provider.refund where key = %(was)s", id=orders.refunded.id):
        assert_named(2, orders.refunded.id, f"{2 * PRICE} was given back of {PRICE}")


def test_3_a_cancelled_order_whose_goods_have_left(orders):
    with changed("product", """
            insert into event (id, aggregate_kind, aggregate, version, type, correlation, at, data) select gen_random_uuid(), 'preparation', %(id)s,
            max(version) + 1, 'jumun.preparation.PreparationShipped.v1', %(id)s, now(), '{}' from event where aggregate = %(id)s returning seq""",
                 "delete from event where seq = %(was)s", id=orders.refunded.id):
        assert_named(3, orders.refunded.id, "goods have left")


def test_4_a_charge_that_we_do_not_know_of(orders):
    with changed("payment", "insert into simulated_provider.charge (key, amount, currency, token, charged_at) values (%(key)s, 77, 'KRW', 'tok_ok', now())",
                 "delete from simulated_provider.charge where key = %(key)s", key=(stray := uuid.uuid4())):
        assert_named(4, str(stray), "77")


def test_4_a_charge_that_the_provider_does_not_know_of(orders):
    with changed("payment", """
            update simulated_provider.charge set charged_at = charged_at + interval '1 year'
            where key in (select (a ->> 'key')::uuid from payment p, json_array_elements(p.attempts -> 'attempts') a where p.id = %(id)s) returning key""",
                 "update simulated_provider.charge set charged_at = charged_at - interval '1 year' where key = %(was)s", id=orders.completed.id):
        assert_named(4, orders.completed.id, "no such charge")


def test_5_more_taken_than_ordered(orders):
    with changed("payment", """
            update simulated_provider.charge set amount = amount + 1
            where key in (select (a ->> 'key')::uuid from payment p, json_array_elements(p.attempts -> 'attempts') a where p.id = %(id)s) returning key""",
                 "update simulated_provider.charge set amount = amount - 1 where key = %(was)s", id=orders.completed.id):
        assert_named(5, orders.completed.id, f"keeps {2 * PRICE + 1}")


def test_6_a_cup_too_many(orders):
    with changed("product", "update product set on_hand = on_hand + 1 where id = %(id)s", "update product set on_hand = on_hand - 1 where id = %(id)s",
                 id=orders.cups["id"]):
        assert_named(6, orders.cups["id"], "came in")


def test_7_another_total(orders):
    with changed("order", "update orders set total = total + 1 where id = %(id)s", "update orders set total = total - 1 where id = %(id)s",
                 id=orders.unpaid.id):
        assert_named(7, orders.unpaid.id, f"make {PRICE}", str(PRICE + 1))


def test_8_a_version_skipped(orders):
    with event("product", orders.completed, "PreparationShipped", "version = x.version + 1", ("version = version - 1", "old.version")):
        assert_named(8, orders.completed.id, "version 1 is followed by 3")


def test_8_a_step_that_may_not_be(orders):
    with changed("delivery", "update delivery set state = 'AWAITING' where id = %(id)s", "update delivery set state = 'CANCELLED' where id = %(id)s",
                 id=orders.refunded.id):
        assert_named(8, orders.refunded.id, "its row says AWAITING")


def test_9_an_order_past_its_deadline(orders):
    with changed("order", "update orders set deadline = deadline - interval '1 day' where id = %(id)s",
                 "update orders set deadline = deadline + interval '1 day' where id = %(id)s", id=orders.unpaid.id):
        assert_named(9, orders.unpaid.id, "past its deadline")


def test_10_a_message_that_no_history_has(orders):
    was = id_of("delivery", orders.completed, "DeliveryCompleted")
    with event("delivery", orders.completed, "DeliveryCompleted", "id = %(new)s", ("id = %(other)s", "old.id")) as planted:
        audit = assert_named(10, orders.completed.id, was, "in no history")
        assert_named(10, orders.completed.id, str(planted["new"]), "not on its topic", audit=audit)


def test_11_a_copy_that_is_another(orders):
    with event("order", orders.completed, "OrderShipped", "data = '{}'", ("data = %(other)s", "old.data")):
        assert_named(11, id_of("order", orders.completed, "OrderShipped"), "not as its history has it")


def test_12_versions_out_of_order(orders):
    """A published one gets the version behind the last: its place on the topic is before that of the others."""
    with event("order", orders.completed, "OrderConfirmed", "version = 100", ("version = 3", "old.version")):
        assert_named(12, orders.completed.id, "OrderConfirmed", "version 100")


def test_13_and_15_an_event_that_was_never_taken_in(orders):
    forgotten = id_of("order", orders.completed, "OrderConfirmed")
    with changed("delivery", "delete from inbox where event = %(id)s returning at::text", "insert into inbox values (%(id)s, %(was)s)", id=forgotten):
        audit = assert_named(13, forgotten, "inbox of delivery")
        assert_named(15, forgotten, "neither processed nor dead-lettered", audit=audit)
        assert_named(21, forgotten, "replayed", audit=audit)


def test_13_and_15_an_event_that_nobody_sent(orders):
    with changed("payment", "insert into inbox values (%(id)s)", "delete from inbox where event = %(id)s", id=(invented := uuid.uuid4())):
        audit = assert_named(13, str(invented), "not on its topics")
        assert_named(15, str(invented), "never received", audit=audit)


def test_14_a_cause_that_does_not_exist(orders):
    with event("product", orders.completed, "PreparationShipped", "causation = %(new)s", ("causation = %(other)s::uuid", "old.causation")) as planted:
        assert_named(14, orders.completed.id, str(planted["new"]))


def test_14_an_event_that_caused_itself(orders):
    with event("product", orders.completed, "PreparationShipped", "causation = x.id", ("causation = %(other)s::uuid", "old.causation")):
        assert_named(14, id_of("product", orders.completed, "PreparationShipped"), "a cause of itself")


def test_16_a_timer_that_nobody_fires(orders):
    with changed("order", "insert into timer values (%(id)s, 'order', 'planted', %(id)s, now() - interval '1 minute')",
                 "delete from timer where timer = 'planted'", id=orders.unpaid.id):
        assert_named(16, orders.unpaid.id, "planted", patience=0)


def test_16_a_position_behind(shop, orders):
    positions = view_key(shop, "positions")
    place, position = max(redis_of(shop).hgetall(positions).items(), key=lambda item: int(item[1]))
    with set_in_redis(shop, positions, place, str(int(position) - 1)):
        assert_named(16, "customer-view lags", place.replace(":", "/"), patience=0)


def test_17_a_stale_field(shop, orders):
    with set_in_redis(shop, view_key(shop, f"order:{orders.completed.id}"), "ship.carrier", "somebody else"):
        assert_named(17, orders.completed.id, "ship.carrier")


def test_18_told_twice(orders):
    with changed("notification", """
            insert into notice (id, version, order_id, customer, cause, kind, channel, language, status, text, at, attempts)
            select gen_random_uuid(), version, order_id, customer, cause, kind, channel, language, status, text, at, attempts from notice
            where order_id = %(id)s and kind = 'ORDER_CONFIRMED' returning id""", "delete from notice where id = %(was)s", id=orders.completed.id):
        assert_named(18, "ORDER_CONFIRMED", "more than once")


def test_21_a_guard_that_would_let_an_event_pass_again(shop, orders):
    with set_in_redis(shop, view_key(shop, f"order:{orders.completed.id}"), "v:delivery", "1"):
        assert_named(21, orders.completed.id, "v:delivery")


# ── what clients were told ──


def answered(customer, key, outcome, status, order=None, body="", request="POST /orders"):
    line = {"request": request, "customer": customer.id, "key": key, "outcome": outcome, "status": status, "body": body}
    return json.dumps(line | ({"order": order.id} if order else {}))


def history(tmp_path, *lines):
    (tmp_path / "history").write_text("".join(line + "\n" for line in lines))
    return "--history", str(tmp_path / "history")


def test_19_and_20_the_truth(orders, tmp_path):
    customer, key = orders.customer, new_key()
    audit = verify(*history(tmp_path, answered(customer, key, "ok", 201, orders.completed), answered(customer, key, "unknown", 0),
                            answered(customer, new_key(), "ok", 402, orders.unpaid), answered(customer, new_key(), "refused", 409),
                            answered(customer, new_key(), "ok", 202, orders.refunded, request="DELETE /orders")))
    assert audit.holds and not audit.unchecked() and audit.invariants[20]["looked"] == 5, audit.said


def test_19_told_that_it_is_paid_and_it_is_not(orders, tmp_path):
    assert_named(19, orders.unpaid.id, "never confirmed", told=history(tmp_path, answered(orders.customer, new_key(), "ok", 201, orders.unpaid)))


def test_19_refused_and_done_all_the_same(orders, tmp_path):
    assert_named(19, orders.unpaid.id, "refused", told=history(tmp_path, answered(orders.customer, new_key(), "refused", 422, orders.unpaid)))


def test_20_one_key_two_orders(orders, tmp_path):
    lines = [answered(orders.customer, "a key", "ok", 201, order) for order in (orders.completed, orders.refunded)]
    assert_named(20, orders.completed.id, orders.refunded.id, told=history(tmp_path, *lines))


def test_20_one_key_two_answers(orders, tmp_path):
    lines = [answered(orders.customer, "a key", "ok", 201, orders.completed, body) for body in ("one", "another")]
    assert_named(20, orders.completed.id, "differ", told=history(tmp_path, *lines))


# ── and otherwise ──


def test_too_few_orders_are_no_proof(orders):
    audit = verify("--min-orders", "1000000000")
    assert not audit.holds and not audit.violated()


def test_after_all_stories_nothing_is_wrong(orders):
    audit = verify("--min-orders", "3")
    assert audit.holds and audit.unchecked() == {19, 20}, (audit.violated(), audit.unchecked())
    print({number: invariant["looked"] for number, invariant in audit.invariants.items()})
