"""Poison on the topics, of every kind and for every service: it is found in the dead letters as it came, and nobody else notices. And what operators do then."""
import base64
import json
import uuid

import pytest

from consumers import InKafka, InRedis
from drills import Drills, again, good_message, is_drill, letter_id
from lifecycle import EVERYTHING, TOLD, assert_each_went_well_and_once, told
from people import Customer, Person, assert_in_time
from problems import assert_problem
from shop import PORTS
from topics import first_occurrences
from waiting import at_once, until
from wire import new_key

pytestmark = pytest.mark.drills

LISTENERS = [service for service in PORTS if service != "gateway"]
READS = {  # a type whose data the service reads, and another of its topics
    "order": ("jumun.payment.PaymentDeclined.v1", "jumun.preparation"),
    "product": ("jumun.order.OrderConfirmed.v1", "jumun.delivery"),
    "payment": ("jumun.delivery.DeliveryCancelled.v1", None),  # it listens to one topic, and passes over what does not belong there
    "delivery": ("jumun.preparation.PreparationCompleted.v1", "jumun.order"),
    "notification": ("jumun.order.OrderPaymentDeclined.v1", "jumun.delivery"),
    "customer-view": ("jumun.notification.NotificationSent.v1", "jumun.order"),
}
TAKEN = {  # what the service has had of an order's life
    "order": "PaymentApproved", "product": "OrderConfirmed", "payment": "DeliveryCancelled", "delivery": "PreparationCompleted", "notification": "OrderConfirmed",
    "customer-view": "PaymentApproved",
}
BEFORE_ITS_TIME = {  # its order is not known to anybody
    "order": "jumun.payment.PaymentDeclined.v1", "product": "jumun.delivery.DeliveryStarted.v1", "delivery": "jumun.preparation.PreparationCompleted.v1",
    "notification": "jumun.delivery.DeliveryStarted.v1", "customer-view": "jumun.payment.PaymentDeclined.v1",
}  # payment answers such a DeliveryCancelled with a PaymentClosed of its own: payment_test.c tells of it

NO_TYPE = "not <topic>.<name>.v<major>"
NOTHING = None  # no letter: it is passed over, known already, or waits for what it refers to


def another(headers, **changed):
    return {**headers, **changed}


def of_another_major(headers):
    return another(headers, ce_type=headers["ce_type"].replace(".v1", ".v2"))


def of_an_unknown_type(headers):
    topic, _, _ = headers["ce_type"].rsplit(".", 2)
    return another(headers, ce_type=f"{topic}.Unheard.v1")


# What becomes of a good message of the type that the service reads, and how the letter's reason begins.
MESSAGES = {
    "no CloudEvent": (lambda topic, key, headers, value: (topic, key, {}, value), "ce_specversion: missing"),
    "bare bytes": (lambda topic, key, headers, value: (topic, None, {}, b"\x00\xff\xfe"), "ce_specversion: missing"),
    "not JSON": (lambda topic, key, headers, value: (topic, key, headers, value[:-1]), "data"),
    "not UTF-8": (lambda topic, key, headers, value: (topic, key, headers, b'{"a":"\xff"}'), "data"),
    "too deep": (lambda topic, key, headers, value: (topic, key, headers, b'{"a":' * 20000 + b"1" + b"}" * 20000), "data"),
    "as large as Kafka takes": (lambda topic, key, headers, value: (topic, key, headers, b"x" * 1_000_000), "data"),
    "empty": (lambda topic, key, headers, value: (topic, key, headers, b""), "value: empty"),
    "tombstone": (lambda topic, key, headers, value: (topic, key, headers, None), "value: empty"),
    "unknown type": (lambda topic, key, headers, value: (topic, key, of_an_unknown_type(headers), value), NOTHING),
    "unknown major": (lambda topic, key, headers, value: (topic, key, of_another_major(headers), value), "type: "),
    "no type": (lambda topic, key, headers, value: (topic, key, another(headers, ce_type="Declined"), value), NO_TYPE),
    "wrong key": (lambda topic, key, headers, value: (topic, str(uuid.uuid4()), headers, value), "key: must be the ce_correlationid"),
    "no key": (lambda topic, key, headers, value: (topic, None, headers, value), "key: missing"),
}


