"""The same wish twice is done once."""
import json

import pytest

from people import assert_in_time, basket
from problems import assert_problem
from waiting import at_once, until
from wire import new_key


def test_the_same_order_twice_is_one_order_and_the_same_answer(shop, customer, histories):
    body, key = basket([(shop.tea, 2)]), new_key()
    first, second, third = [customer.places(body, key) for _ in range(3)]
    assert_in_time(first, 201)
    assert not first.replayed
    assert (second.status, second.replayed) == (third.status, third.replayed) == (first.status, True)
    assert first.body == second.body == third.body
    for header in ("Content-Type", "Location"):
        assert first.headers[header] == second.headers[header], header
    assert histories.orders_of(customer) == [first.json["id"]]
    until(lambda: [order["id"] for order in customer.history()] == [first.json["id"]], "the order in the history")


def test_the_answer_stays_the_first_one_when_the_order_has_moved_on(shop, customer):
    body, key = basket([(shop.tea, 1)]), new_key()
    first = customer.places(body, key)
    assert_in_time(first, 201)
    until(lambda: customer.history() and customer.history()[0]["status"] == "COMPLETED", "the order is completed")
    again = customer.places(body, key)
    assert again.replayed and again.body == first.body
    assert again.json["status"] != "COMPLETED"


def test_a_declined_and_a_refused_order_are_replayed_too(shop, customer):
    cups = shop.sells(stock=1)
    for body, status in [(basket([(shop.tea, 1)], "tok_declined"), 402), (basket([(cups, 5)]), 409)]:
        key = new_key()
        first, second = customer.places(body, key), customer.places(body, key)
        assert_in_time(first, status)
        assert (second.status, second.content_type, second.body) == (first.status, first.content_type, first.body)
        assert first.content_type == ("application/json" if first.status == 202 else "application/problem+json")
        assert second.replayed and not first.replayed


@pytest.mark.parametrize("token, due", [("tok_ok", 201), ("tok_slow", 201), ("tok_declined", 402)])
def test_fifty_at_once_with_one_key_are_one_order(shop, customer, histories, token, due):
    body, key = basket([(shop.tea, 1)], token), new_key()
    got = at_once([lambda: customer.places(body, key)] * 50, width=50)
    good = [answer for answer in got if answer.status in (due, 202)]
    running = [answer for answer in got if answer.status == 409]
    assert len(good) + len(running) == 50, [answer for answer in got if answer not in good + running]
    (first,) = [answer for answer in good if not answer.replayed]
    assert_in_time(first, due)
    assert len({answer.body for answer in good}) == 1
    for answer in running:
        assert_problem(answer, 409, "/problems/request-in-progress")
        assert int(answer.headers["Retry-After"]) >= 1
    last = customer.places(body, key)
    assert last.replayed and last.body == first.body
    assert len(histories.orders_of(customer)) == 1


def test_the_same_key_with_another_body_is_refused(shop, customer):
    key = new_key()
    assert_in_time(customer.places(basket([(shop.tea, 1)]), key), 201)
    assert_problem(customer.places(basket([(shop.tea, 2)]), key), 422, "/problems/idempotency-key-reused")
    assert_problem(customer.places(json.dumps(basket([(shop.tea, 1)]), indent=1), key), 422, "/problems/idempotency-key-reused")


def test_a_key_is_ones_own(shop, customer, neighbour):
    body, key = basket([(shop.tea, 1)]), new_key()
    mine, theirs = customer.places(body, key), neighbour.places(body, key)
    for answer in (mine, theirs):
        assert_in_time(answer, 201)
    assert not theirs.replayed and mine.json["id"] != theirs.json["id"]


def test_a_key_belongs_to_one_path(shop, customer):
    key = new_key()
    first, second = [customer.orders(shop.tea, token="tok_declined").is_declined() for _ in range(2)]
    paid = [first.pays("tok_ok", key), second.pays("tok_ok", key)]
    for answer in paid:
        assert_in_time(answer, 201)
    assert [(answer.replayed, answer.json["id"]) for answer in paid] == [(False, first.id), (False, second.id)]


def test_an_order_without_a_key_is_refused(shop, customer):
    answer = customer.posts("/api/orders", basket([(shop.tea, 1)]))
    assert_problem(answer, 400, "/problems/idempotency-key")
    waiting = customer.orders(shop.tea, token="tok_declined")
    assert_problem(customer.posts(f"/api/orders/{waiting.id}/payment", {"method": "card", "token": "tok_ok"}), 400, "/problems/idempotency-key")


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "caf\u00e9", "tab\there"])
def test_a_malformed_key_is_refused(shop, customer, key):
    answer = customer.asks("POST", "/api/orders", basket([(shop.tea, 1)]), headers={"Idempotency-Key": key.encode("latin-1")})
    assert_problem(answer, 400, "/problems/idempotency-key")


def test_the_longest_and_strangest_key_is_good(shop, customer):
    key = ("!~\"#'{}[]()<>@,;:\\/?=%00" * 20)[:242] + new_key()[:13]
    body = basket([(shop.tea, 1)])
    assert len(key) == 255
    assert_in_time(customer.places(body, key), 201)
    assert customer.places(body, key).replayed


def test_an_administrator_who_repeats_a_request_changes_the_stock_once(shop, admin):
    key = new_key()
    body = {"name": "말차", "price": {"amount": 27000, "currency": "KRW"}, "stock": 10}
    first, second = admin.posts("/api/products", body, key=key), admin.posts("/api/products", body, key=key)
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body and second.replayed
    product, restock = first.json, new_key()
    got = at_once([lambda: admin.restocks(product, 5, key=restock)] * 10, width=10)
    assert {answer.status for answer in got} <= {200, 409}
    assert len([answer for answer in got if answer.status == 200 and not answer.replayed]) == 1
    assert shop.stock(product) == 15
