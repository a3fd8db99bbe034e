# shellcheck shell=bash
# stripe_mock: Stripe's own stand-in (a Go program), for the tests of payment's adapter.

# The last version that Debian 12's Go can build.
STRIPE_MOCK_VERSION=v0.148.0

stripe_mock_program() {
    echo "$ROOT/build/tools/stripe-mock-$STRIPE_MOCK_VERSION"
}

# stripe_mock_make: built once; Go's own caches go again.
stripe_mock_make() {
    local tools=$ROOT/build/tools program
    program=$(stripe_mock_program)
    [[ ! -x $program ]] || return 0
    say "stripe-mock: building it with Go"
    mkdir -p "$tools"
    GOBIN=$tools/bin GOPATH=$tools/go GOCACHE=$tools/cache GOFLAGS=-modcacherw \
        /usr/bin/go install "github.com/stripe/stripe-mock@$STRIPE_MOCK_VERSION" > "$tools/log" 2>&1 < /dev/null ||
        die "stripe-mock: Go could not build it: $(tail -n 1 "$tools/log")" "Is there a network, or a mirror named in GOPROXY? More: $tools/log. Then run this again."
    mv "$tools/bin/stripe-mock" "$program"
    rm -rf "${tools:?}"/{go,cache,bin}
}
