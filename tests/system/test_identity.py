"""Who asks: tokens, roles, and headers that only the gateway may write."""
import uuid

import pytest

from gateways import running_gateway
from issuer import Issuer
from people import Person, assert_in_time, basket
from problems import assert_problem
from wire import new_key

NOWHERE = str(uuid.UUID("01900000-0000-7000-8000-00000000dead"))

PRIVATE = [("GET", "/api/my/orders"), ("GET", f"/api/my/orders/{NOWHERE}"), ("GET", "/api/my/notifications"), ("GET", f"/api/orders/{NOWHERE}"),
           ("GET", f"/api/payments/{NOWHERE}"), ("GET", f"/api/deliveries/{NOWHERE}"), ("POST", "/api/orders"),
           ("POST", f"/api/orders/{NOWHERE}/payment"), ("POST", "/api/products"), ("PATCH", f"/api/products/{NOWHERE}"),
           ("POST", f"/api/products/{NOWHERE}/restock"), ("POST", f"/api/products/{NOWHERE}/discontinue"),
           ("POST", f"/api/deliveries/{NOWHERE}/start"), ("POST", f"/api/deliveries/{NOWHERE}/complete")]


@pytest.mark.parametrize("method, path", PRIVATE)
def test_without_a_token_one_is_told_to_bring_one(passer_by, method, path):
    assert_problem(passer_by.asks(method, path, {} if method != "GET" else None, key=new_key()), 401, "/problems/unauthenticated")


@pytest.mark.parametrize("method, path", PRIVATE)
def test_headers_of_the_inside_do_not_help_outside(passer_by, customer, method, path):
    spoofed = {"X-Jumun-Subject": customer.id, "X-Jumun-Roles": "customer,courier,operator,admin", "x-jumun-caller": "order",
               "X-JUMUN-SUBJECT": customer.id}
    answer = passer_by.asks(method, path, {} if method != "GET" else None, key=new_key(), headers=spoofed)
    assert_problem(answer, 401, "/problems/unauthenticated")


def test_headers_of_the_inside_do_not_make_one_somebody_else(shop, customer, neighbour):
    order = neighbour.orders(shop.tea)
    spoofed = {"X-Jumun-Subject": neighbour.id, "X-Jumun-Roles": "customer,operator,admin"}
    assert_problem(customer.gets(f"/api/orders/{order.id}", headers=spoofed), 404, "/problems/not-found")
    assert_problem(customer.posts("/api/products", {"name": "차", "price": {"amount": 1, "currency": "KRW"}, "stock": 1}, headers=spoofed), 403,
                   "/problems/forbidden")


@pytest.mark.parametrize("method, path, roles", [
    ("POST", "/api/orders", "admin"), ("GET", "/api/my/orders", "courier"), ("GET", "/api/my/notifications", "operator"),
    ("POST", "/api/products", "customer"), ("PATCH", f"/api/products/{NOWHERE}", "courier"), ("POST", f"/api/products/{NOWHERE}/restock", "operator"),
    ("POST", f"/api/deliveries/{NOWHERE}/start", "customer"), ("POST", f"/api/deliveries/{NOWHERE}/complete", "admin"),
    ("GET", f"/api/orders/{NOWHERE}", "courier"), ("GET", f"/api/payments/{NOWHERE}", "courier"), ("GET", f"/api/deliveries/{NOWHERE}", "admin"),
    ("GET", "/api/my/orders", "emperor"),
])
def test_the_wrong_role_is_403(wire, method, path, roles):
    person = Person(wire, roles)
    assert_problem(person.asks(method, path, {} if method != "GET" else None, key=new_key()), 403, "/problems/forbidden")


@pytest.mark.parametrize("spoil", [
    lambda token: "",
    lambda token: "x",
    lambda token: token[:-1],
    lambda token: token + "A",
    lambda token: token.rsplit(".", 1)[0] + ".",
    lambda token: ".".join(reversed(token.split("."))),
    lambda token: token.split(".")[0] + "." + "eyJzdWIiOiJ4In0" + "." + token.split(".")[2],
    lambda token: "A" * 5000,
    lambda token: token + " " + token,
], ids=["empty", "x", "cut", "longer", "unsigned", "reversed", "other claims", "endless", "twice"])
def test_a_forged_token_is_401(customer, spoil):
    answer = customer.gets("/api/my/orders", headers={"Authorization": f"Bearer {spoil(customer.token)}".strip()})
    assert_problem(answer, 401, "/problems/invalid-token")


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_another_scheme_is_401(customer, scheme):
    answer = customer.gets("/api/my/orders", headers={"Authorization": f"{scheme} {customer.token}".strip()})
    assert_problem(answer, 401, "/problems/invalid-token")