def misplaced(service):
    type, topic = READS[service]
    return topic, *good_message(type)[1:]


def contradiction(service, lives):
    """The same id, another content."""
    event = next(event for event in lives if event.name == TAKEN[service])
    return again(event, json.dumps({**event.data, "amount": 1}).encode())


def copy(service, lives):
    return again(next(event for event in lives if event.name == TAKEN[service]))


def poison(lives):
    """{(service, kind): (what is put there, how the reason begins)}"""
    table = {(service, kind): (change(*good_message(READS[service][0])), reason) for service in LISTENERS for kind, (change, reason) in MESSAGES.items()}
    for service in LISTENERS:
        if READS[service][1]:
            table[service, "wrong topic"] = misplaced(service), "ce_type: belongs to topic " if service == "customer-view" else "type: belongs to topic "
        # The view keeps of a message only what it shows: the first one stands, and those who keep more say that they differ.
        table[service, "same id with other content"] = contradiction(service, lives), NOTHING if service == "customer-view" else "ce_id: "
        table[service, "a copy"] = copy(service, lives), NOTHING
        if service in BEFORE_ITS_TIME:
            table[service, "missing predecessor"] = good_message(BEFORE_ITS_TIME[service]), "refused: " if service == "order" else NOTHING
    return table


KINDS = [*MESSAGES, "wrong topic", "same id with other content", "a copy", "missing predecessor"]
CASES = [(service, kind) for service in LISTENERS for kind in KINDS
         if not (kind == "wrong topic" and not READS[service][1]) and not (kind == "missing predecessor" and service not in BEFORE_ITS_TIME)]


# ── the story ──

@pytest.fixture(scope="module")
def world(whole_shop, wire, topics):
    whole_shop.opens()
    return World(whole_shop, wire, topics)


class World:
    """Two orders whose messages come again, some good ones before all the poison, some behind it."""

    def __init__(self, shop, wire, topics):
        self.shop, self.topics, self.drills = shop, topics, Drills()
        self.operator, self.customer = Person(wire, "operator"), Customer(wire)
        self.positions = {service: InRedis(shop) if service == "customer-view" else InKafka(service) for service in LISTENERS}
        self.source = self.customer.orders(shop.tea).waits_until("COMPLETED")
        cancelled = self.customer.orders(shop.tea, token="tok_declined").is_declined()
        cancelled.cancels()
        cancelled.waits_until("CANCELLED")
        lives = topics.of(self.source.id, *EVERYTHING) + topics.of(cancelled.id, "DeliveryCancelled", "OrderCancelled")
        self.source.timeline(*EVERYTHING)
        self.seen = self.source.seen()
        self.orders = [self.customer.orders(shop.tea) for _ in range(3)]
        self.table = poison(lives)
        self.placed = {case: self.drills.puts(*what) for case, (what, _) in self.table.items()}
        self.orders += at_once([lambda: self.customer.orders(shop.coffee)] * 12)

    def path(self, service, event=None, action=None):
        return "/".join(filter(None, ["/api/ops/dead-letters", service, event and letter_id(event), action]))

    def letter(self, service, event):
        answer = self.operator.gets(self.path(service, event))
        return answer.json if answer.status == 200 else None

    def waits_until_read(self, service, event):
        place = event.topic, event.partition
        until(lambda: self.positions[service].read().get(place, 0) > event.offset, f"{service} has read {letter_id(event)}")

    def posts(self, path, body=None):
        """Until it is answered for good: Kafka may be slow, and pressing again does no harm."""
        return self.operator.insists("POST", path, body, new_key())

    def a_letter(self, service="order"):
        """A new one, open."""
        topic, key, headers, _ = good_message(READS[service][0])
        event = self.drills.puts(topic, key, headers, b"{")
        until(lambda: self.letter(service, event), f"the letter {letter_id(event)} of {service}")
        return event


def exact(text):
    return base64.b64decode(text) if text is not None else None


