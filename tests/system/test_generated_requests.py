"""Requests that nobody thought of: schemathesis makes them up from the served OpenAPI document, good ones and bad ones, and chains of them.
No answer may be a fault of ours, each must be as documented, and what violates the document must be refused."""
import subprocess

import pytest

from people import Person
from shop import ROOT
from wire import HOST, PORT

TOOL = ROOT / "build" / "python" / "bin" / "schemathesis"
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance", "response_schema_conformance",
          "negative_data_rejection", "unsupported_method")
ENDLESS = "/api/my/orders/events"  # an answer that goes on: test_live.py listens to it
EXAMPLES = 30  # for each operation and phase
LIMIT = 900  # seconds, on a slow machine


# Chains go from what one answer names to the next request. Those who may touch everybody's orders and goods are not let loose with them.
@pytest.mark.parametrize("roles, phases", [(["customer", "courier"], "examples,coverage,fuzzing,stateful"), (["admin", "operator"], "examples,coverage,fuzzing")],
                         ids=["customer", "staff"])
def test_requests_made_up_from_the_document_are_answered_as_documented(shop, wire, tmp_path, roles, phases):
    done = subprocess.run(
        [TOOL, "run", f"http://{HOST}:{PORT}/api/openapi.json", "-H", f"Authorization: Bearer {Person(wire, *roles).token}", "--phases", phases,
         "--checks", ",".join(CHECKS), "--seed", "1", "-n", str(EXAMPLES), "--request-timeout", "15", "--exclude-path", ENDLESS, "--continue-on-failure", "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