def test_the_inner_path_of_attempts_is_not_there_outside(shop, customer):
    order = customer.orders(shop.tea, token="tok_declined").is_declined()
    attempt = {"attempt": 2, "amount": {"amount": 1, "currency": "KRW"}, "method": "card", "token": "tok_ok"}
    for path in (f"/api/payments/{order.id}/attempts", f"/payments/{order.id}/attempts", f"/api//payments/{order.id}/attempts"):
        answer = customer.posts(path, attempt, headers={"X-Jumun-Caller": "order"})
        assert_problem(answer, 404, "/problems/not-found")
    assert len(order.payment()["attempts"]) == 1
    assert_in_time(order.pays("tok_ok"), 201)
    order.waits_until("COMPLETED")


@pytest.mark.parametrize("wish, error", [
    ({}, [("/sub", "required"), ("/roles", "required")]), ({"sub": "", "roles": ["customer"]}, [("/sub", "too-short")]),
    ({"sub": "x", "roles": []}, [("/roles", "too-few")]), ({"sub": "x", "roles": "admin"}, [("/roles", "wrong-type")]),
    ({"sub": "x", "roles": ["customer"], "exp": 9}, [("/exp", "unknown-field")]),
])
def test_the_demo_issuer_refuses_a_wrong_wish(passer_by, wish, error):
    assert_problem(passer_by.posts("/api/auth/demo", wish), 422, "/problems/invalid-fields", *error)


# ── tokens of another issuer: a second gateway before the same services, which believes a key of ours ──

@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Issuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def strict_gateway(whole_shop, issuer):
    whole_shop.opens()
    with running_gateway(whole_shop, JUMUN_JWKS_FILE=str(issuer.jwks)) as gateway:
        yield gateway.wire


def history(gateway, token):
    return gateway.send("GET", "/api/my/orders", headers={"Authorization": f"Bearer {token}"})


def test_a_good_token_of_a_known_key_is_believed(strict_gateway, issuer):
    assert history(strict_gateway, issuer.token()).json == {"items": [], "nextCursor": None}
    assert history(strict_gateway, issuer.token(aud=["other", "jumun"])).status == 200


def test_a_subject_that_is_no_uuid_is_always_the_same_customer(shop, strict_gateway, issuer):
    token, again = issuer.token(sub="kim@example.com"), issuer.token(sub="kim@example.com", iat=None)
    placed = strict_gateway.send("POST", "/api/orders", basket([(shop.tea, 1)]), {"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()})
    assert_in_time(placed, 201)
    order = strict_gateway.send("GET", f"/api/orders/{placed.json['id']}", headers={"Authorization": f"Bearer {again}"})
    assert order.status == 200


@pytest.mark.parametrize("claims", [
    {"exp": 1}, {"exp": None}, {"exp": "tomorrow"}, {"iat": 4102444800}, {"nbf": 4102444800}, {"iss": "other"}, {"iss": None}, {"aud": "other"},
    {"aud": None}, {"aud": []}, {"sub": None}, {"sub": ""},
], ids=str)
def test_an_expired_or_foreign_token_is_401(strict_gateway, issuer, claims):
    assert_problem(history(strict_gateway, issuer.token(**claims)), 401, "/problems/invalid-token")


@pytest.mark.parametrize("header, sign", [
    ({"alg": "none"}, False), ({"alg": "none"}, True), ({}, False), ({"alg": "HS256"}, True), ({"alg": "RS512"}, True), ({"kid": "other"}, True),
], ids=str)
def test_an_unsigned_or_otherwise_signed_token_is_401(strict_gateway, issuer, header, sign):
    assert_problem(history(strict_gateway, issuer.token(header, sign)), 401, "/problems/invalid-token")


def test_roles_that_nobody_has_allow_nothing(strict_gateway, issuer):
    for roles in (["emperor"], [], None, "customer", [7], ["customer,admin,"]):
        assert_problem(history(strict_gateway, issuer.token(roles=roles)), 403, "/problems/forbidden")


def test_a_token_of_the_demo_issuer_is_not_believed_elsewhere(strict_gateway, customer):
    assert_problem(history(strict_gateway, customer.token), 401, "/problems/invalid-token")


def test_the_demo_issuer_is_not_there_unless_switched_on(strict_gateway):
    answer = strict_gateway.send("POST", "/api/auth/demo", {"sub": "x", "roles": ["admin"]})
    assert_problem(answer, 404, "/problems/not-found")
