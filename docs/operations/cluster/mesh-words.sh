# shellcheck shell=bash
# mesh-words: what the pages about the mesh have beside words.sh, which sources nothing of this.
#
#     ISTIOCTL       the command istioctl (istioctl)
#     CLIENT_IMAGE   an image with sh, sleep and wget (busybox:1.35)

istioctl() {
    command "${ISTIOCTL:-istioctl}" "$@"
}

# proxy POD PATH: what a sidecar, or the ingress, tells of itself, as JSON; without the lines that the agent logs before.
proxy() {
    k exec "$1" -c istio-proxy -- pilot-agent request GET "$2" 2> /dev/null | sed -n '/^{/,$p'
}

# asked POD CLUSTER: how many requests it has sent there, by host.
asked() {
    proxy "$1" 'clusters?format=json' | jq --arg cluster "$2" '[.cluster_statuses[] | select(.name == $cluster).host_statuses[]?.stats[] | select(.name == "rq_total").value // "0" | tonumber] | add // 0'
}

# visitor ACCOUNT: a pod with that account and a sidecar, which no service of the shop leads to. What network policies there are let it through, so that it is the mesh that refuses.
visitor() {
    finally k delete pod,networkpolicy "visitor-$1" --ignore-not-found --wait=false
    k delete pod "visitor-$1" --ignore-not-found > /dev/null
    k apply -f - > /dev/null << YAML
apiVersion: v1
kind: Pod
metadata:
  name: visitor-$1
  labels: {app: visitor, version: v1, visits: $1}
  annotations: {sidecar.istio.io/nativeSidecar: "true"}
spec:
  serviceAccountName: $1
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: visitor
    image: ${CLIENT_IMAGE:-busybox:1.35}
    command: [sleep, "3600"]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: visitor-$1}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: visitor}}}]}]
  egress: [{}]
YAML
    k wait --for=condition=Ready "pod/visitor-$1" --timeout=90s > /dev/null
}

# visits ACCOUNT METHOD URL: the code that it is answered with.
visits() {
    local post=
    [[ $2 != POST ]] || post=--post-data=
    k exec "visitor-$1" -c visitor -- timeout 10 wget -S -O /dev/null $post "$3" 2>&1 | sed -n 's/.*HTTP\/1\.[01] \([0-9]*\).*/\1/p' | head -n 1
}

# code URL OPTION…: what the answer is, by its number.
code() {
    curl -s -o /dev/null -m 10 -w '%{http_code}\n' "$@"
}
