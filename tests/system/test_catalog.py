"""The catalog: prices, stock, and what is sold out."""
import pytest

from lifecycle import told
from people import basket
from problems import assert_problem
from waiting import at_once, until


def test_a_new_product_is_in_the_catalog(shop, admin, passer_by):
    product = admin.registers("백자 주전자", 89000, 7, "600 ml")
    assert product == {"id": product["id"], "name": "백자 주전자", "description": "600 ml", "price": {"amount": 89000, "currency": "KRW"}, "available": 7,
                       "discontinued": False, "version": 1}
    answer = passer_by.gets(f"/api/products/{product['id']}")
    assert answer.json == product and answer.headers["ETag"] == '"1"'
    assert product in [each for page in passer_by.pages("/api/products", 100) for each in page]


def test_a_registration_says_where_the_product_is(admin):
    answer = admin.posts("/api/products", {"name": "차", "price": {"amount": 1, "currency": "KRW"}, "stock": 0})
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/products/{answer.json['id']}"
    assert admin.reads(answer.headers["Location"]) == answer.json


def test_a_new_price_is_for_new_orders_only(shop, customer, admin):
    cups = shop.sells(price=30000)
    before = customer.orders(cups, 2)
    assert admin.reprices(cups, 45000).json["price"]["amount"] == 45000

    def priced_anew():
        order = customer.orders(cups, 2)
        return order if order.answer.json["total"]["amount"] == 90000 else None

    after = until(priced_anew, "an order at the new price")
    customer.waits_for_all([before, after])
    for order, unit in ((before, 30000), (after, 45000)):
        for said in (order.seen(), order.shown()):
            assert said["items"][0]["unitPrice"]["amount"] == unit
            assert said["total"]["amount"] == 2 * unit
        assert order.payment()["captured"]["amount"] == 2 * unit


def test_a_new_name_is_for_new_orders_only(shop, customer, admin):
    cups = shop.sells("찻잔")
    order = customer.orders(cups)
    assert admin.asks("PATCH", f"/api/products/{cups['id']}", {"name": "큰 찻잔", "description": "두 배"}).status == 200
    changed = admin.reads(f"/api/products/{cups['id']}")
    assert (changed["name"], changed["description"], changed["price"]) == ("큰 찻잔", "두 배", cups["price"])
    assert order.waits_until("COMPLETED").seen()["items"][0]["name"] == "찻잔"


def test_what_is_sold_out_is_409_and_says_which_line(shop, customer):
    rare, rarer = shop.sells(stock=3), shop.sells(stock=1)
    answer = customer.places(basket([(rare, 5), (shop.tea, 1), (rarer, 2)]))
    body = assert_problem(answer, 409, "/problems/sold-out", ("/items/0/quantity", "sold-out"), ("/items/2/quantity", "sold-out"),
                          detail="1 of 3 lines can be delivered. Lower the quantity or remove the line.")
    assert {fault["pointer"]: fault["detail"] for fault in body["errors"]} == {
        "/items/0/quantity": "wanted 5, available 3", "/items/2/quantity": "wanted 2, available 1"}
    assert customer.orders_all([(rare, 3), (shop.tea, 1), (rarer, 1)]).waits_until("COMPLETED")
    until(lambda: shop.probe(rare, 1) == "sold-out", "order knows that it is sold out")
    assert_problem(customer.places(basket([(rare, 1)])), 409, "/problems/sold-out", ("/items/0/quantity", "sold-out"))


def test_what_is_restocked_can_be_ordered_again(shop, customer, admin):
    cups = shop.sells(stock=0)
    assert_problem(customer.places(basket([(cups, 1)])), 409, "/problems/sold-out", ("/items/0/quantity", "sold-out"))
    restocked = admin.restocks(cups, 5)
    assert (restocked.status, restocked.json["available"]) == (200, 5)
    until(lambda: shop.probe(cups, 5) is None, "order knows of the restock")
    assert customer.orders(cups, 5).waits_until("COMPLETED")
    assert shop.stock(cups) == 0


