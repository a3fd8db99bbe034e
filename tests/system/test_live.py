"""What happens to a customer's orders, as it happens; and the list of them, while it happens."""
import socket
import subprocess

import pytest

from lifecycle import EVERYTHING, NOTICES, STEPS
from live import PATH, Listener
from problems import assert_problem
from replicas import replica
from shop import RUN
from waiting import at_once, until
from wire import HOST, PORT, new_key

LIFE = [*STEPS, *["NotificationSent"] * len(NOTICES)]


def assert_told_in_order(changes):
    """Ids ascend, nothing comes twice, each service's own changes are in the order of its timeline."""
    places = [change.place for change in changes]
    assert places == sorted(set(places))
    assert len({change.event_id for change in changes}) == len(changes)


def assert_is_the_timeline(changes, order):
    """Exactly what the timeline tells, service by service in the same order."""
    timeline = order.timeline(*EVERYTHING)
    for service in {entry["service"] for entry in timeline}:
        assert [change.data["change"] for change in changes if change.data["change"]["service"] == service] == \
            [entry for entry in timeline if entry["service"] == service]
    assert len(changes) == len(timeline)


def test_who_listens_is_told_all_that_happens_in_order(shop, customer):
    with Listener(customer) as listener:
        order = customer.orders(shop.tea, 2)
        changes = listener.hears(order, *LIFE)
        assert_told_in_order(listener.changes())
        assert_is_the_timeline(changes, order)
        own = [change.type for change in changes if change.data["change"]["service"] == "order"]
        assert own[0] == "OrderPlaced"  # payment's word of it may be sooner here: topics come in any order
        assert changes[-1].data["status"] == "COMPLETED"
        assert listener.retry > 0 and not listener.ended


def test_who_comes_back_gets_exactly_what_it_has_missed(shop, customer):
    with Listener(customer) as listener:
        first = customer.orders(shop.tea)
        listener.hears(first, *LIFE)
    missed = customer.orders(shop.tea).waits_until("COMPLETED")
    missed.timeline(*LIFE)
    with Listener(customer, last=listener.last) as again:
        changes = again.hears(missed, *LIFE)
        assert_told_in_order(again.changes())
        assert_is_the_timeline(changes, missed)
        live = customer.orders(shop.tea)
        assert_is_the_timeline(again.hears(live, *LIFE), live)
        assert {event.order for event in again.events} == {missed.id, live.id}
    half = missed and listener.changes()[4]
    with Listener(customer, query=f"?lastEventId={half.id}") as by_query:
        by_query.hears(live, *LIFE)
        assert [event.id for event in by_query.events] == [event.id for event in (*listener.events[5:], *again.events)]


def test_who_comes_back_before_anything_has_happened_misses_nothing(shop, customer):
    with Listener(customer) as listener:
        pass
    assert listener.events == [] and listener.last
    order = customer.orders(shop.tea).waits_until("COMPLETED")
    order.timeline(*LIFE)
    with Listener(customer, last=listener.last) as again:
        assert_is_the_timeline(again.hears(order, *LIFE), order)


@pytest.mark.faults
def test_a_cancelled_order_is_told_of_and_shown(shop, customer):
    with Listener(customer) as listener:
        declined = customer.orders(shop.tea, token="tok_declined")
        assert customer.asks("DELETE", f"/api/orders/{declined.id}", key=new_key()).status == 202
        listener.hears(declined, "OrderCancelRequested", "DeliveryCancelled", "PreparationCancelled", "PaymentClosed", "OrderCancelled")
        shown = declined.waits_until("CANCELLED").seen()
        assert [shown[part]["status"] for part in ("payment", "preparation", "delivery")] == ["CLOSED", "CANCELLED", "CANCELLED"]
        assert shown["cancelReason"] == "customer" and "refunded" not in shown
        with shop.down("delivery"):  # so that it is not shipped before it is cancelled
            paid = customer.orders(shop.tea, 2)
            assert customer.asks("DELETE", f"/api/orders/{paid.id}", key=new_key()).status == 202
        listener.hears(paid, "OrderCancelRequested", "DeliveryCancelled", "PreparationCancelled", "PaymentRefunded", "OrderCancelled")
        shown = paid.waits_until("CANCELLED").seen()
        assert [shown[part]["status"] for part in ("payment", "preparation", "delivery")] == ["REFUNDED", "CANCELLED", "CANCELLED"]
        assert shown["refunded"] == shown["total"] and "needsReview" not in shown
        assert_told_in_order(listener.changes())
    cancelled = customer.reads("/api/my/orders?status=CANCELLED,CANCELLING")["items"]
    assert [order["id"] for order in cancelled] == [paid.id, declined.id]


