"""An order, from the gateway to the door."""
from lifecycle import CONFIRMED, NOTICES, STEPS, TIME, UUID, won
from people import ADDRESS, assert_in_time
from waiting import at_once, until


def test_an_order_is_paid_prepared_delivered_and_shown(shop, customer):
    order = customer.orders_all([(shop.tea, 2), (shop.coffee, 1)])
    assert_in_time(order.answer, 201)
    assert order.answer.headers["Location"] == f"/api/orders/{order.id}"
    assert UUID.fullmatch(order.id)

    seen = order.waits_until("COMPLETED").seen()
    assert seen["items"] == [
        {"productId": shop.tea["id"], "name": shop.tea["name"], "quantity": 2, "unitPrice": won(18000), "lineTotal": won(36000)},
        {"productId": shop.coffee["id"], "name": shop.coffee["name"], "quantity": 1, "unitPrice": won(16500), "lineTotal": won(16500)},
    ]
    assert seen["total"] == won(52500)
    assert seen["address"] == ADDRESS
    assert seen["payment"] == {"status": "APPROVED", "attempt": 1}

    delivered = order.waits_for("the completed delivery", lambda seen: seen["delivery"]["status"] == "COMPLETED")["delivery"]
    assert set(delivered) == {"status", "carrier", "trackingNumber", "startedAt", "completedAt"}
    assert delivered["carrier"] and delivered["trackingNumber"]
    assert TIME.fullmatch(delivered["startedAt"]) and TIME.fullmatch(delivered["completedAt"])
    assert delivered["startedAt"] <= delivered["completedAt"]


def test_the_answer_to_the_customer_is_the_confirmed_order(shop, customer):
    order = customer.orders_in_time(201, shop.tea, 3)
    body = order.answer.json
    assert body["status"] in CONFIRMED
    assert body["payment"] == {"status": "APPROVED", "attempt": 1}
    assert body["total"] == won(54000)
    assert body["items"][0]["lineTotal"] == won(54000)
    assert TIME.fullmatch(body["createdAt"]) and body["createdAt"] <= body["updatedAt"]
    assert "cancelReason" not in body and "needsReview" not in body


def test_order_payment_and_delivery_say_the_same_as_the_view(shop, customer):
    order = customer.orders(shop.tea, 2).waits_until("COMPLETED")
    seen = order.waits_for("the completed delivery", lambda seen: seen["delivery"]["status"] == "COMPLETED")

    shown = order.shown()
    for member in ("id", "status", "items", "total", "address", "payment", "createdAt", "version"):
        assert shown[member] == seen[member], member

    payment = order.payment()
    assert payment["orderId"] == order.id
    assert payment["status"] == "APPROVED"
    assert (payment["amount"], payment["captured"], payment["refunded"]) == (won(36000), won(36000), won(0))
    assert [(attempt["number"], attempt["status"]) for attempt in payment["attempts"]] == [(1, "APPROVED")]

    delivery = order.delivery()
    assert delivery["orderId"] == order.id
    for member in ("status", "carrier", "trackingNumber", "startedAt", "completedAt"):
        assert delivery[member] == seen["delivery"][member], member


def test_the_timeline_tells_every_step_in_order_with_its_cause(shop, customer, topics):
    order = customer.orders(shop.tea).waits_until("COMPLETED")
    timeline = order.timeline(*STEPS, *["NotificationSent"] * len(NOTICES))

    steps = [entry for entry in timeline if entry["type"] != "NotificationSent"]
    assert {entry["type"]: entry["service"] for entry in steps} == STEPS
    assert len(steps) == len(STEPS)
    assert sorted(entry["detail"] for entry in timeline if entry["type"] == "NotificationSent") == NOTICES

    assert [entry["at"] for entry in timeline] == sorted(entry["at"] for entry in timeline)
    assert all(TIME.fullmatch(entry["at"]) and UUID.fullmatch(entry["eventId"]) for entry in timeline)
    assert len({entry["eventId"] for entry in timeline}) == len(timeline)
    assert [entry["type"] for entry in timeline if entry["causationId"] is None] == ["OrderPlaced"]

    position = {entry["eventId"]: place for place, entry in enumerate(timeline)}
    for place, entry in enumerate(timeline):
        assert position.get(entry["causationId"], -1) < place, f"{entry} stands before its cause"
    told = {event.id for event in topics.of(order.id, *STEPS, *["NotificationSent"] * len(NOTICES))}
    assert {entry["eventId"] for entry in timeline} == told


def test_the_customer_is_told_of_every_step_exactly_once(shop, customer):
    order = customer.orders_all([(shop.tea, 2), (shop.coffee, 1)]).waits_until("COMPLETED")
    notices = until(lambda: len(order.notices()) >= len(NOTICES) and all(notice["status"] == "SENT" for notice in order.notices()) and order.notices(),
                    lambda: f"{NOTICES} among {order.notices()}")
    assert sorted(notice["kind"] for notice in notices) == NOTICES
    assert all(set(notice) == {"id", "orderId", "kind", "channel", "language", "status", "text", "at"} for notice in notices)
    assert all(notice["language"] == "ko" and notice["channel"] == "log" for notice in notices)
    texts = {notice["kind"]: notice["text"] for notice in notices}
    assert texts["ORDER_PLACED"] == "시험 녹차 외 1건 주문을 접수했습니다. 결제하실 금액은 52,500원입니다."
    assert order.delivery()["trackingNumber"] in texts["DELIVERY_STARTED"]
    assert [notice["at"] for notice in notices] == sorted((notice["at"] for notice in notices), reverse=True)


def test_the_stock_goes_down_by_what_was_ordered(shop, customer):
    cups = shop.sells(stock=20)
    customer.waits_for_all(at_once([lambda: customer.orders(cups, 3)] * 4))
    assert shop.stock(cups) == 8
    until(lambda: shop.probe(cups, 9) == "sold-out" and shop.probe(cups, 8) is None, "order knows that 8 are left")


def test_the_history_is_newest_first(shop, customer):
    placed = [customer.orders(shop.tea) for _ in range(3)]
    customer.waits_for_all(placed)
    assert [order["id"] for order in customer.history()] == [order.id for order in reversed(placed)]
    assert all("timeline" not in order for order in customer.history())


def test_the_history_can_be_asked_by_status(shop, customer):
    done = customer.orders(shop.tea)
    waiting = customer.orders(shop.tea, token="tok_declined")
    customer.waits_for_all([done])
    customer.waits_for_all([waiting], "PENDING_PAYMENT")
    assert [order["id"] for order in customer.reads("/api/my/orders?status=COMPLETED")["items"]] == [done.id]
    assert [order["id"] for order in customer.reads("/api/my/orders?status=PENDING_PAYMENT")["items"]] == [waiting.id]
    assert customer.reads("/api/my/orders?status=CANCELLED")["items"] == []


def test_the_largest_order_there_may_be(shop, customer):
    goods = [shop.good(f"시험 찻잔 {n}", 1000 + n) for n in range(100)]
    order = customer.orders_all([(product, 1) for product in goods]).waits_until("COMPLETED")
    assert_in_time(order.answer, 201)
    assert order.seen()["total"] == won(sum(1000 + n for n in range(100)))
