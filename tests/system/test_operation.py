"""What operators look at, and that processes end in good order."""
import json
import re
import subprocess
import threading

import pytest
import requests

from lifecycle import assert_each_went_well_and_once
from people import Customer
from shop import RUN, SERVICES, admin_port
from waiting import LIMIT, until


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_that_it_is_alive_and_ready(shop, service):
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        answer = shop.asks_admin(service, path)
        assert answer.status_code == 200
        assert answer.json()["status"] == status


@pytest.mark.parametrize("service", SERVICES)
def test_the_admin_port_serves_nothing_else(shop, service):
    for path in ("/", "/api/products", "/orders", "/debug"):
        assert shop.asks_admin(service, path).status_code == 404
    assert requests.post(f"http://127.0.0.1:{admin_port(service)}/metrics", timeout=LIMIT).status_code == 405


# ── metrics ──

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"], "summary": ["", "_sum", "_count"]}


def parse_metrics(text):
    """{family: (type, {(sample, labels): value})}; raises on what is not Prometheus' text format."""
    assert text.endswith("\n")
    families, current = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, help_text = line[7:].split(" ", 1)
            assert name not in families and help_text, line
            families[name] = (None, {})
            current = name
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            assert name == current and kind in SUFFIXES, line
            families[name] = (kind, {})
        elif line:
            match = SAMPLE.fullmatch(line)
            assert match, f"no sample: {line!r}"
            name, labels, value = match[1], dict(LABEL.findall(match[2] or "")), float(match[3])
            kind, samples = families[current]
            assert name in [current + suffix for suffix in SUFFIXES[kind]], f"{line!r} under {current}"
            key = (name, tuple(sorted(labels.items())))
            assert key not in samples, f"twice: {line!r}"
            samples[key] = value
    return families


def check_histogram(name, samples):
    series = {}
    for (sample, labels), value in samples.items():
        others = tuple(label for label in labels if label[0] != "le")
        series.setdefault(others, {"buckets": []})
        if sample == f"{name}_bucket":
            series[others]["buckets"].append((float(dict(labels)["le"]), value))
        else:
            series[others][sample.removeprefix(name)] = value
    for labels, one in series.items():
        bounds, counts = zip(*one["buckets"])
        assert list(bounds) == sorted(set(bounds)) and bounds[-1] == float("inf"), (name, labels)
        assert list(counts) == sorted(counts) and counts[-1] == one["_count"], (name, labels)
        assert one["_sum"] >= 0, (name, labels)


@pytest.mark.parametrize("service", SERVICES)
def test_the_metrics_are_what_prometheus_reads(shop, customer, service):
    customer.orders(shop.tea).waits_until("COMPLETED")
    answer = shop.asks_admin(service, "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = parse_metrics(answer.text)
    for name, (kind, samples) in families.items():
        assert kind is not None, name
        if kind == "counter":
            assert name.endswith("_total"), name
            assert all(value >= 0 for value in samples.values()), name
        if kind == "histogram":
            check_histogram(name, samples)
    assert families["jumun_ready"][1] == {("jumun_ready", ()): 1.0}
    assert any(name.startswith("process_") for name in families), sorted(families)


@pytest.mark.parametrize("service", SERVICES)
def test_promtool_has_nothing_to_say_against_the_metrics(shop, service):
    told = subprocess.run(["promtool", "check", "metrics"], input=shop.asks_admin(service, "/metrics").text, capture_output=True, text=True, timeout=LIMIT)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


def metric(shop, service, name, **labels):
    samples = parse_metrics(shop.asks_admin(service, "/metrics").text)[name][1]
    return sum(value for (_, found), value in samples.items() if set(labels.items()) <= set(found))


def test_the_metrics_count_orders(shop, customer):
    def approved():
        return metric(shop, "order", "jumun_order_payment_answers_total", outcome="approved")

    before = approved()
    for _ in range(3):
        customer.orders_in_time(201, shop.tea)
    until(lambda: approved() >= before + 3, lambda: f"three more than {before} were approved: {approved()}")


# ── logs ──

@pytest.mark.parametrize("service", SERVICES)
def test_the_log_is_one_json_object_a_line(shop, customer, service):
    customer.orders(shop.tea).waits_until("COMPLETED")
    lines = (RUN / "log" / service / "current").read_text().split("\n")[:-1]  # the last one may be half written
    starts = [number + 1 for number, line in enumerate(lines) if line.startswith("supervisor: ")]
    own = [json.loads(line) for line in lines[max(starts, default=0):]]
    assert own
    assert all({"time", "severity", "service", "message"} <= set(line) for line in own)
    assert {line["service"] for line in own} <= {service}
    assert "tok_ok" not in "".join(lines) and "Bearer" not in "".join(lines)


# ── the end ──

class Crowd:
    """A customer who orders on and on, until told to stop."""

    def __init__(self, shop, wire):
        self.shop, self.customer = shop, Customer(wire)
        self.orders, self.failure = [], None
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.enough.is_set():
                self.orders.append(self.customer.insists_on_ordering(self.shop.tea))
        except Exception as failure:  # shown by the test, not by the thread
            self.failure = failure

    def goes_on(self):
        placed = len(self.orders)
        until(lambda: len(self.orders) >= placed + 5 or self.failure, "orders are under way")

    def __enter__(self):
        self.thread.start()
        self.goes_on()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.thread.join()
        if self.failure:
            raise self.failure


@pytest.mark.faults
def test_each_service_that_is_told_to_stop_ends_cleanly_while_orders_are_under_way(shop, wire, topics):
    with Crowd(shop, wire) as crowd:
        for service in SERVICES:
            before = len(shop.ends(service))
            shop.stop(service)
            shop.start(service)
            crowd.goes_on()
            ends = until(lambda: shop.ends(service)[before:], f"the supervisor notes the end of {service}")
            assert ends == [f"supervisor: {service} ended with exit code 0"]  # nor was it killed, as it is when that takes 30 s
    crowd.customer.waits_for_all(crowd.orders)
    assert_each_went_well_and_once(topics, crowd.orders)


@pytest.mark.faults
def test_a_service_that_waits_for_its_database_says_so(shop, customer):
    with shop.down("postgres"):
        for service in ("order", "product", "payment", "delivery", "notification"):
            until(lambda: shop.asks_admin(service, "/readyz").json() == {"status": "unready", "waitingFor": "database"}, f"{service} waits for its database")
            assert shop.asks_admin(service, "/readyz").status_code == 503
            assert shop.asks_admin(service, "/healthz").status_code == 200
            assert metric(shop, service, "jumun_ready") == 0
            assert metric(shop, service, "jumun_waiting_for", what="database") == 1
        assert customer.history() == []
    customer.orders(shop.tea).waits_until("COMPLETED")
