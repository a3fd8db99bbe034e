"""A collector of spans: takes what the services send, and reads it by OpenTelemetry's own definition of the protocol."""
import base64
import collections
import http.server
import json
import sys
import threading

from shop import ROOT

sys.path.extend(str(path) for path in (ROOT / "build" / "python" / "lib").glob("python3*/site-packages"))

from google.protobuf import json_format  # noqa: E402
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: E402
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Kinds  # noqa: E402

IDS = {"traceId": 32, "spanId": 16, "parentSpanId": 16}

Span = collections.namedtuple("Span", "service version trace id parent name kind began ended status attributes")


def protobuf_json(value):
    """OTLP's JSON is protobuf's, but for ids, which are hexadecimal and not base64."""
    if isinstance(value, list):
        return [protobuf_json(one) for one in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for name, one in value.items():
        if name in IDS:
            assert len(one) == IDS[name] and one == one.lower(), (name, one)
            one = base64.b64encode(bytes.fromhex(one)).decode()
        out[name] = protobuf_json(one)
    return out


def plain(attributes):
    return {attribute.key: getattr(attribute.value, attribute.value.WhichOneof("value")) for attribute in attributes}


def spans_in(body):
    """Raises on what the protocol does not know."""
    request = json_format.ParseDict(protobuf_json(json.loads(body)), ExportTraceServiceRequest())
    for of_resource in request.resource_spans:
        resource = plain(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield Span(resource["service.name"], resource["service.version"], span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(),
                           span.name, Kinds.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"), span.start_time_unix_nano, span.end_time_unix_nano,
                           span.status.code, plain(span.attributes))


class Collector:
    def __init__(self):
        self.lock = threading.Lock()
        self.spans, self.faults = [], []
        self.server, self.port = None, 0
        self.opens()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def opens(self):
        """At the same port as before, if it was open before. A connection for each request (HTTP/1.0), so that none outlives it."""
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                collector.takes(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def closes(self):
        self.server.shutdown()
        self.server.server_close()

    def takes(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        try:
            assert (request.path, request.headers["Content-Type"]) == ("/v1/traces", "application/json")
            spans = list(spans_in(body))
            with self.lock:
                self.spans.extend(spans)
        except Exception as fault:  # shown by the test, not by the thread
            self.faults.append(f"{fault!r}: {body[:2000]}")
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"{}")

    def of_trace(self, trace):
        """Each once: what was not answered in time is sent again, and is the same."""
        assert self.faults == []
        first = {}
        with self.lock:
            for span in self.spans:
                if span.trace == trace:
                    assert first.setdefault(span.id, span) == span, f"two spans with one id: {first[span.id]} {span}"
        return list(first.values())