@pytest.mark.parametrize("last", ["nonsense", "0000000000000000.1-0", "x" * 100])
def test_who_comes_back_from_nowhere_is_told_to_reload(shop, customer, last):
    with Listener(customer, last=last) as listener:
        listener.until(lambda: listener.events, "it is told")
        assert [event.name for event in listener.events] == ["reload"] and listener.last != last
        order = customer.orders(shop.tea)
        assert_is_the_timeline(listener.hears(order, *LIFE), order)


def test_ids_that_are_not_the_customers_tell_nothing_of_others(shop, customer, neighbour):
    with Listener(neighbour) as listener:
        listener.hears(neighbour.orders(shop.tea), *LIFE)
    with Listener(customer, last=listener.events[0].id) as stranger:
        order = customer.orders(shop.tea)
        stranger.hears(order, *LIFE)
        assert {event.order for event in stranger.changes()} == {order.id}


def test_nobody_hears_of_somebody_elses_orders(shop, customer, neighbour):
    with Listener(customer) as listener, Listener(neighbour) as other:
        orders = [customer.orders(shop.tea) for _ in range(3)]
        theirs = [neighbour.orders(shop.tea) for _ in range(3)]
        for mine, their in zip(orders, theirs):
            listener.hears(mine, *LIFE)
            other.hears(their, *LIFE)
        assert {event.order for event in listener.events} == {order.id for order in orders}
        assert {event.order for event in other.events} == {order.id for order in theirs}


def test_a_quiet_stream_is_kept_alive(shop, customer):
    with Listener(customer) as listener:
        listener.until(lambda: listener.comments >= 1, "a heartbeat")
        assert listener.events == []


def test_many_listeners_hear_the_same(shop, customer):
    listeners = [Listener(customer) for _ in range(8)]
    try:
        for listener in listeners:
            listener.__enter__()
        order = customer.orders(shop.tea)
        told = [[event.id for event in listener.hears(order, *LIFE)] for listener in listeners]
        assert all(ids == told[0] for ids in told)
    finally:
        for listener in listeners:
            listener.close()


def test_who_does_not_read_disturbs_nobody(shop, customer, neighbour):
    with socket.socket() as deaf, Listener(neighbour) as listener:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.connect((HOST, PORT))
        deaf.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {customer.token}\r\n\r\n".encode())
        orders = at_once([lambda: customer.orders(shop.tea)] * 30)
        order = neighbour.orders(shop.tea)
        assert_is_the_timeline(listener.hears(order, *LIFE), order)
        customer.waits_for_all(orders)


def test_who_leaves_is_forgotten(shop, customer):
    def listening():
        page = shop.asks_admin("customer-view", "/metrics").text
        return next(int(line.split()[1]) for line in page.splitlines() if line.startswith("jumun_view_listeners "))

    until(lambda: listening() == 0, "those of earlier stories are forgotten")
    with Listener(customer):
        until(lambda: listening() == 1, "it is counted")
    until(lambda: listening() == 0, "through the gateway it is known that the client has left")


def test_a_customer_may_listen_ten_times_at_once(shop, customer):
    listeners = [Listener(customer) for _ in range(10)]
    try:
        assert {listener.status for listener in listeners} == {200}
        answer = customer.gets(PATH)
        assert_problem(answer, 429, "/problems/too-many-own-listeners")
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        for listener in listeners:
            listener.close()

    def room_again():
        return customer.gets(PATH).status == 200

    until(room_again, "there is room again")


def test_one_must_say_who_listens(shop, passer_by, courier):
    assert_problem(passer_by.gets(PATH), 401, "/problems/unauthenticated")
    assert_problem(courier.gets(PATH), 403, "/problems/forbidden")


# ── the list ──


