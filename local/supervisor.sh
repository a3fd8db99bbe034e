# shellcheck shell=bash
# supervisor: all processes run under Debian's runit, which starts again what died and rotates the logs.
#
# One runsvdir watches .run/service; each directory there is one process: its `run` script, its log beside it.
# A directory has a file `down` until its process was first started, so that nothing starts before its turn.

SV=/usr/bin/sv

# supervisor_define NAME: standard input is the shell text that ends by exec'ing the program.
supervisor_define() {
    local dir=$RUN/service/$1
    mkdir -p "$dir/log" "$RUN/log/$1"
    { printf '#!/bin/sh\n# %s, as ./jumun up wrote it.\nexec 2>&1\n' "$1"; cat; } | put "$dir/run" 0755
    put "$dir/finish" 0755 << 'SH'
#!/bin/sh
# $1: the exit code, or -1 when a signal ended it; $2: the signal.
name=${PWD##*/}
echo "$1" >> endings
if [ "$1" -ge 0 ]; then
    echo "supervisor: $name ended with exit code $1"
else
    echo "supervisor: $name was ended by signal $2"
fi
SH
    put "$dir/log/run" 0755 << SH
#!/bin/sh
exec /usr/bin/svlogd -l 16000 -b 20000 $(printf %q "$RUN/log/$1")
SH
    put "$RUN/log/$1/config" << 'TEXT'
s10000000
n5
TEXT
    supervisor_pid "$1" > /dev/null || touch "$dir/down"
}

# supervisor_stop_signal NAME SIGNAL: what ends the process in good order, where that is not TERM.
supervisor_stop_signal() {
    mkdir -p "$RUN/service/$1/control"
    # Exit 0 tells runsv not to send its own TERM after it.
    put "$RUN/service/$1/control/t" 0755 << SH
#!/bin/sh
kill -$2 "\$(cat supervise/pid)"
SH
}

supervisor_start() {
    local name
    if ! supervisor_alive; then
        supervisor_sweep
        supervisor_launch
    fi
    for name in "${STORES[@]}" "${PROCESSES[@]}"; do
        wait_until 10 supervised "$name" || die "the supervisor did not start ($(tail -n 1 "$RUN/log/supervisor"))" "Look at $RUN/log/supervisor."
    done
}

supervisor_launch() {
    # runsvdir sleeps for a second when its directory is as new as now.
    touch -d '2 seconds ago' "$RUN/service"
    (
        # Unlimited would make some programs close a billion descriptors, one by one.
        ulimit -n 65536 2> /dev/null || ulimit -n "$(ulimit -H -n)"
        exec 9>&-
        echo "$BASHPID" > "$RUN/supervisor.pid"
        exec setsid env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            /usr/bin/runsvdir -P "$RUN/service" < /dev/null > "$RUN/log/supervisor" 2>&1
    ) &
    disown
}

# A pid is only a number: the process behind it must be the one that we started.
supervisor_alive() {
    local pid
    pid=$(cat "$RUN/supervisor.pid" 2> /dev/null) || return 1
    [[ $(tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline") == "/usr/bin/runsvdir -P $RUN/service " ]]
}

# supervised NAME: is there a runsv for it?
supervised() {
    "$SV" status "$RUN/service/$1" > /dev/null 2>&1
}

# supervisor_sweep: ends what a supervisor that was killed has left behind: processes with their runsv, or without.
supervisor_sweep() {
    leftovers_end "${PROCESSES[@]}"
    leftovers_end kafka
    leftovers_end redis postgres
}

leftovers_end() {
    local name pid
    local -a dirs=() pids=()
    for name in "$@"; do
        if supervised "$name"; then
            dirs+=("$RUN/service/$name")
        elif pid=$(leftover_pid "$name"); then
            pids+=("$pid")
        else
            continue
        fi
        say "supervisor: ending a left-over $name"
    done
    (( ${#dirs[@]} == 0 )) || "$SV" -w 30 force-shutdown "${dirs[@]}" > /dev/null || true
    (( ${#pids[@]} == 0 )) || kill "${pids[@]}" || true
    for pid in "${pids[@]}"; do
        wait_until 30 ended "$pid" || kill -9 "$pid" || true
    done
}

# The process that a killed runsv had written down, when it is still that process: ours all work below .run.
leftover_pid() {
    local pid
    pid=$(cat "$RUN/service/$1/supervise/pid" 2> /dev/null) || return 1
    [[ -n $pid && $(readlink "/proc/$pid/cwd") == "$RUN/"* ]] && echo "$pid"
}

# Also true for one that nobody has waited for yet.
ended() {
    [[ ! -e /proc/$1/exe ]]
}

# supervisor_up NAME [FILE…]: starts the process; or starts it anew, when one of the files it was started from has changed since.
supervisor_up() {
    local dir=$RUN/service/$1
    if supervisor_stale "$@"; then
        supervisor_down "$1"
    fi
    rm -f "$dir/endings"
    supervisor_ask up "$1"
    rm -f "$dir/down"
}

# supervisor_await NAME COMMAND…: until COMMAND says that NAME is ready. Dies, with what NAME said last, after a minute, or soon when it ends
# again and again.
supervisor_await() {
    local name=$1
    shift
    wait_until 60 ready_or_hopeless "$name" "$@" || true
    if hopeless "$name" || ! "$@"; then
        tail -n 10 "$RUN/log/$name/current" >&2
        die "$name does not become ready; its last words are above" "All of them: ./jumun logs $name. When it is mended: ./jumun up"
    fi
}

ready_or_hopeless() {
    local name=$1
    shift
    "$@" || hopeless "$name"
}

hopeless() {
    (( $(wc -l 2> /dev/null < "$RUN/service/$1/endings" || echo 0) >= 5 ))
}

# supervisor_ask VERB NAME: tells its runsv, and does not wait for the effect.
supervisor_ask() {
    local answer
    answer=$("$SV" "$1" "$RUN/service/$2" 2>&1) || die "the supervisor could not $1 $2: $answer" "Look at $RUN/log/supervisor. ./jumun down and ./jumun up start it anew."
}

# supervisor_stale NAME [FILE…]: does it run, but was started before one of these files, or its own script, was last written?
supervisor_stale() {
    local name=$1 file
    shift
    supervisor_pid "$name" > /dev/null || return 1
    for file in "$RUN/service/$name/run" "$@"; do
        if [[ $file -nt $RUN/service/$name/supervise/pid ]]; then
            say "$name: ${file##*/} has changed, starting anew"
            return 0
        fi
    done
    return 1
}

# supervisor_down NAME…: asks all of them to end, waits, and ends by force who does not.
supervisor_down() {
    local name
    local -a dirs=()
    for name in "$@"; do
        ! supervised "$name" || dirs+=("$RUN/service/$name")
    done
    (( ${#dirs[@]} > 0 )) || return 0
    "$SV" -w 30 force-stop "${dirs[@]}" | sed -n 's|^kill: .*/service/\([^:]*\):.*|jumun: \1 did not stop within 30 s and was killed|p' >&2 || true
}

# supervisor_stop: the end of the supervisor itself; whatever still runs goes with it.
supervisor_stop() {
    if supervisor_alive; then
        kill -HUP "$(cat "$RUN/supervisor.pid")"
        wait_until 40 none_supervised || true
    fi
    rm -f "$RUN/supervisor.pid"
    supervisor_sweep
}

none_supervised() {
    local name
    for name in "${STORES[@]}" "${PROCESSES[@]}"; do
        ! supervised "$name" || return 1
    done
}

# supervisor_pid NAME: prints the pid of the running process; false when it does not run.
supervisor_pid() {
    local pid
    pid=$(cat "$RUN/service/$1/supervise/pid" 2> /dev/null) && [[ -n $pid && -e /proc/$pid/exe ]] && echo "$pid"
}

# supervisor_uptime NAME: seconds since it was last started.
supervisor_uptime() {
    echo $(( EPOCHSECONDS - $(stat -c %Y "$RUN/service/$1/supervise/pid") ))
}
