"""What a program is made with is listed: whatever a running process has loaded is of a package that stands in its list (SPDX 2.3), in the version that is installed."""
import hashlib
import json
import pathlib
import subprocess

import pytest

from shop import ROOT, SERVICES


@pytest.fixture(scope="module")
def lists(whole_shop):
    whole_shop.jumun("sbom", JUMUN_BIN=whole_shop.own["JUMUN_BIN"])
    return {service: json.loads((ROOT / "build/sbom" / f"{service}.spdx.json").read_text()) for service in SERVICES}


def loaded(pid):
    """Files of code that the process has mapped, but its own program; and but what libsasl2 finds of plugins on this machine, with
    what these need: in an image there are none."""
    own = pathlib.Path(f"/proc/{pid}/exe").readlink()
    lines = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
    files = {line.split(maxsplit=5)[5] for line in lines if " r-xp " in line and len(line.split(maxsplit=5)) == 6}
    plugins = {path for path in files if "/sasl2/" in path}
    needed = subprocess.run(["ldd", *plugins], check=True, capture_output=True, text=True).stdout if plugins else ""
    files = {path for path in files if path.startswith("/")} - {str(own)} - plugins
    return {path for path in files if path.rsplit("/", 1)[1] not in needed}


def packages_of(files):
    """{file: packages}, by dpkg, which knows a file by either name where /lib is a link."""
    asked = subprocess.run(["dpkg-query", "--search", *files, *(path.removeprefix("/usr") for path in files)], capture_output=True, text=True)
    packages = {}
    for line in asked.stdout.splitlines():
        names, file = line.rsplit(": ", 1)
        packages.setdefault("/usr" + file.removeprefix("/usr"), set()).update(name.split(":")[0] for name in names.split(", "))
    return packages


@pytest.mark.parametrize("service", SERVICES)
def test_all_that_it_has_loaded_is_listed(shop, lists, service):
    pid, document = shop.pid(service), lists[service]
    assert document["spdxVersion"] == "SPDX-2.3" and document["SPDXID"] == "SPDXRef-DOCUMENT"
    own, *others = document["packages"]
    assert own["name"] == service
    assert own["checksums"] == [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(pathlib.Path(f"/proc/{pid}/exe").read_bytes()).hexdigest()}]
    versions = {package["name"]: package["versionInfo"] for package in others}
    assert len(versions) > 5
    files = loaded(pid)
    assert any("/libmicrohttpd." in path for path in files)
    packages = packages_of(files)
    assert {path: packages.get(path) for path in files if not packages.get(path, set()) & set(versions)} == {}
    installed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n", *versions], check=True, capture_output=True, text=True).stdout
    assert dict(line.split() for line in installed.splitlines()) == versions
    assert {relation["relatedSpdxElement"] for relation in document["relationships"] if relation["relationshipType"] == "DEPENDS_ON"} == {p["SPDXID"] for p in others}
