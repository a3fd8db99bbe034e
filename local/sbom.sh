# shellcheck shell=bash
# sbom: what the built programs are made with — of each a list in SPDX, and all packages with their versions.

jumun_sbom() {
    local name version
    packages_need build run
    build_services
    version=$(sed -n 's/^project(jumun VERSION \([0-9.]*\).*/\1/p' "$ROOT/CMakeLists.txt")
    for name in "${SERVICES[@]}"; do
        SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct 2> /dev/null || echo 0) \
            /usr/bin/python3 -B "$ROOT/local/image/root.py" --list "$name" "$version" "$(program "$name")" "$ROOT/build/sbom/$name.spdx.json"
    done
    jq -r '.packages[1:][] | [.name, .versionInfo] | join(" ")' "$ROOT"/build/sbom/*.spdx.json | sort -u
    say "sbom: $ROOT/build/sbom/*.spdx.json"
}
