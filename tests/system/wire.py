"""The wire to the gateway: a request, and all of its answer."""
import json
import socket
import time
import uuid

import requests
import urllib3

HOST, PORT = "127.0.0.1", 8088
FRESH = 3  # seconds; services close a connection that is idle for ten


class Answer:
    def __init__(self, status, headers, body, took=None):
        self.status, self.headers, self.body, self.took = status, headers, body, took

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def content_type(self):
        return self.headers.get("Content-Type")

    @property
    def replayed(self):
        return self.headers.get("Idempotent-Replayed") == "true"

    @property
    def is_under_way(self):
        """The first request with this key is still being answered."""
        return self.status == 409 and self.json["type"] == "/problems/request-in-progress"

    def __repr__(self):
        return f"<{self.status} {self.content_type} {self.body[:400].decode(errors='replace')}>"


class NoAnswer(Exception):
    """The connection failed: whether anything was done is not known."""


class Pool(urllib3.HTTPConnectionPool):
    """Takes no connection for a request that it has not used for a while: the gateway is about to close it, and would not see the request."""

    def _put_conn(self, conn):
        if conn is not None:
            conn.left_at = time.monotonic()
        super()._put_conn(conn)

    def _get_conn(self, timeout=None):
        conn = super()._get_conn(timeout)
        if time.monotonic() - getattr(conn, "left_at", time.monotonic()) > FRESH:
            conn.close()  # it connects anew by itself
        return conn


class Adapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args, **options):
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": Pool}


class Wire:
    """Connections to one gateway. `saw(method, path, answer)` is told of every answer."""

    def __init__(self, host=HOST, port=PORT, saw=None):
        self.host, self.port, self.saw = host, port, saw
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("http://", Adapter(pool_maxsize=128))

    def send(self, method, path, body=None, headers=None, timeout=15):
        """`body`: an object becomes JSON; bytes and text are sent as they are."""
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            if isinstance(body, str):
                body = body.encode()
            elif not isinstance(body, bytes):
                body = json.dumps(body, ensure_ascii=False).encode()
        headers = {name: value for name, value in headers.items() if value is not None}
        began = time.monotonic()
        try:
            got = self.session.request(method, f"http://{self.host}:{self.port}{path}", data=body, headers=headers, timeout=timeout,
                                       allow_redirects=False, stream=True)
            body = begin_of_stream(got) if got.headers.get("Content-Type") == "text/event-stream" else got.content
        except requests.RequestException as fault:
            raise NoAnswer(f"{method} {path}: {fault}") from fault
        answer = Answer(got.status_code, got.headers, body, took=time.monotonic() - began)
        if self.saw:
            self.saw(method, path, answer)
        return answer

    def send_raw(self, data, limit=10):
        """Bytes as they are, on a connection of their own; the first answer."""
        with socket.create_connection((self.host, self.port), timeout=limit) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass  # it may have had enough, and have answered
            return read_answer(connection.makefile("rb"))

    def send_and_hang_up(self, method, path, body, headers):
        """The whole request, and then nobody is there for the answer."""
        body = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection((self.host, self.port), timeout=10) as connection:
            connection.sendall("\r\n".join([*head, "", ""]).encode() + body)


def begin_of_stream(got):
    """Of an answer that goes on, what comes first; to listen on is live.py's."""
    with got:
        return next(got.iter_content(None))


def read_answer(stream):
    status_line = stream.readline()
    if not status_line:
        return Answer(None, {}, b"")
    headers = requests.structures.CaseInsensitiveDict()
    while (line := stream.readline().strip()):
        name, value = line.decode("latin-1").split(":", 1)
        headers[name] = value.strip()
    return Answer(int(status_line.split()[1]), headers, stream.read(int(headers.get("Content-Length", 0))))


def new_key():
    return str(uuid.uuid4())
