"""What the pages on operating a cluster say is what happens. In a hurry (CLUSTER_PAGES=quick) the long ones are left out; at leisure (all) each is run twice, and those on
another overlay on that one, which is deployed for them: OBSERVED and MESH make the cluster ready for it."""
import os
import pathlib
import shlex

import pytest

from conftest import kubectl, runs
from pages import ROOT, as_told, blocks, run

PAGES = sorted((ROOT / "docs/operations/cluster").glob("*.md"))
NEEDS = {"watch-words.sh": "observed", "mesh-words.sh": "mesh"}  # who uses these words, by the overlay that has what they are about
WHERE = {"observed": "build/observed", "mesh": "kubernetes/overlays/mesh"}
LONG = {"zero-downtime-deploy", "autoscaling", "a-new-teams-service"}
ALL = os.environ.get("CLUSTER_PAGES") == "all"
DEPLOYED = os.environ.get("OVERLAY", "local")
OF_THE_MESH = ("virtualservices", "destinationrules", "sidecars", "authorizationpolicies", "peerauthentications", "requestauthentications", "telemetries",
               "httproutes", "gateways.gateway.networking.k8s.io")


def needed(page):
    return next((overlay for words, overlay in NEEDS.items() if words in page.read_text()), None)


def cases():
    """Those of the overlay that is there first; then one overlay after the other."""
    for overlay in (None, *NEEDS.values()):
        yield from ((page, time) for page in PAGES if needed(page) == overlay for time in range(1, 3 if ALL else 2))


def why_not(page, overlay):
    if os.environ.get("CLUSTER_PAGES") == "quick" and page.stem in LONG:
        return "a long one, left out in a hurry (CLUSTER_PAGES=quick)"
    if needed(page) not in (None, pathlib.Path(overlay).name):
        return f"it is about another overlay than the one that is deployed here (OVERLAY=kubernetes/overlays/{needed(page)})"
    if page.stem == "a-new-teams-service" and "IMAGE_LOAD" not in os.environ:
        return "nobody has said how an image gets to the cluster (IMAGE_LOAD)"
    return None


class Overlays:
    """What is deployed; what a page needs is, at leisure."""

    def __init__(self):
        self.now = DEPLOYED

    def bring(self, name):
        if not ALL or name is None or name.upper() not in os.environ or pathlib.Path(self.now).name == name:
            return
        self.leave()
        runs(*shlex.split(os.environ[name.upper()]))
        self.deploy(WHERE[name])

    def leave(self):
        if self.now != DEPLOYED:
            if pathlib.Path(self.now).name == "mesh":
                kubectl("delete", ",".join(OF_THE_MESH), "--all")
            self.deploy(DEPLOYED)

    def deploy(self, overlay):
        kubectl("delete", "job", "kafka-topics", "--ignore-not-found")  # one that has ended cannot be changed
        runs("./jumun", "deploy", overlay)
        self.now = overlay


@pytest.fixture(scope="module")
def overlays(shop):
    there = Overlays()
    yield there
    there.leave()


@pytest.mark.parametrize(("page", "time"), cases(), ids=lambda what: getattr(what, "stem", what))
def test_the_page_tells_what_happens(overlays, page, time, tmp_path):
    overlays.bring(needed(page))
    reason = why_not(page, overlays.now)
    if reason:
        pytest.skip(reason)
    # The local overlay's is the words' own; by its name alone they would not find it.
    env = {**os.environ, **({"OVERLAY": overlays.now} if overlays.now != "local" else {})}
    for (commands, told), did in zip(blocks(page), run(page, tmp_path, 900, env), strict=True):
        assert told is None or as_told(did, told), f"{commands}\nprinted\n{did}\nand not\n{told}"


def test_there_are_pages():
    assert {"deploy-and-pipeline", "autoscaling", "zero-downtime-deploy", "volumes-configmap-secret", "self-healing", "a-new-teams-service"} <= {p.stem for p in PAGES}
