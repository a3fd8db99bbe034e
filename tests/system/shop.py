"""The shop: its processes under the supervisor, and the goods that these tests sell."""
import contextlib
import os
import pathlib
import shlex
import signal
import subprocess

import requests

from people import Admin, Customer, Person, basket
from waiting import LIMIT, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUN = pathlib.Path(os.environ.get("JUMUN_RUN") or ROOT / ".run").resolve()

PORTS = {"order": 8081, "product": 8082, "payment": 8083, "notification": 8084, "customer-view": 8085, "delivery": 8086, "gateway": 8088}
SERVICES = tuple(PORTS)
STORE_PORTS = {"postgres": 8091, "redis": 8092, "kafka": 8093}
ROW_ABOVE = 10_000  # the ports of a second process of each service (REPLICAS=2), NAME-2, are so much above


def port(process):
    service, _, row = process.rpartition("-")
    return PORTS[service] + ROW_ABOVE * (int(row) - 1) if row.isdigit() else PORTS[process]


def admin_port(process):
    return port(process) + 1000


def processes():
    """Those that are there: a row of services, or more."""
    return [service + row for row in ("", "-2", "-3", "-4") for service in SERVICES if (RUN / "service" / (service + row)).is_dir()]


class Shop:
    def __init__(self, wire):
        self.wire = wire
        self.admin = Admin(wire)
        self.prober = Customer(wire)
        self.operator = Person(wire, "operator")
        self.goods = None
        self.database = None  # the process of PostgreSQL that a story has begun with
        self.own = self.as_it_is()

    # ── goods ──

    @property
    def tea(self):
        """Always enough of it."""
        return self.good("시험 녹차", 18000)

    @property
    def coffee(self):
        return self.good("시험 커피", 16500)

    def good(self, name, price):
        """Of an earlier run, if there is still much of it; else new."""
        if self.goods is None:
            self.goods = {product["name"]: product for page in self.prober.pages("/api/products", 100) for product in page
                          if product["name"].startswith("시험 ") and product["available"] > 100_000}
        if name not in self.goods or self.goods[name]["price"]["amount"] != price:
            self.goods[name] = self.sells(name, price, 1_000_000)
        return self.goods[name]

    def sells(self, name="담양 대나무 찻잔", price=32000, stock=1000):
        """A new product, once it can be ordered."""
        product = self.admin.registers(name, price, stock)
        until(lambda: self.probe(product, 1) != "unknown-product", f"order knows {product['id']}")
        return product

    def probe(self, product, quantity):
        """What order would say of such a line (None: nothing); nothing is placed, for the way of payment is none."""
        body = basket([(product, quantity)])
        body["payment"]["method"] = "shells"
        answer = self.prober.places(body)
        assert answer.status == 422, answer
        return next((fault["code"] for fault in answer.json["errors"] if fault["pointer"].startswith("/items/0/")), None)

    def stock(self, product):
        return self.prober.reads(f"/api/products/{product['id']}")["available"]

    # ── processes ──

    def opens(self, **settings):
        """With these settings and else its own, every service ready, and order asking payment: what was before has left nothing behind."""
        self.is_told(settings)
        self.waits_until_ready()
        if self.pid("postgres") != self.database:  # who pays first finds the simulated provider's books away, and is answered 202 at once
            self.prober.orders(self.tea)
            self.database = self.pid("postgres")
        until(self.asks_payment, lambda: f"the breaker before payment is closed: {self.breaker()}")

    def breaker(self):
        return next(breaker for breaker in self.operator.reads("/api/ops/breakers")["items"] if breaker["name"] == "payment")

    def asks_payment(self):
        """A breaker that was opened is closed by those who order."""
        closed = self.breaker()["state"] == "CLOSED"
        return closed or self.prober.orders(self.tea) and False

    def jumun(self, *words, limit=120, **environment):
        done = subprocess.run([ROOT / "jumun", *words], capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL,
                              env={**os.environ, "JUMUN_RUN": str(RUN), **environment})
        assert done.returncode == 0, f"./jumun {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def stop(self, *services):
        """Asks them to end, and waits until they have."""
        self.jumun("stop", *services)

    def start(self, *services):
        self.jumun("start", *services)
        self.waits_until_ready()

    @contextlib.contextmanager
    def down(self, *services):
        self.stop(*services)
        try:
            yield
        finally:
            self.start(*services)

    def settings(self, service):
        """What it was started with."""
        lines = (RUN / "service" / service / "settings").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def as_it_is(self):
        """The environment of ./jumun that gives this very shop: the same programs, the same delays."""
        order, payment, delivery = self.settings("order"), self.settings("payment"), self.settings("delivery")
        return {
            "JUMUN_BIN": os.path.dirname(os.path.dirname(os.readlink(f"/proc/{self.pid('gateway')}/exe"))),
            "CARRIER": delivery.get("JUMUN_CARRIER", ""),
            "CARRIER_START_DELAY_MS": delivery["JUMUN_CARRIER_START_DELAY_MS"],
            "CARRIER_COMPLETE_DELAY_MS": delivery["JUMUN_CARRIER_COMPLETE_DELAY_MS"],
            "CARRIER_PATIENCE_MS": delivery.get("JUMUN_CARRIER_PATIENCE_MS", ""),
            "PAYMENT_WINDOW_MS": order.get("JUMUN_PAYMENT_WINDOW_MS", ""),
            "PROVIDER_PATIENCE_MS": payment.get("JUMUN_PROVIDER_PATIENCE_MS", ""),
            "STORES_ABOVE": str(int(order["JUMUN_KAFKA_BROKERS"].rpartition(":")[2]) - STORE_PORTS["kafka"]),
            "REPLICAS": str(len(processes()) // len(SERVICES)),
        }

    def is_told(self, settings):
        """Runs with these settings from now on, and else with its own; what they concern is started anew."""
        wanted = {**self.own, **settings}
        if wanted != self.as_it_is():
            self.up(wanted)

    def up(self, settings):
        self.jumun("up", limit=180, **settings)
        self.waits_until_ready()

    @contextlib.contextmanager
    def hanging(self, service):
        """It is there, takes connections, and does nothing."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):  # a story may have killed it
                os.kill(pid, signal.SIGCONT)

    def kill(self, service):
        """kill -9; the supervisor starts it again. Returns the pid that was."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.pid(service) not in (None, pid), f"the supervisor has started {service} again")
        return pid

    def starts_once_with(self, settings):
        """{service: {name: value}}: these services are started anew, and have these settings besides until they end; who follows does not."""
        self.stop(*settings)
        for service, besides in settings.items():
            once = RUN / "service" / service / "once"
            once.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in besides.items()))
        self.start(*settings)

    def pid(self, service):
        text = (RUN / "service" / service / "supervise" / "pid").read_text().strip()
        return int(text) if text else None

    def asks_admin(self, service, path, limit=LIMIT):
        return requests.get(f"http://127.0.0.1:{admin_port(service)}{path}", timeout=limit)

    def is_ready(self, service):
        try:
            return self.asks_admin(service, "/readyz", limit=2).status_code == 200
        except requests.RequestException:
            return False

    def waits_until_ready(self):
        for process in processes():
            until(lambda: self.is_ready(process), f"{process} is ready")

    def ends(self, service):
        """How it ended, each time, as the supervisor noted in its log: a moment later."""
        return self.said(service, f"supervisor: {service} ")

    def said(self, service, beginning):
        """The lines of its log that begin so."""
        files = sorted((RUN / "log" / service).glob("@*")) + [RUN / "log" / service / "current"]
        return [line for file in files for line in file.read_text(errors="replace").splitlines() if line.startswith(beginning)]
