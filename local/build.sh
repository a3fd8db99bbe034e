# shellcheck shell=bash
# build: the C sources, by CMake and Ninja; a second time it is a quick look that nothing has changed.

# build_preset PRESET [TARGET…]: without targets, all.
build_preset() {
    local preset=$1
    shift
    build_configure "$preset"
    build_step "$preset" cmake --build --preset "$preset" ${1:+--target "$@"}
}

# Ninja asks CMake itself when its files have changed, so this is for the first time only.
build_configure() {
    [[ -e $ROOT/build/$1/build.ninja ]] || build_step "$1" cmake --preset "$1"
}

build_step() {
    local log=$ROOT/build/$1.log
    shift
    mkdir -p "$ROOT/build"
    if ! (cd "$ROOT" && "$@") > "$log" 2>&1 < /dev/null; then
        sed '/^\[[0-9]*\/[0-9]*\]/d; /^-- /d' "$log" | tail -n 40 >&2
        die "'$*' failed" "The compiler's words are above, all of them in $log."
    fi
}

build_services() {
    [[ -z $PROGRAMS ]] || return 0
    [[ -e $ROOT/build/release/build.ninja ]] || say "build: compiling the services (the first time takes a while)"
    build_preset release "${SERVICES[@]}"
    say "build: up to date"
}

# program SERVICE: the path of its executable.
program() {
    echo "${PROGRAMS:-$ROOT/build/release}/$1/$1"
}
