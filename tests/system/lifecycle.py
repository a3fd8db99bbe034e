"""The life of an order that goes well: its steps, what each service tells of it, what the customer is told."""
import re

from topics import by_aggregate, first_occurrences

STEPS = {
    "OrderPlaced": "order", "PaymentApproved": "payment", "OrderConfirmed": "order", "PreparationCompleted": "product",
    "DeliveryRequested": "delivery", "DeliveryStarted": "delivery", "OrderShipped": "order", "DeliveryCompleted": "delivery",
    "OrderCompleted": "order",
}
CONFIRMED = ("CONFIRMED", "PREPARED", "SHIPPED", "COMPLETED")  # or further: payment's event may be at order's before payment's answer is
NOTICES = ["DELIVERY_COMPLETED", "DELIVERY_READY", "DELIVERY_STARTED", "ORDER_CONFIRMED", "ORDER_PLACED"]
TOLD = {  # by topic, in order
    "jumun.delivery": ["DeliveryRequested", "DeliveryStarted", "DeliveryCompleted"],
    "jumun.notification": ["NotificationSent"] * len(NOTICES),
    "jumun.order": ["OrderPlaced", "OrderConfirmed", "OrderShipped", "OrderCompleted"],
    "jumun.payment": ["PaymentApproved"],
    "jumun.preparation": ["PreparationCompleted"],
}
EVERYTHING = sum(TOLD.values(), [])

UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def won(amount):
    return {"amount": amount, "currency": "KRW"}


def told(events):
    """{topic: names in order}, without copies."""
    names = {}
    for (topic, _), of_one in sorted(by_aggregate(first_occurrences(events)).items()):
        names.setdefault(topic, []).extend(event.name for event in of_one)
    return names


def assert_versions_ascend(events):
    """Per aggregate, at first occurrence, in one partition. Between them may be versions of internal events."""
    for aggregate, of_one in by_aggregate(first_occurrences(events)).items():
        versions = [event.version for event in of_one]
        assert versions == sorted(set(versions)) and versions[0] >= 1, (aggregate, versions)
        assert len({event.partition for event in of_one}) == 1, aggregate


def assert_each_went_well_and_once(topics, orders):
    for order in orders:
        events = topics.of(order.id, *EVERYTHING)
        assert told(events) == TOLD, (order.id, told(events))
        assert_versions_ascend(events)
    assert topics.dead_letters([order.id for order in orders]) == []
