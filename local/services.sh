# shellcheck shell=bash
# services: what each is told, how it is started, whether it is ready.
#
# A service is a folder with a service.sh, which says in these words what this machine must know of it:
#
#     service NAME PORT NEED...    its port, and which of the stores it needs: postgres (a database of its own), kafka, redis
#     route NAME PATH              the gateway passes on to it what is at PATH and below (not needed for what stands in the gateway's own table)
#     NAME_settings() { ... }      prints what it is told besides, a setting a line

SERVICES=()          # in the order of their ports
DATABASES=()         # of those who need one
declare -A NEEDS=()  # of each
declare -A ROUTE=()  # of those who have one

PROCESSES=()              # the services, and further replicas of each: NAME-2, NAME-3 …
declare -A REPLICA_OF=()  # of each process, its service

service() {
    local name=$1 port=$2 other
    shift 2
    [[ $name == "$FOLDER" ]] || die "$FOLDER/service.sh speaks of a service '$name'" "A service has the name of its folder."
    for other in "${!PORT[@]}"; do
        [[ ${PORT[$other]} != "$port" ]] || die "$name and $other both want port $port" "Give one of them another in its service.sh."
    done
    PORT["$name"]=$port NEEDS["$name"]=$*
    SERVICES+=("$name")
    [[ " $* " != *" postgres "* ]] || DATABASES+=("$name")
}

route() {
    ROUTE[$1]=$2
}

services_find() {
    local file FOLDER
    for file in "$ROOT"/*/service.sh; do
        FOLDER=${file%/*}
        FOLDER=${FOLDER##*/}
        # shellcheck source=/dev/null
        source "$file"
    done
    mapfile -t SERVICES < <(for FOLDER in "${SERVICES[@]}"; do echo "${PORT[$FOLDER]} $FOLDER"; done | sort -n | cut -d ' ' -f 2)
}

# replicas_find NUMBER: so many processes of each service, each row of them 10,000 ports above the one before. The rows share stores, topics and
# consumer groups, and call each other row by row: the second gateway passes on to the second of each service.
replicas_find() {
    local name row process
    [[ $1 =~ ^[1-4]$ ]] || die "REPLICAS must be 1 to 4, not '$1'" "Each row of processes needs ports of its own."
    PROCESSES=()
    for (( row = 1; row <= $1; row++ )); do
        for name in "${SERVICES[@]}"; do
            process=$name
            (( row == 1 )) || process+=-$row
            REPLICA_OF["$process"]=$name PORT["$process"]=$(( ${PORT["$name"]} + (row - 1) * 10000 ))
            PROCESSES+=("$process")
        done
    done
}

# replicas_there: how many were started.
replicas_there() {
    local row=1
    while [[ -d $RUN/service/${SERVICES[0]}-$(( row + 1 )) ]]; do
        row=$(( row + 1 ))
    done
    echo "$row"
}

services_find
replicas_find "$(replicas_there)"

# service_settings PROCESS: its environment, all of it. A service refuses a name that it does not know.
service_settings() {
    local variable need service=${REPLICA_OF[$1]}
    local above=$(( ${PORT["$1"]} - ${PORT["$service"]} ))
    cat << TEXT
JUMUN_HTTP_LISTEN=127.0.0.1:${PORT[$1]}
JUMUN_ADMIN_LISTEN=127.0.0.1:$(admin_port "$1")
JUMUN_LOG_FORMAT=json
JUMUN_LOG_LEVEL=${LOG_LEVEL:-info}
TEXT
    for variable in "${!OTEL_@}"; do
        printf '%s=%q\n' "$variable" "${!variable}"
    done
    for need in ${NEEDS[$service]}; do
        case $need in
            postgres) echo "JUMUN_DATABASE_URL=$(database_url "$service")" ;;
            kafka) echo "JUMUN_KAFKA_BROKERS=127.0.0.1:$(store_port kafka)" ;;
            redis) echo "JUMUN_REDIS_URL=redis://127.0.0.1:$(store_port redis)/0" ;;
            *) die "$service/service.sh: there is no store '$need'" "It is one of: ${STORES[*]}" ;;
        esac
    done
    ! declare -F "${service}_settings" > /dev/null || "${service}_settings"
}

