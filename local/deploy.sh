# shellcheck shell=bash
# deploy: an overlay of kubernetes/, to the cluster that KUBECONFIG names; done when all of it runs.

DEPLOY_SECONDS=${DEPLOY_SECONDS:-300}  # that all of it may take to run

# jumun_deploy OVERLAY: the name of one in kubernetes/overlays, or a folder.
jumun_deploy() {
    local overlay=${1:-} rendered=$ROOT/build/deploy.yaml
    (( $# == 1 )) || die "deploy takes one word, got: $*" "It is: ./jumun deploy OVERLAY, one of $(deploy_overlays), or a folder"
    [[ ! -d $ROOT/kubernetes/overlays/$overlay ]] || overlay=$ROOT/kubernetes/overlays/$overlay
    [[ -d $overlay ]] || die "there is no overlay '$1'" "One of: $(deploy_overlays); or a folder."
    deploy_cluster_needed
    mkdir -p "$ROOT/build"
    deploy_secrets "$overlay"
    (umask 077 && kubectl kustomize "$overlay" > "$rendered")
    say "deploy: $(grep -c '^kind: ' "$rendered") objects"
    deploy_namespaces "$rendered"
    kubectl apply --dry-run=server -f "$rendered" > /dev/null || die "the cluster would not take all of it" "Nothing was changed."
    kubectl apply -f "$rendered" | awk '{ count[$NF]++ } END { for (word in count) print "  " count[word], word }' | sort
    deploy_settled
}

# deploy_namespaces RENDERED: what is checked before anything is changed must have its namespace, and so those that are missing are made first.
deploy_namespaces() {
    local namespaces=$ROOT/build/namespaces.yaml
    awk -v RS='---\n' -v ORS='---\n' '/(^|\n)kind: Namespace\n/' "$1" > "$namespaces"
    [[ ! -s $namespaces ]] || kubectl get -f "$namespaces" > /dev/null 2>&1 || kubectl apply -f "$namespaces" > /dev/null
}

# Those that are made here, of the overlay itself or of the local one that it may stand on.
deploy_secrets() {
    local maker
    for maker in "$1/make-secrets" "$ROOT/kubernetes/overlays/local/make-secrets"; do
        [[ ! -x $maker ]] || { "$maker"; return; }
    done
}

deploy_overlays() {
    (cd "$ROOT/kubernetes/overlays" && printf '%s\n' */ | tr -d / | paste -sd ' ')
}

deploy_cluster_needed() {
    command -v kubectl > /dev/null || die "there is no kubectl" "Install it."
    kubectl get --raw /readyz --request-timeout=10s > /dev/null || die "no cluster answers" "KUBECONFIG names it; it is '${KUBECONFIG:-}'."
}

# Until the last of them is as it is wanted. What does not come up in time is named; what ran before it still runs.
deploy_settled() {
    local name until=$(( SECONDS + DEPLOY_SECONDS ))
    for name in $(kubectl -n jumun get deployments,statefulsets -o name); do
        kubectl -n jumun rollout status "$name" --timeout="$(( until > SECONDS ? until - SECONDS : 1 ))s" > /dev/null 2>&1 || deploy_stuck "$name"
    done
    say "deploy: all of it runs"
}

deploy_stuck() {
    kubectl -n jumun get pods >&2
    die "$1 is not as it should be after $DEPLOY_SECONDS s" \
        "What it replaces is still there. 'kubectl -n jumun describe $1' tells more, 'kubectl -n jumun rollout undo $1' takes it back."
}
