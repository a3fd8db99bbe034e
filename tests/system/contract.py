"""The written contract of the gateway: OpenAPI as it is served, and every answer that was seen held against it."""
import re
import threading

import jsonschema

from wire import Wire

# What the gateway may say of any request: it was no HTTP, its token is not good, it is one too many, the service has not answered.
ANYWHERE = {"/problems/malformed-request", "/problems/invalid-token", "/problems/too-many-requests", "/problems/no-answer"}
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


def violations(schema, document, value):
    validator = jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver.from_schema(document),
                                                format_checker=jsonschema.FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


class Contract:
    """The joined OpenAPI document. Every answer of the gateway is held against it; what does not fit is kept for the test that asks."""

    def __init__(self):
        self.lock = threading.Lock()
        self.document = Wire().send("GET", "/api/openapi.json").json
        self.routes = [(re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path) for path in
                       sorted(self.document["paths"], key=lambda path: path.count("{"))]
        self.breaches = {}  # (method, path, status): what was wrong with the first such answer
        self.answered = set()  # (method, path, status)

    def resolve(self, node):
        while "$ref" in node:
            assert node["$ref"].startswith("#/"), node
            found = self.document
            for part in node["$ref"][2:].split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def operations(self):
        return {(method.upper(), path): operation for path, item in self.document["paths"].items() for method, operation in item.items()
                if method in METHODS}

    def template(self, path):
        return next((template for pattern, template in self.routes if pattern.match(path.split("?")[0])), None)

    def saw(self, method, path, answer):
        template = self.template(path)
        operation = self.operations().get((method, template))
        if operation is None:  # not documented, so there must be nothing
            wrong = [] if answer.status in (400, 404, 405) else [f"{answer.status} for what is not documented"]
            template = path.split("?")[0]
        else:
            wrong = self.check(operation, answer)
        with self.lock:
            self.answered.add((method, template, answer.status))
            if wrong:
                self.breaches.setdefault((method, template, answer.status), wrong)

    def check(self, operation, answer):
        response = operation["responses"].get(str(answer.status))
        if response is None and answer.content_type == "application/problem+json" and answer.json["type"] in ANYWHERE:
            return []
        if response is None:
            return [f"the status {answer.status} is not documented; the answer is {answer}"]
        content = self.resolve(response).get("content", {})
        kind = (answer.content_type or "").split(";")[0]
        if not content and answer.status >= 400:
            return []
        if kind not in content:
            return [f"the content type {kind!r} is not documented"]
        value = answer.json if kind.endswith("json") else answer.body.decode()
        return violations(content[kind]["schema"], self.document, value)
