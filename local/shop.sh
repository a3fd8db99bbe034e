# shellcheck shell=bash
# shop: the whole of it — up, down, single processes, and how all of them are.

jumun_up() {
    (( $# == 0 )) || die "up takes no words, got: $*" "Settings come from the environment: ./jumun help"
    shop_up
    welcome
}

shop_up() {
    replicas_find "${REPLICAS:-1}"
    lock
    prepare build_services
    together postgres_up redis_up kafka_up
    services_migrate
    services_up "${PROCESSES[@]}"
    catalog_fill
    unlock
}

# prepare TASK…: all that must be there before the first process starts.
prepare() {
    packages_need build run
    account_make
    state_make
    kafka_topics_tool
    together kafka_prepare "$@"
    define_all
    ports_check "${STORES[@]}" "${PROCESSES[@]}"
    supervisor_start
}

kafka_prepare() {
    kafka_jars
    kafka_archive_make
}

define_all() {
    local name
    for name in "${STORES[@]}"; do
        "${name}_define"
    done
    for name in "${PROCESSES[@]}"; do
        service_define "$name"
    done
}

# stores_up: PostgreSQL, Redis and Kafka only, for tests that need no service.
stores_up() {
    lock
    prepare
    together postgres_up redis_up kafka_up
    unlock
}

jumun_down() {
    local wipe=no
    case ${1:-} in
        --wipe) wipe=yes ;;
        '') ;;
        *) die "down does not know '$1'" "It is: ./jumun down [--wipe]" ;;
    esac
    lock
    if state_find; then
        processes_end
        [[ $wipe == no ]] || state_wipe
    else
        say "nothing is here to be stopped"
    fi
    unlock
}

# Services first, so that they can put away what they hold; then what they put it into.
processes_end() {
    supervisor_down "${PROCESSES[@]}"
    say "services: stopped"
    supervisor_down kafka
    say "kafka: stopped"
    supervisor_down redis postgres
    say "redis, postgres: stopped"
    supervisor_stop
    say "down; the data stays in $RUN"
}

# state_find: is there an installation? Sets RUN to where it really is.
state_find() {
    [[ -d $RUN/service ]] || return 1
    RUN=$(readlink -f "$RUN")
}

state_wipe() {
    local disk
    for disk in "$RUN"/disk/*/; do # small ones, left by chaos that was ended by force
        ! mountpoint -q "$disk" || umount "$disk" || die "$disk is in use" "Whatever works in it must end first."
    done
    rm -rf "$RUN"/{postgres,redis,kafka}{,.new} "$RUN"/kafka.archive "$RUN"/{service,secrets,log,disk}
    say "wiped: orders, products, passwords and logs are gone; Kafka's jars stay in $RUN/jars, they are only a download"
}

jumun_start() {
    supervised_names "$@"
    for name in "$@"; do
        supervisor_ask up "$name"
    done
}

jumun_stop() {
    supervised_names "$@"
    supervisor_down "$@"
}

supervised_names() {
    (( $# > 0 )) || die "which one?" "One or more of: ${PROCESSES[*]} ${STORES[*]}"
    must_be_up
    local name
    for name in "$@"; do
        supervised "$name" || die "there is no process '$name'" "One or more of: ${PROCESSES[*]} ${STORES[*]}"
    done
}

must_be_up() {
    if ! state_find || ! supervisor_alive; then
        die "Jumun is down" "Start it: ./jumun up"
    fi
}

# Ends with 0 when all is ready, with 3 when not.
jumun_status() {
    local name missing=0
    if ! state_find || ! supervisor_alive; then
        echo "Jumun is down. Start it: ./jumun up"
        exit 3
    fi
    printf '%-14s %-10s %8s %10s %6s %10s\n' process state pid memory port uptime
    for name in "${STORES[@]}" "${PROCESSES[@]}"; do
        status_line "$name" || missing=1
    done
    (( missing == 0 )) || exit 3
}

status_line() {
    local name=$1 pid state=ready
    if ! pid=$(supervisor_pid "$name"); then
        printf '%-14s %-10s %8s %10s %6s %10s\n' "$name" down - - "${PORT[$name]}" -
        return 1
    fi
    process_ready "$name" || state='not ready'
    printf '%-14s %-10s %8s %7s MB %6s %10s\n' "$name" "$state" "$pid" "$(memory_of "$pid")" "${PORT[$name]}" "$(readable_seconds "$(supervisor_uptime "$name")")"
    [[ $state == ready ]]
}

process_ready() {
    case $1 in
        postgres) postgres_answers ;;
        redis) redis_answers ;;
        kafka) listens "${PORT[kafka]}" ;;
        *) service_ready "$1" ;;
    esac
}

# Resident memory of a process and its children (PostgreSQL has one for each connection), in MB, what they share counted once.
memory_of() {
    local pid
    local -a files=()
    for pid in "$1" $(ps -o pid= --ppid "$1"); do
        files+=("/proc/$pid/status")
    done
    awk '/^RssAnon:/ { own += $2 } /^Rss(File|Shmem):/ { sum[FILENAME] += $2; if (sum[FILENAME] > shared) shared = sum[FILENAME] }
        END { printf "%.1f", (own + shared) / 1024 }' "${files[@]}" 2> /dev/null || echo -n '?'
}

readable_seconds() {
    if (( $1 < 60 )); then
        echo "$1 s"
    elif (( $1 < 3600 )); then
        echo "$(( $1 / 60 )) min"
    else
        echo "$(( $1 / 3600 )) h $(( $1 % 3600 / 60 )) min"
    fi
}

welcome() {
    local gateway=http://127.0.0.1:${PORT[gateway]}
    cat << TEXT

Jumun is open.

  $gateway/api/products       the catalog
  $gateway/api/openapi.json   the API

  ./jumun demo        places an order and follows it to the door
  ./jumun status      all processes
  ./jumun logs        what they say
  ./jumun down        stops them; the data stays
TEXT
}
