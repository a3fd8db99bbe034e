"""Pods are killed at random, and services rolled out anew, while orders are placed, paid and cancelled; afterwards every order has ended rightly, and the auditor finds nothing wrong in
all that is stored. KILL_SECONDS, KILL_SEED: how long, and which."""
import os
import random
import threading
import time

import pytest

from audit import out_of_reach, verify
from conftest import Books, kubectl, pods, runs
from endings import assert_told
from people import Customer
from told import Told
from waiting import at_once, until
from wire import NoAnswer, new_key

SECONDS = float(os.environ.get("KILL_SECONDS", "300"))
SEED = int(os.environ.get("KILL_SEED", "1"))
CUSTOMERS = 6
PATIENCE = 300  # for an answer, and for the ends, after the last kill
STORES = {"postgres", "redis", "kafka"}
ENDS = {"COMPLETED": (["ORDER_CONFIRMED", "DELIVERY_STARTED", "DELIVERY_COMPLETED"], {"ORDER_CANCELLED", "PAYMENT_REFUNDED"}),
        "CANCELLED": (["ORDER_CANCELLED"], {"DELIVERY_COMPLETED"})}


def kills(chance, over):
    """One pod after the other, without notice; a store now and then, and now and then a service's pods are all replaced in good order. Which were killed; which were rolled out."""
    killed, rolled = [], []
    while not over.wait(chance.uniform(2, 6)):
        there = pods()
        apps = sorted(there.keys() - STORES) * 3 + sorted(STORES & there.keys())
        app = chance.choice(apps)
        pod = chance.choice(sorted(there[app]))
        if app not in STORES and chance.random() < 0.15:
            kubectl("rollout", "restart", f"deployment/{app}")
            rolled.append(app)
        else:
            kubectl("delete", "pod", pod, "--force", "--grace-period=0", "--ignore-not-found")
            killed.append(app)
    return killed, rolled


def lives(customer, chance, product, over):
    """Orders one after the other, until it is over: most are paid, some only later, some are cancelled."""
    orders = []
    while not over.wait(0.2):
        order = customer.insists_on_ordering(product, token=chance.choice(["tok_ok"] * 8 + ["tok_lost"]))
        orders.append(order)
        if chance.random() < 0.15:
            customer.insists("DELETE", f"/api/orders/{order.id}", None, new_key(), PATIENCE)
    return orders


def end_of(order):
    """COMPLETED or CANCELLED, by the customer's view and by order itself; None as long as it is neither."""
    try:
        seen = order.seen()
        return seen["status"] if seen and seen["status"] in ENDS and order.shown()["status"] == seen["status"] else None
    except (NoAnswer, AssertionError):
        return None


def assert_ended_rightly(order):
    end = until(lambda: end_of(order), lambda: f"order {order.id} has ended; it is {order.seen()}", PATIENCE)
    payment = order.customer.gets(f"/api/payments/{order.id}")
    if payment.status == 404:  # cancelled before it was ever asked
        captured = refunded = 0
    else:
        until(lambda: order.payment()["status"] in ("APPROVED", "REFUNDED", "CLOSED"), lambda: f"the payment of {order.id} has ended: {order.payment()}")
        captured, refunded = (order.payment()[what]["amount"] for what in ("captured", "refunded"))
    amount = order.shown()["total"]["amount"]
    assert (captured, refunded) in {"COMPLETED": [(amount, 0)], "CANCELLED": [(0, 0), (amount, amount)]}[end], (end, order.payment())
    assert_told(order, *ENDS[end])
    return end


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    return Told(tmp_path_factory.mktemp("told") / "history")


def test_every_order_ends_rightly_though_pods_are_killed(shop, told, record_property):
    print(f"for {SECONDS:g} s, seed {SEED}")
    books, product, over = Books(), shop.sells(stock=1_000_000), threading.Event()
    customers = [Customer(shop.wire, told) for _ in range(CUSTOMERS)]
    timer = threading.Timer(SECONDS, over.set)
    timer.start()
    try:
        (killed, rolled), *placed = at_once([lambda: kills(random.Random(SEED), over)] + [
            lambda n=n, customer=customer: lives(customer, random.Random(SEED * 1000 + n), product, over) for n, customer in enumerate(customers)])
    finally:
        over.set()
        timer.cancel()
    orders = [order for some in placed for order in some]
    began = time.monotonic()
    runs("bash", "-euc", ". docs/operations/cluster/words.sh; settled")
    ends = at_once([lambda order=order: assert_ended_rightly(order) for order in orders], width=4)
    print(f"{len(killed)} pods killed: {' '.join(killed)}; rolled out: {' '.join(rolled)}; {len(orders)} orders: {ends.count('COMPLETED')} completed, {ends.count('CANCELLED')} cancelled; "
          f"all ended {time.monotonic() - began:.0f} s after the last kill")
    for what, value in (("killed", len(killed)), ("orders", len(orders)), ("cancelled", ends.count("CANCELLED"))):
        record_property(what, value)
    assert len(killed) >= SECONDS / 20 and len(orders) >= SECONDS / 5
    for customer, some in zip(customers, placed):
        assert sorted(shown["id"] for shown in customer.history()) == sorted(order.id for order in some)  # none that nobody knows of
    assert books.differences() == []


def test_the_auditor_finds_nothing(shop, told, tmp_path):
    """In all that this cluster's stores have: of the kills, of the pages, of the stories; and what was told during the kills is true."""
    reason = out_of_reach()
    if reason:
        pytest.skip(reason)
    audit = verify(tmp_path, "--min-orders", "1", "--history", told.path)
    print({number: invariant["looked"] for number, invariant in audit.invariants.items()})
    assert audit.violated() == {} and audit.holds, audit.violated()
    assert audit.invariants[20]["looked"] == told.lines
