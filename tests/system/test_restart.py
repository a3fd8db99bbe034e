"""The whole shop goes down and comes up again; everything that was there is there. Runs last, for it is everybody's shop."""
import pytest

from lifecycle import EVERYTHING, assert_each_went_well_and_once
from people import assert_in_time, basket
from waiting import at_once, until
from wire import new_key

pytestmark = pytest.mark.restarts


def test_all_orders_are_still_there_after_down_and_up(shop, customer, topics):
    done = [customer.orders(shop.tea, 2).waits_until("COMPLETED") for _ in range(3)]
    waiting = customer.orders(shop.coffee, token="tok_declined").is_declined()
    waiting.timeline("OrderPlaced", "PaymentDeclined", "OrderPaymentDeclined", "NotificationSent", "NotificationSent")
    for order in done:
        topics.of(order.id, *EVERYTHING)
        order.timeline(*EVERYTHING)
    until(lambda: len(customer.notices()) == 3 * 5 + 2, "all notices")
    key, body = new_key(), basket([(shop.tea, 1)])
    replayed = customer.places(body, key)
    cursor = customer.reads("/api/my/orders?limit=1")["nextCursor"]
    under_way = at_once([lambda: customer.orders(shop.tea)] * 20)

    paths = [f"/api/{kind}/{order.id}" for order in done for kind in ("orders", "payments", "deliveries", "my/orders")]
    paths += [f"/api/orders/{waiting.id}", f"/api/payments/{waiting.id}", f"/api/my/orders/{waiting.id}", f"/api/products/{shop.coffee['id']}"]
    before = {path: customer.reads(path) for path in paths}

    try:
        shop.jumun("down")
    finally:
        shop.up(shop.own)

    assert {path: customer.reads(path) for path in paths} == before
    customer.waits_for_all(done + under_way)
    assert_each_went_well_and_once(topics, done + under_way)
    again = customer.places(body, key)
    assert again.replayed and again.body == replayed.body
    assert customer.reads(f"/api/my/orders?limit=1&cursor={cursor}")["items"]
    assert_in_time(waiting.pays("tok_ok"), 201)
    waiting.waits_until("COMPLETED")
    customer.orders(shop.tea).waits_until("COMPLETED")
