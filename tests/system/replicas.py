"""A second process of a service beside the one that runs: the same program, the same settings, other ports."""
import contextlib
import os
import subprocess

import requests

from shop import PORTS
from waiting import until
from wire import Wire

FURTHER = 10_000  # its ports: so much above


@contextlib.contextmanager
def replica(shop, service, **besides):
    """A wire to it; it is told `besides` what the first one was."""
    port = PORTS[service] + FURTHER
    settings = {**shop.settings(service), "JUMUN_HTTP_LISTEN": f"127.0.0.1:{port}", "JUMUN_ADMIN_LISTEN": f"127.0.0.1:{port + 1000}", **besides}
    process = subprocess.Popen([os.readlink(f"/proc/{shop.pid(service)}/exe")], env={name: value.strip("'\"") for name, value in settings.items()},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: ready(port + 1000), f"a second {service} is ready")
        yield Wire(port=port)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def ready(port):
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def as_the_gateway_would(person, wire, method, path, body=None, key=None):
    """Behind the gateway a person is known by headers; paths have no /api there."""
    headers = {"X-Jumun-Subject": person.id, "X-Jumun-Roles": ",".join(person.roles)}
    return wire.send(method, path, body, {**headers, "Idempotency-Key": key} if key else headers)