def test_the_list_keeps_the_statuses_asked_for(shop, customer):
    done = [customer.orders(shop.tea) for _ in range(2)]
    waiting = [customer.orders(shop.tea, token="tok_declined") for _ in range(2)]
    customer.waits_for_all(done)
    customer.waits_for_all(waiting, "PENDING_PAYMENT")

    def ids(status):
        return [order["id"] for order in customer.reads(f"/api/my/orders?status={status}")["items"]]

    assert ids("COMPLETED") == [order.id for order in reversed(done)]
    assert ids("PENDING_PAYMENT") == [order.id for order in reversed(waiting)]
    assert ids("PENDING_PAYMENT,COMPLETED") == ids("COMPLETED,PENDING_PAYMENT") == [order.id for order in reversed(done + waiting)]
    assert ids("CANCELLED,CANCELLING") == []
    paged = customer.reads("/api/my/orders?status=COMPLETED&limit=1")
    rest = customer.reads(f"/api/my/orders?status=COMPLETED&limit=1&cursor={paged['nextCursor']}")
    assert [order["id"] for order in paged["items"] + rest["items"]] == ids("COMPLETED")
    for wrong in ("completed", "LOST", "", "COMPLETED,", "COMPLETED,LOST", ","):
        assert_problem(customer.gets(f"/api/my/orders?status={wrong}"), 400, "/problems/invalid-status")


def test_the_list_is_stable_while_orders_arrive(shop, customer):
    before = at_once([lambda: customer.orders(shop.tea) for _ in range(20)])
    customer.waits_for_all(before)
    seen = []
    for page in customer.pages("/api/my/orders", 3):
        seen += [order["id"] for order in page]
        if page:  # one more at the head of the list, and it is there before the next page is asked for
            arrived = customer.orders(shop.tea)
            until(arrived.seen, "the list has grown")
    assert sorted(seen) == sorted(order.id for order in before)
    assert seen == sorted(seen, reverse=True)


# ── faults ──


class Returner:
    """Comes back whenever the stream has ended, with the last id; what it has heard in all."""

    def __init__(self, customer):
        self.customer, self.events = customer, []
        self.listener = Listener(customer).__enter__()

    def all(self):
        if self.listener.ended:
            again = Listener(self.customer, last=self.listener.last)
            if again.status != 200:
                return self.events
            self.events += self.listener.events
            self.listener = again
        return self.events + self.listener.events

    def hears(self, orders):
        wanted = {order.id for order in orders}

        def all_there():
            told = {}
            for event in self.all():
                if event.name == "order":
                    told.setdefault(event.order, []).append(event.type)
            return all(sorted(told.get(id, [])) == sorted(LIFE) for id in wanted)

        until(all_there, lambda: f"all of {len(wanted)} orders; {[event.name for event in self.all()].count('reload')} reloads")
        self.listener.close()
        return self.all()


@pytest.mark.faults
@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.parametrize("service", ["customer-view", "gateway"])
def test_nothing_is_missed_when_a_service_is_started_anew(shop, customer, service, end):
    returner = Returner(customer)
    orders = [customer.orders(shop.tea) for _ in range(5)]
    if end == "kill":
        shop.kill(service)
    else:
        with shop.down(service):
            pass
    orders += [customer.insists_on_ordering(shop.tea) for _ in range(5)]
    events = returner.hears(orders)
    assert [event for event in events if event.name != "order"] == []
    assert_told_in_order(events)


@pytest.mark.faults
def test_an_emptied_redis_has_listeners_reload(shop, customer):
    order = customer.orders(shop.tea)
    order.timeline(*LIFE)
    before = order.seen()
    with Listener(customer) as listener:
        url = dict(line.split("=", 1) for line in (RUN / "service" / "customer-view" / "settings").read_text().splitlines() if "=" in line)
        subprocess.run(["redis-cli", "-u", url["JUMUN_REDIS_URL"], "FLUSHDB"], check=True, capture_output=True)
        listener.until(lambda: [event for event in listener.events if event.name == "reload"], "it is told to reload")
        order.timeline(*LIFE)
        until(lambda: order.seen() == before, "the view is whole again")
        later = customer.orders(shop.tea)
        listener.hears(later, *LIFE)


@pytest.mark.faults
def test_a_second_replica_tells_the_same_and_takes_over(shop, customer):
    with replica(shop, "customer-view") as second:
        to_second = {"port": second.port, "headers": {"X-Jumun-Subject": customer.id, "X-Jumun-Roles": "customer"}}
        with Listener(customer) as one, Listener(customer, **to_second) as other:
            order = customer.orders(shop.tea)
            assert [event.id for event in one.hears(order, *LIFE)] == [event.id for event in other.hears(order, *LIFE)]
        missed = customer.orders(shop.tea)
        missed.timeline(*LIFE)
        with Listener(customer, last=one.last, **to_second) as moved:
            assert_is_the_timeline(moved.hears(missed, *LIFE), missed)
            assert {event.order for event in moved.events} == {missed.id}
