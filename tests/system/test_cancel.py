"""Cancelled from every state before dispatch, for every reason, by one way back; refused after dispatch. Couriers carry by hand here, so that every
state lasts as long as a story needs it."""
import contextlib

import pytest

from endings import assert_cancelled, assert_completed, published
from lifecycle import NOTICES
from problems import assert_problem
from waiting import until
from wire import new_key

PRICE = 32000
by_hand = pytest.mark.told(CARRIER="manual")


@contextlib.contextmanager
def order_in(state, shop, customer, cups):
    """Two cups, in this state for as long as the block lasts."""
    if state == "declined":
        yield customer.orders(cups, 2, token="tok_declined").is_declined()
    elif state == "CONFIRMED":
        with shop.down("product"):
            yield customer.orders(cups, 2).is_paid()
    elif state == "PREPARED":
        yield customer.orders(cups, 2).is_ready()


STATES = {"declined": 0, "CONFIRMED": 2 * PRICE, "PREPARED": 2 * PRICE}  # and what is paid by then
WAYS = {
    "customer": lambda order, operator: order.cancels(),
    "operator": lambda order, operator: order.cancels(by=operator),
    "payment-cancelled": lambda order, operator: order.cancels_the_payment(),
}


@by_hand
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("reason", WAYS)
def test_cancelled_from_every_state_before_dispatch(shop, customer, operator, topics, ledger, state, reason):
    cups = shop.sells(stock=10, price=PRICE)
    with order_in(state, shop, customer, cups) as order:
        answer = WAYS[reason](order, operator)
        assert answer.status == 202, answer
        order.waits_for("the cancel", lambda seen: seen["status"] in ("CANCELLING", "CANCELLED"))
    assert_cancelled(order, topics, ledger, reason, charged=STATES[state])
    until(lambda: shop.stock(cups) == 10, "the cups are back")


@by_hand
def test_the_timeline_tells_the_whole_way_back(shop, customer, topics, ledger):
    order = customer.orders(shop.tea, 2).is_ready()
    assert order.cancels().json["status"] == "CANCELLING"
    assert_cancelled(order, topics, ledger, "customer", charged=36000)
    back = ["OrderCancelRequested", "DeliveryCancelled", "PreparationCancelled", "PaymentRefunded", "OrderCancelled"]
    timeline = [entry for entry in order.timeline("PreparationCompleted", "DeliveryRequested", *back) if entry["type"] != "NotificationSent"]
    assert sorted(entry["type"] for entry in timeline) == sorted(
        ["OrderPlaced", "PaymentApproved", "OrderConfirmed", "PreparationCompleted", "DeliveryRequested"] + back)
    by_type = {entry["type"]: entry for entry in timeline}
    assert by_type["OrderCancelRequested"]["detail"] == "customer"
    for cause, effect in [("OrderCancelRequested", "DeliveryCancelled"), ("DeliveryCancelled", "PreparationCancelled")]:
        assert by_type[effect]["causationId"] == by_type[cause]["eventId"]
    assert [entry["at"] for entry in timeline] == sorted(entry["at"] for entry in timeline)


@by_hand
def test_what_cannot_be_prepared_is_cancelled_and_refunded(shop, customer, topics, ledger):
    cups = shop.sells(stock=1, price=PRICE)
    with shop.down("product"):
        orders = [customer.orders(cups) for _ in range(2)]
    for order in orders:
        until(lambda: order.shown()["status"] in ("PREPARED", "CANCELLED"), lambda: f"an outcome of {order.shown()}")
    (lucky,) = [order for order in orders if order.shown()["status"] == "PREPARED"]
    (other,) = [order for order in orders if order is not lucky]
    assert_cancelled(other, topics, ledger, "out-of-stock", charged=PRICE)
    assert shop.stock(cups) == 0


@pytest.mark.told(CARRIER="manual", PAYMENT_WINDOW_MS="3000")
def test_the_payment_window_closes(shop, customer, topics, ledger):
    paid = customer.orders(shop.tea).is_paid()
    declined = customer.orders(shop.tea, token="tok_declined")
    assert_cancelled(declined, topics, ledger, "payment-window-closed", charged=0)
    assert_problem(declined.pays("tok_ok"), 409, "/problems/order-cancelled")
    assert paid.shown()["status"] in ("CONFIRMED", "PREPARED")  # its window, too, is over by now
    assert_problem(paid.pays("tok_ok"), 409, "/problems/already-paid")


@pytest.mark.told(CARRIER="manual", PAYMENT_WINDOW_MS="3000")
def test_the_payment_window_closes_while_payment_is_down(shop, customer, topics, ledger):
    with shop.down("payment"):
        order = customer.orders(shop.tea)
        assert order.answer.status == 202
        order.waits_until("CANCELLING")
        topics.of(order.id, "PreparationCancelled")
        assert order.shown()["status"] == "CANCELLING"  # until it is known that nothing was taken
    assert_cancelled(order, topics, ledger, "payment-window-closed", charged=0)


