# shellcheck shell=bash
# chaos: the whole shop, twice over, under load and a seeded schedule of faults (tests/system/test_chaos.py); and the proxy that spoils connections.

# The last version that Debian 12's Go can build.
TOXIPROXY_VERSION=v2.7.0

toxiproxy_program() {
    go_tool toxiproxy "$TOXIPROXY_VERSION"
}

toxiproxy_make() {
    go_tool_make toxiproxy "$TOXIPROXY_VERSION" github.com/Shopify/toxiproxy/v2/cmd/server
}

jumun_chaos() {
    local minutes=3 seed=''
    while (( $# > 0 )); do
        case $1 in
            --minutes) minutes=${2:-} ;;
            --seed) seed=${2:-} ;;
            *) die "chaos does not know '$1'" "It is: ./jumun chaos [--minutes M] [--seed S]" ;;
        esac
        shift $(( $# > 1 ? 2 : 1 ))
    done
    [[ $minutes =~ ^[1-9][0-9]*$ ]] || die "--minutes must be a whole number, not '$minutes'" "It is: ./jumun chaos [--minutes M] [--seed S]"
    [[ $seed =~ ^[0-9]*$ ]] || die "--seed must be a number, not '$seed'" "It is the one that an earlier run printed."
    export JUMUN_CHAOS_MINUTES=$minutes JUMUN_CHAOS_SEED=${seed:-$SRANDOM}
    packages_need build run test
    python_tools_need
    account_make
    state_make
    mkdir -p "$RESULTS"
    keep_as_it_was chaos_with_shop
    (( TASKS_FAILED == 0 )) || exit 1
}

chaos_with_shop() {
    system_with_shop -s -rA tests/system/test_chaos.py
}
