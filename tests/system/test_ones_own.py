"""What is somebody else's is not there; and lists that stay as they are while orders arrive."""
import pytest

from people import Customer
from problems import assert_problem
from waiting import at_once, until
from wire import new_key


def test_somebody_elses_order_is_404_on_every_route(shop, customer, neighbour):
    order = neighbour.orders(shop.tea, token="tok_declined")
    order.waits_until("PENDING_PAYMENT")
    paid = neighbour.orders(shop.tea).waits_until("COMPLETED")
    for path in (f"/api/orders/{order.id}", f"/api/payments/{order.id}", f"/api/my/orders/{order.id}", f"/api/deliveries/{paid.id}"):
        theirs = customer.gets(path)
        nobodys = customer.gets(path.replace(order.id, "01900000-0000-7000-8000-00000000dead").replace(paid.id, "01900000-0000-7000-8000-00000000dead"))
        assert_problem(theirs, 404, "/problems/not-found")
        assert theirs.body == nobodys.body, "the answer tells that there is something"
    assert_problem(customer.posts(f"/api/orders/{order.id}/payment", {"method": "card", "token": "tok_ok"}, key=new_key()), 404, "/problems/not-found")
    assert order.shown()["payment"]["attempt"] == 1


def test_lists_hold_only_ones_own(shop, customer, neighbour):
    mine, theirs = customer.orders(shop.tea).waits_until("COMPLETED"), neighbour.orders(shop.tea).waits_until("COMPLETED")
    assert [order["id"] for order in customer.history()] == [mine.id]
    assert [order["id"] for order in neighbour.history()] == [theirs.id]
    until(lambda: customer.notices(), "a notice")
    assert {notice["orderId"] for notice in customer.notices()} == {mine.id}


def test_a_new_customer_has_empty_lists(customer):
    assert customer.reads("/api/my/orders") == {"items": [], "nextCursor": None}
    assert customer.reads("/api/my/notifications") == {"items": [], "nextCursor": None}


def test_an_operator_sees_every_order(shop, customer, operator):
    order = customer.orders(shop.tea).waits_until("COMPLETED")
    for path in (f"/api/orders/{order.id}", f"/api/payments/{order.id}", f"/api/deliveries/{order.id}"):
        assert operator.reads(path) == customer.reads(path)


def test_a_courier_sees_deliveries_and_nothing_else(shop, customer, courier):
    order = customer.orders(shop.tea).waits_until("COMPLETED")
    assert courier.reads(f"/api/deliveries/{order.id}") == order.delivery()
    for path in (f"/api/orders/{order.id}", f"/api/payments/{order.id}", f"/api/my/orders/{order.id}"):
        assert_problem(courier.gets(path), 403, "/problems/forbidden")


def test_what_is_delivered_cannot_be_started_or_completed_again(shop, customer, courier):
    order = customer.orders(shop.tea).waits_until("COMPLETED")
    assert_problem(courier.posts(f"/api/deliveries/{order.id}/start", {}), 409, "/problems/delivery-already-completed")
    assert_problem(courier.posts(f"/api/deliveries/{order.id}/complete"), 409, "/problems/delivery-already-completed")


def test_what_is_not_paid_is_not_delivered(shop, customer, courier):
    order = customer.orders(shop.tea, token="tok_declined")
    assert_problem(customer.gets(f"/api/deliveries/{order.id}"), 404, "/problems/not-found")
    assert_problem(courier.posts(f"/api/deliveries/{order.id}/start", {}), 404, "/problems/not-found")


# ── pages ──

def test_the_pages_of_the_history_stay_as_they_are_while_orders_arrive(shop, customer):
    before = at_once([lambda: customer.orders(shop.tea)] * 13)
    customer.waits_for_all(before)
    wanted = [order["id"] for order in customer.history()]
    got = []
    for page in customer.pages("/api/my/orders", 5):
        got += [order["id"] for order in page]
        customer.waits_for_all([customer.orders(shop.tea)])
    assert got == wanted
    assert sorted(got) == sorted(order.id for order in before)


@pytest.mark.parametrize("limit", [1, 2, 6, 7, 12, 13, 100])
def test_pages_of_any_size_make_the_same_history(shop, thirteen, limit):
    whole = [order["id"] for order in thirteen.history(100)]
    pages = list(thirteen.pages("/api/my/orders", limit))
    assert [order["id"] for page in pages for order in page] == whole
    assert all(len(page) == limit for page in pages[:-1]) and len(pages[-1]) > 0


@pytest.fixture(scope="module")
def thirteen(whole_shop, wire):
    """A customer with thirteen orders, of which six are declined."""
    whole_shop.opens()
    customer = Customer(wire)
    paid = at_once([lambda: customer.orders(whole_shop.tea)] * 7)
    declined = at_once([lambda: customer.orders(whole_shop.tea, token="tok_declined")] * 6)
    customer.waits_for_all(paid)
    customer.waits_for_all(declined, "PENDING_PAYMENT")
    return customer


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
def test_pages_of_one_status_hold_all_of_it(shop, thirteen, limit):
    for status, count in (("COMPLETED", 7), ("PENDING_PAYMENT", 6), ("SHIPPED", 0)):
        got, cursor = [], ""
        while cursor is not None:
            page = thirteen.reads(f"/api/my/orders?status={status}&limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            got += [order["id"] for order in page["items"]]
            cursor = page["nextCursor"]
        assert len(got) == len(set(got)) == count, status


def test_the_pages_of_notifications_stay_as_they_are_while_orders_arrive(shop, customer):
    before = at_once([lambda: customer.orders(shop.tea)] * 4)
    until(lambda: len(customer.notices()) == 20, "five notices for each of four orders")
    wanted = [notice["id"] for notice in customer.notices()]
    got = []
    for page in customer.pages("/api/my/notifications", 3):
        got += [notice["id"] for notice in page]
        customer.orders(shop.tea)
    assert got == wanted
    assert len(set(got)) == 20 and {order.id for order in before}


def test_the_pages_of_the_catalog_stay_as_they_are_while_products_arrive(shop, admin, passer_by):
    shop.tea, shop.coffee
    wanted = [product["id"] for page in passer_by.pages("/api/products", 100) for product in page]
    got, added = [], []
    for number, page in enumerate(passer_by.pages("/api/products", max(2, len(wanted) // 6))):
        got += [product["id"] for product in page]
        if number < 3:
            added.append(admin.registers("잠깐 있는 찻잔", 1000, 1)["id"])
    assert [product for product in got if product in set(wanted)] == wanted
    assert len(set(got)) == len(got) and set(added) <= set(got) | set(added)


def test_a_cursor_of_one_list_is_not_for_another_person_to_see_more(shop, thirteen, customer):
    cursor = thirteen.reads("/api/my/orders?limit=2")["nextCursor"]
    answer = customer.gets(f"/api/my/orders?limit=100&cursor={cursor}")
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert answer.json["items"] == []
