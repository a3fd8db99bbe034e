"""An order's ways, on the cluster, from outside."""
import json
import os
import time

from conftest import kubectl
from endings import assert_told
from lifecycle import NOTICES
from people import Customer, Order, Person, basket
from waiting import at_once, until
from wire import new_key

FIVE_MINUTES = 300
MOST = 1.5e9
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def test_an_order_is_concluded_five_minutes_after_there_was_nothing(shop, customer, record_property):
    order = customer.orders(shop.sells()).waits_until("COMPLETED")
    assert_told(order, NOTICES, {"ORDER_CANCELLED"})
    if "CLUSTER_BEGAN" in os.environ:  # of a cluster that was there already nobody knows
        took = time.time() - float(os.environ["CLUSTER_BEGAN"])
        record_property("seconds", took)
        assert took < FIVE_MINUTES


def test_a_declined_order_is_paid_again(shop, customer):
    order = customer.orders(shop.sells(), token="tok_declined")
    assert order.answer.status == 402
    assert order.pays("tok_ok").status in (200, 201)
    order.waits_until("COMPLETED")
    assert [attempt["status"] for attempt in order.payment()["attempts"]] == ["DECLINED", "APPROVED"]


def test_what_is_sold_out_is_given_back(shop):
    def both_placed():
        """Where the first one was so quick that the second was told at once, two others."""
        body = basket([(shop.sells(stock=1), 1)])
        answers = at_once([lambda customer=customer: (customer, customer.places(body)) for customer in (Customer(shop.wire), Customer(shop.wire))])
        assert all(answer.status in (201, 202) or answer.json["type"] == "/problems/sold-out" for _, answer in answers), answers
        return [Order(*placed) for placed in answers] if all(answer.status != 409 for _, answer in answers) else None

    orders = until(both_placed, "two have ordered the same last cup")

    def ended():
        seen = sorted((order.seen() or {"status": None})["status"] or "" for order in orders)
        return seen == ["CANCELLED", "COMPLETED"]

    until(ended, lambda: f"one of two has the last cup: {[order.seen() for order in orders]}")
    money = sorted((order.payment()["captured"]["amount"], order.payment()["refunded"]["amount"]) for order in orders)
    assert money == [(32000, 0), (32000, 32000)]


def test_the_same_request_twice_is_one_order(shop, customer):
    body, key = basket([(shop.sells(), 1)]), new_key()
    first, again = customer.places(body, key), customer.places(body, key)
    assert again.replayed and again.body == first.body
    until(lambda: len(customer.history()) == 1, "one order in the history")


def test_an_order_is_its_customers_own(shop, customer):
    order = customer.orders(shop.sells())
    assert Customer(shop.wire).gets(f"/api/orders/{order.id}").status == 404
    assert Person(shop.wire).gets(f"/api/orders/{order.id}").status == 401
    order.waits_until("COMPLETED")


def test_the_whole_overlay_is_in_one_and_a_half_gigabytes(shop, record_property):
    def used():
        shown = json.loads(kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/namespaces/jumun/pods"))["items"]
        return [c["usage"]["memory"] for pod in shown for c in pod["containers"]] if len(shown) >= 10 else None

    total = sum(int(text[:-2]) * UNITS[text[-2:]] for text in until(used, "metrics of all pods", limit=120) if text != "0")
    record_property("bytes", total)
    assert 0 < total <= MOST
