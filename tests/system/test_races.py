"""The ten races of the domain, each on the real system. However they come out, they come out whole: one end, and stock, money, the customer's view and
what the customer was told follow it. JUMUN_ROUNDS says how often each is run."""
import random
import time

import pytest

from consumers import reads_from_the_beginning
from endings import all_there_is, assert_cancelled, assert_completed, assert_ended, one_of_each_end, published
from lifecycle import EVERYTHING
from people import Customer, Order, assert_in_time, basket
from problems import assert_problem
from replicas import as_the_gateway_would, replica
from shop import PORTS
from waiting import at_once, until
from wire import Wire, new_key

PRICE = 32000


# ── 1: cancel against the start of delivery ──


@pytest.mark.told(CARRIER="manual")
def test_1_cancel_against_the_couriers_start(shop, customer, courier, topics, ledger, turn):
    cups = shop.sells(stock=10, price=PRICE)
    orders = [customer.orders(cups) for _ in range(5)]
    for order in orders:
        order.timeline("DeliveryRequested")  # delivery knows of it: a courier may start
    answers = at_once([job for order in orders for job in random.sample([order.cancels, lambda order=order: courier.starts(order)], 2)], width=10)
    assert len(answers) == 10
    ends = []
    for order in orders:
        until(lambda: order.delivery()["status"] != "READY", "delivery has decided")
        if order.delivery()["status"] == "CANCELLED":
            assert_problem(courier.starts(order), 409, "/problems/delivery-cancelled")
        else:
            assert courier.completes(order).status == 200
        ends.append(assert_ended(order, topics, ledger, PRICE))
    until(lambda: shop.stock(cups) == 10 - ends.count("COMPLETED"), "stock follows")


@pytest.mark.told(CARRIER_START_DELAY_MS="25", CARRIER_COMPLETE_DELAY_MS="0")
def test_1_cancel_against_the_carriers_start(shop, customer, topics, ledger, turn):
    cups = shop.sells(stock=10, price=PRICE)

    def order_and_cancel():
        order = customer.orders(cups)
        until(lambda: order.shown()["status"] != "CONFIRMED", "the goods are prepared")
        return order, order.cancels()

    ends = []
    for order, answer in at_once([order_and_cancel] * 6, width=6):
        assert answer.status in (202, 409), answer
        ends.append(assert_ended(order, topics, ledger, PRICE))
        assert answer.status == 202 or ends[-1] == "COMPLETED"
    until(lambda: shop.stock(cups) == 10 - ends.count("COMPLETED"), "stock follows")


# ── 2, 3: payment answers late, or its answer is lost ──


def test_2_cancel_while_payment_is_asked(shop, wire, histories, topics, ledger, turn):
    def placed_and_cancelled():
        """None where the wish came too late."""
        customer = Customer(wire)

        def cancel():
            (order,) = until(lambda: histories.orders_of(customer), "the order, before its payment is known")
            until(lambda: customer.gets(f"/api/payments/{order}").status == 200, "payment is asked")
            return customer.asks("DELETE", f"/api/orders/{order}")

        placed, cancelled = at_once([lambda: customer.places(basket([(shop.tea, 1)], "tok_slow")), cancel])
        in_time = cancelled.status == 202 and cancelled.json["payment"]["status"] == "ASKED"
        return (placed, Order(customer, cancelled)) if in_time else None

    placed, order = until(placed_and_cancelled, "an order is cancelled while payment is asked")
    assert order.answer.json["status"] == "CANCELLING"
    assert (placed.status, placed.json["id"]) == (202, order.id)  # approved afterwards; never confirmed
    assert_cancelled(order, topics, ledger, "customer", charged=18000)
    happened = published(topics.events(order.id))
    assert (happened["PaymentApproved"], happened["OrderConfirmed"]) == (1, 0)


def test_2_cancel_before_the_provider_has_charged(shop, customer, topics, ledger, turn):
    order = customer.regrets(shop.tea, "tok_late")
    assert_cancelled(order, topics, ledger, "customer", charged=18000)
    assert published(topics.events(order.id))["OrderConfirmed"] == 0


def test_3_charged_and_the_answer_lost(shop, customer, topics, ledger, turn):
    order = customer.orders(shop.tea, token="tok_lost")
    assert order.answer.status == 202
    assert_completed(order, topics, ledger, charged=18000)


