# shellcheck shell=bash
# dlq: what services could not take — listed, shown, redriven, discarded; what `/api/ops/dead-letters` tells and does for an operator.

DLQ_USAGE="It is: ./jumun dlq [list [--all] [SERVICE]], or show|redrive|discard SERVICE LETTER"
DLQ_OPERATOR=01900000-0000-7000-8000-00000000a902
DLQ_MOST=1000

jumun_dlq() {
    local what=${1:-list}
    (( $# == 0 )) || shift
    case $what in
        list | show | redrive | discard) must_be_up; api_token "$DLQ_OPERATOR" operator; "dlq_$what" "$@" ;;
        *) die "dlq does not know '$what'" "$DLQ_USAGE" ;;
    esac
}

dlq_list() {
    local state=OPEN service failed=0
    local -a chosen=()
    for service in "$@"; do
        if [[ $service == --all ]]; then state=all; else dlq_known "$service"; chosen+=("$service"); fi
    done
    (( ${#chosen[@]} > 0 )) || mapfile -t chosen < <(printf '%s\n' "${SERVICES[@]}" | grep -vx gateway)
    {
        printf 'SERVICE\tLETTER\tSTATE\tSINCE (UTC)\tTYPE\tREASON\n'
        for service in "${chosen[@]}"; do
            dlq_letters "$service" "$state" || failed=1
        done
        exit "$failed"
    } | column -t -s $'\t' || exit 1
}

# dlq_letters SERVICE STATE: a line each, up to a thousand. False: the service does not answer, and the other ones' letters are not less worth seeing.
dlq_letters() {
    local cursor='' seen=0
    while (( seen < DLQ_MOST )); do
        api GET "/api/ops/dead-letters/$1?state=$2&limit=100${cursor:+&cursor=$cursor}" "$API_TOKEN"
        [[ $API_STATUS != 404 ]] || return 0  # a further service that the gateway has no path to
        [[ $API_STATUS == 200 ]] || { printf 'jumun: %s does not tell its dead letters: %s\n' "$1" "$API_BODY" >&2; return 1; }
        jq -r '.service as $service | .items[] | [$service, .id, .state, (.since | .[0:10] + " " + .[11:19]), .type // "–", .reason // "–"] | @tsv' <<< "$API_BODY"
        seen=$(( seen + $(jq '.items | length' <<< "$API_BODY") ))
        cursor=$(jq -r '.nextCursor // empty' <<< "$API_BODY")
        [[ -n $cursor ]] || return 0
    done
    printf '%s\t… and more: the first %s are shown\n' "$1" "$seen"
}

dlq_show() {
    (( $# == 2 )) || die "show takes a service and a letter, got: $*" "$DLQ_USAGE"
    dlq_known "$1"
    api GET "/api/ops/dead-letters/$1/$2" "$API_TOKEN"
    api_wants 200 "the letter cannot be shown"
    jq . <<< "$API_BODY"
}

# One or more letters, one after the other; all are tried.
dlq_redrive() {
    local service=${1:-} letter failed=0
    (( $# >= 2 )) || die "redrive takes a service and its letters, got: $*" "$DLQ_USAGE"
    dlq_known "$service"
    for letter in "${@:2}"; do
        api POST "/api/ops/dead-letters/$service/$letter/redrive" "$API_TOKEN"
        dlq_answered "$service" "$letter" || failed=1
    done
    exit "$failed"
}

dlq_discard() {
    (( $# == 3 )) || die "discard takes a service, a letter and a note that says why, got: $*" "$DLQ_USAGE NOTE"
    dlq_known "$1"
    api POST "/api/ops/dead-letters/$1/$2/discard" "$API_TOKEN" "$(jq -n --arg note "$3" '{$note}')"
    dlq_answered "$1" "$2" || exit 1
}

# The letter's state now, or why it could not be changed. The exit status says which.
dlq_answered() {
    if [[ $API_STATUS == 200 ]]; then
        echo "$1 $2 $(jq -r .state <<< "$API_BODY")"
    else
        echo "$1 $2 not done: $(jq -r '.detail // .title' <<< "$API_BODY" 2> /dev/null || echo "$API_STATUS")"
        return 1
    fi
}

dlq_known() {
    [[ " ${SERVICES[*]} " == *" $1 "* && $1 != gateway ]] || die "'$1' is no service with dead letters" "They are: $(printf '%s\n' "${SERVICES[@]}" | grep -vx gateway | xargs)"
}
