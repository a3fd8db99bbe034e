"""Services that kill themselves between two steps: before and after what they write, send, hear or start. Under load, each of those that have the point,
each at a passage of its own, chosen by chance; then everything is as if nothing had been.

JUMUN_ROUNDS says how often; JUMUN_CRASH_SEED repeats the passages of an earlier run."""
import itertools
import os
import random
import re
import subprocess
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from auditor import verify_told
from endings import assert_ended
from people import Customer, Order, basket
from shop import ROOT, SERVICES
from told import Told
from topics import first_occurrences
from waiting import at_once, until
from wire import new_key

BUILD = ROOT / "build" / "crash"
pytestmark = [pytest.mark.faults, pytest.mark.told(JUMUN_BIN=str(BUILD), CARRIER_START_DELAY_MS="100", CARRIER_COMPLETE_DELAY_MS="50", CARRIER_PATIENCE_MS="2000")]

SEED = os.environ.get("JUMUN_CRASH_SEED") or str(random.SystemRandom().randrange(10**9))
CONTEXTS = ("order", "product", "payment", "delivery", "notification")
THOSE_WITH_EFFECTS = ("order", "payment", "delivery", "notification")
WHO = {  # passes which point
    "before-insert": CONTEXTS,
    "after-insert": CONTEXTS,
    "commit-sent": CONTEXTS,
    "commit-answered": CONTEXTS,
    "produce": CONTEXTS,
    "delivery-report": CONTEXTS,
    "outbox-removal": CONTEXTS,
    "position-commit": (*CONTEXTS, "customer-view"),
    "effect-start": THOSE_WITH_EFFECTS,
    "effect-answer": THOSE_WITH_EFFECTS,
    "redis-write": ("customer-view",),
}
LATEST = 20        # passage
SHOPPERS = 4
PACE = 0.15        # seconds from one wish of a shopper to the next
CANCELLED = 0.3    # of the orders, by their customers' wish
PRICE, STOCK = 32000, 1_000_000  # never sold out


