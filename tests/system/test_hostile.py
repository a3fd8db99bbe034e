"""Those who mean it: every kind of bad input, again and again, a thousand slow senders, floods. Each is told so, exactly; neighbours do not notice,
and the services are as they were."""
import contextlib
import resource
import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import hostile
from gateways import running_gateway
from issuer import Issuer
from lifecycle import assert_each_went_well_and_once
from people import Customer, Person, assert_in_time
from problems import assert_nothing_of_the_inside, assert_problem
from shop import SERVICES
from waiting import LIMIT, at_once, until
from wire import HOST

GROWTH = 2  # MB, by which a process may be larger after thousands of them


@pytest.fixture(scope="module")
def kinds(whole_shop, wire, tmp_path_factory):
    whole_shop.opens()
    neighbour = Customer(wire)
    return hostile.kinds(whole_shop.tea, Customer(wire), neighbour.orders(whole_shop.tea), Issuer(tmp_path_factory.mktemp("stranger")))


def assert_refused(kind, answer):
    if kind.problem is hostile.PARSER:
        assert (answer.status, answer.content_type) == (kind.status, None), (kind.name, answer)
        assert_nothing_of_the_inside(answer.body)
    else:
        assert answer.status == kind.status, (kind.name, answer)
        assert_problem(answer, kind.status, kind.problem, *[(fault["pointer"], fault["code"]) for fault in answer.json.get("errors", [])])


def test_every_kind_is_refused_exactly(shop, kinds, wire):
    wrong = []
    for kind in kinds:
        try:
            assert_refused(kind, wire.send_raw(kind.data))
        except (AssertionError, ValueError) as error:
            wrong.append(f"{kind.name}: {error}")
    assert not wrong, "\n".join(wrong)


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def send_all(kinds, wire, rounds):
    """A kind that has a key is sent at the same time under the same key: then it may be told to wait for the first one's answer."""
    def told(kind):
        answer = wire.send_raw(kind.data)
        return None if answer.is_under_way else answer

    def one(kind):
        assert_refused(kind, until(lambda: told(kind), f"{kind.name} is answered"))

    at_once([lambda kind=kind: one(kind) for _ in range(rounds) for kind in kinds], width=8)


@contextlib.contextmanager
def ordering(neighbour, product):
    """Meanwhile the neighbour orders, and every order is placed. At the end there are some, in the list that this gives."""
    over, orders = threading.Event(), []

    def order():
        while not over.wait(0.05):
            orders.append(neighbour.orders(product))

    with ThreadPoolExecutor(max_workers=1) as pool:
        working = pool.submit(order)
        try:
            yield orders
            until(lambda: orders or working.done(), "the neighbour's first order")
        finally:
            over.set()
        working.result()


def test_a_storm_of_them_disturbs_no_neighbour_and_leaves_nothing_behind(shop, kinds, wire, neighbour, topics):
    processes = {service: shop.pid(service) for service in SERVICES}
    with ordering(neighbour, shop.tea) as orders:
        send_all(kinds, wire, 5)
    neighbour.waits_for_all(orders)
    before = {service: resident_mb(pid) for service, pid in processes.items()}
    send_all(kinds, wire, 50)
    after = {service: resident_mb(pid) for service, pid in processes.items()}
    assert {service: (before[service], after[service]) for service in SERVICES if after[service] > before[service] + GROWTH} == {}
    assert {service: shop.pid(service) for service in SERVICES} == processes
    shop.waits_until_ready()
    marker = neighbour.orders(shop.tea)
    assert_each_went_well_and_once(topics, [*orders, marker])


METACHARACTERS = "'; DROP TABLE \"order\"; -- <script>alert(1)</script> ${jndi:ldap://x} {{7*7}} %s%n $(id) `id` \\ \\u0000 \u202e🍵 *)(uid=*"


def test_metacharacters_are_text_and_stay_so(shop, neighbour):
    order = neighbour.places({"items": [{"productId": shop.tea["id"], "quantity": 1}],
                              "address": {"recipient": METACHARACTERS[:100], "phone": "010-1234-5678", "zip": "04524", "line1": METACHARACTERS},
                              "payment": {"method": "card", "token": "tok_ok"}})
    assert_in_time(order, 201)
    shown = until(lambda: next((each for each in neighbour.history() if each["status"] == "COMPLETED"), None), "the order is completed")
    for seen in (shown, neighbour.reads(f"/api/orders/{shown['id']}")):
        assert (seen["address"]["recipient"], seen["address"]["line1"]) == (METACHARACTERS[:100], METACHARACTERS)


# ── slow senders ──

EACH = 200
HEAD = b"POST /api/orders HTTP/1.1\r\nHost: jumun\r\n"
LONG = HEAD + b"Content-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: 60000\r\n\r\n"
SLOW = {  # what is sent at once, what then again and again, and what it may be told
    "says nothing": (b"", b"", {b""}),
    "half a head": (HEAD, b"", {b"408"}),
    "a head that drips": (HEAD + b"X: ", b"x", {b"", b"408"}),  # within its time, but never whole
    "no body": (LONG, b"", {b"408"}),
    "a body that drips": (LONG, b" ", {b"408"}),
}


