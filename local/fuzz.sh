# shellcheck shell=bash
# fuzz: bytes that nobody has thought of, into every parser of outside bytes (tests/fuzz).

# jumun_fuzz [--seconds S] [NAME…]
jumun_fuzz() {
    packages_need build test
    build_preset fuzz fuzzers
    "$ROOT/tests/fuzz/run" "$@"
}

test_fuzz() {
    jumun_fuzz --seconds "${FUZZ_SECONDS:-60}" --junit "$RESULTS/fuzz.xml" 2>&1 | tee "$RESULTS/fuzz.log" || exit 1
}