@pytest.fixture(scope="module", autouse=True)
def programs():
    """Those with the points: the shop's own have none."""
    for words in (["--preset", "crash"], ["--build", "--preset", "crash", "--target", *SERVICES]):
        done = subprocess.run(["cmake", *words], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"cmake {' '.join(words)}: {done.stdout[-4000:]}{done.stderr}"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    return Told(tmp_path_factory.mktemp("told") / "history")


def test_every_point_there_is_is_tried():
    assert set(re.findall(r'CRASH_POINT\(CRASH_\w+, "([a-z-]+)"', (ROOT / "common/crash/crash.h").read_text())) == set(WHO)


def passages(point, turn):
    """{service: at which passage it ends}. Positions of a context are committed but once a second."""
    chance = random.Random(f"{SEED} {point} {turn}")
    return {service: chance.randint(1, 3 if point == "position-commit" and service in CONTEXTS else LATEST) for service in WHO[point]}


# ── the load ──


class Wish:
    """An order, and what its customer was told: of the order, and of the cancel that may follow it."""

    def __init__(self, customer, product):
        self.customer, self.body, self.key = customer, basket([(product, 1)]), new_key()
        self.answer = customer.insists("POST", "/api/orders", self.body, self.key)
        assert self.answer.status in (201, 202), self.answer
        self.order, self.cancelled = Order(customer, self.answer), None

    def is_regretted(self):
        self.cancelled = self.customer.insists("DELETE", f"/api/orders/{self.order.id}", None, new_key())
        assert self.cancelled.status in (202, 409), self.cancelled


def goes_shopping(customers, product, chance, over, pace):
    """One after the other, by turns."""
    wishes, customers = [], itertools.cycle(customers)
    while not over.wait(pace):
        wishes.append(Wish(next(customers), product))
        if chance.random() < CANCELLED:
            wishes[-1].is_regretted()
    return wishes


def wishes_until(over_when, customers, product, chance, pace=PACE):
    """What was wished for until the condition came true. `customers`: a list for each of those who shop side by side."""
    over = threading.Event()
    with ThreadPoolExecutor(max_workers=len(customers)) as pool:
        shoppers = [pool.submit(goes_shopping, by_turns, product, random.Random(chance.random()), over, pace) for by_turns in customers]
        try:
            over_when()
        finally:
            over.set()
    return [wish for shopper in shoppers for wish in shopper.result()]


# ── what must hold ──


def assert_told_the_truth(wish, end, topics):
    """Confirmed when it was told so, one answer to one key; and a cancel that was refused, or not wished for, has not been done."""
    happened = [event.name for event in topics.of(wish.order.id, {"COMPLETED": "OrderCompleted", "CANCELLED": "OrderCancelled"}[end])]
    assert wish.answer.status == 202 or "OrderConfirmed" in happened, (wish.answer, happened)
    assert end == "COMPLETED" or wish.cancelled is not None and wish.cancelled.status == 202, (wish.cancelled, happened)
    again = wish.customer.insists("POST", "/api/orders", wish.body, wish.key)
    assert again.replayed and (again.status, again.body) == (wish.answer.status, wish.answer.body), (wish.answer, again)


def assert_seen_as_told(order, topics):
    """The customer's view: every event on the topics, each once."""
    def the_same():
        told = sorted(event.id for event in first_occurrences(topics.of(order.id)))
        return sorted(entry["eventId"] for entry in order.seen()["timeline"]) == told

    until(the_same, lambda: f"the timeline of {order.id} is what is on the topics: {order.seen()['timeline']} {first_occurrences(topics.of(order.id))}")


def assert_histories_are_whole(histories, topics, orders):
    """Of each aggregate every version from 1 on; and on the topics is what was to be published, nothing more."""
    def of_both():
        """(all events decided so far, those that are on the topics so far): notices, for one, come later than the end."""
        return histories.of({order.id for order in orders}), {event.id for order in orders for event in topics.of(order.id)}

    def to_be_published(decided):
        return {event_id for *_, event_id, topic in decided if topic is not None and topic != "jumun.catalog"}

    def the_same(both):
        return to_be_published(both[0]) == both[1] and both

    decided, _ = until(lambda: the_same(of_both()), lambda: f"what is on the topics is what was to be published: {to_be_published(of_both()[0]) ^ of_both()[1]}")
    versions = defaultdict(list)
    for context, kind, aggregate, version, *_ in decided:
        versions[context, kind, aggregate].append(version)
    for aggregate, found in versions.items():
        assert sorted(found) == list(range(1, len(found) + 1)), (aggregate, sorted(found))


def assert_as_if_nothing_had_been(shop, topics, histories, ledger, product, wishes):
    def settled(wish):
        end = assert_ended(wish.order, topics, ledger, PRICE)
        assert_seen_as_told(wish.order, topics)
        assert_told_the_truth(wish, end, topics)
        return end

    ends = at_once([lambda wish=wish: settled(wish) for wish in wishes], width=6)
    for customer in {wish.customer for wish in wishes}:  # one order for each wish
        assert sorted(seen["id"] for seen in customer.history()) == sorted(wish.order.id for wish in wishes if wish.customer is customer)
    until(lambda: shop.stock(product) == STOCK - ends.count("COMPLETED"), lambda: f"stock follows: {shop.stock(product)}, {ends}")
    assert_histories_are_whole(histories, topics, [wish.order for wish in wishes])
    assert topics.dead_letters([wish.order.id for wish in wishes]) == []
    until(lambda: not ledger.differences(), lambda: f"the same in both books: {ledger.differences()[:5]}")
    return ends


# ── the story ──


@pytest.mark.rounds(2)
@pytest.mark.parametrize("point", WHO)
def test_killed_at(shop, wire, topics, histories, ledger, told, point, turn):
    at = passages(point, turn)
    print(f"seed {SEED}, {point}, round {turn}: {at}")
    customers, product = [[Customer(wire, told)] for _ in range(SHOPPERS)], shop.sells(price=PRICE, stock=STOCK)
    planned = {service: f"crash: {point}, passage {passage}" for service, passage in at.items()}
    before = {service: len(shop.said(service, "crash: ")) for service in at}
    ended = {service: len(shop.ends(service)) for service in at}

    def fired(service):
        return shop.said(service, "crash: ")[before[service]:]

    def all_have_died():
        for service in at:
            until(lambda: fired(service), f"{service} dies at {point}, passage {at[service]}")
        shop.waits_until_ready()

    shop.starts_once_with({service: {"JUMUN_CRASH_AT": f"{point}:{passage}"} for service, passage in at.items()})
    wishes = wishes_until(all_have_died, customers, product, random.Random(f"{SEED} {turn}"))
    ends = assert_as_if_nothing_had_been(shop, topics, histories, ledger, product, wishes)
    for service in at:  # stopped once, to be started with the point; ended as planned, and never again
        assert fired(service) == [planned[service]]
        until(lambda: len(shop.ends(service)) >= ended[service] + 2, f"the supervisor notes both ends of {service}")
        assert shop.ends(service)[ended[service]:] == [f"supervisor: {service} ended with exit code 0", f"supervisor: {service} was ended by signal 9"]
    print(f"{len(at)} killed; {len(wishes)} orders, {ends.count('COMPLETED')} completed, {ends.count('CANCELLED')} cancelled")


def test_after_all_of_them_nothing_is_wrong(shop, told):
    verify_told(told)
    print(f"{told.lines} attempts of clients, {told.oks} of them answered as done")
