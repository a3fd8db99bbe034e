# shellcheck shell=bash
# words: the few that the pages of this folder are written in, for whatever cluster KUBECONFIG names. In a shell at the root of the tree:
#
#     . docs/operations/cluster/words.sh
#
# What the cluster does not tell by itself comes from the environment:
#
#     GATEWAY        where the shop is asked, e.g. http://shop.example; else its ingress, else the Service `gateway`
#     OVERLAY        what is deployed there (kubernetes/overlays/local)
#     IMAGE_LOAD     a command that takes the archives of images to the cluster, e.g. `kind load image-archive`
#     OUTSIDE        a command that runs the one that it is given where Debian's mirror is reached, to build an image, if that is elsewhere
#     NODE_RESTART   a command that restarts the node that it is given the name of

OVERLAY=${OVERLAY:-kubernetes/overlays/local}

# k WORDS…: kubectl, in the shop's namespace.
k() {
    kubectl -n jumun "$@"
}

# ── taking back ──

FINALLY=()

# finally COMMAND…: is done when the page ends, however it ends; the last one first.
finally() {
    FINALLY+=("$(printf '%q ' "$@")")
}

take_back() {
    local i
    for (( i = ${#FINALLY[@]} - 1; i >= 0; i-- )); do
        eval "${FINALLY[i]}" >&2 3>&- || echo "could not be taken back: ${FINALLY[i]}" >&2
    done
}
trap take_back EXIT

# aside COMMAND…: beside the page, until it ends by itself or the page does. $! is its pid.
aside() {
    "$@" 3>&- &
    finally end "$!"
}

end() {
    ! kill "$1" 2> /dev/null || wait "$1" || true
}

# ── waiting ──

# within SECONDS WHAT COMMAND…: until the command succeeds; says how long that took.
within() {
    local limit=$1 what=$2 began=${EPOCHREALTIME/./} took
    shift 2
    until "$@" > /dev/null 2>&1; do
        took=$(( (${EPOCHREALTIME/./} - began) / 100000 ))
        (( took < limit * 10 )) || { echo "after $limit s still not: $what" >&2; return 1; }
        sleep 0.2
    done
    took=$(( (${EPOCHREALTIME/./} - began) / 100000 ))
    echo "$what: $(( took / 10 )).$(( took % 10 )) s"
}

# is VALUE COMMAND…: does it print this?
is() {
    [[ $("${@:2}" 2> /dev/null) == "$1" ]]
}

# settled: every workload of the shop is as it is wanted, and nothing that goes is left.
settled() {
    local name
    for name in $(k get deployments,statefulsets -o name); do
        k rollout status "$name" --timeout=5m > /dev/null || return
    done
}

# pods APP: the names of its pods that are not on their way out.
pods() {
    k get pods -l "app=$1" -o json | jq -r '.items[] | select(.metadata.deletionTimestamp | not).metadata.name'
}

# ── changing ──

# changed: an overlay over the one that is deployed, with what standard input says; it is build/changed.
changed() {
    mkdir -p build/changed
    { printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../%s]\n' "$OVERLAY"; cat; } > build/changed/kustomization.yaml
}

# signal_to POD SIGNAL: to its processes, from its node; within a pod nobody may end or stop the first process.
signal_to() {
    local container node
    container=$(k get pod "$1" -o 'jsonpath={.status.containerStatuses[?(@.name=="service")].containerID}')
    node=$(k get pod "$1" -o 'jsonpath={.spec.nodeName}')
    kubectl -n default delete pod signal --ignore-not-found --wait > /dev/null
    kubectl -n default run signal --image=busybox:1.35 --restart=Never --overrides='{"spec": {"hostPID": true, "nodeName": "'"$node"'"}}' -- \
        sh -c "for p in \$(grep -l ${container##*/} /proc/[0-9]*/cgroup | cut -d / -f 3); do kill -$2 \$p; done" > /dev/null
    kubectl -n default wait --for=jsonpath='{.status.phase}'=Succeeded pod/signal --timeout=60s > /dev/null
    kubectl -n default delete pod signal --wait=false > /dev/null
}

# restarts APP: how often the service's own containers in its pods were restarted.
restarts() {
    k get pods -l "app=$1" -o json | jq '[.items[].status.containerStatuses[] | select(.name == "service").restartCount] | add'
}

# ── asking ──

# find_gateway: leaves in $GATEWAY where the shop is asked from outside of its pods: a Gateway's address where there is one (in a mesh nobody comes by
# another way), else the Service's. A node reaches these; from elsewhere a port is forwarded, which ends with the pod at its other end.
find_gateway() {
    local service port
    [[ -z ${GATEWAY:-} ]] || return 0
    service=$(k get services -l gateway.networking.k8s.io/gateway-name -o name | head -n 1)
    service=${service:-service/gateway}
    port=$(k get "$service" -o json | jq '.spec.ports | (map(select(.name == "http")) + .)[0].port')
    GATEWAY=http://$(k get "$service" -o 'jsonpath={.spec.clusterIP}'):$port
    curl -s -o /dev/null -m 5 "$GATEWAY/api/products?limit=1" || {
        GATEWAY=http://127.0.0.1:18088
        aside k port-forward "$service" "18088:$port" > /dev/null
        within 20 "the port leads to $service" curl -s -o /dev/null -m 2 "$GATEWAY/api/products?limit=1" >&2
    }
}

. docs/operations/words.sh # token, ask, place, await
find_gateway
api=$GATEWAY/api

# goods: there is something to order.
goods() {
    local some='first(.items[] | select(.available > 100 and (.discontinued | not))).id'
    [[ -n $(curl -s -m 10 "$api/products?limit=100" | jq -r "$some") ]] ||
        ask admin POST /products '{"name": "제주 녹차", "description": "", "price": {"amount": 18000, "currency": "KRW"}, "stock": 1000000}' | jq -e .id > /dev/null
}

# an_order CARD STATUS: one, once it is in that state; its id is in $order. Whoever is told to come again later does.
an_order() {
    within 120 "an order is placed" is_placed "$1" >&2
    await "$2" > /dev/null
}

is_placed() {
    goods && place "$1" && [[ $order != null ]]
}

# load REQUESTS RATE: so many requests, at so many a second, beside the page: every fifth is an order.
load() {
    LOAD=$(mktemp)
    finally rm -f "$LOAD"
    /usr/bin/python3 -B tests/cluster/load.py "$GATEWAY" "$1" "$2" > "$LOAD" 3>&- &
    LOADING=$!
    finally end "$LOADING"
}

# loaded: what came of it, when all are answered and their orders have ended. False when one failed.
loaded() {
    local code=0
    wait "$LOADING" || code=$?
    cat "$LOAD"
    return "$code"
}
