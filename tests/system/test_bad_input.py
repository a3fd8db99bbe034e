"""Bad input: a clear refusal that says everything at once, and nothing done."""
import copy
import json
import uuid

import pytest

from people import Customer, basket
from problems import assert_problem
from waiting import until
from wire import new_key

FIELDS = "/problems/invalid-fields"
NOWHERE = str(uuid.UUID("01900000-0000-7000-8000-00000000dead"))


def changed(body, path, value):
    """A copy with the member at the path set, or taken out (value is ...)."""
    body = copy.deepcopy(body)
    *way, last = path
    place = body
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


@pytest.fixture(scope="module")
def customer(whole_shop, wire):
    """The same for all of these stories: the last one looks at what they have left behind."""
    whole_shop.opens()
    return Customer(wire)


@pytest.fixture
def body(shop):
    return basket([(shop.tea, 1), (shop.coffee, 2)])


# ── fields ──

@pytest.mark.parametrize("path, value, error", [
    (("items", 1, "productId"), NOWHERE, ("/items/1/productId", "unknown-product")),
    (("items", 1, "productId"), "tea", ("/items/1/productId", "invalid")),
    (("items", 1, "productId"), None, ("/items/1/productId", "wrong-type")),
    (("items", 1, "productId"), ..., ("/items/1/productId", "required")),
    (("items", 0, "quantity"), 0, ("/items/0/quantity", "out-of-range")),
    (("items", 0, "quantity"), -1, ("/items/0/quantity", "out-of-range")),
    (("items", 0, "quantity"), 1000, ("/items/0/quantity", "out-of-range")),
    (("items", 0, "quantity"), 2**63 - 1, ("/items/0/quantity", "out-of-range")),
    (("items", 0, "quantity"), 2**63, ("/items/0/quantity", "out-of-range")),
    (("items", 0, "quantity"), 1.5, ("/items/0/quantity", "wrong-type")),
    (("items", 0, "quantity"), 1.0, ("/items/0/quantity", "wrong-type")),
    (("items", 0, "quantity"), "2", ("/items/0/quantity", "wrong-type")),
    (("items", 0, "quantity"), True, ("/items/0/quantity", "wrong-type")),
    (("items", 0, "quantity"), None, ("/items/0/quantity", "wrong-type")),
    (("items", 0, "quantity"), ..., ("/items/0/quantity", "required")),
    (("items",), [], ("/items", "too-few")),
    (("items",), {}, ("/items", "wrong-type")),
    (("items",), ..., ("/items", "required")),
    (("items", 0), "tea", ("/items/0", "wrong-type")),
    (("address",), ..., ("/address", "required")),
    (("address", "recipient"), ..., ("/address/recipient", "required")),
    (("address", "recipient"), "", ("/address/recipient", "too-short")),
    (("address", "recipient"), "김" * 101, ("/address/recipient", "too-long")),
    (("address", "line1"), "두\n줄", ("/address/line1", "invalid")),
    (("address", "planet"), "Mars", ("/address/planet", "unknown-field")),
    (("payment",), ..., ("/payment", "required")),
    (("payment", "method"), "shells", ("/payment/method", "unsupported")),
    (("payment", "token"), "tok ok", ("/payment/token", "invalid")),
    (("payment", "token"), "x" * 129, ("/payment/token", "too-long")),
    (("payment", "token"), 7, ("/payment/token", "wrong-type")),
    (("coupon",), "FREE", ("/coupon", "unknown-field")),
])
def test_a_field_that_is_wrong_is_named(customer, body, path, value, error):
    assert_problem(customer.places(changed(body, path, value)), 422, FIELDS, error)


@pytest.mark.parametrize("path, value", [
    (("id",), NOWHERE), (("status",), "COMPLETED"), (("total",), {"amount": 1, "currency": "KRW"}), (("customer",), NOWHERE),
    (("version",), 1), (("items", 0, "unitPrice"), {"amount": 1, "currency": "KRW"}), (("items", 0, "name"), "차"),
    (("payment", "status"), "APPROVED"), (("payment", "amount"), {"amount": 1, "currency": "KRW"}),
])
def test_a_field_that_is_the_servers_to_set_is_refused(customer, body, path, value):
    pointer = "/" + "/".join(str(step) for step in path)
    assert_problem(customer.places(changed(body, path, value)), 422, FIELDS, (pointer, "unknown-field"))