@pytest.mark.parametrize("service, kind", CASES)
def test_poison_goes_to_the_dead_letters_as_it_came(world, service, kind):
    event, reason = world.placed[service, kind], world.table[service, kind][1]
    if reason is NOTHING:
        world.waits_until_read(service, event)
        assert world.letter(service, event) is None
        return
    letter = until(lambda: world.letter(service, event), f"{letter_id(event)} is a dead letter of {service}")
    assert reason in letter["reason"] if reason == NO_TYPE else letter["reason"].startswith(reason), letter["reason"]
    assert (letter["state"], letter["topic"], letter["partition"], letter["offset"]) == ("OPEN", event.topic, event.partition, event.offset)
    assert letter["type"] == event.type
    message = letter["message"]
    assert exact(message["keyBase64"]) == event.key
    assert message["valueSize"] == len(event.value or b"")
    assert exact(message["valueBase64"]) == (event.value[:32768] if event.value is not None else None)
    assert [(header["name"], header["value"]) for header in message["headers"]] == [(name, text.decode()) for name, text in event.headers]


def test_the_topic_has_the_bytes_and_the_reason(world):
    event = world.placed["order", "as large as Kafka takes"]
    found = until(lambda: [letter for letter in world.topics.dead_letters([event.key.decode()]) if letter.topic == "jumun.dlq.order"], "it is on jumun.dlq.order")
    assert found[0].value == event.value and found[0].headers[:len(event.headers)] == event.headers
    assert [found[0].header(f"x-original-{part}") for part in ("topic", "partition", "offset")] == [event.topic, str(event.partition), str(event.offset)]
    assert found[0].header("x-reason").startswith("data")


def test_nothing_else_was_disturbed(world):
    world.customer.waits_for_all(world.orders)
    assert_each_went_well_and_once(world.topics, world.orders)
    for (service, _), event in world.placed.items():
        world.waits_until_read(service, event)
    assert world.source.seen() == world.seen
    drills = {letter_id(event) for event in world.placed.values()}
    for service in LISTENERS:
        letters = [letter["id"] for page in world.operator.pages(world.path(service), 100) for letter in page]
        assert len(set(letters)) == len(letters)
        expected = {letter_id(world.placed[case]) for case in CASES if case[0] == service and world.table[case][1] is not NOTHING}
        assert expected <= set(letters)
        assert {letter for letter in letters if letter in drills} >= expected


def test_the_figures_count_them(world):
    def figures(service):
        page = world.shop.asks_admin(service, "/metrics").text
        return dict(line.rsplit(" ", 1) for line in page.splitlines() if line.startswith("jumun_dead_letters_"))

    def listed(service):
        return world.operator.reads(world.path(service) + "?limit=1")["counts"]["OPEN"]

    for service in LISTENERS:
        until(lambda: float(figures(service)["jumun_dead_letters_open"]) == listed(service) > 0, lambda: f"{service} counts {listed(service)}: {figures(service)}")
        assert float(figures(service)["jumun_dead_letters_total"]) > 0


# ── what operators do ──

def test_a_letter_is_redriven_once_it_can_be_taken_and_twice_pressed_is_once_done(world):
    """A preparation of an order that is not paid is refused; when it is paid it can be true."""
    order = world.customer.orders(world.shop.tea, token="tok_declined").is_declined()
    preparation = good_message("jumun.preparation.PreparationCompleted.v1", order.id)
    value = json.dumps({"lines": [{"product": world.shop.tea["id"], "quantity": 1}]}).encode()
    event = world.drills.puts(*preparation[:3], value)
    until(lambda: world.letter("order", event), "order has a dead letter of it")
    redrive = world.path("order", event, "redrive")
    problem = assert_problem(world.posts(redrive), 409, "/problems/still-refused")
    assert problem["detail"].startswith("refused: ")
    assert world.letter("order", event)["state"] == "OPEN"

    assert_in_time(order.pays("tok_ok"), 201)
    order.waits_until("COMPLETED")
    answers = at_once([lambda: world.posts(redrive)] * 4)
    assert [answer.status for answer in answers] == [200] * 4, answers
    assert {answer.json["state"] for answer in answers} == {"REDRIVEN"}
    first = world.letter("order", event)
    assert world.posts(redrive).json == {name: value for name, value in first.items() if name != "message"}
    assert (first["closedBy"], first["state"]) == (world.operator.id, "REDRIVEN")
    assert_problem(world.posts(world.path("order", event, "discard"), {"note": "too late"}), 409, "/problems/already-redriven")
    names = told(first_occurrences(world.topics.of(order.id, *EVERYTHING)))["jumun.order"]
    assert names == ["OrderPlaced", "OrderPaymentDeclined", "OrderConfirmed", "OrderShipped", "OrderCompleted"]


