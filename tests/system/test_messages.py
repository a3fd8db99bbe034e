"""All messages of the run, looked at once more when everything is over: each is what is written."""
import collections

import pytest

from drills import is_drill
from messages import EventContract

# Types that no story brings about, and why.
NOT_TOLD = {}

pytestmark = pytest.mark.looks_back


@pytest.fixture(scope="module")
def event_contract():
    return EventContract()


@pytest.fixture(scope="module")
def told(topics):
    """Read anew, by a client that has seen none of them."""
    return [event for event in topics.all_again() if not event.topic.startswith("jumun.dlq.") and not is_drill(event)]


def test_every_message_was_as_documented(told, event_contract):
    assert told
    wrong = collections.defaultdict(list)
    for event in told:
        for fault in event_contract.violations(event):
            wrong[event.type, fault].append(event)
    assert not wrong, "\n".join(f"{type}: {fault}\n  {len(events)} times, at first {events[0]}" for (type, fault), events in wrong.items())


def test_a_message_that_came_again_was_the_same(told):
    first = {}
    for event in told:
        known = first.setdefault(event.id, event)
        assert (known.topic, known.key, known.value, known.headers) == (event.topic, event.key, event.value, event.headers), event


def test_every_documented_type_was_told(told, event_contract, request):
    chosen = request.config.option
    if chosen.keyword or chosen.markexpr or chosen.file_or_dir != ["tests/system"]:
        pytest.skip("only some of the stories were told")
    seen = {event.type for event in told}
    assert sorted(set(event_contract.sent) - seen - set(NOT_TOLD)) == [], "no story brings these about, and NOT_TOLD does not say why"
    assert sorted(set(NOT_TOLD) - (set(event_contract.sent) - seen)) == [], "these need no excuse"
