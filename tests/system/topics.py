"""The topics, read by an independent client from where they stood when the tests began."""
import contextlib
import dataclasses
import json
import threading
import uuid
from collections import defaultdict

import confluent_kafka

from waiting import until

BROKERS = "127.0.0.1:8093"


@dataclasses.dataclass(frozen=True)
class Event:
    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple  # of (name, bytes), in their order

    def header(self, name):
        found = [value.decode() for key, value in self.headers if key == name]
        assert len(found) <= 1, f"{name} stands {len(found)} times in {self.headers}"
        return found[0] if found else None

    @property
    def id(self):
        return self.header("ce_id")

    @property
    def type(self):
        return self.header("ce_type")

    @property
    def name(self):
        return self.type.split(".")[2]

    @property
    def version(self):
        return int(self.header("ce_aggregateversion"))

    @property
    def cause(self):
        return self.header("ce_causationid")

    @property
    def data(self):
        return json.loads(self.value)

    @property
    def subject(self):
        return self.header("ce_subject")


def new_consumer():
    return confluent_kafka.Consumer({
        "bootstrap.servers": BROKERS, "group.id": f"system-tests-{uuid.uuid4()}", "enable.auto.commit": False,
        "auto.offset.reset": "earliest", "logger": None, "log_level": 0,
    })


def ends(consumer):
    """Where the topics stand now, as spots to read from."""
    spots = []
    for name, topic in consumer.list_topics(timeout=10).topics.items():
        if name.startswith("jumun."):
            for partition in topic.partitions:
                spot = confluent_kafka.TopicPartition(name, partition)
                spot.offset = end(consumer, spot)
                spots.append(spot)
    return spots


def end(consumer, spot):
    """Once Kafka tells: one that had no time to say that it lives leads no partition for a moment."""
    def told():
        with contextlib.suppress(confluent_kafka.KafkaException):
            return consumer.get_watermark_offsets(spot, timeout=10)

    return until(told, f"Kafka tells where {spot.topic} ends")[1]


def event_of(message):
    return Event(message.topic(), message.partition(), message.offset(), message.key(), message.value(), tuple(message.headers() or ()))


class Topics:
    def __init__(self):
        self.lock = threading.Lock()
        self.by_key = defaultdict(list)
        self.ids = set()
        self.ended = []  # orders that came to one of their two ends: see endings.py
        self.consumer = new_consumer()
        self.began = ends(self.consumer)
        self.consumer.assign(list(self.began))

    def _read_on(self, wait=0.0):
        """What has come since; `wait`: seconds without a message until it counts as all."""
        with self.lock:
            while (messages := self.consumer.consume(1000, timeout=wait)):
                for message in messages:
                    if message.error() is None:
                        self._keep(message)

    def _keep(self, message):
        event = event_of(message)
        self.by_key[event.key].append(event)
        self.ids.add(event.id)

    def of(self, key, *names):
        """All events with this key (an order's or a product's id), once those of these names are among them."""
        def there():
            self._read_on()
            found = list({event.id: event.name for event in self.events(key)}.values())  # a copy stands for nobody
            return all(found.count(name) >= names.count(name) for name in names)

        until(there, lambda: f"{names} on the topics for {key}; there are {[event.name for event in self.events(key)]}")
        return self.events(key)

    def events(self, key):
        """What was read so far, dead letters apart."""
        return [event for event in self.by_key[key.encode()] if not event.topic.startswith("jumun.dlq.")]

    def dead_letters(self, keys):
        self._read_on(wait=0.05)
        return [event for key in keys for event in self.by_key[key.encode()] if event.topic.startswith("jumun.dlq.")]

    def knows(self, event_id):
        self._read_on(wait=0.05)
        return event_id in self.ids

    def all_again(self):
        """Everything from where the topics stood when the tests began to where they stand now, as it comes to a consumer that is new."""
        consumer = new_consumer()
        begun = {(spot.topic, spot.partition): spot.offset for spot in self.began}
        left = {(spot.topic, spot.partition): spot.offset for spot in ends(consumer) if begun.get((spot.topic, spot.partition), 0) < spot.offset}
        consumer.assign([confluent_kafka.TopicPartition(*place, begun.get(place, 0)) for place in left])
        while left:
            message = consumer.poll(20)
            assert message is not None and message.error() is None, f"{left} were not read: {message and message.error()}"
            place = message.topic(), message.partition()
            if place in left and message.offset() + 1 >= left[place]:
                del left[place]
            yield event_of(message)
        consumer.close()

    def close(self):
        self.consumer.close()


def first_occurrences(events):
    """Without copies: a relay may send an event again after a crash, but never another one under the same id."""
    first = {}
    for event in events:
        known = first.setdefault(event.id, event)
        assert (known.topic, known.key, known.value, dict(known.headers)) == (event.topic, event.key, event.value, dict(event.headers)), \
            f"two events with one id: {known} {event}"
    return list(first.values())


def by_aggregate(events):
    """{(topic, subject): events in the order of the topic}."""
    found = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.topic, event.partition, event.offset)):
        found[event.topic, event.subject].append(event)
    return found
