#!/usr/bin/python3 -B
"""Load: requests through the gateway at a rate, every fifth an order; then, that each order came to its end.

    load.py GATEWAY REQUESTS RATE      SIGTERM: no more of them

No request is repeated: one that has no answer, or not a good one, has failed.
"""
import pathlib
import signal
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from people import Admin, Customer, Order, basket  # noqa: E402
from waiting import until  # noqa: E402
from wire import NoAnswer, Wire, new_key  # noqa: E402

WORKERS = 8
ENDED = 300  # seconds for all orders to end


class Load:
    def __init__(self, gateway, requests, rate):
        where = urlsplit(gateway)
        self.host, self.port = where.hostname, where.port or 80
        self.requests, self.rate = requests, rate
        self.lock = threading.Lock()
        self.sent, self.faults, self.took = 0, Counter(), {"order": [], "look": []}
        self.stopped = threading.Event()
        self.workers = [Worker(self) for _ in range(WORKERS)]
        self.product = self.something_to_buy()

    def wire(self):
        return Wire(self.host, self.port)

    def something_to_buy(self):
        admin = Admin(self.wire())
        product = admin.registers("부하 시험 녹차", 18000, 10_000_000)
        buyer = self.workers[0].customer
        body = {**basket([(product, 1)]), "payment": {"method": "shells", "token": "tok_ok"}}
        # Until order knows of it only the product is wrong; then only the payment is.
        until(lambda: "unknown-product" not in buyer.places(body).body.decode(), "order knows the product")
        return product

    def next(self):
        """The number of the next request, at its time; None when that was the last."""
        with self.lock:
            if self.sent >= self.requests or self.stopped.is_set():
                return None
            number, self.sent = self.sent, self.sent + 1
        self.stopped.wait(self.began + number / self.rate - time.monotonic())
        return number

    def run(self):
        self.began = time.monotonic()
        threads = [threading.Thread(target=worker.works) for worker in self.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - self.began


class Worker:
    """A customer with a connection, who waits for each answer."""

    def __init__(self, load):
        self.load = load
        self.customer = Customer(load.wire())
        self.orders = []

    def works(self):
        while (number := self.load.next()) is not None:
            kind = "look" if number % 5 and self.orders else "order"
            began = time.monotonic()
            fault = self.order() if kind == "order" else self.look(number)
            with self.load.lock:
                self.load.took[kind].append(time.monotonic() - began)
                if fault:
                    self.load.faults[fault] += 1

    def order(self):
        fault, answer = self.asks("POST", "/api/orders", (201, 202), basket([(self.load.product, 1)]), new_key())
        if not fault:
            self.orders.append(Order(self.customer, answer))
        return fault

    def look(self, number):
        paths = (f"/api/orders/{self.orders[-1].id}", "/api/products?limit=5", "/api/my/orders?limit=5", "/api/my/notifications?limit=5")
        return self.asks("GET", paths[number % 4], (200,))[0]

    def asks(self, method, path, good, body=None, key=None):
        try:
            answer = self.customer.asks(method, path, body, key=key)
        except NoAnswer as none:
            return f"{method} {path[:16]}: no answer ({str(none.__cause__)[-60:]})", None
        return (None if answer.status in good else f"{method} {path[:16]}: {answer.status}"), answer


def lost(workers):
    """How many of the orders have not come to their end."""
    missing = 0
    for worker in workers:
        try:
            worker.customer.waits_for_all(worker.orders, limit=ENDED)
        except AssertionError as late:
            print(late, file=sys.stderr)
        ended = {shown["id"] for shown in worker.customer.history() if shown["status"] == "COMPLETED"}
        missing += sum(order.id not in ended for order in worker.orders)
    return missing


def told(times):
    times = sorted(times) or [0.0]
    return f"median {times[len(times) // 2] * 1000:.0f} ms, 99 % within {times[len(times) * 99 // 100] * 1000:.0f} ms, longest {times[-1] * 1000:.0f} ms"


def main():
    load = Load(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
    signal.signal(signal.SIGTERM, lambda *_: load.stopped.set())
    seconds = load.run()
    orders, failed = sum(len(worker.orders) for worker in load.workers), sum(load.faults.values())
    print(f"{load.sent} requests in {seconds:.0f} s, {failed} failed")
    for fault, count in load.faults.most_common():
        print(f"  {count} × {fault}")
    missing = lost(load.workers)
    print(f"{orders} orders placed, {missing} lost")
    print(f"an order: {told(load.took['order'])}\na look: {told(load.took['look'])}", flush=True)
    sys.exit(failed + missing > 0)


if __name__ == "__main__":
    main()
