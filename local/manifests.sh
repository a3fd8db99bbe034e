# shellcheck shell=bash
# manifests: what looks at those that are rendered, for their tests: kube-score, a linter of good practice; and the schemas of the kinds that Kubernetes does not have by itself.

# The last version that Debian 12's Go can build.
KUBE_SCORE_VERSION=v1.17.0

kube_score_make() {
    go_tool_make kube-score "$KUBE_SCORE_VERSION" github.com/zegl/kube-score/cmd/kube-score
}

# Whose definitions (CRDs), and where in the module they are.
CRDS=(
    istio.io/api@v1.31.4:kubernetes
    sigs.k8s.io/gateway-api@v1.6.0:config/crd/standard
    github.com/kedacore/keda/v2@v2.20.2:config/crd/bases
    github.com/external-secrets/external-secrets@v1.3.2:config/crds/bases
    github.com/cloudnative-pg/cloudnative-pg@v1.27.0:config/crd/bases
)

# crds_make: into build/tools/crds, a folder for each module, when what is there is another list's. The list comes last: a cut-off fetch is none.
crds_make() {
    local tools=$ROOT/build/tools crds=$ROOT/build/tools/crds crd module dir number=0
    [[ "$(cat "$crds/list" 2> /dev/null)" != "${CRDS[*]}" ]] || return 0
    say "crds: fetching them with Go"
    rm -rf "$crds"
    for crd in "${CRDS[@]}"; do
        module=${crd%:*}
        dir=$(GOPATH=$tools/go GOFLAGS=-modcacherw /usr/bin/go mod download -json "$module" 2> "$tools/log" < /dev/null | jq -er .Dir) ||
            die "crds: Go could not fetch $module" "Is there a network, or a mirror named in GOPROXY? More: $tools/log. Then run this again."
        mkdir -p "$crds/$(( ++number ))"
        cp "$dir/${crd#*:}"/*.yaml "$crds/$number/"
    done
    rm -rf "${tools:?}/go"
    echo "${CRDS[*]}" > "$crds/list"
}

# strimzi_make: into build/tools/strimzi, what knows Strimzi's definitions, which are in no Go module that a proxy has, but in an npm package; npm is among the Python tools.
strimzi_make() {
    local strimzi=$ROOT/build/tools/strimzi source=$ROOT/tests/kubernetes/strimzi
    ! cmp -s "$source/package-lock.json" "$strimzi/made" || return 0
    say "strimzi: fetching its definitions with npm"
    rm -rf "$strimzi"
    mkdir -p "$strimzi"
    cp "$source"/package{,-lock}.json "$strimzi"
    (cd "$strimzi" && PATH=$PYTHON_TOOLS/bin:$PATH npm ci --no-audit --no-fund) > "$ROOT/build/tools/log" 2>&1 < /dev/null ||
        die "strimzi: npm could not fetch what $source/package.json names" "Is there a network, or a mirror named in npm's settings? More: $ROOT/build/tools/log. Then run this again."
    cp "$source/package-lock.json" "$strimzi/made"
}
