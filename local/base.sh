# shellcheck shell=bash
# base: the words that all other files here are written in — steps with time, failing, waiting, the one lock.

STARTED=${EPOCHREALTIME/./}

RUN=${JUMUN_RUN:-$ROOT/.run}
[[ $RUN == /* ]] || RUN=$PWD/$RUN

# What this command was told for itself must not reach what it starts: a service refuses a JUMUN_ name it does not know.
PROGRAMS=${JUMUN_BIN:-}
[[ -z $PROGRAMS || $PROGRAMS == /* ]] || PROGRAMS=$PWD/$PROGRAMS
unset JUMUN_RUN JUMUN_BIN

# shellcheck disable=SC2034  # for the other files
STORES=(postgres redis kafka)

# say TEXT…: one step done, with the time since the command began.
say() {
    local us=$(( ${EPOCHREALTIME/./} - STARTED ))
    printf '[%3d.%ds] %s\n' $(( us / 1000000 )) $(( us / 100000 % 10 )) "$*"
}

# die WHAT [WHAT-TO-DO]: says what failed and what to do next, and ends.
die() {
    printf '\njumun: %s\n' "$1" >&2
    [[ -z ${2:-} ]] || printf '       %s\n' "$2" >&2
    exit 1
}

# A command that fails where nobody expected it is named, with its place.
trap 'printf "jumun: %s:%s: \"%s\" failed (%s)\n" "${BASH_SOURCE[0]#"$ROOT/"}" "$LINENO" "$BASH_COMMAND" "$?" >&2' ERR

# wait_until SECONDS COMMAND…: asks every 50 ms whether COMMAND succeeds; false when the time is over.
wait_until() {
    local deadline=$(( ${EPOCHREALTIME/./} + $1 * 1000000 ))
    shift
    until "$@"; do
        (( ${EPOCHREALTIME/./} < deadline )) || return 1
        sleep 0.05
    done
}

# try FUNCTION…: runs them side by side, to the end, and leaves in TASKS_FAILED whether one of them failed (0 or 1); what was wrong they have said.
# Each runs in a process group of its own, so that an interrupt also ends what it has started.
# It is called plainly, never in `if` or before `||`: there, bash would not stop the functions at their first failing command.
try() {
    local task pid
    local -a pids=()
    TASKS_FAILED=0
    set -m
    for task in "$@"; do
        "$task" < /dev/null &
        pids+=($!)
    done
    set +m
    # shellcheck disable=SC2064  # the pids of now
    trap "kill_groups ${pids[*]}; exit 130" INT TERM HUP
    for pid in "${pids[@]}"; do
        wait "$pid" || TASKS_FAILED=1
    done
    trap - INT TERM HUP
}

# together FUNCTION…: the same, and the end when one failed.
together() {
    try "$@"
    (( TASKS_FAILED == 0 )) || exit 1
}

kill_groups() {
    local pid
    for pid in "$@"; do
        kill -TERM -- "-$pid" 2> /dev/null || true
    done
}

# put FILE [MODE]: standard input becomes FILE, whole or not at all. A file that is the same already is left alone, its time too:
# that time tells whether a running process was started before its settings changed.
put() {
    local file=$1 mode=${2:-0644} new=$1.new
    (umask 077 && cat > "$new")
    chmod "$mode" "$new"
    if cmp -s "$new" "$file"; then
        rm "$new"
    else
        mv "$new" "$file"
    fi
}

# random_hex BYTES
random_hex() {
    od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'
}

# lock: one `up` or `down` at a time on this tree; a second one waits.
lock() {
    exec 9< "$ROOT/jumun"
    if ! flock -n 9; then
        say "another ./jumun is at work here: waiting for it"
        flock -w 900 9 || die "another ./jumun has been at work here for 15 minutes" "See what it does (ps aux | grep jumun), end it, and run this again."
    fi
}

unlock() {
    exec 9<&-
}
