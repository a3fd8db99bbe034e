"""The two ends of an order, and all that each leaves behind: in order, payment, delivery and the customer's view, on the topics, in what the customer
was told, and in the provider's books."""
from collections import Counter

from lifecycle import assert_versions_ascend
from topics import first_occurrences
from waiting import LIMIT, until

REASONS = {"customer", "operator", "payment-cancelled", "payment-window-closed", "out-of-stock"}
WAY_BACK = ("OrderCancelRequested", "DeliveryCancelled", "PreparationCancelled", "OrderCancelled")
NEVER_WHEN_CANCELLED = ("OrderShipped", "OrderCompleted", "DeliveryStarted", "DeliveryCompleted", "OrderCancelRefused", "DeliveryCancelRefused")
NEVER_WHEN_COMPLETED = ("DeliveryCancelled", "PreparationCancelled", "PaymentRefunded", "PaymentClosed", "OrderCancelled")


def published(events):
    """How often each happened, notices apart."""
    return Counter(event.name for event in first_occurrences(events) if event.topic != "jumun.notification")


def assert_cancelled(order, topics, ledger, reason, charged, limit=LIMIT):
    """Ended by the one way back. `charged`: what the provider had taken, and so has given back."""
    order.waits_until("CANCELLED", limit)
    way_back = WAY_BACK + (("PaymentRefunded",) if charged else ("PaymentClosed",))
    events = topics.of(order.id, *way_back)
    happened = published(events)
    assert {name: happened[name] for name in way_back} == dict.fromkeys(way_back, 1), happened
    assert not happened.keys() & set(NEVER_WHEN_CANCELLED), happened
    assert_versions_ascend(events)
    first = {event.name: event for event in first_occurrences(events)}
    assert first["DeliveryCancelled"].cause == first["OrderCancelRequested"].id  # delivery decides,
    assert first["PreparationCancelled"].cause == first["DeliveryCancelled"].id  # and what is given back follows from that
    assert (first["OrderCancelRequested"].data["reason"], first["OrderCancelled"].data["reason"]) == (reason, reason)
    assert (first["OrderCancelled"].data["refunded"], first["OrderCancelled"].data["currency"]) == (charged, "KRW")
    assert_shown_cancelled(order, reason, charged)
    assert_money(order, ledger, charged, charged)
    kinds = ["CANCEL_REQUESTED", "ORDER_CANCELLED"] + (["PAYMENT_REFUNDED"] if charged else [])
    assert_told(order, kinds, {"CANCEL_REFUSED", "DELIVERY_STARTED", "DELIVERY_COMPLETED"})
    topics.ended.append(order.id)


def assert_shown_cancelled(order, reason, charged):
    for shown in (order.shown(), order.waits_for("what was refunded", lambda seen: not charged or "refunded" in seen)):
        assert (shown["status"], shown["cancelReason"]) == ("CANCELLED", reason), shown
        assert shown.get("refunded", {"amount": 0})["amount"] == charged, shown
    assert order.delivery()["status"] == "CANCELLED"


def assert_completed(order, topics, ledger, charged, refused=0, limit=LIMIT):
    """At the door, paid once, nothing given back. `refused`: so many wishes to cancel came too late."""
    order.waits_until("COMPLETED", limit)
    once = ("OrderPlaced", "PaymentApproved", "OrderConfirmed", "PreparationCompleted", "DeliveryStarted", "OrderShipped", "DeliveryCompleted", "OrderCompleted")
    events = topics.of(order.id, *once)
    happened = published(events)
    assert {name: happened[name] for name in once} == dict.fromkeys(once, 1), happened
    assert not happened.keys() & set(NEVER_WHEN_COMPLETED), happened
    assert happened["OrderCancelRefused"] == refused, happened
    assert_versions_ascend(events)
    assert order.shown()["status"] == "COMPLETED"
    assert order.delivery()["status"] == "COMPLETED"
    assert_money(order, ledger, charged, 0)
    assert_told(order, ["ORDER_CONFIRMED", "DELIVERY_STARTED", "DELIVERY_COMPLETED"] + ["CANCEL_REFUSED"] * (refused > 0),
                {"ORDER_CANCELLED", "PAYMENT_REFUNDED"})
    topics.ended.append(order.id)


def assert_money(order, ledger, charged, refunded):
    """Payment's word and the provider's are one: at most one charge, at most one refund, of the same amount."""
    answer = order.customer.gets(f"/api/payments/{order.id}")
    if answer.status == 404:  # payment heard of the cancel before it was ever asked
        assert charged == 0
    else:
        assert (answer.json["captured"]["amount"], answer.json["refunded"]["amount"]) == (charged, refunded), answer
        assert answer.json["status"] == ("REFUNDED" if refunded else "APPROVED" if charged else "CLOSED"), answer
    assert ledger.of(order.id) == ([charged] if charged else [], [refunded] if refunded else [])


def assert_told(order, kinds, never):
    """These notices, each once, and none of those."""
    def all_there():
        return set(kinds) <= {notice["kind"] for notice in order.notices()}

    until(all_there, lambda: f"{kinds} among {[notice['kind'] for notice in order.notices()]}")
    told = Counter(notice["kind"] for notice in order.notices())
    assert max(told.values()) == 1 and not told.keys() & never, told


def end_of(order, limit=LIMIT):
    return order.waits_for("an end", lambda seen: seen["status"] in ("CANCELLED", "COMPLETED"), limit)["status"]


def charged_for(order, price):
    """What payment says; the provider's books are compared with it."""
    def answered():
        answer = order.customer.gets(f"/api/payments/{order.id}")
        return answer if answer.status not in (503, 504) else None  # it may just have been killed

    answer = until(answered, "payment answers")
    return price * sum(attempt["status"] == "APPROVED" for attempt in answer.json["attempts"]) if answer.status == 200 else 0


def assert_ended(order, topics, ledger, price, reason="customer"):
    """Whole, at one of the two ends; which."""
    end = end_of(order)
    charged = charged_for(order, price)
    if end == "CANCELLED":
        assert_cancelled(order, topics, ledger, reason, charged)
    else:
        requested = published(topics.of(order.id, "OrderCompleted"))["OrderCancelRequested"]
        assert_completed(order, topics, ledger, charged, refused=requested)
        assert charged == price
    return end


def one_of_each_end(customer, product, price, topics, ledger):
    """Of one customer: completed, cancelled when it was paid, cancelled when it was declined, and one that still waits to be paid."""
    completed, declined, waiting = customer.orders(product), *[customer.orders(product, token="tok_declined").is_declined() for _ in range(2)]
    cancelled = customer.regrets(product, "tok_lost")
    declined.cancels()
    assert_completed(completed, topics, ledger, charged=price)
    assert_cancelled(cancelled, topics, ledger, "customer", charged=price)
    assert_cancelled(declined, topics, ledger, "customer", charged=0)
    return completed, cancelled, declined, waiting


def all_there_is(customer, orders, product):
    """What every service shows of these orders, of their customer's notices, and of the product."""
    kinds = ("orders", "payments", "deliveries", "my/orders")
    answers = {(order.id, kind): customer.gets(f"/api/{kind}/{order.id}") for order in orders for kind in kinds}
    answers["notices"] = customer.gets("/api/my/notifications?limit=100")
    answers["stock"] = customer.gets(f"/api/products/{product['id']}")
    return {place: answer.json for place, answer in answers.items()}
