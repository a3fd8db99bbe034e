# shellcheck shell=bash
# stripe_mock: Stripe's own stand-in (a Go program), for the tests of payment's adapter.

# The last version that Debian 12's Go can build.
STRIPE_MOCK_VERSION=v0.148.0

stripe_mock_program() {
    go_tool stripe-mock "$STRIPE_MOCK_VERSION"
}

stripe_mock_make() {
    go_tool_make stripe-mock "$STRIPE_MOCK_VERSION" github.com/stripe/stripe-mock
}