def test_restocks_at_once_all_count(shop, admin):
    cups = shop.sells(stock=0)
    answers = at_once([lambda: admin.restocks(cups, 3)] * 20)
    assert {answer.status for answer in answers} == {200}
    assert shop.stock(cups) == 60


def test_of_customers_who_want_the_last_one_only_one_gets_it(shop, customer, topics):
    """Order's own view of the stock is a moment late: who slips through is turned away by product, and nothing is sold twice."""
    last = shop.sells(stock=1)
    got = [answer.json["id"] for answer in at_once([lambda: customer.places(basket([(last, 1)]))] * 8, width=8) if answer.status != 409]
    assert got

    def decided():
        orders = [customer.reads(f"/api/orders/{order}") for order in got]
        return all(order["status"] in ("COMPLETED", "CANCELLED") for order in orders) and orders

    orders = until(decided, "each is delivered or turned away")
    assert len([order for order in orders if order["status"] == "COMPLETED"]) == 1
    assert all(order["cancelReason"] == "out-of-stock" and order["refunded"] == order["total"] for order in orders if order["status"] != "COMPLETED")
    assert shop.stock(last) == 0
    for order in orders:
        if order["status"] != "COMPLETED":
            names = [event.name for event in topics.of(order["id"], "PreparationRejected", "PreparationCancelled", "DeliveryCancelled", "OrderCancelled")]
            assert "PreparationCompleted" not in names and "DeliveryStarted" not in names


def test_a_discontinued_product_is_not_sold_any_more(shop, customer, admin, topics):
    cups = shop.sells(stock=5)
    before = customer.orders(cups, 2)
    discontinued = admin.discontinues(cups)
    assert (discontinued.status, discontinued.json["discontinued"]) == (200, True)
    until(lambda: shop.probe(cups, 1) == "discontinued", "order knows that it is discontinued")
    assert_problem(customer.places(basket([(cups, 1)])), 422, "/problems/invalid-fields", ("/items/0/productId", "discontinued"))
    before.waits_until("COMPLETED")  # who has ordered it gets it
    assert admin.discontinues(cups).json["discontinued"] is True
    assert told(topics.of(cups["id"], "ProductDiscontinued"))["jumun.catalog"].count("ProductDiscontinued") == 1
    assert shop.stock(cups) == 3


def test_an_edit_of_what_has_changed_meanwhile_is_412(shop, admin):
    cups = shop.sells(price=30000)
    tag = admin.gets(f"/api/products/{cups['id']}").headers["ETag"]
    first = admin.reprices(cups, 31000, headers={"If-Match": tag})
    assert first.status == 200
    assert_problem(admin.reprices(cups, 32000, headers={"If-Match": tag}), 412, "/problems/precondition-failed")
    assert admin.reads(f"/api/products/{cups['id']}")["price"]["amount"] == 31000
    assert_problem(admin.reprices(cups, 32000, headers={"If-Match": "nonsense"}), 412, "/problems/precondition-failed")
    assert admin.reprices(cups, 32000, headers={"If-Match": "*"}).status == 200


def test_an_edit_that_changes_nothing_is_no_new_version(shop, admin):
    cups = shop.sells(price=30000)
    assert admin.reprices(cups, 30000).json == admin.reads(f"/api/products/{cups['id']}") == cups


def test_what_nobody_sells_cannot_be_changed(admin):
    nothing = {"id": "01900000-0000-7000-8000-00000000dead"}
    assert_problem(admin.reprices(nothing, 5), 404, "/problems/not-found")
    assert_problem(admin.restocks(nothing, 5), 404, "/problems/not-found")
    assert_problem(admin.discontinues(nothing), 404, "/problems/not-found")


@pytest.mark.parametrize("stock", [1_000_000_000])
def test_a_warehouse_has_its_limit(admin, stock):
    full = admin.registers("모래알", 1, stock)
    assert_problem(admin.restocks(full, 1), 422, "/problems/stock-limit")
