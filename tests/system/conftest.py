"""Who and what the stories are about. They bring customers and goods of their own, and leave everybody else's alone."""
import os
import sys

import pytest

from contract import Contract
from histories import Histories
from ledger import Ledger
from people import Admin, Courier, Customer, Person
from shop import Shop
from topics import Topics
from wire import Wire

sys.dont_write_bytecode = True


ORDER = ["faults", "restarts", "looks_back", "drills", "audits"]


def pytest_generate_tests(metafunc):
    """A story that asks for its `turn` is told JUMUN_ROUNDS times, or as often as its mark `rounds` says, or once: races come out differently each time."""
    if "turn" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("rounds")
        metafunc.parametrize("turn", range(1, int(os.environ.get("JUMUN_ROUNDS") or (mark.args[0] if mark else 1)) + 1))


def pytest_collection_modifyitems(items):
    """Plain stories first, then those that kill processes, then what restarts everything, then what looks back, and poison on the topics; the auditor is the end."""
    items.sort(key=lambda item: max((place for place, mark in enumerate(ORDER, 1) if item.get_closest_marker(mark)), default=0))


@pytest.fixture(scope="session")
def contract():
    return Contract()


@pytest.fixture(scope="session")
def wire(contract):
    return Wire(saw=contract.saw)


@pytest.fixture(scope="session")
def whole_shop(wire):
    shop = Shop(wire)
    yield shop
    shop.is_told({})


@pytest.fixture
def shop(whole_shop, request):
    """Open; with other settings than its own where a story is marked so: `told(CARRIER="manual")`."""
    told = request.node.get_closest_marker("told")
    whole_shop.opens(**(told.kwargs if told else {}))
    return whole_shop


@pytest.fixture(scope="session", autouse=True)
def topics():
    """What is on the topics from now on."""
    topics = Topics()
    yield topics
    topics.close()


@pytest.fixture
def histories(shop):
    histories = Histories()
    yield histories
    histories.close()


@pytest.fixture(scope="session")
def ledger(whole_shop):
    """The provider's books, from now on."""
    return Ledger()


@pytest.fixture
def customer(shop, wire):
    return Customer(wire)


@pytest.fixture
def neighbour(shop, wire):
    """Another customer."""
    return Customer(wire)


@pytest.fixture
def admin(shop, wire):
    return Admin(wire)


@pytest.fixture
def courier(shop, wire):
    return Courier(wire)


@pytest.fixture
def operator(shop, wire):
    return Person(wire, "operator")


@pytest.fixture
def passer_by(shop, wire):
    """Without a token."""
    return Person(wire)
