"""Payments that are declined, slow, never answered, or lost on the way."""
import pytest

from lifecycle import CONFIRMED
from people import assert_in_time, basket
from problems import assert_problem
from topics import first_occurrences
from waiting import until
from wire import new_key

ANSWER_LIMIT = 10.0  # seconds, on a machine that is busy; order waits two for the payment


@pytest.mark.parametrize("token, code", [("tok_declined", "declined"), ("tok_insufficient_funds", "insufficient_funds")])
def test_a_declined_payment_is_402_and_the_order_waits(shop, customer, token, code):
    order = customer.orders_in_time(402, shop.tea, 2, token=token)
    answer = order.answer
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "/problems/payment-declined", "title": "The payment was declined", "status": 402,
        "detail": f"The order waits. Pay it again, by another card, with POST /api/orders/{order.id}/payment.",
        "orderId": order.id, "declineCode": code,
    }
    assert answer.headers["Location"] == f"/api/orders/{order.id}"
    shown = order.shown()
    assert (shown["status"], shown["payment"]) == ("PENDING_PAYMENT", {"status": "DECLINED", "attempt": 1, "declineCode": code})
    order.waits_for("the declined payment", lambda seen: seen["payment"] == shown["payment"] and seen["status"] == "PENDING_PAYMENT")
    payment = order.payment()
    assert payment["status"] == "DECLINED" and payment["captured"]["amount"] == 0
    assert [(a["number"], a["status"], a["declineCode"]) for a in payment["attempts"]] == [(1, "DECLINED", code)]


def test_a_declined_order_is_paid_again_and_completes(shop, customer):
    order = customer.orders(shop.tea, 2, token="tok_declined").is_declined()
    again = order.pays("tok_insufficient_funds")
    assert_in_time(again, 402)
    until(lambda: order.shown()["payment"] == {"status": "DECLINED", "attempt": 2, "declineCode": "insufficient_funds"}, "declined again")
    paid = order.pays("tok_ok")
    assert_in_time(paid, 201)
    assert paid.json["id"] == order.id and paid.json["payment"]["attempt"] == 3
    assert paid.status == 202 or paid.json["status"] in CONFIRMED and paid.json["payment"]["status"] == "APPROVED"

    order.waits_until("COMPLETED")
    assert [(a["number"], a["status"], a.get("declineCode")) for a in order.payment()["attempts"]] == [
        (1, "DECLINED", "declined"), (2, "DECLINED", "insufficient_funds"), (3, "APPROVED", None)]
    kinds = ["PAYMENT_DECLINED", "ORDER_PLACED", "ORDER_CONFIRMED", "DELIVERY_READY", "DELIVERY_STARTED", "DELIVERY_COMPLETED"]
    notices = until(lambda: (found := order.notices()) and len(found) >= len(kinds) and found, f"{kinds}")
    assert sorted(notice["kind"] for notice in notices) == sorted(kinds)


def test_a_paid_order_is_not_paid_twice(shop, customer):
    order = customer.orders(shop.tea).is_paid()
    assert_problem(order.pays("tok_ok"), 409, "/problems/already-paid")
    order.waits_until("COMPLETED")
    assert_problem(order.pays("tok_ok"), 409, "/problems/already-paid")
    assert len(order.payment()["attempts"]) == 1


def test_the_same_payment_sent_twice_is_one_attempt(shop, customer):
    order = customer.orders(shop.tea, token="tok_declined").is_declined()
    key = new_key()
    first, second = order.pays("tok_ok", key), order.pays("tok_ok", key)
    assert_in_time(first, 201)
    assert (first.replayed, second.status, second.replayed) == (False, first.status, True)
    assert first.body == second.body
    assert len(order.payment()["attempts"]) == 2


def test_a_token_that_nobody_knows_is_declined(shop, customer):
    order = customer.orders(shop.tea, token="tok_of_my_neighbour").is_declined()
    assert order.shown()["payment"]["declineCode"] == "invalid_token"


def test_a_slow_payment_is_waited_for(shop, customer):
    order = customer.orders_in_time(201, shop.tea, token="tok_slow")
    assert 0.8 <= order.answer.took < ANSWER_LIMIT
    order.waits_until("COMPLETED")


def test_a_payment_that_never_answers_is_202_and_confirms_nothing(shop, customer, topics):
    order = customer.orders(shop.tea, token="tok_hang")
    assert order.answer.took < ANSWER_LIMIT
    assert order.answer.status == 202
    assert order.answer.headers["Location"] == f"/api/orders/{order.id}"
    assert order.answer.json["status"] == "PENDING_PAYMENT"
    assert order.answer.json["payment"] == {"status": "ASKED", "attempt": 1}
    until(lambda: order.payment()["status"] == "UNKNOWN", "the payment is UNKNOWN")
    assert_problem(order.pays("tok_ok"), 409, "/problems/payment-in-progress")

    customer.orders(shop.tea).waits_until("COMPLETED")  # others go on meanwhile
    payment = order.payment()
    assert payment["status"] == "UNKNOWN" and payment["captured"]["amount"] == 0
    assert order.shown()["status"] == "PENDING_PAYMENT"
    assert [event.name for event in first_occurrences(topics.of(order.id, "OrderPlaced")) if event.topic != "jumun.notification"] == ["OrderPlaced"]


def test_a_charge_whose_answer_is_lost_confirms_the_order_by_itself_and_once(shop, customer, topics):
    order = customer.orders(shop.tea, 2, token="tok_lost")
    assert order.answer.status == 202
    order.waits_until("COMPLETED")
    payment = order.payment()
    assert payment["status"] == "APPROVED"
    assert payment["captured"] == {"amount": 36000, "currency": "KRW"}
    assert [(a["number"], a["status"]) for a in payment["attempts"]] == [(1, "APPROVED")]
    names = [event.name for event in first_occurrences(topics.of(order.id, "OrderCompleted"))]
    assert (names.count("PaymentApproved"), names.count("OrderConfirmed")) == (1, 1)


def test_a_charge_that_comes_late_confirms_the_order_by_itself(shop, customer):
    order = customer.orders(shop.tea, token="tok_late")
    assert order.answer.status == 202
    order.waits_until("COMPLETED")
    assert [a["status"] for a in order.payment()["attempts"]] == ["APPROVED"]


def test_a_repeated_request_for_an_unknown_payment_gets_the_same_answer(shop, customer):
    key = new_key()
    body = basket([(shop.tea, 1)], "tok_lost")
    first, second = customer.places(body, key), customer.places(body, key)
    assert (first.status, second.status) == (202, 202)
    assert first.body == second.body and second.replayed
