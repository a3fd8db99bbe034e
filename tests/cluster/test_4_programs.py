"""What programs that know a cluster find in what goes to it: kubectl-validate against what this one says of its kinds, and the CRDs of the others, and istioctl. Nothing."""
import os
import shutil
import subprocess

import pytest
import yaml

from conftest import runs
from pages import ROOT

CRDS = ROOT / "build/tools/crds"


def program(name, setting):
    found = shutil.which(os.environ.get(setting, name))
    if not found:
        pytest.skip(f"there is no {name} ({setting})")
    return found


def rendered(overlay):
    runs(ROOT / "kubernetes/overlays/local/make-secrets")
    return [thing for thing in yaml.safe_load_all(runs("kubectl", "kustomize", ROOT / "kubernetes/overlays" / overlay)) if thing]


def finds(tmp_path, things, *command):
    file = tmp_path / "things.yaml"
    file.write_text(yaml.safe_dump_all(things))
    done = subprocess.run([*command, file], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("overlay, kind", [("local", "Deployment"), ("prod", "ScaledObject")])
def test_kubectl_validate_finds_nothing(tmp_path, overlay, kind):
    command = [program("kubectl-validate", "KUBECTL_VALIDATE")]
    if overlay == "prod":
        if not (CRDS / "list").exists():
            pytest.skip("the CRDs are not there: ./jumun test unit fetches them")
        command += [f"--local-crds={folder}" for folder in CRDS.iterdir() if folder.is_dir()]
    # It takes the line breaks that kustomize writes into a secret's base64 for a fault, which the cluster does not; Strimzi's definitions are nowhere as files (tests/kubernetes/schemas).
    things = [thing for thing in rendered(overlay) if thing["kind"] != "Secret" and not thing["apiVersion"].startswith("kafka.strimzi.io/")]
    code, told = finds(tmp_path, things, *command)
    assert code == 0, told
    next(thing for thing in things if thing["kind"] == kind)["spec"]["replica"] = 2
    assert finds(tmp_path, things, *command)[0] != 0


@pytest.mark.parametrize("overlay", ["mesh", "prod"])
def test_istioctl_finds_nothing(tmp_path, overlay):
    istioctl = program("istioctl", "ISTIOCTL")
    things = rendered(overlay)
    code, told = finds(tmp_path, things, istioctl, "analyze", "--all-namespaces", "--use-kube=false")
    assert code == 0 and "No validation issues found" in told, told
    # From files alone it sees what each object says; whether it leads somewhere, the page on the mesh asks it on the cluster.
    next(thing for thing in things if thing["kind"] == "VirtualService")["spec"]["http"][0].pop("route")
    assert "Error [IST0106]" in finds(tmp_path, things, istioctl, "analyze", "--all-namespaces", "--use-kube=false")[1]
