"""Drills: messages that should not be, put on the topics as anybody might who has lost his way. Each has a header `x-drill`, by which those who look at all
messages of a run know it (test_messages.py)."""
import json
import pathlib
import uuid

import confluent_kafka

from topics import BROKERS, Event

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "0.1.0"
DRILL = "x-drill"


def good_message(type, subject=None):
    """(topic, key, headers, value) of a message as its sender writes it, about an order that nobody has placed."""
    golden = json.loads((GOLDEN / f"{type}.json").read_text())
    subject = subject or str(uuid.uuid4())
    headers = {**golden["headers"], "ce_id": str(uuid.uuid4()), "ce_subject": subject, "ce_correlationid": subject}
    return type.rsplit(".", 2)[0], subject, headers, json.dumps(golden["data"], ensure_ascii=False).encode()


def again(event, value=None, **headers):
    """A message that was there, once more; with another value, or other headers."""
    return event.topic, event.key.decode(), {name: text.decode() for name, text in event.headers} | headers, event.value if value is None else value


class Drills:
    def __init__(self):
        self.producer = confluent_kafka.Producer({"bootstrap.servers": BROKERS, "enable.idempotence": True, "message.max.bytes": 2_000_000,
                                                  "partitioner": "murmur2_random", "linger.ms": 0})

    def puts(self, topic, key, headers, value):
        """Puts it there; the message as it stands on the topic."""
        placed = []
        headers = [(DRILL, b"yes"), *((name, text.encode()) for name, text in headers.items())]
        self.producer.produce(topic, key=key, value=value, headers=headers, on_delivery=lambda error, message: placed.append((error, message)))
        assert self.producer.flush(60) == 0
        (error, message), = placed
        assert error is None, error
        return Event(topic, message.partition(), message.offset(), key.encode() if key is not None else None, value, tuple(headers))


def is_drill(event):
    return any(name == DRILL for name, _ in event.headers)


def letter_id(event):
    return f"{event.topic}:{event.partition}:{event.offset}"
