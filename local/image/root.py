#!/usr/bin/env python3
"""What a run image holds: one program, the libraries it needs, and nothing else; with a list of it all.

    root.py NAME VERSION PROGRAM ROOT [FILE:PLACE]...
    root.py --list NAME VERSION PROGRAM FILE         only the list: of a program on this machine

It is run in the build stage of the Dockerfile, and lays under ROOT: the program, the shared libraries that the loader asks for, the
certificates of public authorities, an account without rights, and /usr/share/sbom/NAME.spdx.json (SPDX 2.3): each Debian package that one
of these files is of, with its version.
"""
import datetime
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys

ACCOUNT = "jumun:x:10001:10001:Jumun:/nonexistent:/usr/sbin/nologin\n"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# glibc opens it by itself when a thread is ended from outside; so the loader does not list it.
OPENED_LATER = "libgcc_s.so.1"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(program):
    """Paths as the loader asks for them: the loader itself, too."""
    listed = output("ldd", program)
    if "not found" in listed:
        sys.exit(f"root.py: {program} lacks a library:\n{listed}")
    found = re.findall(r"(?:=> )?(/\S+) \(0x", listed)
    return sorted({*found, os.path.normpath(output("gcc", f"-print-file-name={OPENED_LATER}").strip())})


def check_loads(root, program):
    """Alone with its root it must load: a library that is missing shows here, not on the first day."""
    (loader,) = [path for path in libraries(root + program) if "/ld-" in path]
    listed = output("chroot", root, loader, "--list", program)
    if "not found" in listed:
        sys.exit(f"root.py: {root} lacks a library:\n{listed}")


def place(source, root, path=None):
    """A copy of what the path leads to, at the same path below root."""
    target = root + (path or source)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if os.access(source, os.X_OK) else 0o644)


def names_of(path):
    """On a system whose /lib is a link to /usr/lib, dpkg may know a file by either name."""
    real = os.path.realpath(path)
    return path, real, real.removeprefix("/usr")


def packages_of(paths):
    """The Debian packages of the files, which dpkg is asked for at once: it reads all of its lists for each question."""
    asked = subprocess.run(["dpkg-query", "--search", *{name for path in paths for name in names_of(path)}], capture_output=True, text=True, check=False)
    known = {file: package.split(":")[0] for package, _, file in (line.rpartition(": ") for line in asked.stdout.splitlines())}
    for path in paths:
        if not any(name in known for name in names_of(path)):
            sys.exit(f"root.py: {path} is of no Debian package")
    return {next(known[name] for name in names_of(path) if name in known) for path in paths}


def described(packages):
    """One way of each, where several architectures are installed: as dpkg lists them."""
    form = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${source:Version}\t${Homepage}\n"
    lines = [line.split("\t") for line in output("dpkg-query", "-W", "-f", form, *packages).splitlines()]
    first = {}
    for line in lines:
        first.setdefault(line[0], line)
    return [description(*first[package]) for package in packages]


def description(name, version, architecture, source, source_version, home):
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name),
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "homepage": home or "NOASSERTION",
        "sourceInfo": f"built package from: {source} {source_version}",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}&distro=debian-12",
        }],
    }


def contents(name, version, program, packages):
    with open(program, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    created = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    own = {
        "SPDXID": "SPDXRef-program",
        "name": name,
        "versionInfo": version,
        "supplier": "Organization: Jumun",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
    }
    others = described(packages)
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"jumun-{name}-{version}",
        "documentNamespace": f"https://jumun.invalid/spdx/{name}/{version}/{digest}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: jumun-image-root"]},
        "packages": [own, *others],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": own["SPDXID"]},
            *({"spdxElementId": own["SPDXID"], "relationshipType": "DEPENDS_ON", "relatedSpdxElement": other["SPDXID"]} for other in others),
        ],
    }


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def listed(name, version, program, packages):
    return json.dumps(contents(name, version, program, sorted(packages)), indent=1) + "\n"


def list_only(name, version, program, file):
    write(file, listed(name, version, program, packages_of(libraries(program))))


def main():
    if sys.argv[1] == "--list":
        return list_only(*sys.argv[2:])
    name, version, program, root, *extra = sys.argv[1:]
    needed = libraries(program)
    for path in needed:
        place(path, root)
    place(program, root, f"/usr/bin/{name}")
    subprocess.run(["strip", f"{root}/usr/bin/{name}"], check=True)
    place(CERTIFICATES, root)
    for pair in extra:
        source, path = pair.split(":")
        place(source, root, path)
    write(f"{root}/etc/passwd", ACCOUNT)
    write(f"{root}/etc/group", "jumun:x:10001:\n")
    write(f"{root}/usr/share/sbom/{name}.spdx.json",
          listed(name, version, f"{root}/usr/bin/{name}", packages_of(needed) | {"ca-certificates"}))
    return check_loads(root, f"/usr/bin/{name}")


main()
