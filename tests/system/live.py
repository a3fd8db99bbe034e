"""A client of GET /api/my/orders/events: reads server-sent events (WHATWG HTML, section 9.2) on a thread of its own, until it is closed."""
import contextlib
import json
import threading

import requests

from waiting import until
from wire import HOST, PORT

PATH = "/api/my/orders/events"


class Event:
    def __init__(self, id, name, data):
        self.id, self.name, self.data = id, name, data

    @property
    def order(self):
        return self.data["orderId"]

    @property
    def type(self):
        return self.data["change"]["type"]

    @property
    def event_id(self):
        return self.data["change"]["eventId"]

    @property
    def place(self):
        """What ids ascend by."""
        return tuple(int(part) for part in self.id.split(".")[1].split("-"))

    def __repr__(self):
        return f"<{self.id} {self.name} {self.data}>"


class Listener:
    def __init__(self, person, last=None, port=PORT, headers=None, query=""):
        self.events, self.comments, self.retry, self.ended = [], 0, None, False
        self.last = last
        headers = dict(headers) if headers else {"Authorization": f"Bearer {person.token}"}
        if last and not query:
            headers["Last-Event-ID"] = last
        path = PATH if port == PORT else PATH.removeprefix("/api")
        self.answer = requests.get(f"http://{HOST}:{port}{path}{query}", headers=headers, stream=True, timeout=(10, 60))
        self.status = self.answer.status_code
        if self.status == 200:
            assert self.answer.headers["Content-Type"] == "text/event-stream"
            self.thread = threading.Thread(target=self._read, daemon=True)
            self.thread.start()

    def __enter__(self):
        assert self.status == 200, (self.status, self.answer.content)
        self.until(lambda: self.last and self.retry, "the stream has begun")
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """As a client does that is closed: without a word."""
        connection = self.answer.raw._connection or self.answer.raw._original_connection
        if connection and connection.sock:
            with contextlib.suppress(OSError):  # the other side was quicker
                connection.sock.shutdown(2)
        self.thread.join()
        self.answer.close()

    def _read(self):
        text = b""
        try:
            for piece in self.answer.iter_content(None):
                text += piece
                while b"\n\n" in text:
                    block, text = text.split(b"\n\n", 1)
                    self._take(block.decode())
        except (requests.RequestException, OSError, ValueError, AttributeError):
            pass  # cut off, or closed by ourselves
        self.ended = True

    def _take(self, block):
        fields = {}
        for line in block.split("\n"):
            if line.startswith(":"):
                self.comments += 1
                continue
            name, value = line.split(":", 1)
            assert name not in fields, block
            fields[name] = value.removeprefix(" ")
        self.retry = int(fields["retry"]) if "retry" in fields else self.retry
        if "data" in fields:
            self.events.append(Event(fields["id"], fields["event"], json.loads(fields["data"])))
        self.last = fields.get("id", self.last)

    def until(self, condition, what):
        until(lambda: condition() or self.ended, what)
        assert condition(), f"{what}: the stream has ended before; {self.events}"

    def changes(self, order=None):
        return [event for event in self.events if event.name == "order" and order in (None, event.order)]

    def hears(self, order, *types):
        """Waits until it has been told all of these; what it was told of the order."""
        def all_there():
            told = [event.type for event in self.changes(order.id)]
            return all(told.count(type) >= types.count(type) for type in types)

        self.until(all_there, lambda: f"{types} of {order.id}; so far {self.events}")
        return self.changes(order.id)