def test_all_faults_are_said_in_one_answer(customer, body):
    body["items"][0]["quantity"] = 0
    body["items"][1]["quantity"] = "2"
    body["items"][1]["price"] = 1
    del body["address"]["zip"]
    body["address"]["phone"] = ""
    body["payment"]["token"] = None
    body["coupon"] = "FREE"
    assert_problem(customer.places(body), 422, FIELDS, ("/items/0/quantity", "out-of-range"), ("/items/1/quantity", "wrong-type"),
                   ("/items/1/price", "unknown-field"), ("/address/zip", "required"), ("/address/phone", "too-short"),
                   ("/payment/token", "wrong-type"), ("/coupon", "unknown-field"))


def test_all_faults_of_the_lines_are_said_in_one_answer(shop, customer):
    rare = shop.sells(stock=2)
    body = basket([(shop.tea, 1), ({"id": NOWHERE}, 1), (rare, 3), (shop.tea, 2)], token="tok ok")
    assert_problem(customer.places(body), 422, FIELDS, ("/items/1/productId", "unknown-product"), ("/items/2/quantity", "sold-out"),
                   ("/items/3/productId", "duplicate"), ("/payment/token", "invalid"))


def test_the_same_product_in_two_lines_is_refused(shop, customer):
    assert_problem(customer.places(basket([(shop.tea, 1), (shop.tea, 1)])), 422, FIELDS, ("/items/1/productId", "duplicate"))


def test_more_than_a_hundred_lines_are_refused(customer):
    lines = [({"id": str(uuid.uuid4())}, 1) for _ in range(101)]
    assert_problem(customer.places(basket(lines)), 422, FIELDS, ("/items", "too-many"))


# ── bodies ──

@pytest.mark.parametrize("text", [
    "", "{", "{]", "nonsense", '{"items": [}', '{"items": []} trailing', '{"items": [],}', "\ufeff{}", "{'items': []}", '{"items": NaN}',
    '{"items": 01}', '{"items": "\n"}', '{"items": "\\ud800"}', "[" * 40 + "]" * 40, '{"a":' * 33 + "1" + "}" * 33,
    b'{"items": "\xff"}', b'{"items": "\xc0\x80"}', b'{"items": "\xed\xa0\x80"}',
])
def test_what_is_not_json_is_malformed(customer, text):
    assert_problem(customer.places(text), 400, "/problems/malformed-json", ("", "malformed"))


@pytest.mark.parametrize("text", ["[]", "7", '"order"', "null", "true"])
def test_json_that_is_no_object_is_of_the_wrong_type(customer, text):
    assert_problem(customer.places(text), 422, FIELDS, ("", "wrong-type"))


def test_a_member_that_stands_twice_is_refused(customer, body):
    text = json.dumps(body)
    assert_problem(customer.places(text[:-1] + ', "payment": {"method": "card", "token": "tok_ok"}}'), 422, FIELDS, ("/payment", "duplicate"))
    assert_problem(customer.places(text.replace('"quantity": 1', '"quantity": 1, "quantity": 999')), 422, FIELDS,
                   ("/items/0/quantity", "duplicate"))


def test_a_nul_in_a_text_is_refused(customer, body):
    body["address"]["line1"] = "서울\u0000부산"
    assert_problem(customer.places(body), 422, FIELDS, ("/address/line1", "invalid"))


def test_an_empty_body_is_malformed(customer):
    assert_problem(customer.posts("/api/orders", key=new_key()), 400, "/problems/malformed-json", ("", "malformed"))


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json; charset=euc-kr", "application/jsonp", "multipart/form-data", ""])
def test_another_content_type_is_refused(customer, body, kind):
    assert_problem(customer.places(body, headers={"Content-Type": kind}), 415, "/problems/unsupported-media-type")


def test_a_compressed_body_is_refused(customer, body):
    assert_problem(customer.places(body, headers={"Content-Encoding": "gzip"}), 415, "/problems/unsupported-media-type")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_json_may_be_announced_in_these_ways(customer, body, kind):
    answer = customer.places(changed(body, ("coupon",), 1), headers={"Content-Type": kind})
    assert_problem(answer, 422, FIELDS, ("/coupon", "unknown-field"))


