"""The customer's view is rebuilt from the topics while it is in use, and finds its way back from an emptied Redis."""
import contextlib
import threading
import uuid

import pytest
import redis

from lifecycle import EVERYTHING, NOTICES, STEPS
from live import Listener
from problems import assert_problem
from replicas import as_the_gateway_would, replica
from waiting import until
from wire import new_key

pytestmark = pytest.mark.faults

PATH = "/api/ops/view/rebuild"
LIFE = [*STEPS, *["NotificationSent"] * len(NOTICES)]
UNDER_WAY = ("BUILDING", "COMPARING", "SWITCHING", "DROPPING")
SLOWLY = {"JUMUN_REBUILD_PAUSE_MS": "1000"}  # after each batch: so there is a middle


class Keys:
    """What Redis holds of the view."""

    def __init__(self, shop):
        self.redis = redis.Redis.from_url(shop.settings("customer-view")["JUMUN_REDIS_URL"].strip("'\""), decode_responses=True)

    def generations(self):
        return self.redis.get("view:generations").split()

    def key(self, rest):
        writes, reads = self.generations()
        assert writes == reads
        return f"view:{reads}:{rest}"

    def of_generations(self):
        return {key.split(":")[1] for key in self.redis.scan_iter("view:*", 1000) if key.split(":")[2:3] in (["order"], ["timeline"], ["customer"], ["positions"])}


@pytest.fixture
def keys(shop):
    keys = Keys(shop)
    until(lambda: len(set(keys.generations())) == 1, "the view is as usual")
    yield keys
    keys.redis.close()


@contextlib.contextmanager
def read_all_the_time(customer, orders):
    """Every answer is good, and nothing goes back: no order is missed, no timeline becomes shorter. `orders` may grow."""
    stop, faults, count = threading.Event(), [], [0]

    def go_round(seen):
        for order in list(orders):
            answer = customer.gets(f"/api/my/orders/{order.id}")
            if answer.status == 404 and order.id not in seen:
                continue  # it is not shown yet
            assert answer.status == 200, answer
            place = answer.json["version"], len(answer.json["timeline"]), answer.json["updatedAt"]
            assert all(now >= before for now, before in zip(place, seen.get(order.id, place))), (seen[order.id], answer)
            seen[order.id] = place
            count[0] += 1
        listed = {order["id"] for order in customer.reads("/api/my/orders?limit=100")["items"]}
        assert listed >= set(list(seen)[-100:]) or len(seen) > 100, set(seen) - listed

    def read():
        seen = {}
        try:
            while not stop.is_set():
                go_round(seen)
        except Exception as fault:  # told to the story below
            faults.append(fault)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield count
    finally:
        stop.set()
        thread.join()
    assert not faults, faults[0]


def begins(operator, key=None):
    """Once what was begun before has ended."""
    answers = []

    def begun():
        answers.append(operator.posts(PATH, key=key))
        return answers[-1].status == 202

    until(begun, lambda: f"a rebuilding is begun; {answers[-1]}")
    return answers[-1].json


def ends(operator, state="DONE"):
    def ended():
        now = operator.gets(PATH)
        return now.json if now.status == 200 and now.json["state"] not in UNDER_WAY else None

    done = until(ended, lambda: f"the rebuilding has ended: {operator.gets(PATH)}")
    assert done["state"] == state, done
    return done


def rebuilds(operator):
    begins(operator)
    return ends(operator)


def test_it_is_rebuilt_while_orders_arrive_and_nobody_notices(shop, customer, operator, keys):
    orders = [customer.orders(shop.tea)]
    orders[0].timeline(*EVERYTHING)
    was = keys.generations()
    with Listener(customer) as listener, read_all_the_time(customer, orders) as reads:
        for _ in range(2):
            begins(operator)
            while operator.reads(PATH)["state"] in UNDER_WAY:
                if len(orders) < 90:  # so that a page has them all
                    orders.append(customer.orders(shop.tea))
            done = ends(operator)
            assert done["differences"] == {"count": 0, "undecided": 0, "first": []}, done
            assert done["events"]["total"] >= done["events"]["read"] > 0 and done["ordersCompared"] > 0
        for order in orders[1:]:
            told = listener.hears(order, *LIFE)
            timeline = order.timeline(*LIFE)
            assert sorted(event.event_id for event in told) == sorted(entry["eventId"] for entry in timeline)
        assert [event.name for event in listener.events if event.name != "order"] == []
        until(lambda: reads[0] > len(orders), "much was read")
    assert was != keys.generations() and keys.of_generations() == set(keys.generations())
    missed = listener.events[-100:]
    with Listener(customer, last=listener.events[-101].id) as again:  # ids go on being good
        again.until(lambda: len(again.events) >= len(missed), lambda: f"what was missed; {len(again.events)} of {len(missed)}")
        assert [event.id for event in again.events] == [event.id for event in missed]
    assert rebuilds(operator)["differences"]["count"] == 0


