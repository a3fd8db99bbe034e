# shellcheck shell=bash
# api: calls through the gateway, for the demo and its catalog.

API_STATUS=
API_BODY=

# api METHOD PATH TOKEN [BODY [IDEMPOTENCY-KEY]]: leaves the answer in API_STATUS and API_BODY.
api() {
    local answer
    local -a options=(-X "$1" -H "Accept: application/json")
    [[ -z ${3:-} ]] || options+=(-H "Authorization: Bearer $3")
    [[ -z ${4:-} ]] || options+=(-H 'Content-Type: application/json' --data-binary "$4")
    [[ -z ${5:-} ]] || options+=(-H "Idempotency-Key: $5")
    answer=$(curl -s -S -m 10 -w '\n%{http_code}' "${options[@]}" "http://127.0.0.1:${PORT[gateway]}$2") ||
        die "the gateway does not answer" "./jumun status tells what runs; ./jumun up starts it."
    API_STATUS=${answer##*$'\n'}
    API_BODY=${answer%$'\n'*}
}

# api_wants STATUS WHAT: dies when the last answer was another.
api_wants() {
    [[ $API_STATUS == "$1" ]] || die "$2: the gateway answered $API_STATUS: $API_BODY" "./jumun status and ./jumun logs may tell why."
}

# api_token SUBJECT ROLE: from the demo issuer; leaves it in API_TOKEN.
api_token() {
    api POST /api/auth/demo '' "{\"sub\":\"$1\",\"roles\":[\"$2\"]}"
    api_wants 200 "no token from the demo issuer"
    # shellcheck disable=SC2034  # for the caller
    API_TOKEN=$(jq -r .access_token <<< "$API_BODY")
}