def test_what_comes_before_what_it_refers_to_waits_for_it_alone(world):
    """Delivery hears that the goods are ready of an order that nobody has paid: it waits for the confirmation, and the orders of others do not wait with it."""
    order = world.customer.orders(world.shop.tea, token="tok_declined").is_declined()
    preparation = good_message("jumun.preparation.PreparationCompleted.v1", order.id)
    event = world.drills.puts(*preparation[:3], json.dumps({"lines": [{"product": world.shop.tea["id"], "quantity": 1}]}).encode())
    world.waits_until_read("delivery", event)
    others = at_once([lambda: world.customer.orders(world.shop.tea)] * 12)
    world.customer.waits_for_all(others)
    assert world.letter("delivery", event) is None
    assert order.shown()["status"] == "PENDING_PAYMENT"
    saga = next(saga for page in world.operator.pages("/api/ops/sagas", 100) for saga in page if saga["orderId"] == order.id)
    assert saga["waitsFor"] == ["customer"] and saga["deadline"]  # its limit
    assert_in_time(order.pays("tok_ok"), 201)
    order.waits_until("COMPLETED")
    names = told(first_occurrences([event for event in world.topics.of(order.id, *EVERYTHING) if not is_drill(event)]))
    assert names["jumun.delivery"] == TOLD["jumun.delivery"]


def test_the_view_does_not_take_what_later_events_have_overtaken(world):
    order = world.customer.orders(world.shop.tea).waits_until("COMPLETED")
    confirmed = next(event for event in world.topics.of(order.id, "OrderConfirmed", "OrderCompleted") if event.name == "OrderConfirmed")
    event = world.drills.puts(*again(confirmed, b"", ce_id=str(uuid.uuid4())))
    until(lambda: world.letter("customer-view", event), "it is a dead letter of customer-view")
    assert_problem(world.posts(world.path("customer-view", event, "redrive")), 409, "/problems/still-refused")


@pytest.mark.parametrize("service", LISTENERS)
def test_what_is_no_event_stays_what_it_is(world, service):
    event = world.placed[service, "no CloudEvent"]
    until(lambda: world.letter(service, event), "it is a dead letter")
    problem = assert_problem(world.posts(world.path(service, event, "redrive")), 409, "/problems/still-refused")
    assert problem["detail"] == "ce_specversion: missing"


def test_letters_are_discarded_with_who_and_when_and_why_and_stay_so(world):
    events, letters = {service: world.a_letter(service) for service in LISTENERS}, {}
    for service, event in events.items():
        discard = world.path(service, event, "discard")
        answer = world.posts(discard, {"note": "연습이었다"})
        assert answer.status == 200, answer
        letters[service] = letter = answer.json
        assert (letter["state"], letter["closedBy"], letter["note"]) == ("DISCARDED", world.operator.id, "연습이었다")
        assert letter["since"] <= letter["closedAt"]
        assert world.posts(discard, {"note": "once more"}).json == letter
    at_once([lambda service=service: world.shop.kill(service) for service in LISTENERS])
    world.shop.waits_until_ready()
    for service, letter in letters.items():
        seen = until(lambda: world.letter(service, events[service]), "it is still there")
        assert {name: value for name, value in seen.items() if name != "message"} == letter
        for state, there in (("OPEN", False), ("DISCARDED", True), ("REDRIVEN", False), ("all", True)):
            listed = [each["id"] for page in world.operator.pages(world.path(service), 100, f"state={state}") for each in page]
            assert (letter["id"] in listed) == there, (service, state)


def test_what_was_read_again_from_the_beginning_stays_closed(world):
    """An emptied view reads all topics again, and with them all poison."""
    event = world.a_letter("customer-view")
    assert world.posts(world.path("customer-view", event, "discard"), {"note": "seen"}).status == 200
    before = world.operator.reads(world.path("customer-view") + "?limit=1")["counts"]
    ends = world.positions["customer-view"].read()
    world.positions["customer-view"].redis.flushdb()
    until(lambda: all(world.positions["customer-view"].read().get(place, 0) >= offset for place, offset in ends.items()), "the view is full again")
    assert world.letter("customer-view", event)["state"] == "DISCARDED"
    assert world.operator.reads(world.path("customer-view") + "?limit=1")["counts"] == before


