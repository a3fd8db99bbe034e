"""The customer cancels the payment: whatever becomes known of the charge afterwards, the money ends where it belongs, in both ledgers."""
import pytest

from endings import end_of, published
from people import Customer
from problems import assert_problem
from waiting import until


def cancels(person, order):
    return person.posts(f"/api/payments/{order.id}/cancel")


def differences(operator, order):
    return [each for each in operator.reads("/api/ops/ledger")["differences"] if each.get("orderId") == order.id]


def test_a_declined_payment_is_closed_and_takes_nothing_any_more(shop, customer, operator):
    order = customer.orders(shop.tea, token="tok_declined").is_declined()
    answer = cancels(customer, order)
    assert answer.status == 202 and answer.json["orderId"] == order.id
    order.waits_until("CANCELLED")
    payment = order.payment()
    assert (payment["status"], payment["captured"]["amount"], payment["refunded"]["amount"]) == ("CLOSED", 0, 0)
    assert_problem(cancels(customer, order), 409, "/problems/payment-closed")
    assert differences(operator, order) == []


@pytest.mark.parametrize("token", ["tok_lost", "tok_late"])
def test_a_charge_that_becomes_known_after_the_cancel_is_given_back(shop, customer, operator, topics, token):
    def in_time():
        """An order that was cancelled before the charge was known; None where the wish came too late for that."""
        order = customer.orders(shop.tea, token=token)
        assert order.answer.status == 202
        until(order.is_known_to_payment, "payment knows of it")
        assert cancels(customer, order).status == 202
        return order if end_of(order) == "CANCELLED" and not published(topics.of(order.id, "OrderCancelled"))["OrderConfirmed"] else None

    order = until(in_time, "an order is cancelled before the charge is known").waits_until("CANCELLED")
    payment = until(lambda: (now := order.payment())["status"] == "REFUNDED" and now, "the money is back")
    assert payment["captured"] == payment["refunded"] == payment["amount"]
    assert_problem(cancels(customer, order), 409, "/problems/payment-refunded")
    assert differences(operator, order) == []
    types = [entry["type"] for entry in order.timeline("PaymentRefunded", "OrderCancelled")]
    assert types.count("PaymentCancelRequested") == types.count("PaymentRefunded") == 1


def test_nobody_else_cancels_a_payment(shop, wire, customer, operator):
    order = customer.orders(shop.tea, token="tok_declined").is_declined()
    assert_problem(cancels(Customer(wire), order), 404, "/problems/not-found")
    assert cancels(operator, order).status == 403
    assert order.payment()["status"] == "DECLINED"


def test_the_ledger_is_for_operators(customer, operator):
    assert customer.gets("/api/ops/ledger").status == 403
    ledger = operator.reads("/api/ops/ledger")
    assert ledger["charges"]["ours"] >= 0 and ledger["refunds"]["provider"] >= 0
