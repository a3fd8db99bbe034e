# shellcheck shell=bash
# ports: who listens where, and a check that nobody else does. A service's port stands in its folder's service.sh.

declare -A PORT=(
    [postgres]=8091 [redis]=8092 [kafka]=8093 [kafka-controller]=8094
    [mail]=8095 [alimtalk]=8096  # nobody of ours: who wants to see what notification sends there listens there
    [kafka-proxied]=8097         # Kafka's, for who comes by way of STORES_ABOVE
)

# store_port STORE: where the services find it. With STORES_ABOVE=100 they are sent to ports so much above the stores' own, where the tests have a
# proxy that can spoil a connection.
store_port() {
    echo $(( ${PORT["$1"]} + ${STORES_ABOVE:-0} ))
}

# admin_port SERVICE: health and metrics.
admin_port() {
    echo $(( PORT[$1] + 1000 ))
}

# listens PORT: does somebody answer there?
listens() {
    { exec 3<> "/dev/tcp/127.0.0.1/$1"; } 2> /dev/null || return 1
    exec 3>&-
}

# ports_check NAME…: of the processes that do not run yet, is every port free?
ports_check() {
    local name listeners taken=0
    listeners=$(ss -H -l -t -n -p)
    for name in "$@"; do
        supervisor_pid "$name" > /dev/null || port_check "$name" "${PORT[$name]}" || taken=1
        case $name in
            postgres | redis) ;;
            kafka) supervisor_pid kafka > /dev/null || port_check kafka "${PORT[kafka-controller]}" || taken=1 ;;
            *) supervisor_pid "$name" > /dev/null || port_check "$name" "$(admin_port "$name")" || taken=1 ;;
        esac
    done
    (( taken == 0 )) || die "the ports above are taken" "End those programs, then run ./jumun up again."
}

# Uses the caller's $listeners.
port_check() {
    local line who pid
    line=$(grep -m 1 -E "[:.]$2 " <<< "$(awk '{print $4, $6}' <<< "$listeners")") || return 0
    pid=$(sed -n 's/.*pid=\([0-9]*\).*/\1/p' <<< "$line")
    if [[ -n $pid ]]; then
        who="$(ps -o args= -p "$pid" | cut -c 1-100) (pid $pid)"
    else
        who="a program of another user (as root, 'ss -ltnp' names it)"
    fi
    printf 'jumun: port %s, for %s, is taken by: %s\n' "$2" "$1" "$who" >&2
    return 1
}
