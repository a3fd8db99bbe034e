"""Chaos: two of each service, customers at both gateways, and one fault after the other by a seed; then quiet, and everything is right.

JUMUN_CHAOS_MINUTES says how long; JUMUN_CHAOS_SEED repeats the faults of an earlier run, though not what they meet. ./jumun chaos sets both, and takes a
seed by chance where it is given none."""
import os
import random
import time
from collections import Counter

import pytest

from auditor import verify_told
from chaos import KINDS, Chaos, plan
from disk import small_disks
from endings import end_of
from people import Customer
from proxy import ABOVE, Proxy
from shop import port
from test_crash_points import PRICE, STOCK, assert_told_the_truth, wishes_until
from told import Told
from waiting import at_once
from wire import Wire

MINUTES = float(os.environ.get("JUMUN_CHAOS_MINUTES") or 3)
SEED = os.environ.get("JUMUN_CHAOS_SEED") or "1"
SHOPPERS = 4      # at each gateway
PACE = 0.6        # seconds from one wish of a shopper to the next
CUSTOMERS = 50    # that each stands for: a customer's list is read as a whole

pytestmark = [pytest.mark.faults,
              pytest.mark.told(REPLICAS="2", STORES_ABOVE=str(ABOVE), CARRIER_START_DELAY_MS="100", CARRIER_COMPLETE_DELAY_MS="50", CARRIER_PATIENCE_MS="2000")]


@pytest.fixture(scope="module", autouse=True)
def proxy():
    proxy = Proxy()
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def disks(whole_shop):
    with small_disks(whole_shop) as disks:
        yield disks


def test_a_seed_is_a_plan_and_each_kind_is_in_it():
    assert plan("7", 120) == plan("7", 120) != plan("8", 120)
    for seed in range(20):
        assert {fault.kind for fault in plan(seed, 60)} == set(KINDS)
        assert {fault.kind for fault in plan(seed, 60, leaving_out=["full"])} == set(KINDS) - {"full"}


def test_chaos(disks, shop, wire, contract, topics, proxy, tmp_path):
    told = Told(tmp_path / "history")
    chaos, faults = Chaos(shop, proxy, disks), plan(SEED, MINUTES * 60, () if disks else ["full"])
    print(f"\nseed {SEED}, {MINUTES:g} min" + ("" if disks else "; no disk will be full"))
    second = Wire(port=port("gateway-2"), saw=contract.saw)
    customers, product = [[Customer(one, told) for _ in range(CUSTOMERS)] for one in (wire, second) * SHOPPERS], shop.sells(price=PRICE, stock=STOCK)
    done, began = Counter(), time.monotonic()

    def all_done():
        for fault in faults:
            if not fault.must and time.monotonic() - began > MINUTES * 60:
                break
            print(f"{time.monotonic() - began:6.1f} s  {fault}", flush=True)
            chaos.does(fault)
            done[fault.kind] += 1
        shop.waits_until_ready()

    wishes = wishes_until(all_done, customers, product, random.Random(SEED), PACE)
    print(f"{sum(done.values())} faults: {dict(sorted(done.items()))}")
    assert not Counter(fault.kind for fault in faults if fault.must) - done
    quiet = time.monotonic()
    ends = at_once([lambda wish=wish: end_of(wish.order, limit=120) for wish in wishes], width=8)
    print(f"{time.monotonic() - quiet:.0f} s later {len(wishes)} orders have ended: {ends.count('COMPLETED')} completed, {ends.count('CANCELLED')} cancelled")
    at_once([lambda wish=wish, end=end: assert_told_the_truth(wish, end, topics) for wish, end in zip(wishes, ends)], width=8)
    verify_told(told, "--min-orders", str(len(wishes)))
    print(f"{told.lines} attempts of clients, {told.oks} of them answered as done")
    for customer in {wish.customer for wish in wishes}:  # one order for each wish
        assert sorted(seen["id"] for seen in customer.history()) == sorted(wish.order.id for wish in wishes if wish.customer is customer)
    assert len(wishes) >= 50 * MINUTES