def test_what_is_wrong_is_named_and_is_right_afterwards(shop, customer, neighbour, operator, keys):
    wrong, lost, fine = (customer.orders(shop.tea) for _ in range(3))
    theirs = neighbour.orders(shop.coffee)
    for order in (wrong, lost, fine, theirs):
        order.timeline(*LIFE)
    before = {order.id: order.seen() for order in (wrong, lost, fine, theirs)}
    listed = customer.history()
    store = keys.redis
    store.hset(keys.key(f"order:{wrong.id}"), mapping={"status": "2", "ship": "STARTED"})
    store.hdel(keys.key(f"order:{wrong.id}"), "ship.tracking")
    entry = store.rpop(keys.key(f"timeline:{wrong.id}"))
    store.delete(keys.key(f"order:{lost.id}"), keys.key(f"timeline:{lost.id}"))
    store.zrem(keys.key(f"customer:{customer.id}"), lost.id)
    phantom = "01900000-0000-7000-8000-00000000beef"
    store.hset(keys.key(f"order:{phantom}"), mapping={"customer": customer.id, "status": "6"})
    store.zadd(keys.key(f"customer:{neighbour.id}"), {phantom: 0})
    assert wrong.seen() != before[wrong.id] and lost.seen() is None

    done = rebuilds(operator)

    found = {(each.get("orderId") or each["customerId"], each["field"]): (each["live"], each["rebuilt"]) for each in done["differences"]["first"]}
    assert {field for id, field in found if id == wrong.id} == {"status", "ship", "ship.tracking", "timeline"}
    assert found[wrong.id, "status"] == ("2", "6") and found[wrong.id, "ship"] == ("STARTED", "COMPLETED")
    assert found[wrong.id, "ship.tracking"] == (None, before[wrong.id]["delivery"]["trackingNumber"])
    assert entry in found[wrong.id, "timeline"]
    assert found[lost.id, "order"] == (None, "there")
    assert found[phantom, "order"] == ("there", None)
    assert found[customer.id, "list"] == ("2", "3") and found[neighbour.id, "list"] == ("2", "1")
    assert done["differences"]["count"] == len(found) == 8 and done["differences"]["undecided"] == 0
    assert {order.id: order.seen() for order in (wrong, lost, fine, theirs)} == before
    assert customer.history() == listed
    assert not store.exists(keys.key(f"order:{phantom}"))
    assert rebuilds(operator)["differences"]["count"] == 0


def test_one_that_is_killed_leaves_the_view_as_it_is_and_can_be_begun_again(shop, customer, operator, keys):
    order = customer.orders(shop.tea)
    order.timeline(*LIFE)
    before, was = order.seen(), keys.generations()
    shop.starts_once_with({"customer-view": SLOWLY})
    shop.waits_until_ready()
    begun = begins(operator)
    until(lambda: operator.reads(PATH)["events"]["read"] > 0, "something is built")
    assert len(keys.of_generations()) == 2
    shop.kill("customer-view")
    shop.waits_until_ready()
    assert order.seen() == before and keys.generations() == was
    until(lambda: operator.gets(PATH).json.get("state") == "INTERRUPTED", "it is known to have been interrupted")
    assert operator.reads(PATH)["id"] == begun["id"]
    done = rebuilds(operator)
    assert done["id"] != begun["id"] and done["differences"]["count"] == 0
    assert order.seen() == before and keys.of_generations() == set(keys.generations())


