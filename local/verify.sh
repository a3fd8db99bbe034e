# shellcheck shell=bash
# verify: reads the quiet shop from the outside, and checks what must hold; tests/verify, docs/reliability.md.

# jumun_verify [OPTION…]: the auditor's own, see ./jumun verify --help. The stores must run; the services need not.
jumun_verify() {
    packages_need build
    build_preset release verify
    state_find || die "there is nothing to verify: no shop was ever opened here" "Run: ./jumun up"
    verify_run "$ROOT/build/release/tests/verify/verify" --scratch "$RUN" "$@"
}

# verify_run PROGRAM OPTION…: what it is told, passwords too, stands in its environment alone.
verify_run() {
    local name provider patience
    for name in "${DATABASES[@]}"; do
        export "VERIFY_$(tr a-z- A-Z_ <<< "$name")=$(database_url "$name")"
    done
    provider=$(verify_setting payment JUMUN_PROVIDER)
    patience=$(verify_setting payment JUMUN_PROVIDER_PATIENCE_MS)
    VERIFY_KAFKA=127.0.0.1:${PORT[kafka]} VERIFY_REDIS=redis://127.0.0.1:${PORT[redis]}/0 VERIFY_PROVIDER=${provider:-simulated} \
        "$1" --provider-patience "${patience:-600000}" "${@:2}" || exit # as it ended: it has said why
}

# verify_setting SERVICE NAME: as it was started with; empty: it was not told.
verify_setting() {
    sed -n "s/^$2=//p" "$RUN/service/$1/settings" 2> /dev/null | tr -d "'\"" || true
}