# ── what a product may be ──

@pytest.mark.parametrize("path, value, error", [
    (("name",), "", ("/name", "too-short")),
    (("name",), "차" * 201, ("/name", "too-long")),
    (("description",), "차" * 2001, ("/description", "too-long")),
    (("price",), 18000, ("/price", "wrong-type")),
    (("price", "amount"), 0, ("/price/amount", "out-of-range")),
    (("price", "amount"), -5, ("/price/amount", "out-of-range")),
    (("price", "amount"), 99.5, ("/price/amount", "wrong-type")),
    (("price", "currency"), "won", ("/price/currency", "invalid")),
    (("price", "currency"), ..., ("/price/currency", "required")),
    (("price", "discount"), 1, ("/price/discount", "unknown-field")),
    (("stock",), -1, ("/stock", "out-of-range")),
    (("stock",), ..., ("/stock", "required")),
    (("available",), 5, ("/available", "unknown-field")),
    (("version",), 5, ("/version", "unknown-field")),
])
def test_a_product_with_a_wrong_field_is_not_registered(admin, path, value, error):
    good = {"name": "차", "description": "", "price": {"amount": 18000, "currency": "KRW"}, "stock": 5}
    assert_problem(admin.posts("/api/products", changed(good, path, value)), 422, FIELDS, error)


@pytest.mark.parametrize("body, error", [
    ({"price": None}, ("/price", "wrong-type")), ({"name": ""}, ("/name", "too-short")), ({"stock": 5}, ("/stock", "unknown-field")),
    ({"discontinued": True}, ("/discontinued", "unknown-field")),
])
def test_a_wrong_change_of_a_product_is_refused(shop, admin, body, error):
    assert_problem(admin.asks("PATCH", f"/api/products/{shop.tea['id']}", body), 422, FIELDS, error)


@pytest.mark.parametrize("quantity, code", [(0, "out-of-range"), (-3, "out-of-range"), (1_000_001, "out-of-range"), ("5", "wrong-type"), (None, "wrong-type")])
def test_a_wrong_restock_is_refused(shop, admin, quantity, code):
    assert_problem(admin.restocks(shop.tea, quantity), 422, FIELDS, ("/quantity", code))


# ── paths, methods, queries ──

@pytest.mark.parametrize("path", ["/", "/api", "/api/", "/api/order", "/api/orders/", "/api/my", "/orders", "/healthz", "/metrics", "/api/products/x/y",
                              "/api/ops"])
def test_an_unknown_path_is_404(customer, path):
    assert_problem(customer.gets(path), 404, "/problems/not-found")


@pytest.mark.parametrize("path", ["/api/orders/7", "/api/orders/tea", "/api/payments/x", "/api/deliveries/0", "/api/my/orders/null", "/api/products/-1",
                                  f"/api/orders/{NOWHERE}", f"/api/payments/{NOWHERE}", f"/api/deliveries/{NOWHERE}", f"/api/my/orders/{NOWHERE}",
                                  f"/api/products/{NOWHERE}", "/api/orders/%00", "/api/orders/'%20or%201=1--"])
def test_what_is_not_there_is_404(customer, path):
    answer = customer.gets(path)
    if "%00" in path:
        assert_problem(answer, 400, "/problems/malformed-request")
    else:
        assert_problem(answer, 404, "/problems/not-found")


@pytest.mark.parametrize("method, path, allowed", [
    ("DELETE", "/api/products", {"GET", "HEAD", "POST"}), ("PUT", "/api/orders", {"POST"}), ("GET", "/api/orders", {"POST"}),
    ("DELETE", "/api/my/notifications", {"GET", "HEAD"}), ("PUT", f"/api/products/{NOWHERE}", {"GET", "HEAD", "PATCH"}),
    ("GET", "/api/auth/demo", {"POST"}), ("POST", "/api/my/orders", {"GET", "HEAD"}), ("BREW", "/api/products", {"GET", "HEAD", "POST"}),
])
def test_a_method_that_is_not_allowed_is_405_with_what_is(customer, method, path, allowed):
    answer = customer.asks(method, path)
    assert_problem(answer, 405, "/problems/method-not-allowed")
    assert {name.strip() for name in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "ten", "", "99999999999999999999"])
