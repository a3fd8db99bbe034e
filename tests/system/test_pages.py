"""What the pages of docs/operations say is what happens: their commands are run here, one after the other, and what they print is compared."""
import os

import pytest

from pages import as_told, blocks, run
from shop import ROOT, RUN

PAGES = [page for page in sorted((ROOT / "docs" / "operations").glob("*.md")) if blocks(page)]
LIMIT = 600  # seconds for a page, on a slow machine
SHOULD = {"saga", "cqrs", "compensation-and-correlation", "circuit-breaker-and-fallback", "dead-letters", "rebuild", "backup-and-restore", "retention", "self-healing-on-one-machine"}

pytestmark = [pytest.mark.faults, pytest.mark.told(CARRIER_START_DELAY_MS="1000", CARRIER_COMPLETE_DELAY_MS="500")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_tells_what_happens(shop, page, tmp_path):
    environment = {**os.environ, "JUMUN_RUN": str(RUN), "JUMUN_BIN": shop.own["JUMUN_BIN"]}
    try:
        for (commands, told), did in zip(blocks(page), run(page, tmp_path, LIMIT, environment), strict=True):
            assert told is None or as_told(did, told), f"{commands}\nprinted\n{did}\nand not\n{told}"
    finally:
        shop.start("order", "product", "payment", "delivery", "notification", "customer-view", "gateway")


def test_no_page_is_missing():
    assert SHOULD <= {page.stem for page in PAGES}
    assert all(told for page in PAGES for _, told in blocks(page)), "a block without what it prints"


@pytest.mark.parametrize("printed, told, same", [
    ("a\n", "a\n", True), ("b\n", "a\n", False), ("a\nb\n", "a\n", False), ("abc\n", "a…c\n", True), ("a\nb\nc\nd\n", "a\n…\nd\n", True),
    ("a\nd\n", "a\n…\nd\n", True), ("a\n", "a\nb\n", False), ("{\"a\":1}\n", "{\"a\":1}\n", True), ("", "…\n", True),
])
def test_as_told(printed, told, same):
    assert as_told(printed, told) == same