# service_url NAME: within service_settings, the one of the same row.
service_url() {
    echo "http://127.0.0.1:$(( PORT[$1] + ${above:-0} ))"
}

# routes_setting: what the services say of themselves, as the gateway reads it.
routes_setting() {
    local name list=''
    for name in "${SERVICES[@]}"; do
        [[ -z ${ROUTE[$name]:-} ]] || list+=",${ROUTE[$name]}=$(service_url "$name")"
    done
    echo "${list#,}"
}

# secret NAME: one that outlives restarts; made by services_up.
secret() {
    cat "$RUN/secrets/$1"
}

# The settings stand in a file that only we may read, because of the passwords; the supervisor gives an empty environment.
# A file `once` beside it is for the next start alone: what a test tells a process must not meet the one that follows it. It may name what the program
# is started by, in `under`.
service_define() {
    local -a as=()
    local program
    program=$(program "${REPLICA_OF[$1]}")
    ! as_account test -x "$program" || as=("${AS_ACCOUNT[@]}")
    supervisor_define "$1" << SH
set -a
. ./settings
[ ! -e once ] || { . ./once; rm once; }
set +a
exec ${as[*]} \${under:-} $(printf %q "$program")
SH
}

# services_migrate: each context's schema is brought up by its own program, as its owner, whose password no service is given; services at work are not stopped.
services_migrate() {
    local name
    local -a as=()
    for name in "${DATABASES[@]}"; do
        as=()
        ! as_account test -x "$(program "$name")" || as=("${AS_ACCOUNT[@]}")
        (
            unset "${!JUMUN_@}" # ours; a program refuses what is no setting of its own
            JUMUN_MIGRATION_URL=$(STORES_ABOVE=0 database_url "${name}_owner" "$name") JUMUN_LOG_FORMAT=json exec "${as[@]}" "$(program "$name")" --migrate
        ) > "$RUN/log/migration" 2>&1 ||
            die "$name: its schema could not be brought up: $(tail -n 1 "$RUN/log/migration")" "Look at $RUN/log/migration. When it is mended: ./jumun up"
    done
    say "services: their schemas are up (${DATABASES[*]})"
}

services_up() {
    local name
    local -a stale=()
    for name in cursor alimtalk webhook; do
        [[ -e $RUN/secrets/$name ]] || random_hex 24 | put "$RUN/secrets/$name" 0600
    done
    services_retire
    for name in "$@"; do
        service_settings "$name" | put "$RUN/service/$name/settings" 0600
        ! supervisor_stale "$name" "$RUN/service/$name/settings" "$(program "${REPLICA_OF[$name]}")" || stale+=("$name")
    done
    supervisor_down "${stale[@]}"
    for name in "$@"; do
        supervisor_up "$name"
    done
    for name in "$@"; do
        supervisor_await "$name" service_ready "$name"
    done
    say "services: ready ($*)"
}

# services_retire: those whose folder is gone go, too. Their data stays.
services_retire() {
    local dir name
    for dir in "$RUN"/service/*/; do
        name=$(basename "$dir")
        [[ " ${PROCESSES[*]} ${STORES[*]} " != *" $name "* ]] || continue
        say "$name: is not to be there any more, ending it"
        rm -rf "$RUN/retired"
        mv "$dir" "$RUN/retired" # else runsvdir would start it again
        "$SV" -w 30 force-shutdown "$RUN/retired" > /dev/null || true
        rm -rf "$RUN/retired"
    done
}

service_ready() {
    curl -s -f -o /dev/null -m 1 "http://127.0.0.1:$(admin_port "$1")/readyz"
}
