"""What is served and what is written are the same."""
import jsonschema
import pytest

from contract import METHODS
from waiting import until

ROUTES = {  # what contracts promise of this version
    ("GET", "/api/products"), ("POST", "/api/products"), ("GET", "/api/products/{id}"), ("PATCH", "/api/products/{id}"),
    ("POST", "/api/products/{id}/restock"), ("POST", "/api/products/{id}/discontinue"), ("POST", "/api/orders"), ("GET", "/api/orders/{id}"), ("POST", "/api/orders/{id}/payment"),
    ("GET", "/api/payments/{orderId}"), ("GET", "/api/deliveries/{orderId}"), ("POST", "/api/deliveries/{orderId}/start"),
    ("POST", "/api/deliveries/{orderId}/complete"), ("GET", "/api/my/orders"), ("GET", "/api/my/orders/{id}"), ("GET", "/api/my/notifications"),
    ("GET", "/api/my/preferences"), ("PUT", "/api/my/preferences"),
    ("GET", "/api/my/orders/events"),
    ("POST", "/api/auth/demo"), ("GET", "/api/openapi.json"),
    ("POST", "/api/payments/{orderId}/cancel"), ("GET", "/api/ops/ledger"),
    ("DELETE", "/api/orders/{id}"), ("GET", "/api/ops/sagas"), ("GET", "/api/ops/breakers"),
    ("GET", "/api/ops/view/rebuild"), ("POST", "/api/ops/view/rebuild"),
    ("GET", "/api/ops/dead-letters"), ("GET", "/api/ops/dead-letters/{service}"), ("GET", "/api/ops/dead-letters/{service}/{letter}"),
    ("POST", "/api/ops/dead-letters/{service}/{letter}/redrive"), ("POST", "/api/ops/dead-letters/{service}/{letter}/discard"),
}
NOWHERE = "01900000-0000-7000-8000-00000000dead"


def schemas(node, place="#"):
    """Every schema of a document: what stands under `schema`, and the named ones."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema" and isinstance(value, dict):
                yield f"{place}/{key}", value
            elif key == "schemas" and place.endswith("/components"):
                yield from ((f"{place}/schemas/{name}", schema) for name, schema in value.items())
            else:
                yield from schemas(value, f"{place}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from schemas(value, f"{place}/{index}")


def references(node):
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_document_is_openapi_31(contract):
    document = contract.document
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] and document["info"]["version"]
    assert set(document) <= {"openapi", "info", "servers", "paths", "components", "tags", "security", "jsonSchemaDialect", "webhooks", "externalDocs"}
    for (method, path), operation in contract.operations().items():
        assert path.startswith("/api/"), path
        assert operation["responses"], (method, path)
        for status, response in operation["responses"].items():
            assert status == "default" or 100 <= int(status) <= 599, (method, path)
            assert contract.resolve(response)["description"], (method, path, status)
        in_path = {parameter["name"] for parameter in parameters(contract, method, path) if parameter["in"] == "path"}
        assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path
        assert (method in ("POST", "PATCH", "PUT")) or "requestBody" not in operation, (method, path)
    for path, item in document["paths"].items():
        assert set(item) <= METHODS | {"parameters", "summary", "description", "servers"}, path


def parameters(contract, method, path):
    item = contract.document["paths"][path]
    return [contract.resolve(each) for each in item.get("parameters", []) + item[method.lower()].get("parameters", [])]


def test_operations_have_names_of_their_own(contract):
    names = [operation["operationId"] for operation in contract.operations().values()]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere_and_every_schema_is_one(contract):
    for reference in set(references(contract.document)):
        assert contract.resolve({"$ref": reference}), reference
    for place, schema in schemas(contract.document):
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            pytest.fail(f"{place}: {error.message}")


def test_every_private_operation_says_so(contract):
    schemes = contract.document["components"]["securitySchemes"]
    for (method, path), operation in contract.operations().items():
        public = (method, path) in {("GET", "/api/products"), ("GET", "/api/products/{id}"), ("POST", "/api/auth/demo"), ("GET", "/api/openapi.json")}
        needed = operation.get("security", contract.document.get("security", []))
        assert bool(needed) != public, (method, path)
        assert all(name in schemes for need in needed for name in need), (method, path)


def test_exactly_what_is_promised_is_documented(contract):
    assert set(contract.operations()) == ROUTES


def test_every_documented_operation_is_served(contract, passer_by, customer):
    for method, path in contract.operations():
        for person in (passer_by, customer):
            answer = person.asks(method, path.replace("{id}", NOWHERE).replace("{orderId}", NOWHERE), {} if method in ("POST", "PATCH", "PUT") else None)
            assert answer.status != 405, (method, path)
            assert answer.status != 404 or answer.json["title"] != "There is nothing here", (method, path)


@pytest.mark.looks_back
def test_every_answer_was_as_documented(contract, shop, customer, neighbour, admin, courier, operator):
    """Of all stories so far, and of a tour of all that can be answered with success."""
    cups = shop.sells(stock=5)
    admin.reprices(cups, 5)
    admin.restocks(cups, 5)
    admin.discontinues(shop.sells())
    order = customer.orders(cups, token="tok_declined").is_declined()
    order.pays("tok_ok")
    order.waits_until("COMPLETED")
    for path in (f"/api/orders/{order.id}", f"/api/payments/{order.id}", f"/api/deliveries/{order.id}", f"/api/products/{cups['id']}",
                 f"/api/my/orders/{order.id}", "/api/my/orders", "/api/my/notifications", "/api/products", "/api/openapi.json"):
        customer.reads(path)
    preferences = customer.reads("/api/my/preferences")
    assert customer.asks("PUT", "/api/my/preferences", {name: preferences[name] for name in ("language", "channels")}).status == 200
    unpaid = customer.orders(cups, token="tok_declined").is_declined()
    for path in ("/api/ops/sagas", "/api/ops/breakers", "/api/ops/ledger", "/api/ops/dead-letters"):
        operator.reads(path)
    until(lambda: operator.posts("/api/ops/view/rebuild").status == 202, "the view can be rebuilt")
    until(lambda: operator.reads("/api/ops/view/rebuild")["state"] == "DONE", "the view is rebuilt")
    assert customer.posts(f"/api/payments/{unpaid.id}/cancel").status == 202
    assert customer.asks("DELETE", f"/api/orders/{unpaid.id}").status == 202
    assert contract.breaches == {}
    for method, path in contract.operations():
        # The simulated carrier is quicker than a courier; and there are no letters before test_dead_letters.py has its drills, which looks at this by itself.
        if path not in ("/api/deliveries/{orderId}/start", "/api/deliveries/{orderId}/complete") and "/ops/dead-letters/" not in path:
            assert [status for (m, p, status) in contract.answered if (m, p) == (method, path) and status < 300], f"no success of {method} {path}"
