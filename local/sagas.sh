# shellcheck shell=bash
# sagas: the orders that are not at their end, as a table; what `GET /api/ops/sagas` tells an operator.

SAGAS_OPERATOR=01900000-0000-7000-8000-00000000a901
SAGAS_MOST=1000

jumun_sagas() {
    local overdue=false
    case "$*" in
        '') ;;
        --overdue) overdue=true ;;
        *) die "sagas knows --overdue and nothing else, got: $*" "It is: ./jumun sagas [--overdue]" ;;
    esac
    must_be_up
    api_token "$SAGAS_OPERATOR" operator
    sagas_counts
    sagas_items "$overdue"
}

sagas_read() {
    api GET "/api/ops/sagas?$1" "$API_TOKEN"
    api_wants 200 "the orders under way cannot be read"
}

sagas_counts() {
    sagas_read limit=1
    jq -r '["STATUS", "OPEN", "OVERDUE"], (.counts[] | [.status, .open, .overdue]),
           ["all", ([.counts[].open] | add // 0), ([.counts[].overdue] | add // 0)] | @tsv' <<< "$API_BODY" | column -t -s $'\t'
}

# All pages, up to a thousand orders: more than that is nothing to read.
sagas_items() {
    local cursor='' seen=0 rows=''
    while (( seen < SAGAS_MOST )); do
        sagas_read "limit=100&overdue=$1${cursor:+&cursor=$cursor}"
        rows+=$(jq -r '.items[] | [.orderId, .status, .payment, (.waitsFor | join(", ")), (.since, .deadline | .[0:10] + " " + .[11:19]),
                       .needsReview // ""] | @tsv' <<< "$API_BODY")$'\n'
        seen=$(( seen + $(jq '.items | length' <<< "$API_BODY") ))
        cursor=$(jq -r '.nextCursor // empty' <<< "$API_BODY")
        [[ -n $cursor ]] || break
    done
    (( seen > 0 )) || return 0
    echo
    { printf 'ORDER\tSTATUS\tPAYMENT\tWAITS FOR\tSINCE (UTC)\tDEADLINE (UTC)\tNEEDS REVIEW\n'; printf '%s' "$rows"; } | column -t -s $'\t'
    [[ -z $cursor ]] || printf '\n… and more: the first %s are shown.\n' "$seen"
}
