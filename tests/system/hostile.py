"""Every kind of bad input that a client can send, byte for byte, and what it must be told: one table."""
import json

from issuer import base64url
from people import ADDRESS

FIELDS, MALFORMED, REQUEST = "/problems/invalid-fields", "/problems/malformed-json", "/problems/malformed-request"
NOWHERE = "01900000-0000-7000-8000-00000000dead"
PARSER = "the parser"  # libmicrohttpd finds it itself, and answers with a page of its own


class Kind:
    def __init__(self, name, data, status, problem):
        self.name, self.data, self.status, self.problem = name, data, status, problem


def request(method, path, *headers, body=None, host="Host: jumun"):
    """`body` gets its length, and is JSON unless the headers say otherwise."""
    headers = [host, *headers] if host else list(headers)
    if body is not None:
        said = " ".join(headers).lower()
        headers += [] if "content-type" in said else ["Content-Type: application/json"]
        headers += [] if "content-length" in said or "transfer-encoding" in said else [f"Content-Length: {len(body)}"]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *headers, "", ""]).encode() + (body or b"")


def order_text(tea, **changes):
    body = {"items": [{"productId": tea["id"], "quantity": 1}], "address": dict(ADDRESS), "payment": {"method": "card", "token": "tok_ok"}, **changes}
    return json.dumps(body, ensure_ascii=False)


