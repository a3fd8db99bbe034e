# shellcheck shell=bash
# simulate: all contexts in one thread and in virtual time, many histories with faults; tests/simulator/README.md.

# jumun_simulate [OPTION…]: the simulator's own, see ./jumun simulate --help; on all cores unless --jobs says otherwise.
jumun_simulate() {
    packages_need build
    build_preset release simulator
    "$ROOT/build/release/tests/simulator/simulator" --jobs "$(nproc)" "$@"
}