@by_hand
def test_refused_after_dispatch(shop, customer, operator, courier, topics, ledger):
    order = customer.orders(shop.tea).is_ready()
    assert courier.starts(order).status == 200
    order.waits_until("SHIPPED")
    for who in (customer, operator):
        assert_problem(order.cancels(by=who), 409, "/problems/already-shipped")
    assert order.cancels_the_payment().status == 202  # payment does not know; order refuses, and the customer is told
    topics.of(order.id, "OrderCancelRefused")
    assert order.shown()["status"] == "SHIPPED" and "cancelReason" not in order.shown()
    assert courier.completes(order).status == 200
    assert_completed(order, topics, ledger, charged=18000, refused=1)
    assert_problem(order.cancels(), 409, "/problems/already-shipped")
    assert order.payment()["refunded"]["amount"] == 0


@by_hand
@pytest.mark.faults
def test_refused_by_delivery_where_order_has_not_heard_of_the_dispatch(shop, customer, courier, topics, ledger):
    order = customer.orders(shop.tea).is_ready()
    with shop.hanging("kafka"):  # neither hears of the other
        assert order.cancels().status == 202
        assert courier.starts(order).status == 200
    refused = next(event for event in topics.of(order.id, "DeliveryCancelRefused", "OrderCancelRefused") if event.name == "DeliveryCancelRefused")
    assert refused.cause == next(event.id for event in topics.events(order.id) if event.name == "OrderCancelRequested")
    assert courier.completes(order).status == 200
    assert_completed(order, topics, ledger, charged=18000, refused=1)


@by_hand
def test_a_cancelled_delivery_is_not_started(shop, customer, courier, topics, ledger):
    order = customer.orders(shop.tea).is_ready()
    order.cancels()
    assert_cancelled(order, topics, ledger, "customer", charged=18000)
    assert_problem(courier.starts(order), 409, "/problems/delivery-cancelled")
    assert_problem(order.pays("tok_ok"), 409, "/problems/order-cancelled")
    assert order.shown()["status"] == "CANCELLED"


@by_hand
def test_cancelled_again_is_cancelled_once(shop, customer, operator, topics, ledger):
    order = customer.orders(shop.tea).is_ready()
    key = new_key()
    first, again, by_operator = order.cancels(key=key), order.cancels(key=key), order.cancels(by=operator)
    assert (first.status, again.status, by_operator.status) == (202, 202, 202)
    assert again.replayed and again.body == first.body and first.json["status"] == "CANCELLING"
    assert_cancelled(order, topics, ledger, "customer", charged=18000)
    last = order.cancels()
    assert (last.status, last.json["status"], last.json["cancelReason"]) == (202, "CANCELLED", "customer")
    answer = order.cancels_the_payment()
    assert answer.status == 409 and answer.json["type"].startswith("/problems/payment-")
    assert_cancelled(order, topics, ledger, "customer", charged=18000)


@by_hand
def test_a_payment_is_cancelled_once(shop, customer, topics, ledger):
    order = customer.orders(shop.tea).is_ready()
    assert order.cancels_the_payment().status == 202
    assert order.cancels_the_payment().status in (202, 409)  # once more, or too late: it is being refunded
    assert_cancelled(order, topics, ledger, "payment-cancelled", charged=18000)
    assert published(topics.events(order.id))["PaymentCancelRequested"] == 1


@by_hand
def test_what_is_somebody_elses_is_not_there_to_cancel(shop, customer, neighbour, courier, passer_by):
    order = customer.orders(shop.tea).is_ready()
    for path in (f"/api/orders/{order.id}", "/api/orders/01900000-0000-7000-8000-000000000000"):
        assert_problem(neighbour.asks("DELETE", path), 404, "/problems/not-found")
    assert_problem(order.cancels_the_payment(by=neighbour), 404, "/problems/not-found")
    assert order.cancels(by=courier).status == 403
    assert order.cancels(by=passer_by).status == 401
    assert order.shown()["status"] == "PREPARED"


@by_hand
def test_a_refund_that_fails_twice_is_made_all_the_same(shop, customer, topics, ledger):
    order = customer.orders(shop.tea, token="tok_refund_fails_twice").is_ready()
    order.cancels()
    assert_cancelled(order, topics, ledger, "customer", charged=18000)


@by_hand
def test_a_cancelled_order_leaves_others_alone(shop, customer, courier, topics, ledger):
    cups = shop.sells(stock=3, price=PRICE)
    orders = [customer.orders(cups).is_ready() for _ in range(3)]
    orders[1].cancels()
    assert_cancelled(orders[1], topics, ledger, "customer", charged=PRICE)
    until(lambda: shop.stock(cups) == 1, "one cup is back")
    until(lambda: shop.probe(cups, 1) is None, "it can be ordered again")
    for order in (orders[0], orders[2]):
        assert (courier.starts(order).status, courier.completes(order).status) == (200, 200)
        assert_completed(order, topics, ledger, charged=PRICE)
        until(lambda: sorted(notice["kind"] for notice in order.notices()) == NOTICES, lambda: f"{NOTICES} among {order.notices()}")
    assert shop.stock(cups) == 1
