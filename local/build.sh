# shellcheck shell=bash
# build: the services, by CMake and Ninja; a second time it is a quick look that nothing has changed.

# build_preset PRESET
build_preset() {
    local preset=$1 log=$RUN/log/build-$1
    mkdir -p "$RUN/log"
    [[ -e $ROOT/build/$preset/build.ninja ]] || build_step "$log" cmake --preset "$preset"
    build_step "$log" cmake --build --preset "$preset"
}

build_step() {
    local log=$1
    shift
    if ! (cd "$ROOT" && "$@") > "$log" 2>&1 < /dev/null; then
        tail -n 40 "$log" >&2
        die "'$*' failed" "The compiler's words are above, all of them in $log."
    fi
}

build_services() {
    [[ -z $BIN ]] || return 0
    [[ -e $ROOT/build/release/build.ninja ]] || say "build: compiling the services (the first time takes a while)"
    build_preset release
    say "build: up to date"
}

# program SERVICE: the path of its executable.
program() {
    echo "${BIN:-$ROOT/build/release}/$1/$1"
}
