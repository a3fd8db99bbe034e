# shellcheck shell=bash
# ops: the pages of docs/operations/cluster, run against the cluster that KUBECONFIG names.

OPS_PAGES=$ROOT/docs/operations/cluster
OPS_SECONDS=1800

# jumun_ops [SECTION]: without a word, which there are.
jumun_ops() {
    local page=$OPS_PAGES/${1:-}.md
    (( $# <= 1 )) || die "ops takes one word, got: $*" "It is: ./jumun ops [SECTION]"
    (( $# == 1 )) || { ops_sections; return; }
    [[ -e $page ]] || die "there is no section '$1'" "One of: $(ops_names | paste -sd ' ')"
    ops_cluster_needed
    export JUMUN_BUILDER=$BUILDER JUMUN_BUILD_OPTIONS=$BUILD_OPTIONS # a page may build an image
    exec /usr/bin/python3 -B "$ROOT/local/pages.py" "$page" "$OPS_SECONDS"
}

ops_names() {
    local page
    for page in "$OPS_PAGES"/*.md; do
        basename "$page" .md
    done
}

ops_sections() {
    local name
    for name in $(ops_names); do
        printf '%-28s %s\n' "$name" "$(sed -n '1s/^# //p' "$OPS_PAGES/$name.md")"
    done
}

ops_cluster_needed() {
    local tool
    for tool in jq curl; do
        command -v "$tool" > /dev/null || die "there is no $tool" "Install it; the pages of docs/operations/cluster are written with it."
    done
    /usr/bin/python3 -c 'import requests' 2> /dev/null || die "python3-requests is not installed" "apt-get install python3-requests"
    deploy_cluster_needed
}
