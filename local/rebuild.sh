# shellcheck shell=bash
# rebuild-view: has the customer's view rebuilt beside the one that is read, and tells how far it is, what it found, and how it ended.

REBUILD_PATH=/api/ops/view/rebuild
REBUILD_SHOWN=20  # differences

jumun_rebuild_view() {
    local begun=$SECONDS state=''
    case "$*" in
        '' | --status) ;;
        *) die "rebuild-view knows --status and nothing else, got: $*" "It is: ./jumun rebuild-view [--status]" ;;
    esac
    must_be_up
    api_token "$SAGAS_OPERATOR" operator
    if [[ $* == --status ]]; then
        rebuild_read
        rebuild_result
        return
    fi
    rebuild_begin
    until rebuild_ended; do
        rebuild_progress "$state"
        state=$(jq -r .state <<< "$API_BODY")
        sleep 0.3
        rebuild_read
    done
    rebuild_result
    echo "time: $(( SECONDS - begun )) s"
    [[ $(jq -r .state <<< "$API_BODY") == DONE ]]
}

rebuild_begin() {
    api POST "$REBUILD_PATH" "$API_TOKEN" '' "rebuild-view-$$-$(date +%s)"
    [[ $API_STATUS != 409 ]] || die "$(jq -r .title <<< "$API_BODY")" "$(jq -r .detail <<< "$API_BODY")"
    api_wants 202 "the view cannot be rebuilt"
}

# A replica that does not answer just now is asked again: the rebuilding is another's, perhaps.
rebuild_read() {
    local until=$(( SECONDS + 60 ))
    while true; do
        api GET "$REBUILD_PATH" "$API_TOKEN"
        [[ $API_STATUS == 5?? && $SECONDS -lt $until ]] || break
        sleep 0.5
    done
    [[ $API_STATUS != 404 ]] || die "the view was never rebuilt" "./jumun rebuild-view does it."
    api_wants 200 "how the rebuilding stands cannot be read"
}

rebuild_ended() {
    jq -e '.state | IN("DONE", "FAILED", "INTERRUPTED")' <<< "$API_BODY" > /dev/null
}

# rebuild_progress STATE: a line for each new state, and on a terminal how far it is.
rebuild_progress() {
    [[ $(jq -r .state <<< "$API_BODY") == "$1" && ! -t 1 ]] ||
        jq -r '"\(.state | ascii_downcase): \(.events.read) of \(.events.total) events, \(.ordersCompared) orders compared"' <<< "$API_BODY"
}

rebuild_result() {
    jq -r '"\(.state | ascii_downcase): \(.events.read) events, \(.ordersCompared) orders compared, \(.differences.count) differences" +
           (if .differences.undecided > 0 then ", \(.differences.undecided) orders that never stood still" else "" end) +
           (if .problem then "\n\(.problem)" else "" end)' <<< "$API_BODY"
    jq -r --argjson shown "$REBUILD_SHOWN" '.differences | .count as $count | .first[:$shown][] |
           "  \(if .orderId then "order \(.orderId)" else "customer \(.customerId)" end): \(.field): it was \(.live // "not there"), it is \(.rebuilt // "not there")"' <<< "$API_BODY"
    jq -r --argjson shown "$REBUILD_SHOWN" '.differences | select(.count > $shown) | "  … and \(.count - $shown) more"' <<< "$API_BODY"
}
