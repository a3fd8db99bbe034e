"""Two processes of each service: what one has begun, the other ends."""
import contextlib
import time

import pytest

from lifecycle import assert_each_went_well_and_once
from people import Customer, Order, basket
from shop import SERVICES, port
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