def test_pages_show_each_letter_once(world):
    few = [letter["id"] for page in world.operator.pages(world.path("order"), 3) for letter in page]
    many = [letter["id"] for page in world.operator.pages(world.path("order"), 100) for letter in page]
    assert few == many and len(set(many)) == len(many)


def test_one_question_shows_those_of_all_services(world):
    def side_by_side():
        return {page["service"]: page for page in world.operator.reads("/api/ops/dead-letters?state=all&limit=3")["services"]}

    def one_by_one():
        return {service: world.operator.reads(world.path(service) + "?state=all&limit=3") for service in LISTENERS}

    def comparable(pages):  # a cursor names the same place, and is signed anew
        return {service: {**page, "nextCursor": bool(page["nextCursor"])} for service, page in pages.items()}

    until(lambda: comparable(side_by_side()) == comparable(one_by_one()), "all services tell of theirs in time")
    assert all(page["items"] for page in one_by_one().values())
    until(lambda: world.operator.reads("/api/ops/dead-letters")["unanswered"] == [], "nobody is missing")


def test_who_does_not_answer_is_named_beside_the_others(world):
    with world.shop.down("delivery"):
        all_of_them = until(lambda: (answer := world.operator.reads("/api/ops/dead-letters"))["unanswered"] == ["delivery"] and answer, "delivery alone is missing")
    assert {page["service"] for page in all_of_them["services"]} == set(LISTENERS) - {"delivery"}


def test_only_operators_may(world, customer, admin, courier, passer_by):
    event = world.a_letter()
    asked = [("GET", "/api/ops/dead-letters", None), ("GET", world.path("order"), None), ("GET", world.path("order", event), None), ("POST", world.path("order", event, "redrive"), None),
             ("POST", world.path("order", event, "discard"), {"note": "x"})]
    for method, path, body in asked:
        for person in (customer, admin, courier):
            assert_problem(person.asks(method, path, body), 403, "/problems/forbidden")
        assert_problem(passer_by.asks(method, path, body), 401, "/problems/unauthenticated")
    assert world.letter("order", event)["state"] == "OPEN"


def test_what_is_not_there_is_not_found(world):
    for path in ("nobody", "gateway", "nobody/jumun.order:0:1", "order/jumun.order:0:999999999", "order/jumun.order", "order/::", "order/jumun.payment:-1:-1"):
        assert_problem(world.operator.gets(f"/api/ops/dead-letters/{path}"), 404, "/problems/not-found")
    for action in ("redrive", "discard"):
        assert_problem(world.operator.posts(f"/api/ops/dead-letters/order/jumun.order:0:999999999/{action}", {"note": "x"}), 404, "/problems/not-found")


def test_what_cannot_be_meant_is_refused(world):
    event = world.a_letter()
    discard = world.path("order", event, "discard")
    for path in (world.path("order"), "/api/ops/dead-letters"):
        assert_problem(world.operator.gets(path + "?state=LOST"), 400, "/problems/invalid-filter")
        assert_problem(world.operator.gets(path + "?cursor=x"), 400, "/problems/invalid-cursor")
        assert_problem(world.operator.gets(path + "?limit=0"), 400, "/problems/invalid-limit")
    following = world.operator.reads(world.path("order") + "?state=all&limit=1")["nextCursor"]
    assert_problem(world.operator.gets(f"/api/ops/dead-letters?cursor={following}"), 400, "/problems/invalid-cursor")
    assert world.operator.posts(discard).status in (400, 415)
    for body, code in (({}, "required"), ({"note": ""}, "too-short"), ({"note": "x" * 251}, "too-long")):
        assert_problem(world.operator.posts(discard, body), 422, "/problems/invalid-fields", ("/note", code))
    assert world.letter("order", event)["state"] == "OPEN"


def test_every_answer_was_as_documented(world, contract):
    """As test_contract.py has it, which has looked before these stories."""
    assert contract.breaches == {}
    for method, path in contract.operations():
        if "/ops/dead-letters" in path:
            assert [status for (m, p, status) in contract.answered if (m, p) == (method, path) and status < 300], f"no success of {method} {path}"