def test_3_charged_the_answer_lost_and_cancelled_meanwhile(shop, customer, topics, ledger, turn):
    order = customer.regrets(shop.tea, "tok_lost")
    assert_cancelled(order, topics, ledger, "customer", charged=18000)
    assert published(topics.events(order.id))["OrderConfirmed"] == 0


# ── 4: the request never reached payment ──


@pytest.mark.faults
def test_4_payment_is_asked_again_by_the_same_attempt(shop, customer, topics, ledger, turn):
    with shop.down("payment"):
        orders = at_once([lambda: customer.orders(shop.tea)] * 3)
        assert {order.answer.status for order in orders} == {202}
    for order in orders:
        assert_completed(order, topics, ledger, charged=18000)
        assert [(attempt["number"], attempt["status"]) for attempt in order.payment()["attempts"]] == [(1, "APPROVED")]


@pytest.mark.faults
def test_4_payment_dies_with_the_request_in_its_hands(shop, customer, topics, ledger, turn):
    with shop.hanging("payment"):
        order = customer.orders(shop.tea)
        assert order.answer.status == 202
        shop.kill("payment")
    assert_completed(order, topics, ledger, charged=18000)
    assert [(attempt["number"], attempt["status"]) for attempt in order.payment()["attempts"]] == [(1, "APPROVED")]


# ── 5: the payment window closes while the customer pays again ──

WINDOW = 1.5


@pytest.mark.told(PAYMENT_WINDOW_MS=str(int(WINDOW * 1000)))
@pytest.mark.parametrize("token", ["tok_ok", "tok_slow"])
def test_5_the_window_closes_while_the_customer_pays_again(shop, customer, topics, ledger, turn, token):
    def pay_again(before_the_end):
        order = customer.orders(shop.tea, token="tok_declined")
        closes = time.monotonic() + WINDOW
        until(lambda: time.monotonic() > closes - before_the_end, "the moment to pay")
        return order, order.pays(token)

    moments = [random.uniform(-0.05, 0.9 if token == "tok_slow" else 0.1) for _ in range(6)]
    for order, answer in at_once([lambda moment=moment: pay_again(moment) for moment in moments], width=6):
        assert answer.status in (201, 202, 409), answer
        end = assert_ended(order, topics, ledger, 18000, "payment-window-closed")
        assert end == "COMPLETED" or answer.status != 201, "told that it is paid, and then cancelled"


# ── 6: two customers, the last item ──


@pytest.mark.faults
def test_6_two_customers_and_the_last_item(shop, customer, neighbour, topics, ledger, turn):
    cups = shop.sells(stock=1, price=PRICE)
    with shop.down("product"):
        orders = at_once([lambda: customer.orders(cups), lambda: neighbour.orders(cups)])
    ends = [assert_ended(order, topics, ledger, PRICE, "out-of-stock") for order in orders]
    assert sorted(ends) == ["CANCELLED", "COMPLETED"]
    assert shop.stock(cups) == 0


def test_6_two_customers_at_once_and_the_last_item(shop, customer, neighbour, topics, ledger, turn):
    cups = shop.sells(stock=1, price=PRICE)
    answers = at_once([lambda: customer.places(basket([(cups, 1)])), lambda: neighbour.places(basket([(cups, 1)]))])
    placed = [Order(who, answer) for who, answer in zip((customer, neighbour), answers) if answer.status != 409]
    for answer in answers:
        assert answer.status in (201, 202) or answer.json["type"] == "/problems/sold-out", answer
    ends = [assert_ended(order, topics, ledger, PRICE, "out-of-stock") for order in placed]
    assert ends.count("COMPLETED") == 1
    assert shop.stock(cups) == 0


# ── 7: events twice, late, from the beginning ──


@pytest.mark.faults
@pytest.mark.parametrize("service", ["order", "product", "payment", "delivery", "notification", "customer-view"])
def test_7_a_consumer_reads_everything_again(shop, customer, topics, ledger, turn, service):
    cups = shop.sells(stock=10, price=PRICE)
    orders = completed, cancelled, declined, waiting = one_of_each_end(customer, cups, PRICE, topics, ledger)
    for order, notices in ((completed, 5), (cancelled, 4), (declined, 4), (waiting, 2)):  # of the ends all is told by now but, perhaps, the notices
        order.timeline("OrderPlaced", *["NotificationSent"] * notices)
    completed.timeline(*EVERYTHING)
    before = all_there_is(customer, orders, cups)
    reads_from_the_beginning(shop, service)
    assert all_there_is(customer, orders, cups) == before
    assert_in_time(waiting.pays("tok_ok"), 201)
    assert_completed(waiting, topics, ledger, charged=PRICE)