def test_a_stopped_service_says_so_and_a_second_one_is_refused(shop, customer, operator, keys):
    customer.orders(shop.tea).timeline(*LIFE)
    was = keys.generations()
    with replica(shop, "customer-view", **SLOWLY) as second:
        key = new_key()

        def of_the_second(method, key=None):
            return as_the_gateway_would(operator, second, method, "/ops/view/rebuild", key=key)

        begun = of_the_second("POST", key)
        assert begun.status == 202
        for answer in (operator.posts(PATH), operator.posts(PATH, key=new_key()), of_the_second("POST")):
            assert_problem(answer, 409, "/problems/rebuild-under-way")
        for answer in (operator.posts(PATH, key=key), of_the_second("POST", key)):  # it was heard already
            assert answer.status == 202 and answer.json["id"] == begun.json["id"]
        assert operator.reads(PATH)["id"] == begun.json["id"]
    failed = ends(operator, "FAILED")  # the second one was stopped
    assert "stopped" in failed["problem"] and keys.generations() == was
    with replica(shop, "customer-view"):
        assert rebuilds(operator)["differences"]["count"] == 0  # both go along
        after = customer.orders(shop.tea)
        after.timeline(*LIFE)


def test_a_change_whose_process_is_gone_is_completed_by_whoever_is_there(shop, customer, keys):
    """As if it had been killed when all began to write both; of the new one there is nothing at all yet."""
    orders = [customer.orders(shop.tea) for _ in range(3)]
    for order in orders:
        order.timeline(*LIFE)
    (_, was), new = keys.generations(), uuid.uuid4().hex[:8]
    with Listener(customer) as listener, read_all_the_time(customer, orders):
        keys.redis.set("view:generations", f"{new} {was}")
        later = customer.orders(shop.tea)
        orders.append(later)
        until(lambda: keys.generations() == [new, new], lambda: f"the new one is read; {keys.generations()}")
        last = customer.orders(shop.tea)
        orders.append(last)
        for order in (later, last):
            assert sorted(event.event_id for event in listener.hears(order, *LIFE)) == sorted(entry["eventId"] for entry in order.timeline(*LIFE))
        assert {event.order for event in listener.events} == {later.id, last.id}  # nothing of what was told before


def test_only_operators_may(shop, customer, operator):
    for answer in (customer.gets(PATH), customer.posts(PATH)):
        assert_problem(answer, 403, "/problems/forbidden")
    assert_problem(operator.posts(PATH, key="x" * 256), 400, "/problems/idempotency-key")


def test_the_command_tells_how_it_went(shop, customer, operator, keys):
    order = customer.orders(shop.tea)
    order.timeline(*LIFE)
    keys.redis.hset(keys.key(f"order:{order.id}"), "status", "1")
    told = shop.jumun("rebuild-view").splitlines()
    assert told[0].startswith("building: ")
    assert any(line.startswith("done: ") and line.endswith(" 1 differences") for line in told), told
    assert f"  order {order.id}: status: it was 1, it is 6" in told
    assert shop.jumun("rebuild-view", "--status").splitlines() == told[-3:-1]


def test_an_emptied_redis_is_filled_again_and_nothing_half_is_shown(shop, customer, neighbour, operator, keys):
    orders = [customer.orders(shop.tea) for _ in range(5)]
    for order in orders:
        order.timeline(*LIFE)
    before, was = {order.id: order.seen() for order in orders}, keys.generations()
    keys.redis.flushall()
    refused, answered = 0, 0

    def whole_again():
        nonlocal refused, answered
        for order in orders:
            answer = customer.gets(f"/api/my/orders/{order.id}")
            if answer.status == 503:
                assert answer.json["type"] in ("/problems/history-is-being-read", "/problems/unavailable"), answer
                refused += 1
                return False
            assert answer.status == 200 and answer.json == before[order.id], answer
            answered += 1
        return True

    until(whole_again, "the view is whole again")
    assert [order["id"] for order in customer.history()] == [order.id for order in reversed(orders)]
    assert set(keys.generations()).isdisjoint(was)
    with Listener(neighbour) as listener:
        later = neighbour.orders(shop.tea)
        assert len(listener.hears(later, *LIFE)) == len(LIFE)
    assert rebuilds(operator)["differences"]["count"] == 0


def test_a_redis_that_is_emptied_meanwhile_ends_it(shop, customer, operator, keys):
    order = customer.orders(shop.tea)
    order.timeline(*LIFE)
    before = order.seen()
    shop.starts_once_with({"customer-view": SLOWLY})
    shop.waits_until_ready()
    begins(operator)
    until(lambda: operator.reads(PATH)["events"]["read"] > 0, "something is built")
    keys.redis.flushall()
    until(lambda: order.seen() == before, "the view is whole again")
    assert_problem(operator.gets(PATH), 404, "/problems/not-found")  # of it nothing is known any more
    shop.stop("customer-view")  # so that it is in no way slow any more
    shop.start("customer-view")
    assert rebuilds(operator)["differences"]["count"] == 0
