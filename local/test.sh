# shellcheck shell=bash
# test: everything that must hold before a change is good, in the order that fails quickest; and the bench.

jumun_test() {
    local what=${1:-all}
    case $what in
        all) test_run format lint unit tsan fuzz system cluster_in_short ;;
        quick) test_run format unit_quick ;;
        unit) test_run unit ;;
        tsan) test_run tsan ;;
        fuzz) test_run fuzz ;;
        system) test_run system ;;
        cluster) test_run cluster ;;
        *) die "test does not know '$what'" "It is: ./jumun test [quick|unit|tsan|fuzz|system|cluster]" ;;
    esac
}

# What the runners leave behind: NAME.xml is their count of tests, NAME.log what they said.
RESULTS=$ROOT/build/test

# test_run STEP…: all of them, whatever fails, so that one run shows everything; then the sum.
test_run() {
    local step
    local -a broken=()
    packages_need build run test
    [[ " $* " != *" system "* && " $* " != *" unit "* ]] || python_tools_need
    account_make
    state_make
    rm -rf "$RESULTS"
    mkdir -p "$RESULTS"
    for step in "$@"; do
        say "test: $step"
        try "test_$step"
        (( TASKS_FAILED == 0 )) || broken+=("$step")
    done
    test_summary "$*" "${broken[*]}"
}

test_format() {
    jumun_fmt --check
}

test_lint() {
    jumun_lint
}

test_unit_quick() {
    build_preset asan
    unit_run --label-exclude needs-services
}

test_unit() {
    build_preset asan
    stripe_mock_make
    kustomize_make
    kube_score_make
    crds_make
    strimzi_make
    keep_as_it_was unit_with_stores
}

unit_with_stores() {
    stores_for_tests
    TEST_STRIPE_MOCK=$(stripe_mock_program) unit_run
}

stores_for_tests() {
    stores_up
    unit_database
    export TEST_POSTGRES_URL TEST_KAFKA_BROKERS=127.0.0.1:${PORT[kafka]} TEST_REDIS_URL=redis://127.0.0.1:${PORT[redis]}/9
    TEST_POSTGRES_URL=$(database_url test)
}

# What has threads of its own, under ThreadSanitizer: the engine, the relay, the intake, the producer, the server, the clients, spans.
TSAN_TESTS=(engine_test engine_key_test relay_test pruner_test intake_test producer_test http_test stream_test httpc_test httpc_stream_test breaker_test later_test trace_test)

test_tsan() {
    build_preset tsan "${TSAN_TESTS[@]}"
    keep_as_it_was tsan_with_stores
}

tsan_with_stores() {
    stores_for_tests
    (cd "$ROOT" && ctest --preset tsan --parallel "$(nproc)" --output-junit "$RESULTS/tsan.xml" --tests-regex "^($(IFS='|' && echo "${TSAN_TESTS[*]}"))\$") 2>&1 |
        tee "$RESULTS/tsan.log" || exit 1
}

# A scratch database, new for each run, whose role may make others, and roles; what an earlier run has left goes.
unit_database() {
    [[ -e $RUN/secrets/test ]] || random_hex 24 | put "$RUN/secrets/test" 0600
    {
        echo "SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database d JOIN pg_roles r ON r.oid = datdba WHERE rolname = 'test' \\gexec"
        echo "SELECT 'CREATE ROLE test LOGIN CREATEDB CREATEROLE' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'test') \\gexec"
        echo "ALTER ROLE test PASSWORD '$(cat "$RUN/secrets/test")'; GRANT pg_signal_backend, pg_monitor TO test;"
        echo 'CREATE DATABASE test OWNER test;'
    } | as_postgres
}

unit_run() {
    (cd "$ROOT" && ctest --preset asan --output-junit "$RESULTS/unit.xml" "$@") 2>&1 | tee "$RESULTS/unit.log" || exit 1
}

test_system() {
    keep_as_it_was system_with_shop
}

