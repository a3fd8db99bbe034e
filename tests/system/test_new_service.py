"""A new team's service: made by ./jumun new-service, it joins the open shop, knows what happened before it, and nothing but its folder is new."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import uuid

import psycopg2
import pytest
from confluent_kafka.admin import AdminClient

from people import Customer, Person
from shop import ROOT, RUN, SERVICES
from topics import BROKERS
from waiting import until
from wire import Wire

pytestmark = pytest.mark.faults  # the gateway is started anew

NAME = f"gifts-{uuid.uuid4().hex[:6]}"  # as a consumer group it has read nothing yet
POSTGRES = "host=127.0.0.1 port=8091 user=postgres dbname=postgres"


class Tree:
    """A copy of the sources as they are, in git's eyes unchanged."""

    def __init__(self, folder):
        self.folder = folder
        files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True)
        for name in files.stdout.decode().split("\0"):
            if name and (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
        self.runs("git", "init", "-q")
        self.runs("git", "add", "-A")

    def runs(self, *words, status=0, **environment):
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=1800, stdin=subprocess.DEVNULL,
                              env={**os.environ, **environment})
        assert done.returncode == status, f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def changes(self):
        """What is not as it was copied."""
        return [line for line in self.runs("git", "status", "--porcelain").splitlines() if not line.startswith("A  ")]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def made(tree):
    """With the new service in it, built and tested."""
    tree.runs("./jumun", "new-service", NAME)
    tree.runs("cmake", "--preset", "dev")
    tree.runs("cmake", "--build", "--preset", "dev", "--target", NAME, f"{NAME}_test", f"{NAME}_golden_test")
    return tree


@pytest.fixture
def joined(shop, made):
    """Up, beside the seven."""
    program = pathlib.Path(shop.own["JUMUN_BIN"]) / NAME
    program.mkdir()
    shutil.copy(made.folder / "build" / "dev" / NAME / NAME, program)
    try:
        made.runs("./jumun", "up", JUMUN_RUN=str(RUN), **shop.own)
        yield made
    finally:
        shop.up(shop.own)  # where it has no folder, so it goes
        shutil.rmtree(program)
        forget()


def forget():
    """What is left of it: dead letters, database, role, password, log. Its positions end by themselves."""
    admin = AdminClient({"bootstrap.servers": BROKERS})
    for gone in admin.delete_topics([f"jumun.dlq.{NAME}"]).values():
        gone.result()
    with contextlib.closing(psycopg2.connect(POSTGRES, password=(RUN / "secrets" / "postgres").read_text())) as connection:
        connection.autocommit = True
        connection.cursor().execute(f'drop database "{NAME}" with (force)')
        connection.cursor().execute(f'drop role "{NAME}"')
    (RUN / "secrets" / NAME).unlink()
    shutil.rmtree(RUN / "log" / NAME)


def test_it_joins_the_shop_and_knows_what_was_before_it(shop, made, request):
    customer, neighbour, operator = Customer(Wire()), Customer(Wire()), Person(Wire(), "operator")
    for _ in range(2):
        customer.orders(shop.tea).waits_until("COMPLETED")
    before = {service: shop.pid(service) for service in SERVICES}
    request.getfixturevalue("joined")
    assert [service for service in SERVICES if shop.pid(service) != before[service]] == ["gateway"]  # it was told of the new path

    path = f"/api/{NAME}/{customer.id}"
    until(lambda: customer.reads(path)["orders"] == 2, "both orders are counted")
    assert customer.reads(path) == operator.reads(path) == {"customer": customer.id, "orders": 2, "points": 2}
    assert neighbour.gets(path).status == 404
    assert neighbour.reads(f"/api/{NAME}/{neighbour.id}")["orders"] == 0
    assert Person(Wire()).gets(path).status == 401

    customer.orders(shop.tea).waits_until("COMPLETED")
    until(lambda: customer.reads(path)["orders"] == 3, "the third order is counted")


def test_its_own_tests_pass_and_it_is_formatted(made):
    assert "100% tests passed, 0 tests failed out of 3" in made.runs("ctest", "--test-dir", "build/dev", "-R", f"^{NAME}")
    made.runs("./jumun", "fmt", "--check")


def test_its_api_joins_the_others(made):
    joined = made.folder / "build" / "openapi.json"
    made.runs("/usr/bin/python3", "gateway/api/join.py", joined, *made.folder.glob("*/api/openapi.yaml"))
    assert f"/api/{NAME}/{{customer}}" in json.loads(joined.read_text())["paths"]


def test_nothing_but_its_folder_is_new(made):
    assert made.changes() == [f"?? {NAME}/"]


@pytest.mark.parametrize("name, why", [
    ("Gifts", "'Gifts' is no name for a service"), ("gift_cards", "'gift_cards' is no name for a service"), ("-g", "'-g' is no name for a service"),
    ("", "'' is no name for a service"), ("g" * 31, f"'{'g' * 31}' is too long for a name"), ("order", "there is a folder 'order' already"),
    ("docs", "there is a folder 'docs' already"), ("kafka", "'kafka' is the name of a process"), ("engine", "'engine' is the name of something that is built"),
    ("orders", "/api/orders is another service's path"),
])
def test_what_is_no_new_name_is_refused(tree, name, why):
    before = tree.changes()
    assert why in tree.runs("./jumun", "new-service", name, status=1)
    assert tree.changes() == before
