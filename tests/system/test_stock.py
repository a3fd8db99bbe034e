"""Two hundred customers at once, and fifty pieces: fifty have them, the others have their money back and know it."""
import pytest

from endings import assert_cancelled, assert_completed
from people import Customer, Order, basket
from topics import first_occurrences
from waiting import at_once, until

PRICE = 32000
PIECES, CUSTOMERS = 50, 200


def assert_shared_out(shop, cups, orders, topics, ledger):
    """Of these orders fifty have a cup, and no other; the stock was never less than nothing. Returns how many were refunded."""
    ends = [order.waits_for("an end", lambda seen: seen["status"] in ("CANCELLED", "COMPLETED"))["status"] for order in orders]
    assert ends.count("COMPLETED") == PIECES
    at_once([lambda order=order, end=end: assert_completed(order, topics, ledger, PRICE) if end == "COMPLETED"
             else assert_cancelled(order, topics, ledger, "out-of-stock", PRICE) for order, end in zip(orders, ends)])
    assert shop.stock(cups) == 0

    def told():
        return [event.data["available"] for event in first_occurrences(topics.of(cups["id"], "StockChanged")) if event.name == "StockChanged"]

    until(lambda: told()[-1] == 0, lambda: f"it is told that nothing is left: {told()}")
    assert min(told()) >= 0
    return ends.count("CANCELLED")


@pytest.mark.faults
def test_two_hundred_orders_for_fifty_pieces(shop, wire, topics, ledger, turn):
    """All are taken before the stock is counted, so that exactly 150 are to be refunded."""
    cups = shop.sells(stock=PIECES, price=PRICE)
    customers = at_once([lambda: Customer(wire)] * CUSTOMERS)
    with shop.down("product"):
        orders = at_once([lambda customer=customer: customer.orders(cups) for customer in customers], width=64)
    assert assert_shared_out(shop, cups, orders, topics, ledger) == CUSTOMERS - PIECES


def test_two_hundred_customers_at_once(shop, wire, topics, ledger, turn):
    """As it comes: some are refused at once (sold out, and nothing was asked of their card), the others are refunded."""
    cups = shop.sells(stock=PIECES, price=PRICE)
    customers = at_once([lambda: Customer(wire)] * CUSTOMERS)
    answers = at_once([lambda customer=customer: customer.places(basket([(cups, 1)])) for customer in customers], width=64)
    orders = [Order(customer, answer) for customer, answer in zip(customers, answers) if answer.status != 409]
    refused = [answer for answer in answers if answer.status == 409]
    assert {answer.json["type"] for answer in refused} <= {"/problems/sold-out"}
    assert assert_shared_out(shop, cups, orders, topics, ledger) == CUSTOMERS - PIECES - len(refused)