@pytest.mark.faults
def test_7_all_events_late(shop, customer, topics, ledger, turn):
    with shop.down("product", "delivery", "notification", "customer-view"):
        orders = [customer.orders(shop.tea).is_paid() for _ in range(4)]
        for order in orders[:2]:
            assert order.cancels().json["status"] == "CANCELLING"
        assert orders[2].cancels_the_payment().status == 202
    assert_cancelled(orders[0], topics, ledger, "customer", charged=18000)
    assert_cancelled(orders[1], topics, ledger, "customer", charged=18000)
    assert_cancelled(orders[2], topics, ledger, "payment-cancelled", charged=18000)
    assert_completed(orders[3], topics, ledger, charged=18000)


# ── 8: a POST repeated after a lost answer ──


def test_8_repeated_after_a_lost_answer(shop, customer, wire, histories, topics, ledger, turn):
    def hang_up_and_insist(path, body, due):
        key, began = new_key(), time.monotonic()
        wire.send_and_hang_up("POST", path, body, {"Authorization": f"Bearer {customer.token}", "Idempotency-Key": key})
        again, once_more = [customer.insists("POST", path, body, key) for _ in range(2)]
        again.took = time.monotonic() - began
        assert_in_time(again, due)
        assert again.body == once_more.body and once_more.replayed
        return again

    for token, due in [("tok_declined", 402), ("tok_slow", 201)]:
        hang_up_and_insist("/api/orders", basket([(shop.tea, 1)], token), due)
    order = customer.orders(shop.tea, token="tok_declined").is_declined()
    paid = hang_up_and_insist(f"/api/orders/{order.id}/payment", {"method": "card", "token": "tok_ok"}, 201)
    assert paid.json["id"] == order.id
    assert_completed(order, topics, ledger, charged=18000)
    assert len(histories.orders_of(customer)) == 3


# ── 9: two replicas on one order ──


@pytest.mark.faults
def test_9_two_replicas_of_order(shop, customer, topics, ledger, turn):
    cups = shop.sells(stock=100, price=PRICE)
    with replica(shop, "order") as second:
        first = Wire(port=PORTS["order"])
        ways = [lambda order, wire: as_the_gateway_would(customer, wire, "DELETE", f"/orders/{order.id}"),
                lambda order, wire: as_the_gateway_would(customer, wire, "POST", f"/orders/{order.id}/payment", {"method": "card", "token": "tok_ok"}, new_key())]

        def both(order):
            jobs = [lambda way=way, wire=wire: way(order, wire) for way in ways for wire in (first, second)]
            return at_once(random.sample(jobs, len(jobs)), width=len(jobs))

        orders = [customer.orders(cups, token="tok_declined").is_declined() for _ in range(4)]
        answers = [both(order) for order in orders]
        assert {answer.status for of_one in answers for answer in of_one} <= {201, 202, 409}, answers
        placed = at_once([lambda wire=wire: as_the_gateway_would(customer, wire, "POST", "/orders", basket([(cups, 1)]), new_key())
                          for wire in (first, second) * 5])
        for answer in placed:
            assert_in_time(answer, 201)
            assert_completed(Order(customer, answer), topics, ledger, charged=PRICE)
        for order in orders:
            assert_ended(order, topics, ledger, PRICE)


# ── 10: a crash between any two steps ──


@pytest.mark.faults
@pytest.mark.parametrize("service", ["order", "product", "payment", "delivery", "notification", "customer-view", "gateway"])
def test_10_killed_in_the_middle_of_cancels(shop, customer, topics, ledger, turn, service):
    cups = shop.sells(stock=100, price=PRICE)

    def order_and_cancel(number):
        order = customer.insists_on_ordering(cups, token=["tok_ok", "tok_slow"][number % 2])
        if number == 10:
            shop.kill(service)
        return order, customer.insists("DELETE", f"/api/orders/{order.id}", None, new_key())

    ends = []
    placed = at_once([lambda number=number: order_and_cancel(number) for number in range(20)], width=8)
    shop.waits_until_ready()
    for order, answer in placed:
        assert answer.status in (202, 409), answer
        ends.append(assert_ended(order, topics, ledger, PRICE))
        assert answer.status == 202 or ends[-1] == "COMPLETED"
    until(lambda: shop.stock(cups) == 100 - ends.count("COMPLETED"), "stock follows")
