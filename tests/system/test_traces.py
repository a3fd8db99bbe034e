"""Traces: an order is one trace through all seven services, and a collector that is not there is nobody's trouble."""
import contextlib
import secrets

import pytest

from collector import Collector
from shop import RUN, SERVICES
from test_operation import metric
from waiting import until

pytestmark = pytest.mark.faults  # every service is started anew, twice

QUEUE = 128

# What an order that goes well leaves at least, by service: kind and name. "decides": whatever the span is called, as the order goes through two
# states at once when delivery's word comes before product's.
WHOLE = {
    "gateway": ["SERVER POST /api/orders", "CLIENT POST"],
    "order": ["SERVER POST /orders", "INTERNAL decide OrderPlaced", "CLIENT POST", "INTERNAL decide OrderConfirmed", "PRODUCER send jumun.order",
              "CONSUMER process jumun.preparation", "CONSUMER process jumun.delivery", "decides OrderShipped", "decides OrderCompleted"],
    "payment": ["SERVER POST /payments/{orderId}/attempts", "INTERNAL decide PaymentAttempted", "INTERNAL after PaymentAttempted",
                "INTERNAL decide PaymentApproved", "PRODUCER send jumun.payment"],
    "product": ["CONSUMER process jumun.order", "INTERNAL decide PreparationCompleted", "PRODUCER send jumun.preparation", "CONSUMER process jumun.delivery"],
    "delivery": ["CONSUMER process jumun.order", "CONSUMER process jumun.preparation", "INTERNAL decide DeliveryRequested", "INTERNAL decide DeliveryStarted",
                 "INTERNAL decide DeliveryCompleted", "PRODUCER send jumun.delivery"],
    "notification": ["CONSUMER process jumun.order", "CONSUMER process jumun.delivery", "PRODUCER send jumun.notification"],
    "customer-view": ["CONSUMER process jumun.order", "CONSUMER process jumun.payment", "CONSUMER process jumun.preparation",
                      "CONSUMER process jumun.delivery", "CONSUMER process jumun.notification"],
}


@contextlib.contextmanager
def told(shop, *lines):
    """Every service has these settings, too."""
    files = [RUN / "service" / service / "settings" for service in SERVICES]
    before = [file.read_text() for file in files]
    try:
        for file, text in zip(files, before):
            file.write_text(text + "".join(f"{line}\n" for line in lines))
        shop.stop(*SERVICES)
        shop.start(*SERVICES)
        yield
    finally:
        for file, text in zip(files, before):
            file.write_text(text)
        shop.stop(*SERVICES)
        shop.start(*SERVICES)


@pytest.fixture(scope="module")
def collector(whole_shop):
    """All services send their spans there."""
    whole_shop.opens()
    collector = Collector()
    with told(whole_shop, f"OTEL_EXPORTER_OTLP_ENDPOINT={collector.endpoint}", "OTEL_BSP_SCHEDULE_DELAY=20", f"OTEL_BSP_MAX_QUEUE_SIZE={QUEUE}"):
        yield collector
    collector.closes()
    assert collector.faults == []


def traceparent(trace, parent="b7ad6b7169203331", flags="01"):
    return f"00-{trace}-{parent}-{flags}"


def new_trace():
    return secrets.token_hex(16)


def missing(spans):
    there = {(span.service, f"{span.kind} {span.name}") for span in spans}
    there |= {(span.service, f"decides {event}") for span in spans for event in span.attributes.get("jumun.events", "").split()}
    return [(service, name) for service, names in WHOLE.items() for name in names if (service, name) not in there]


def orders(shop, customer, **headers):
    return customer.orders_in_time(201, shop.tea, headers=headers).waits_until("COMPLETED")


def whole_trace(collector, trace):
    until(lambda: not missing(collector.of_trace(trace)), lambda: f"the trace is whole; missing are {missing(collector.of_trace(trace))}")
    return collector.of_trace(trace)


def trace_of(topics, order):
    return topics.of(order.id, "OrderPlaced")[0].header("traceparent").split("-")[1]


def test_without_an_endpoint_nothing_is_recorded(shop):
    """Stands first: those that follow share a fixture that gives them one."""
    assert "jumun_trace" not in shop.asks_admin("order", "/metrics").text