@pytest.mark.parametrize("path", ["/api/products", "/api/my/orders", "/api/my/notifications"])
def test_a_limit_outside_1_to_100_is_refused(customer, path, limit):
    assert_problem(customer.gets(f"{path}?limit={limit}"), 400, "/problems/invalid-limit")


@pytest.mark.parametrize("path", ["/api/products", "/api/my/orders", "/api/my/notifications"])
def test_a_forged_cursor_is_refused(shop, customer, neighbour, path):
    placed = [neighbour.orders(product) for product in (shop.tea, shop.coffee)]
    neighbour.waits_for_all(placed)
    good = until(lambda: neighbour.reads(f"{path}?limit=1")["nextCursor"], "a second page")
    flipped = ("B" if good[0] == "A" else "A") + good[1:]
    for cursor in ("", "x", "AAAA", "A" * 22, "A" * 600, flipped, good[:-2], good + "AA", placed[0].id, "%F0%9F%8D%B5", "'%20or%201=1--"):
        assert_problem(customer.gets(f"{path}?limit=1&cursor={cursor}"), 400, "/problems/invalid-cursor")


def test_a_status_that_is_none_is_refused(customer):
    assert_problem(customer.gets("/api/my/orders?status=LOST"), 400, "/problems/invalid-status")


# ── on the wire ──

def post_order(*headers, body=b""):
    return ("POST /api/orders HTTP/1.1\r\nHost: jumun\r\n" + "".join(f"{header}\r\n" for header in headers) + "\r\n").encode() + body


def test_a_huge_body_is_refused_by_its_length_alone(customer, wire):
    answer = wire.send_raw(post_order(f"Authorization: Bearer {customer.token}", "Idempotency-Key: k", "Content-Type: application/json",
                                      "Content-Length: 10000000000"))
    assert_problem(answer, 413, "/problems/too-large")


def test_a_body_of_a_megabyte_is_refused(customer, body, wire):
    text = json.dumps(changed(body, ("address", "line1"), "x" * 1_000_000)).encode()
    answer = wire.send_raw(post_order(f"Authorization: Bearer {customer.token}", "Idempotency-Key: k", "Content-Type: application/json",
                                      f"Content-Length: {len(text)}", body=text))
    assert_problem(answer, 413, "/problems/too-large")


def test_an_endless_body_is_refused(customer, wire):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = wire.send_raw(post_order(f"Authorization: Bearer {customer.token}", "Idempotency-Key: k", "Content-Type: application/json",
                                      "Transfer-Encoding: chunked", body=chunk * 3))
    assert_problem(answer, 413, "/problems/too-large")


@pytest.mark.parametrize("data", [
    post_order("Content-Length: 2", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    post_order("Content-Length: 2", "Content-Length: 7", body=b"{}"),
    post_order("Content-Length: -1"),
    post_order("Content-Length: 2x", body=b"{}"),
    post_order("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    post_order("X : 1"),
    b"GET /api/products HTTP/1.1\nHost: jumun\n\n",
    b"GET /api/products HTTP/1.1\r\n\r\n",
    b"GET /api/products HTTP/1.1\r\nHost: jumun\r\nHost: other\r\n\r\n",
    b"GET /api/orders/../products HTTP/1.1\r\nHost: jumun\r\n\r\n",
    b"GET /api/orders/%2e%2e/products HTTP/1.1\r\nHost: jumun\r\n\r\n",
    b"GET /api/products%zz HTTP/1.1\r\nHost: jumun\r\n\r\n",
    b"GET http://127.0.0.1:9090/metrics HTTP/1.1\r\nHost: jumun\r\n\r\n",
    b"nonsense\r\n\r\n",
], ids=["length and chunked", "two lengths", "negative length", "length with a letter", "gzip, chunked", "space before colon", "bare line feeds", "no host",
        "two hosts", "dots", "encoded dots", "bad escape", "foreign target", "nonsense"])
def test_a_request_that_could_be_read_in_two_ways_is_refused(shop, wire, data):
    answer = wire.send_raw(data)
    assert answer.status in (None, 400, 501), answer  # None: closed without a word
    assert wire.send("GET", "/api/products?limit=1").status == 200


def test_after_all_this_nothing_was_placed(shop, customer):
    marker = customer.orders(shop.tea)
    customer.waits_for_all([marker])
    assert [order["id"] for order in customer.history()] == [marker.id]