def kinds(tea, customer, theirs, stranger):
    """`theirs`: an order of somebody else; `stranger`: an issuer that is not believed."""
    me, good = f"Authorization: Bearer {customer.token}", order_text(tea)

    def places(body, *headers):
        return request("POST", "/api/orders", me, "Idempotency-Key: k", *headers, body=body if isinstance(body, bytes) else body.encode())

    def line(value):
        return places(good.replace('"quantity": 1', f'"quantity": {value}'))

    def gets(path, *headers):
        return request("GET", path, *headers)

    def looks(token):
        return gets("/api/my/orders", f"Authorization: Bearer {token}")

    def framed(*headers, body=b"{}"):
        return request("POST", "/api/orders", me, "Idempotency-Key: k", "Content-Type: application/json", *headers) + body

    head, claims, signature = customer.token.split(".")
    unsigned = base64url(b'{"alg":"none"}') + "." + claims + "."
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    table = [
        # JSON
        ("truncated", places(good[:-9]), 400, MALFORMED),
        ("nothing", places(""), 400, MALFORMED),
        ("no JSON", places("<order/>"), 400, MALFORMED),
        ("too deep", places('{"a":' * 33 + "1" + "}" * 33), 400, MALFORMED),
        ("far too deep", places("[" * 60000), 400, MALFORMED),
        ("a member twice", places(good[:-1] + ', "payment": {}}'), 422, FIELDS),
        ("ten thousand members", places("{" + ",".join(f'"{i}":1' for i in range(6500)) + "}"), 422, FIELDS),
        ("twenty thousand faults", places("[" + ",".join(["0"] * 20000) + "]"), 422, FIELDS),
        ("invalid UTF-8", places(good.encode().replace("녹차".encode(), b"\xff\xfe")), 400, MALFORMED),
        ("overlong UTF-8", places(good.encode().replace("녹차".encode(), b"\xc0\x80")), 400, MALFORMED),
        ("lone surrogate", places(good.replace("녹차", "\\ud800")), 400, MALFORMED),
        ("NUL in a text", places(good.replace("녹차", "\\u0000")), 422, FIELDS),
        ("raw NUL", places(good.encode().replace(b"63535", b"63\x0035")), 400, MALFORMED),
        # numbers
        ("nothing of it", line(0), 422, FIELDS),
        ("out of range", line(1000), 422, FIELDS),
        ("out of 64 bits", line(2**63), 422, FIELDS),
        ("out of all bits", line("9" * 4000), 422, FIELDS),
        ("out of all reals", line("1e999999"), 422, FIELDS),
        ("a fraction", line(1.5), 422, FIELDS),
        ("an exponent", line("1e0"), 422, FIELDS),
        ("a hexadecimal", line("0x1"), 400, MALFORMED),
        # what is the server's to set
        ("a status of one's own", places(order_text(tea, status="COMPLETED")), 422, FIELDS),
        ("a total of one's own", places(order_text(tea, total={"amount": 1, "currency": "KRW"})), 422, FIELDS),
        ("a customer of one's own", places(order_text(tea, customer=NOWHERE)), 422, FIELDS),
        # bodies
        ("announced as huge", framed("Content-Length: 10000000000", body=b""), 413, "/problems/too-large"),
        ("announced as more than a number can be", framed("Content-Length: 99999999999999999999", body=b""), 413, PARSER),
        ("huge", places(b" " * 1_000_000), 413, "/problems/too-large"),
        ("a byte too many", places(b" " * (64 * 1024 + 1)), 413, "/problems/too-large"),
        ("endless", framed("Transfer-Encoding: chunked", body=chunk * 3), 413, "/problems/too-large"),
        ("another type", places(good, "Content-Type: text/plain"), 415, "/problems/unsupported-media-type"),
        ("another charset", places(good, "Content-Type: application/json; charset=euc-kr"), 415, "/problems/unsupported-media-type"),
        ("compressed", places(good, "Content-Encoding: gzip"), 415, "/problems/unsupported-media-type"),
        # methods, paths, heads
        ("another method", request("PUT", "/api/orders", me), 405, "/problems/method-not-allowed"),
        ("no method", request("BREW", "/api/products"), 405, "/problems/method-not-allowed"),
        ("TRACE", request("TRACE", "/api/products"), 405, "/problems/method-not-allowed"),
        ("CONNECT", request("CONNECT", "127.0.0.1:8091"), 400, REQUEST),
        ("OPTIONS of all", request("OPTIONS", "*"), 400, REQUEST),
        ("no path", gets("/api/nowhere"), 404, "/problems/not-found"),
        ("an inner path", request("POST", f"/payments/{theirs.id}/attempts", me, "X-Jumun-Caller: order", body=b"{}"), 404, "/problems/not-found"),
        ("another server's", gets("http://127.0.0.1:9091/metrics"), 400, REQUEST),
        ("dots", gets("/api/products/../../metrics"), 400, REQUEST),
        ("hidden dots", gets("/api/products/%2e%2e/%2E%2e/metrics"), 400, REQUEST),
        ("an escaped NUL", gets("/api/products/%00", me), 400, REQUEST),
        ("no escape", gets("/api/products/%zz", me), 400, REQUEST),
        ("no UTF-8", gets("/api/products/%ff", me), 400, REQUEST),
        ("no host", request("GET", "/api/products", host=None), 400, REQUEST),
        ("two hosts", gets("/api/products", "Host: other"), 400, REQUEST),
        ("nonsense", b"nonsense\r\n\r\n", None, PARSER),  # closed without a word
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", None, PARSER),
        ("a head without end", gets("/api/products", "X: " + "x" * 40000), 431, PARSER),
        ("a path without end", gets("/api/products?" + "x" * 40000), 414, PARSER),
        ("two keys", request("POST", "/api/orders", me, "Idempotency-Key: a", "Idempotency-Key: b", body=good.encode()), 400, REQUEST),
        ("no key", request("POST", "/api/orders", me, body=good.encode()), 400, "/problems/idempotency-key"),
        ("a key too long", request("POST", "/api/orders", me, "Idempotency-Key: " + "k" * 256, body=good.encode()), 400, "/problems/idempotency-key"),
        # smuggling
        ("length and chunks", framed("Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\nGET /api/my/orders HTTP/1.1\r\n\r\n"), 400, REQUEST),
        ("two lengths", framed("Content-Length: 2", "Content-Length: 40"), 400, REQUEST),
        ("two lengths in one", framed("Content-Length: 2, 2"), 400, PARSER),
        ("a signed length", framed("Content-Length: +2"), 400, PARSER),
        ("a length that is none", framed("Content-Length: 2x"), 400, PARSER),
        ("other codings", framed("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 400, REQUEST),
        ("a hidden coding", framed("Transfer-Encoding : chunked", "Content-Length: 5", body=b"0\r\n\r\n"), 400, REQUEST),
        ("a coding of another name", framed("Transfer-Encoding: xchunked", body=b"0\r\n\r\n"), 400, REQUEST),
        ("a chunk that is none", framed("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"), 400, PARSER),
        ("bare line feeds", request("GET", "/api/products").replace(b"\r\n", b"\n"), 400, REQUEST),
        ("one bare line feed", request("GET", "/api/products", "A: b\nContent-Length: 5"), 400, REQUEST),
        ("a folded line", gets("/api/products", "A: b\r\n Content-Length: 5"), 400, REQUEST),
        ("a carriage return", gets("/api/products", "A: b\rContent-Length: 5"), 400, REQUEST),
        # tokens
        ("none", gets("/api/my/orders"), 401, "/problems/unauthenticated"),
        ("forged", looks(f"{head}.{claims}.{('B' if signature[0] == 'A' else 'A') + signature[1:]}"), 401, "/problems/invalid-token"),
        ("with other claims", looks(f"{head}.{base64url(json.dumps({'sub': theirs.customer.id, 'roles': ['admin'], 'exp': 9999999999}).encode())}.{signature}"), 401,
         "/problems/invalid-token"),
        ("expired", looks(stranger.token(exp=1)), 401, "/problems/invalid-token"),
        ("foreign", looks(stranger.token()), 401, "/problems/invalid-token"),
        ("unsigned", looks(unsigned), 401, "/problems/invalid-token"),
        ("without a signature", looks(f"{head}.{claims}."), 401, "/problems/invalid-token"),
        ("too long a token", looks("A" * 5000), 401, "/problems/invalid-token"),
        ("with NUL", looks("a.b.c\\u0000"), 401, "/problems/invalid-token"),
        # who one is not
        ("a spoofed identity", gets("/api/my/orders", f"X-Jumun-Subject: {theirs.customer.id}", "X-Jumun-Roles: customer,admin"), 401, "/problems/unauthenticated"),
        ("spoofed roles", request("POST", "/api/products", me, "X-Jumun-Roles: admin", body=b"{}"), 403, "/problems/forbidden"),
        ("a spoofed subject", gets(f"/api/orders/{theirs.id}", me, f"X-Jumun-Subject: {theirs.customer.id}"), 404, "/problems/not-found"),
        ("another's order", gets(f"/api/orders/{theirs.id}", me), 404, "/problems/not-found"),
        ("another's payment", gets(f"/api/payments/{theirs.id}", me), 404, "/problems/not-found"),
        ("another's view", gets(f"/api/my/orders/{theirs.id}", me), 404, "/problems/not-found"),
        ("cancelling another's order", request("DELETE", f"/api/orders/{theirs.id}", me), 404, "/problems/not-found"),
        ("paying another's order", request("POST", f"/api/orders/{theirs.id}/payment", me, "Idempotency-Key: k", body=b'{"method": "card", "token": "tok_ok"}'), 404,
         "/problems/not-found"),
        # metacharacters, cursors
        ("SQL in an id", gets("/api/orders/1'%20or%20'1'='1", me), 404, "/problems/not-found"),
        ("SQL in a filter", gets("/api/my/orders?status=PAID'%3B%20drop%20table%20event--", me), 400, "/problems/invalid-status"),
        ("SQL in a limit", gets("/api/my/orders?limit=1%3Bselect", me), 400, "/problems/invalid-limit"),
        ("a line break in an id", gets("/api/my/orders/%0d%0aSet-Cookie:%20a=b", me), 404, "/problems/not-found"),
        ("a forged cursor", gets("/api/my/orders?cursor=" + "A" * 44, me), 400, "/problems/invalid-cursor"),
        ("a cursor of another text", gets("/api/products?cursor='%20or%201=1--"), 400, "/problems/invalid-cursor"),
        ("a cursor without end", gets("/api/products?cursor=" + "A" * 9000), 400, "/problems/invalid-cursor"),
    ]
    return [Kind(*each) for each in table]