def test_an_order_is_one_connected_trace_through_all_services(shop, customer, collector, topics):
    trace = trace_of(topics, orders(shop, customer))

    def connected():
        """Whole, and the parent of every span has come, too."""
        by_id = {span.id: span for span in collector.of_trace(trace)}
        return by_id if not missing(by_id.values()) and all(span.parent in by_id for span in by_id.values() if span.parent) else None

    by_id = until(connected, lambda: f"the trace is whole; missing are {missing(collector.of_trace(trace))}")
    roots = [span for span in by_id.values() if not span.parent]
    assert [(root.service, root.name) for root in roots] == [("gateway", "POST /api/orders")]
    for span in by_id.values():
        assert span.began <= span.ended
        if span.parent:
            assert by_id[span.parent].began <= span.began, (by_id[span.parent], span)
    assert {span.service for span in by_id.values()} == set(SERVICES)


def test_a_span_tells_what_was_done(shop, customer, collector, topics):
    order = orders(shop, customer)
    trace = trace_of(topics, order)

    def one(service, name, **attributes):
        """Once it has come: each service sends its own, when it likes."""
        def found():
            return next((span for span in collector.of_trace(trace) if (span.service, f"{span.kind} {span.name}") == (service, name)
                         and attributes.items() <= span.attributes.items()), None)

        return until(found, f"{name} of {service} with {attributes}")

    placed = one("order", "SERVER POST /orders")
    assert placed.attributes == {"http.request.method": "POST", "http.route": "/orders", "url.path": "/orders", "http.response.status_code": 201}
    assert placed.version and placed.status == 0
    called = one("order", "CLIENT POST")
    assert called.attributes["url.full"].endswith(f"/payments/{order.id}/attempts")
    assert one("payment", "SERVER POST /payments/{orderId}/attempts").parent == called.id
    decided = one("order", "INTERNAL decide OrderPlaced")
    assert decided.parent == placed.id
    assert decided.attributes["jumun.correlation"] == order.id
    assert decided.attributes["jumun.batch.size"] >= 1
    taken = one("product", "CONSUMER process jumun.order", **{"cloudevents.event_type": "jumun.order.OrderConfirmed.v1"})
    confirmed = one("order", "INTERNAL decide OrderConfirmed")
    assert taken.parent == confirmed.id
    assert taken.attributes["messaging.consumer.group.name"] == "product"
    sent = until(lambda: [span for span in collector.of_trace(trace) if span.kind == "PRODUCER" and span.parent == confirmed.id], "it is sent")
    assert {(span.name, span.attributes["messaging.destination.name"]) for span in sent} == {("send jumun.order", "jumun.order")}
    assert one("product", "INTERNAL decide PreparationCompleted").parent == taken.id


def test_the_callers_trace_goes_on_with_its_state_and_baggage(shop, customer, collector, topics):
    trace = new_trace()
    order = orders(shop, customer, traceparent=traceparent(trace), tracestate="vendor=1", baggage="shop=jumun")
    spans = whole_trace(collector, trace)
    top = [span for span in spans if span.service == "gateway" and span.kind == "SERVER"]
    assert [span.parent for span in top] == ["b7ad6b7169203331"]
    for event in topics.of(order.id, "OrderPlaced", "PaymentApproved", "PreparationCompleted", "DeliveryCompleted", "OrderCompleted"):
        assert event.header("traceparent").split("-")[1] == trace
        assert (event.header("tracestate"), event.header("baggage")) == ("vendor=1", "shop=jumun"), event


def test_what_the_caller_does_not_sample_is_not_recorded(shop, customer, collector, topics):
    trace = new_trace()
    order = orders(shop, customer, traceparent=traceparent(trace, flags="00"))
    for event in topics.of(order.id, "OrderPlaced", "PaymentApproved", "OrderCompleted"):
        assert event.header("traceparent") == traceparent(trace, flags="00") or event.header("traceparent").split("-")[1::2] == [trace, "00"]
    whole_trace(collector, trace_of(topics, orders(shop, customer)))  # a later one has come
    assert collector.of_trace(trace) == []


def test_a_malformed_traceparent_begins_a_new_trace(shop, customer, collector, topics):
    order = orders(shop, customer, traceparent="00-nonsense")
    whole_trace(collector, trace_of(topics, order))


def test_without_the_collector_the_shop_goes_on_and_counts_what_it_drops(shop, customer, collector, topics):
    collector.closes()
    try:
        before = metric(shop, "order", "jumun_trace_dropped_total")
        placed = []
        until(lambda: placed.append(customer.orders(shop.tea)) or metric(shop, "order", "jumun_trace_dropped_total") > before, "spans find no room")
        customer.waits_for_all(placed)
        for service in SERVICES:
            until(lambda: shop.is_ready(service), f"{service} is ready")
            assert metric(shop, service, "jumun_trace_queue_length") <= QUEUE
    finally:
        collector.opens()
    until(lambda: metric(shop, "order", "jumun_trace_queue_length") < QUEUE / 2, "the collector gets what waited")
    whole_trace(collector, trace_of(topics, orders(shop, customer)))