def crowd(port):
    """[(socket, kind)], all connected; as many files as that needs."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    senders = []
    for kind, (first, _, _) in SLOW.items():
        for _ in range(EACH):
            sender = socket.create_connection((HOST, port), timeout=LIMIT)
            sender.sendall(first)
            senders.append((sender, kind))
    return senders


def dripping(senders):
    """Each goes on in its way until the server has closed; returns the status that each was told (none: empty)."""
    waiting = {sender.fileno(): (sender, kind) for sender, kind in senders}
    heard = {number: b"" for number in waiting}
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    deadline = time.monotonic() + LIMIT
    while waiting:
        assert time.monotonic() < deadline, f"{len(waiting)} are still there: {sorted({kind for _, kind in waiting.values()})}"
        for number, _ in poll.poll(100):
            sender, _ = waiting[number]
            try:
                data = sender.recv(4096)
            except ConnectionResetError:
                data = b""
            heard[number] += data
            if not data:
                poll.unregister(number)
                del waiting[number]
        for sender, kind in waiting.values():
            with contextlib.suppress(OSError):  # closed meanwhile: the next look shows it
                sender.send(SLOW[kind][1])
    return [(kind, heard[sender.fileno()][9:12]) for sender, kind in senders]


def test_a_thousand_slow_senders_are_dropped_at_their_deadline_and_disturb_nobody(shop):
    with running_gateway(shop, JUMUN_REQUEST_SILENCE_MS="1000", JUMUN_DEMO_ISSUER="on") as gateway:
        neighbour = Customer(gateway.wire)
        sizes = []
        for _ in range(2):
            senders = crowd(gateway.wire.port)
            assert len(senders) == 1000
            with ordering(neighbour, shop.tea) as orders:
                told = dripping(senders)
            assert {(kind, status) for kind, status in told if status not in SLOW[kind][2]} == set()
            neighbour.waits_for_all(orders)
            for sender, _ in senders:
                sender.close()
            until(lambda: gateway.metric("jumun_http_connections") < 10, "their connections are gone")
            sizes.append(resident_mb(gateway.pid))
        assert sizes[1] < sizes[0] + GROWTH, sizes


def test_who_comes_when_all_connections_are_taken_is_told(shop):
    with running_gateway(shop, JUMUN_CONNECTIONS="50") as gateway:
        taken = [socket.create_connection((HOST, gateway.wire.port), timeout=LIMIT) for _ in range(60)]
        answer = until(lambda: next((each for each in [gateway.wire.send_raw(hostile.request("GET", "/api/openapi.json"))] if each.status == 503), None), "it is full")
        assert_problem(answer, 503, "/problems/unavailable")
        assert answer.headers["Retry-After"] == "1"
        for each in taken:
            each.close()
        until(lambda: gateway.wire.send_raw(hostile.request("GET", "/api/openapi.json")).status == 200, "there is room again")


# ── floods ──

def assert_too_many(answer, whose, rate):
    assert_problem(answer, 429, "/problems/too-many-requests")
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["RateLimit-Policy"] == f'"{whose}";q={rate};w=1'
    assert answer.headers["RateLimit"].startswith(f'"{whose}";r=0;t=')


def too_many(person, path="/api/products?limit=1", **options):
    """Asks until it is too often."""
    return until(lambda: next((each for each in [person.gets(path, **options)] if each.status == 429), None), "a 429")


def test_a_customer_who_floods_is_told_when_to_come_back_and_the_neighbour_does_not_notice(shop):
    with running_gateway(shop, JUMUN_CUSTOMER_RATE="5", JUMUN_DEMO_ISSUER="on") as gateway:
        flooder, neighbour, passer_by = Customer(gateway.wire), Customer(gateway.wire), Person(gateway.wire)
        assert_too_many(too_many(flooder), "customer", 5)
        answers = at_once([lambda: flooder.gets("/api/my/orders")] * 300, width=8)
        assert {answer.status for answer in answers} == {200, 429} or {answer.status for answer in answers} == {429}
        neighbour.orders(shop.tea).is_paid()
        assert passer_by.gets("/api/products?limit=1").status == 200
        until(lambda: flooder.gets("/api/my/orders").status == 200, "there is room again")
        assert gateway.metric('jumun_gateway_rate_limited_total{limit="customer"}') >= 1
        assert gateway.metric('jumun_gateway_rate_limited_total{limit="address"}') == 0


def test_an_address_that_floods_is_told_so_before_anything_is_looked_at(shop):
    with running_gateway(shop, JUMUN_ADDRESS_RATE="1", JUMUN_PROXIES="1") as gateway:
        person = Person(gateway.wire)

        def comes_from(address):
            return {"headers": {"X-Forwarded-For": address, "Authorization": "Bearer forged"}}

        assert_too_many(too_many(person, **comes_from("192.0.2.7")), "address", 1)
        assert_problem(person.gets("/api/products", **comes_from("192.0.2.8")), 401, "/problems/invalid-token")
        made_up = iter(range(10**6))  # what a client writes before the proxy's entry is not believed
        assert_too_many(until(lambda: next((each for each in [person.gets("/api/products", **comes_from(f"198.51.100.{next(made_up) % 250}, 192.0.2.7"))]
                                            if each.status == 429), None), "a 429"), "address", 1)
        assert gateway.metric('jumun_gateway_rate_limited_total{limit="address"}') >= 2


def test_without_proxies_nobody_is_believed_where_he_comes_from(shop):
    with running_gateway(shop, JUMUN_ADDRESS_RATE="1") as gateway:
        person = Person(gateway.wire)
        made_up = iter(range(10**6))
        assert_too_many(until(lambda: next((each for each in [person.gets("/api/products?limit=1", headers={"X-Forwarded-For": f"198.51.100.{next(made_up) % 250}"})]
                                            if each.status == 429), None), "a 429"), "address", 1)
