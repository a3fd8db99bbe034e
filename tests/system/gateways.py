"""Further gateways before the same services, with settings of their own."""
import contextlib
import os
import socket
import subprocess

import requests

from shop import PORTS
from waiting import until
from wire import NoAnswer, Wire


def free_ports():
    """Two."""
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


class Gateway:
    """One that runs; `wire` leads to it."""

    def __init__(self, port, admin_port, pid):
        self.wire, self.admin_port, self.pid = Wire(port=port), admin_port, pid

    def answers(self):
        with contextlib.suppress(NoAnswer):
            return self.wire.send("GET", "/api/openapi.json").status == 200

    def metric(self, name):
        """The value of a series, as it is written on the page."""
        page = requests.get(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=10).text
        return next(float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line.rsplit(" ", 1)[0] == name)


@contextlib.contextmanager
def running_gateway(shop, **settings):
    port, admin_port = free_ports()
    upstreams = {f"JUMUN_{name.replace('-', '_').upper()}_URL": f"http://127.0.0.1:{number}" for name, number in PORTS.items() if name != "gateway"}
    settings = {**upstreams, "JUMUN_HTTP_LISTEN": f"127.0.0.1:{port}", "JUMUN_ADMIN_LISTEN": f"127.0.0.1:{admin_port}", **settings}
    process = subprocess.Popen([os.readlink(f"/proc/{shop.pid('gateway')}/exe")], env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    gateway = Gateway(port, admin_port, process.pid)
    try:
        until(gateway.answers, "the further gateway answers")
        yield gateway
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0
