"""The shop as it stands on the cluster that KUBECONFIG names, asked from outside of its pods."""
import json
import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from ledger import Ledger
from pages import ROOT
from people import Admin, Customer, basket
from waiting import until
from wire import NoAnswer, Wire

sys.dont_write_bytecode = True


def runs(*command, limit=600):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def kubectl(*words):
    return runs("kubectl", "-n", "jumun", *words)


def pods():
    """{app: names of its pods that are there to stay}; Jobs are not counted."""
    found = {}
    for pod in json.loads(kubectl("get", "pods", "-l", "app.kubernetes.io/part-of=jumun", "-o", "json"))["items"]:
        if "deletionTimestamp" not in pod["metadata"] and "job-name" not in pod["metadata"]["labels"]:
            found.setdefault(pod["metadata"]["labels"]["app"], []).append(pod["metadata"]["name"])
    return found


class Books(Ledger):
    """The provider's, looked into where the database is."""

    @staticmethod
    def _look(query, values=None):
        for name, value in (values or {}).items():
            query = query.replace(f"%({name})s", f"'{value}'")
        told = kubectl("exec", "-q", "postgres-0", "-c", "postgres", "--", "psql", "-X", "-U", "postgres", "-d", "payment", "-t", "-A", "-F", "\t", "-c",
                       f"set search_path to \"$user\", public; {query}")
        return [tuple(line.split("\t")) for line in told.splitlines() if line and line != "SET"]


class Shop:
    def __init__(self):
        where = urlsplit(runs("bash", "-euc", '. docs/operations/cluster/words.sh; echo "$GATEWAY"').strip().splitlines()[-1])
        self.wire = Wire(where.hostname, where.port or 80)
        self.admin = Admin(self.wire)

    def sells(self, name="담양 대나무 찻잔", price=32000, stock=1000):
        """A new product, once it can be ordered."""
        product = self.admin.registers(name, price, stock)
        prober, body = Customer(self.wire), basket([(product, 1)])
        body["payment"]["method"] = "shells"
        until(lambda: "unknown-product" not in prober.places(body).body.decode(), f"order knows {product['id']}")
        return product


def answers(wire):
    try:
        return wire.send("GET", "/api/products?limit=1").status == 200
    except NoAnswer:
        return False


@pytest.fixture(scope="session")
def shop():
    runs("./jumun", "deploy", os.environ.get("OVERLAY", "local"))
    shop = Shop()
    until(lambda: answers(shop.wire), "the shop answers")
    return shop


@pytest.fixture
def customer(shop):
    return Customer(shop.wire)
