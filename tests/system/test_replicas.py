"""Two processes of each service: what one has begun, the other ends."""
import contextlib
import os
import pathlib
import signal
import time

import pytest

from lifecycle import assert_each_went_well_and_once
from people import Customer, Order, basket
from receivers import Posts
from shop import SERVICES, port
from test_notifications import notices_of, prefers
from test_operation import metric
from waiting import at_once, until
from wire import Wire, new_key

pytestmark = [pytest.mark.faults, pytest.mark.told(REPLICAS="2")]
CONTEXTS = ("order", "product", "payment", "delivery", "notification")


@pytest.fixture
def second(shop, contract):
    """The wire to the second gateway, behind which are the second processes."""
    return Wire(port=port("gateway-2"), saw=contract.saw)


def the_same_at(wire, customer):
    """Each gateway of the demo issues tokens of its own."""
    other = Customer(wire)
    other.id = customer.id
    other.token = other.fetch_token()
    return other


def sends(shop, process):
    """Is it the one of its kind that sends the events?"""
    return metric(shop, process, "jumun_relay_active") == 1


@contextlib.contextmanager
def dead(shop, processes):
    """Killed, and not started again for a while."""
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: shop.start(*processes))
        for process in processes:
            shop.kill(process)
        shop.stop(*processes)
        yield


@pytest.mark.parametrize("row, other", [("", "-2"), ("-2", "")])
def test_the_other_row_takes_over(shop, customer, second, topics, row, other):
    tea, buyer = shop.tea, the_same_at(second, customer) if other else customer
    with dead(shop, [service + row for service in CONTEXTS]):
        began = time.monotonic()
        for service in CONTEXTS:
            until(lambda: sends(shop, service + other), f"{service + other} sends")
        print(f"{time.monotonic() - began:.1f} s after their fellows were killed all of the row send")
        order = buyer.insists_on_ordering(tea).waits_until("COMPLETED")
    assert_each_went_well_and_once(topics, [order])
    for service in CONTEXTS:
        until(lambda: sends(shop, service) != sends(shop, f"{service}-2"), f"one of the two {service} sends")


def test_killed_by_turns_in_both_rows_while_both_gateways_take_orders(shop, customer, second, topics):
    cups = shop.sells(stock=1000)
    buyers = [customer, the_same_at(second, customer)]
    victims = [service + row for service in SERVICES for row in ("", "-2")]

    def buys(number):
        if number % 10 == 5 and victims:
            shop.kill(victims.pop())
        return buyers[number % 2].insists_on_ordering(cups)

    orders = at_once([lambda number=number: buys(number) for number in range(10 * len(victims))], width=8)
    assert victims == []
    shop.waits_until_ready()
    customer.waits_for_all(orders)
    assert len(customer.history()) == len(orders)
    assert_each_went_well_and_once(topics, orders)
    until(lambda: shop.stock(cups) == 1000 - len(orders), lambda: f"stock follows: {shop.stock(cups)}")


def test_one_key_at_both_gateways_is_one_order(shop, customer, second, topics):
    buyers = [customer, the_same_at(second, customer)] * 15
    body, key = basket([(shop.tea, 1)]), new_key()
    answers = at_once([lambda buyer=buyer: buyer.insists("POST", "/api/orders", body, key) for buyer in buyers], width=30)
    assert {(answer.status, answer.body) for answer in answers} == {(answers[0].status, answers[0].body)}
    assert [answer.replayed for answer in answers].count(False) == 1
    order = Order(customer, answers[0]).waits_until("COMPLETED")
    assert [seen["id"] for seen in customer.history()] == [order.id]
    assert_each_went_well_and_once(topics, [order])


def who_sends_from(shop, local_port):
    """Which process of notification has this end of a connection?"""
    rows = (line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{local_port:04X}")}
    for process in ("notification", "notification-2"):
        for held in pathlib.Path(f"/proc/{shop.pid(process)}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if os.readlink(held) in sockets:
                    return process
    raise AssertionError(f"nobody has the port {local_port}")


@pytest.mark.told(REPLICAS="2", SWEEP_AFTER_MS="12000")
def test_a_notice_is_sent_though_its_process_stands_still(shop, customer):
    """Longer than a channel may take (10 s). Nobody is started anew, who would look for what was left."""
    frozen = []

    def stands_still(number, body):
        if number == 1:
            frozen.append(shop.pid(who_sends_from(shop, hook.ports[0])))
            os.kill(frozen[0], signal.SIGSTOP)
        return 200, {}

    with contextlib.ExitStack() as stack:
        hook = stack.enter_context(contextlib.closing(Posts(stands_still)))
        stack.callback(lambda: [os.kill(pid, signal.SIGCONT) for pid in frozen])
        prefers(customer, "ko", ["webhook"], webhookUrl=hook.url)
        order = customer.orders(shop.tea)
        until(lambda: frozen, "a process stands still while it sends")
        first = hook.bodies()[0]
        until(lambda: len(hook.bodies(id=first["id"])) > 1, "the other one sends it again")
        os.kill(frozen[0], signal.SIGCONT)  # it may be the one that is asked
        assert notices_of(order, [first["kind"]])[first["kind"]]["id"] == first["id"]
