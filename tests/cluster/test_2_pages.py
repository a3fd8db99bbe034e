"""What the pages on operating a cluster say is what happens. In a hurry (CLUSTER_PAGES=quick) the long ones are left out."""
import os
import pathlib

import pytest

from pages import ROOT, as_told, blocks, run

PAGES = sorted((ROOT / "docs/operations/cluster").glob("*.md"))
NEEDS = {"mesh-words.sh": "mesh", "watch-words.sh": "observed"}  # who uses these words, by the overlay that has what they are about
LONG = {"zero-downtime-deploy", "autoscaling", "a-new-teams-service"}


def why_not(page, overlay):
    if os.environ.get("CLUSTER_PAGES") == "quick" and page.stem in LONG:
        return "a long one, left out in a hurry (CLUSTER_PAGES=quick)"
    for words, needed in NEEDS.items():
        if words in page.read_text() and needed != pathlib.Path(overlay).name:
            return f"it is about another overlay than the one that is deployed here (OVERLAY=kubernetes/overlays/{needed})"
    if page.stem == "a-new-teams-service" and "IMAGE_LOAD" not in os.environ:
        return "nobody has said how an image gets to the cluster (IMAGE_LOAD)"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_tells_what_happens(shop, page, tmp_path):
    reason = why_not(page, os.environ.get("OVERLAY", "local"))
    if reason:
        pytest.skip(reason)
    for (commands, told), did in zip(blocks(page), run(page, tmp_path, 900, dict(os.environ)), strict=True):
        assert told is None or as_told(did, told), f"{commands}\nprinted\n{did}\nand not\n{told}"


def test_there_are_pages():
    assert {"deploy-and-pipeline", "autoscaling", "zero-downtime-deploy", "volumes-configmap-secret", "self-healing", "a-new-teams-service"} <= {p.stem for p in PAGES}
