"""What an order leaves on the topics: right keys, headers, versions, types and data."""
import json
import re

import pytest

from lifecycle import EVERYTHING, NOTICES, STEPS, TIME, TOLD, UUID, assert_versions_ascend, told
from messages import EventContract
from people import Customer
from topics import first_occurrences

SOURCES = {"jumun.order": "order", "jumun.payment": "payment", "jumun.preparation": "product", "jumun.delivery": "delivery",
           "jumun.notification": "notification", "jumun.catalog": "product"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def event_contract():
    return EventContract()


@pytest.fixture(scope="module")
def traced(whole_shop, wire, topics):
    """A completed order whose request came with a trace, and all its events."""
    whole_shop.opens()
    order = Customer(wire).orders_in_time(201, whole_shop.tea, 2, headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}).waits_until("COMPLETED")
    return order, first_occurrences(topics.of(order.id, *EVERYTHING))


def test_every_topic_has_the_events_of_the_order_in_their_order(traced):
    _, events = traced
    assert told(events) == TOLD


def test_the_key_is_the_order_and_each_topic_has_it_in_one_partition(traced):
    order, events = traced
    assert {event.key.decode() for event in events} == {order.id}
    for topic in TOLD:
        assert len({event.partition for event in events if event.topic == topic}) == 1, topic


def test_the_headers_are_those_of_cloudevents_in_binary_mode(traced):
    order, events = traced
    for event in events:
        names = [name for name, _ in event.headers]
        assert len(set(names)) == len(names), names
        assert event.header("ce_specversion") == "1.0"
        assert event.header("content-type").split(";")[0] == "application/json"
        assert UUID.fullmatch(event.id)
        assert re.fullmatch(re.escape(event.topic) + r"\.[A-Z][A-Za-z]+\.v1", event.type)
        assert event.header("ce_source") == f"/jumun/{SOURCES[event.topic]}"
        assert TIME.fullmatch(event.header("ce_time"))
        assert event.header("ce_correlationid") == order.id
        assert event.topic == "jumun.notification" or event.subject == order.id
        assert event.version >= 1
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", event.header("traceparent"))


def test_the_trace_of_the_request_goes_along(traced):
    _, events = traced
    others = [event.name for event in events if event.header("traceparent").split("-")[1] != TRACE]
    assert others == []


def test_the_versions_of_each_aggregate_ascend(traced):
    _, events = traced
    assert_versions_ascend(events)
    assert next(event for event in events if event.name == "OrderPlaced").version == 1


def test_the_data_is_as_the_schemas_say_for_its_sender_and_its_readers(traced, event_contract):
    _, events = traced
    for event in events:
        assert event_contract.violations(event) == [], event


def test_the_data_is_the_order(traced, whole_shop):
    order, events = traced
    data = {event.name: json.loads(event.value) for event in events}
    line = {"product": whole_shop.tea["id"], "name": whole_shop.tea["name"], "quantity": 2, "unitPrice": 18000}
    for name in ("OrderPlaced", "OrderConfirmed"):
        assert data[name]["customer"] == order.customer.id
        assert data[name]["lines"] == [line]
        assert (data[name]["total"], data[name]["currency"]) == (36000, "KRW")
        assert data[name]["address"]["recipient"] == "김주문"
    assert data["OrderConfirmed"]["paymentId"] == data["PaymentApproved"]["paymentId"] == order.payment()["id"]
    assert (data["PaymentApproved"]["amount"], data["PaymentApproved"]["currency"]) == (36000, "KRW")
    assert data["PreparationCompleted"]["lines"] == [{"product": whole_shop.tea["id"], "quantity": 2}]
    assert data["DeliveryStarted"]["trackingNumber"] == order.delivery()["trackingNumber"]
    kinds = sorted(json.loads(event.value)["kind"] for event in events if event.name == "NotificationSent")
    assert kinds == NOTICES


def test_no_event_says_how_it_was_paid(traced):
    _, events = traced
    for event in events:
        assert b"tok_" not in event.value


def test_every_cause_exists_and_causes_make_no_circle(traced, histories):
    """A cause that is not on the topics is an internal event, in the history of the service that decided it."""
    order, events = traced
    by_id = {event.id: event for event in events}
    for event in events:
        seen = {event.id}
        cause = event.cause
        while cause is not None and cause in by_id:
            assert cause not in seen, f"{event} is its own cause"
            seen.add(cause)
            cause = by_id[cause].cause
        assert cause is None or histories.have(cause, order.id), f"{event.name} was caused by {cause}, which nobody knows"
    assert [event.name for event in events if event.cause is None] == ["OrderPlaced"]
    assert set(STEPS) <= {event.name for event in events}


def test_the_catalog_tells_the_whole_product_at_every_change(shop, admin, topics, event_contract):
    cups = shop.sells("청자 찻잔", 41000, stock=3)
    assert admin.reprices(cups, 42000).status == 200
    assert admin.restocks(cups, 4).status == 200
    events = topics.of(cups["id"], "ProductRegistered", "ProductChanged", "StockChanged")
    first = first_occurrences(events)
    assert told(events) == {"jumun.catalog": ["ProductRegistered", "ProductChanged", "StockChanged"]}
    assert_versions_ascend(events)
    for event in first:
        assert event_contract.violations(event) == []
        assert event.key.decode() == event.subject == event.header("ce_correlationid") == cups["id"]
        assert json.loads(event.value)["version"] == event.version
    assert first[0].version == 1
    assert json.loads(first[-1].value) == admin.reads(f"/api/products/{cups['id']}")


def test_a_declined_order_is_told_as_such(shop, customer, topics, event_contract):
    order = customer.orders(shop.tea, token="tok_insufficient_funds").is_declined()
    events = first_occurrences(topics.of(order.id, "OrderPlaced", "PaymentDeclined", "OrderPaymentDeclined", "NotificationSent", "NotificationSent"))
    for event in events:
        assert event_contract.violations(event) == []
    data = {event.name: json.loads(event.value) for event in events}
    for name in ("PaymentDeclined", "OrderPaymentDeclined"):
        assert (data[name]["attempt"], data[name]["code"]) == (1, "insufficient_funds")
    assert "OrderConfirmed" not in data


def test_schemas_of_senders_and_readers_name_the_same_types():
    contract = EventContract()
    for (reader, name), (topic, _) in contract.read.items():
        assert name in contract.sent, f"{reader} waits for {name}, which nobody sends"
        assert contract.sent[name][1] == topic, f"{reader} waits for {name} on {topic}"
