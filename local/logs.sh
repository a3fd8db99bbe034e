# shellcheck shell=bash
# logs: what the processes say, all in one stream or of one alone, readable.

jumun_logs() {
    local name=${1:-}
    local -a files=()
    state_find || die "there are no logs yet" "Start Jumun: ./jumun up"
    if [[ -n $name ]]; then
        [[ -d $RUN/log/$name ]] || die "there is no process '$name'" "One of: ${SERVICES[*]} ${STORES[*]}"
        files=("$RUN/log/$name/current")
    else
        for name in "${STORES[@]}" "${SERVICES[@]}"; do
            files+=("$RUN/log/$name/current")
        done
    fi
    tail -n 20 -v -F --pid=$$ "${files[@]}" 2> /dev/null | jq -n -R -r --unbuffered "$LOGS_LINES"
}

# tail's headings ("==> …/order/current <==") become the first word of each line. A line of JSON becomes time, severity, message and the rest;
# others, such as Kafka's own, stay as they are.
# shellcheck disable=SC2016  # jq's variables
LOGS_LINES='
    def padded($n): . + " " * ([$n - length, 1] | max);
    def readable:
        . as $line
        | try (
            fromjson
            | if type != "object" then error("no object") else . end
            | "\(.time // "") \(.severity // "" | padded(8))\(.message // "")" +
              (del(.time, .severity, .service, .message) | to_entries | map("  \(.key)=\(.value)") | join(""))
        ) catch $line;

    foreach inputs as $line ({};
        if $line | test("^==> .*/current <==$") then {name: ($line | split("/") | .[-2])}
        else {name, line: $line} end;
        select((.line // "") != "") | (.name | padded(14)) + (.line | readable))
'