# system_with_shop [WORD…]: words for pytest; without, all there is. A shop that is open already is used as it is: the tests bring customers and products of their own.
system_with_shop() {
    (( $# > 0 )) || set -- tests/system
    toxiproxy_make
    if ! shop_open; then
        export CARRIER_START_DELAY_MS=${CARRIER_START_DELAY_MS:-50} CARRIER_COMPLETE_DELAY_MS=${CARRIER_COMPLETE_DELAY_MS:-50}
        shop_up
    fi
    (cd "$ROOT" && JUMUN_RUN=$RUN JUMUN_TOXIPROXY=$(toxiproxy_program) PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -p no:cacheprovider "$@" \
        --junitxml="$RESULTS/system.xml") 2>&1 | tee "$RESULTS/system.log" || exit 1
}

# On a cluster of its own, which the shop on this machine has nothing to do with (but its jars).
test_cluster() {
    JUMUN_RUN=$RUN "$ROOT/tests/cluster/run" "$RESULTS" 2>&1 | tee "$RESULTS/cluster.log" || exit 1
}

# As CI has it: a minute of kills, and the pages that are quick.
test_cluster_in_short() {
    export KILL_SECONDS=${KILL_SECONDS:-60} CLUSTER_PAGES=${CLUSTER_PAGES:-quick}
    test_cluster
}

shop_open() {
    state_find && supervisor_alive && supervisor_pid gateway > /dev/null
}

# keep_as_it_was FUNCTION: afterwards runs what ran before, and no more.
keep_as_it_was() {
    if shop_open; then
        together "$1"
    else
        try "$1"
        jumun_down > /dev/null
        (( TASKS_FAILED == 0 )) || exit 1
    fi
}

# test_summary STEPS FAILED-STEPS: the runners' last words, and as the very last line the count. A step without tests of its own (the format,
# the linters, a build that broke) counts as one failed test when it failed.
test_summary() {
    local step name passed=0 failed=0 skipped=0
    printf '\n'
    for step in $1; do
        name=${step%%_*}
        if [[ -e $RESULTS/$name.log ]]; then
            grep -E '^[0-9]+% tests passed|^=+ .* in [0-9.]+s.* =+$' "$RESULTS/$name.log" || true
        fi
        if [[ -e $RESULTS/$name.xml ]]; then
            passed=$(( passed + $(junit "$name" tests) - $(junit "$name" failures) - $(junit "$name" errors) - $(junit "$name" skipped) - $(junit "$name" disabled) ))
            failed=$(( failed + $(junit "$name" failures) + $(junit "$name" errors) ))
            skipped=$(( skipped + $(junit "$name" skipped) + $(junit "$name" disabled) ))
        fi
        if [[ " $2 " != *" $step "* ]]; then
            say "test: $step passed"
        else
            say "test: $step FAILED"
            step_counted "$name" || failed=$(( failed + 1 ))
        fi
    done
    (( passed + failed + skipped > 0 )) || die "no test ran" "tests/system and each component's test/ are where they should be."
    printf '\n%d passed, %d failed%s\n' "$passed" "$failed" "$( (( skipped == 0 )) || echo ", $skipped skipped")"
    (( failed == 0 )) || exit 1
}

# Is the step's failure among the tests that its runner counted?
step_counted() {
    [[ -e $RESULTS/$1.xml ]] && (( $(junit "$1" failures) + $(junit "$1" errors) > 0 ))
}

# junit STEP ATTRIBUTE: its sum over the test suites of a result file.
junit() {
    { tr '\n\t' '  ' < "$RESULTS/$1.xml" | grep -o '<testsuite [^>]*>' || true; } | sed -n "s/.* $2=\"\([0-9]*\)\".*/\1/p" | awk '{ sum += $1 } END { print sum + 0 }'
}

# jumun_bench [OPTION…]: the carrier takes no time while it is measured.
jumun_bench() {
    case " $* " in *" --help "* | *" -h "*) packages_need build; exec "$ROOT/tests/bench/run" --help ;; esac
    packages_need build run test
    account_make
    state_make
    BENCH_OPTIONS=("$@")
    if shop_open; then
        try bench_run
        shop_up > /dev/null
    else
        try bench_run
        jumun_down > /dev/null
    fi
    exit "$TASKS_FAILED"
}

bench_run() {
    export CARRIER_START_DELAY_MS=0 CARRIER_COMPLETE_DELAY_MS=0
    build_preset release
    shop_up
    (cd "$ROOT" && JUMUN_RUN=$RUN tests/bench/run "${BENCH_OPTIONS[@]}") || exit 1
}
