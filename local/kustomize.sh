# shellcheck shell=bash
# kustomize: renders kubernetes/ as `kubectl apply -k` does, for its tests.

# The last version that Debian 12's Go can build.
KUSTOMIZE_VERSION=v5.0.3

kustomize_make() {
    go_tool_make kustomize "$KUSTOMIZE_VERSION" sigs.k8s.io/kustomize/kustomize/v5
}
