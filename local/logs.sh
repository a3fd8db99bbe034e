# shellcheck shell=bash
# logs: what the processes say, all in one stream or of one alone, readable.

jumun_logs() {
    local name=${1:-}
    local -a files=()
    state_find || die "there are no logs yet" "Start Jumun: ./jumun up"
    if [[ $name == --order ]]; then
        logs_of_order "${2:-}"
        return
    fi
    if [[ -n $name ]]; then
        [[ -d $RUN/log/$name ]] || die "there is no process '$name'" "One of: ${PROCESSES[*]} ${STORES[*]}"
        files=("$RUN/log/$name/current")
    else
        for name in "${STORES[@]}" "${PROCESSES[@]}"; do
            files+=("$RUN/log/$name/current")
        done
    fi
    tail -n 20 -v -F --pid=$$ "${files[@]}" 2> /dev/null | jq -n -R -r --unbuffered "$LOGS_LINES"
}

# logs_of_order ID: of all services, by time, what has to do with it: lines that name it, and those that know only the trace of its requests.
logs_of_order() {
    local id=$1 trace
    local -a files=() words=(-e "$id")
    [[ $id =~ ^[0-9a-f-]{36}$ ]] || die "'$id' is no order's id" "It is: ./jumun logs --order ID"
    mapfile -t files < <(for name in "${PROCESSES[@]}"; do find "$RUN/log/$name" -type f \( -name current -o -name '@*' \); done)
    while read -r trace; do
        words+=(-e "$trace")
    done < <(logs_lines_with -e "$id" | jq -r '.trace // empty' | sort -u)
    logs_lines_with "${words[@]}" | jq -s -r "$LOGS_READABLE"'sort_by(.time)[] | (.service | padded(14)) + readable'
}

# logs_lines_with GREP-OPTION…: those of `files` that are JSON. None is no fault.
logs_lines_with() {
    { grep -h -F "$@" "${files[@]}" || true; } | jq -R -c 'fromjson? | objects'
}

# tail's headings ("==> …/order/current <==") become the first word of each line. A line of JSON becomes time, severity, message and the rest;
# others, such as Kafka's own, stay as they are.
# shellcheck disable=SC2016  # jq's variables
LOGS_READABLE='
    def padded($n): . + " " * ([$n - length, 1] | max);
    def readable:
        "\(.time // "") \(.severity // "" | padded(8))\(.message // "")" +
        (del(.time, .severity, .service, .message) | to_entries | map("  \(.key)=\(.value)") | join(""));
'
# shellcheck disable=SC2016  # jq's variables
LOGS_LINES=$LOGS_READABLE'
    foreach inputs as $line ({};
        if $line | test("^==> .*/current <==$") then {name: ($line | split("/") | .[-2])}
        else {name, line: $line} end;
        select((.line // "") != "") | (.name | padded(14)) + (.line | [try (fromjson | objects | readable) catch empty][0] // .))
'
