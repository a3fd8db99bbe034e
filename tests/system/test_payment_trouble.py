"""Payment hangs: it takes connections and says nothing, for JUMUN_HANG_SECONDS, while customers go on ordering and looking. They are answered in time,
nothing is confirmed, and when it is back every order that waits comes to its end, charged once."""
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from endings import assert_cancelled, assert_completed
from people import Customer
from test_operation import metric
from waiting import LIMIT, until

pytestmark = pytest.mark.faults

HANG = float(os.environ.get("JUMUN_HANG_SECONDS", "8"))
DEADLINE = 2.0  # order waits so long for payment
READERS, BUYERS = 2, 4
ENOUGH = 20  # orders, and reads, to speak of most of them


def share(seconds, part):
    """So long took this part of them, or less."""
    return sorted(seconds)[int(len(seconds) * part)]


class Crowd:
    """Buyers who place one order after the other, and readers who look at one order again and again, until told to stop. What one of them finds wrong
    is raised at the end."""

    def __init__(self, wire, shop, known, buyers):
        self.tea, self.known, self.stop = shop.tea, known, threading.Event()
        self.reads, self.placed = [], []  # seconds; (seconds, order)
        self.pool = ThreadPoolExecutor(max_workers=buyers + READERS)
        self.jobs = [lambda customer=Customer(wire): self.buy(customer) for _ in range(buyers)] + [self.read] * READERS

    def __enter__(self):
        self.done = [self.pool.submit(job) for job in self.jobs]
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.pool.shutdown()
        for one in self.done:
            one.result()

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
        end, reads, placed = time.monotonic() + seconds, len(self.reads) + ENOUGH, len(self.placed) + ENOUGH

        def over():
            return time.monotonic() > end and len(self.reads) >= reads and len(self.placed) >= placed

        until(lambda: over() or any(one.done() for one in self.done), f"{seconds} s of it", seconds + LIMIT)


def test_payment_hangs(shop, wire, customer, operator, topics, ledger, capsys):
    known = customer.orders(shop.tea).waits_until("COMPLETED")
    with Crowd(wire, shop, known, buyers=1) as usual:
        usual.goes_on_for(2)
    assert shop.breaker()["state"] == "CLOSED"

    with shop.hanging("payment"):  # all that is answered in here, is so without payment
        with Crowd(wire, shop, known, BUYERS) as crowd:
            until(lambda: shop.breaker()["state"] == "OPEN", "the breaker opens")
            until(lambda: metric(shop, "order", "jumun_breaker_state", state="open") == 1, "order's metrics say so")  # half open now and then
            before = len(crowd.placed)
            crowd.goes_on_for(HANG)
        assert {order.answer.status for _, order in crowd.placed} == {202}
        assert {order.shown()["status"] for _, order in crowd.placed} == {"PENDING_PAYMENT"}  # nothing is confirmed
        assert share([seconds for seconds, _ in crowd.placed[before:]], 0.5) < DEADLINE  # most are answered at once: the breaker
        open_now = {count["status"]: count["open"] for count in operator.reads("/api/ops/sagas")["counts"]}
        assert open_now["PENDING_PAYMENT"] >= len(crowd.placed)

    orders = [order for _, order in crowd.placed]
    for buyer in {order.customer for order in orders}:
        buyer.waits_for_all([order for order in orders if order.customer is buyer], limit=3 * LIMIT)
    assert all(ledger.of(order.id) == ([18000], []) for order in orders)
    for order in orders[:: len(orders) // 10 + 1]:
        assert_completed(order, topics, ledger, charged=18000)
        assert len(order.payment()["attempts"]) == 1
    until(shop.asks_payment, "the breaker is closed again")
    customer.orders_in_time(201, shop.tea)

    with capsys.disabled():
        print(f"\npayment hung for {HANG:g} s: {len(orders)} orders placed, the slowest in {max(seconds for seconds, _ in crowd.placed):.2f} s; "
              f"reads p99 {share(crowd.reads, 0.99) * 1000:.1f} ms, usually {share(usual.reads, 0.99) * 1000:.1f} ms: "
              f"{share(crowd.reads, 0.99) / share(usual.reads, 0.99):.2f} ×")
    assert share(crowd.reads, 0.5) < max(10 * share(usual.reads, 0.5), 0.5)


def test_what_is_overdue_is_named_with_what_it_waits_for(shop, customer, operator, passer_by, topics, ledger):
    """Delivery is down, so the cancel is not decided, and the order has a deadline for that."""
    with shop.down("delivery"):
        order = customer.orders(shop.tea, token="tok_declined").is_declined()
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
