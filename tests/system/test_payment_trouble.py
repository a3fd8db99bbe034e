"""Payment hangs: it takes connections and says nothing, for JUMUN_HANG_SECONDS, while customers go on ordering and looking. They are answered in time,
nothing is confirmed, and when it is back every order that waits comes to its end, charged once."""
import os
import threading
import time

import pytest

from endings import assert_cancelled, assert_completed
from people import Customer
from waiting import at_once, until

pytestmark = pytest.mark.faults

HANG = float(os.environ.get("JUMUN_HANG_SECONDS", "8"))
DEADLINE = 2.0  # order waits so long for payment
MARGIN = 2.0  # for a machine that is busy
READERS, BUYERS = 2, 4


def p99(seconds):
    return sorted(seconds)[int(len(seconds) * 0.99)]


class Crowd:
    """Buyers who place one order after the other, and readers who look at one order again and again, until told to stop."""

    def __init__(self, wire, shop, known, buyers):
        self.tea, self.known, self.stop = shop.tea, known, threading.Event()
        self.reads, self.placed = [], []  # seconds; (seconds, order)
        jobs = [lambda customer=Customer(wire): self.buy(customer) for _ in range(buyers)] + [self.read] * READERS
        self.crowd = threading.Thread(target=lambda: at_once(jobs, width=len(jobs)))

    def __enter__(self):
        self.crowd.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.crowd.join()

    def buy(self, customer):
        while not self.stop.is_set():
            began = time.monotonic()
            order = customer.orders(self.tea)
            self.placed.append((time.monotonic() - began, order))

    def read(self):
        while not self.stop.is_set():
            began = time.monotonic()
            assert self.known.shown()["status"] == "COMPLETED"
            self.reads.append(time.monotonic() - began)

    def goes_on_for(self, seconds):
        end = time.monotonic() + seconds
        until(lambda: time.monotonic() > end and self.reads, f"{seconds} s of it", seconds + 30)


def breaker(operator):
    return next(breaker for breaker in operator.reads("/api/ops/breakers")["items"] if breaker["name"] == "payment")


def test_payment_hangs(shop, wire, customer, operator, topics, ledger, capsys):
    known = customer.orders(shop.tea).waits_until("COMPLETED")
    with Crowd(wire, shop, known, buyers=1) as usual:
        usual.goes_on_for(2)
    assert breaker(operator)["state"] == "CLOSED"

    with shop.hanging("payment"):
        with Crowd(wire, shop, known, BUYERS) as crowd:
            until(lambda: breaker(operator)["state"] == "OPEN", "the breaker opens")
            metrics = shop.asks_admin("order", "/metrics").text
            assert any(line.startswith("jumun_breaker_state{") and 'state="open"' in line and line.endswith(" 1") for line in metrics.splitlines())
            crowd.goes_on_for(HANG)
        assert {order.answer.status for _, order in crowd.placed} == {202}
        assert {order.shown()["status"] for _, order in crowd.placed} == {"PENDING_PAYMENT"}  # nothing is confirmed
        assert max(seconds for seconds, _ in crowd.placed) < DEADLINE + MARGIN
        open_now = {count["status"]: count["open"] for count in operator.reads("/api/ops/sagas")["counts"]}
        assert open_now["PENDING_PAYMENT"] >= len(crowd.placed)

    orders = [order for _, order in crowd.placed]
    for buyer in {order.customer for order in orders}:
        buyer.waits_for_all([order for order in orders if order.customer is buyer])
    assert all(ledger.of(order.id) == ([18000], []) for order in orders)
    for order in orders[:: len(orders) // 10 + 1]:
        assert_completed(order, topics, ledger, charged=18000)
        assert len(order.payment()["attempts"]) == 1
    until(lambda: breaker(operator)["state"] == "CLOSED", "the breaker is closed again")
    assert customer.orders(shop.tea).answer.status == 201

    with capsys.disabled():
        print(f"\npayment hung for {HANG:g} s: {len(orders)} orders placed, the slowest in {max(seconds for seconds, _ in crowd.placed):.2f} s; "
              f"reads p99 {p99(crowd.reads) * 1000:.1f} ms, usually {p99(usual.reads) * 1000:.1f} ms: {p99(crowd.reads) / p99(usual.reads):.2f} ×")
    assert p99(crowd.reads) < max(10 * p99(usual.reads), 0.5)


def test_what_is_overdue_is_named_with_what_it_waits_for(shop, customer, operator, passer_by, topics, ledger):
    """Delivery is down, so the cancel is not decided, and the order has a deadline for that."""
    with shop.down("delivery"):
        order = customer.orders(shop.tea, token="tok_declined")
        assert order.cancels().json["status"] == "CANCELLING"

        def named():
            pages = operator.pages("/api/ops/sagas", 100, "overdue=true")
            return next((saga for page in pages for saga in page if saga["orderId"] == order.id), None)

        saga = until(named, "the order among the overdue")
        assert saga["status"] == "CANCELLING" and set(saga["waitsFor"]) == {"payment", "delivery-decision-or-release"}
        assert saga["since"] < saga["deadline"]
        counts = {count["status"]: count for count in operator.reads("/api/ops/sagas")["counts"]}
        assert counts["CANCELLING"]["overdue"] >= 1 and counts["CANCELLING"]["open"] >= counts["CANCELLING"]["overdue"]
        assert order.id in shop.jumun("sagas", "--overdue")
    assert_cancelled(order, topics, ledger, "customer", charged=0)
    assert named() is None
    assert customer.gets("/api/ops/sagas").status == 403
    assert passer_by.gets("/api/ops/sagas").status == 401
