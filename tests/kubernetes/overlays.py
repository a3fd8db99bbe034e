"""Overlays: rendered as a cluster would get them, from a copy of the tree, whose local secrets are made anew."""
import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEFT_OUT = 77  # what ctest counts as skipped


def kustomize_of(tools):
    """The command that renders: ours, or what the machine has."""
    for program in sorted(pathlib.Path(tools).glob("kustomize-*")):
        return [program, "build"]
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    print("LEFT OUT: the manifests were not looked at, because there is neither kustomize nor kubectl. `./jumun test unit` builds one.")
    sys.exit(LEFT_OUT)


def overlays(kubernetes):
    """Ours, by name, and those of a new team's service."""
    return {folder.name: folder for folder in sorted((kubernetes / "overlays").iterdir())} | \
        {f"loyalty, {name}": kubernetes.parent / "loyalty/kubernetes" / name for name in ("local", "local-mesh")}


@contextlib.contextmanager
def tree():
    with tempfile.TemporaryDirectory() as copy:
        place = pathlib.Path(copy) / "kubernetes"
        shutil.copytree(ROOT / "kubernetes", place, ignore=shutil.ignore_patterns("secrets"))
        shutil.copytree(ROOT / "istio", place.parent / "istio")
        shutil.copytree(ROOT / "local/template", place.parent / "loyalty")  # as a new team's service
        for made in sorted([*place.glob("overlays/*/make-secrets"), place.parent / "loyalty/kubernetes/local/make-secrets"]):
            subprocess.run([made], check=True)
        yield place


def rendered(kustomize, overlay):
    told = subprocess.run([*kustomize, overlay], capture_output=True, text=True, check=False)
    if told.returncode != 0 or told.stderr.strip():
        sys.exit(f"{overlay} does not render, or not without a warning: {told.stderr.strip()}")
    return [thing for thing in yaml.safe_load_all(told.stdout) if thing]


def in_mesh(things):
    return any(thing["kind"] == "PeerAuthentication" for thing in things)
