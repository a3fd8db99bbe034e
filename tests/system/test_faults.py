"""Processes that are killed or stopped while orders are under way: nothing is lost, nothing is done twice."""
import threading

import pytest

from lifecycle import EVERYTHING, NOTICES, assert_each_went_well_and_once
from people import assert_in_time, basket
from problems import assert_problem
from waiting import at_once, until
from wire import new_key

pytestmark = pytest.mark.faults


class Halfway:
    """Runs `action` once, in the middle of the jobs that pass here."""

    def __init__(self, jobs, action):
        self.left, self.action = jobs // 2, action
        self.lock = threading.Lock()

    def passed(self, result):
        with self.lock:
            self.left -= 1
            if self.left == 0:
                self.action()
        return result


def order_while(customer, product, count, action):
    """So many orders, with the action in their midst; who gets no answer repeats the request until there is one."""
    halfway = Halfway(count, action)
    return at_once([lambda: halfway.passed(customer.insists_on_ordering(product))] * count, width=8)


def test_product_killed_in_the_middle_of_200_orders(shop, customer, topics):
    cups = shop.sells(stock=1000)
    halfway = Halfway(200, lambda: shop.kill("product"))
    orders = at_once([lambda: halfway.passed(customer.orders(cups, 2).is_paid())] * 200, width=8)  # nobody who orders waits for product
    customer.waits_for_all(orders)
    assert len(customer.history()) == 200
    assert_each_went_well_and_once(topics, orders)
    assert shop.stock(cups) == 600


@pytest.mark.parametrize("service", ["order", "payment", "delivery", "notification", "customer-view", "gateway"])
def test_killed_while_orders_are_under_way(shop, customer, topics, service):
    cups = shop.sells(stock=100)
    orders = order_while(customer, cups, 60, lambda: shop.kill(service))
    shop.waits_until_ready()
    customer.waits_for_all(orders)
    assert sorted(order["id"] for order in customer.history()) == sorted(order.id for order in orders)
    assert_each_went_well_and_once(topics, orders)
    assert shop.stock(cups) == 40
    for order in orders:
        assert [attempt["status"] for attempt in order.payment()["attempts"]] == ["APPROVED"]
    notices = customer.notices()
    for order in orders:
        assert sorted(notice["kind"] for notice in notices if notice["orderId"] == order.id) == NOTICES


def test_all_services_killed_at_once(shop, customer, topics):
    def kill_all():
        at_once([lambda service=service: shop.kill(service) for service in
                 ("order", "product", "payment", "delivery", "notification", "customer-view")])

    orders = order_while(customer, shop.tea, 40, kill_all)
    shop.waits_until_ready()
    customer.waits_for_all(orders)
    assert_each_went_well_and_once(topics, orders)


def test_history_answers_while_everything_else_is_down(shop, customer):
    order = customer.orders(shop.tea, 2).waits_until("COMPLETED")
    order.timeline(*EVERYTHING)
    before = order.seen()
    with shop.down("order", "product", "payment", "delivery", "notification"):
        assert [shown["id"] for shown in customer.history()] == [order.id]
        assert order.seen() == before
        for path in ("/api/products", f"/api/orders/{order.id}", f"/api/payments/{order.id}", f"/api/deliveries/{order.id}", "/api/my/notifications"):
            answer = customer.gets(path)
            assert_problem(answer, 503, "/problems/unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
        assert_problem(customer.places(basket([(shop.tea, 1)])), 503, "/problems/unavailable")
    assert len(customer.history()) == 1
    customer.orders(shop.tea).waits_until("COMPLETED")


def test_an_order_placed_while_payment_is_down_is_paid_when_it_is_back(shop, customer, topics):
    with shop.down("payment"):
        order = customer.orders(shop.tea)
        assert order.answer.status == 202
        assert order.shown()["status"] == "PENDING_PAYMENT"
    order.waits_until("COMPLETED")
    assert_each_went_well_and_once(topics, [order])
    assert [attempt["status"] for attempt in order.payment()["attempts"]] == ["APPROVED"]


def test_orders_placed_while_all_that_follows_is_down_go_on_when_it_is_back(shop, customer, topics):
    with shop.down("product", "delivery", "notification", "customer-view"):
        orders = [customer.orders(shop.tea).is_paid() for _ in range(5)]
        assert all(order.shown()["status"] == "CONFIRMED" for order in orders)
        assert_problem(customer.gets("/api/my/orders"), 503, "/problems/unavailable")
    customer.waits_for_all(orders)
    assert_each_went_well_and_once(topics, orders)


def test_the_same_request_before_and_after_a_kill_is_one_order(shop, customer):
    body, key = basket([(shop.tea, 1)]), new_key()
    first = customer.places(body, key)
    assert_in_time(first, 201)
    shop.kill("order")
    again = customer.insists("POST", "/api/orders", body, key)
    assert again.replayed and again.body == first.body


def test_a_payment_that_was_unknown_when_payment_was_killed_becomes_known(shop, customer):
    order = customer.orders(shop.tea, token="tok_lost")
    assert order.answer.status == 202
    shop.kill("payment")
    order.waits_until("COMPLETED")
    until(lambda: [attempt["status"] for attempt in order.payment()["attempts"]] == ["APPROVED"], "one approval")
