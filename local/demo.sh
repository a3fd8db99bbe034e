# shellcheck shell=bash
# demo: one customer orders something and watches it until it is delivered.

DEMO_CUSTOMER=01900000-0000-7000-8000-00000000c001
DEMO_SECONDS=30

jumun_demo() {
    local product id
    (( $# == 0 )) || die "demo takes no words, got: $*" "It is: ./jumun demo"
    must_be_up

    api_token "$DEMO_CUSTOMER" customer
    product=$(demo_choose)
    demo_place "$product"
    id=$(jq -r .id <<< "$API_BODY")
    printf '\nIts way, as the customer sees it (GET /api/my/orders/%s):\n\n' "$id"
    demo_follow "$id"
    demo_notifications "$id"
}

# Any of the catalog that can be had; prints it as JSON.
demo_choose() {
    local choice
    api GET '/api/products?limit=100' ''
    api_wants 200 "the catalog cannot be read"
    choice=$(jq -c --argjson n "$RANDOM" '[.items[] | select(.available > 1)] | if length > 0 then .[$n % length] else empty end' <<< "$API_BODY")
    [[ -n $choice ]] || die "nothing in the catalog can be had" "An admin can restock: POST /api/products/{id}/restock {\"quantity\": 100}"
    echo "$choice"
}

demo_place() {
    local order
    order=$(jq -c '{
        items: [{productId: .id, quantity: 2}],
        address: {recipient: "김주문", phone: "010-1234-5678", zip: "63535", line1: "제주특별자치도 서귀포시 안덕면 녹차분재로 15"},
        payment: {method: "card", token: "tok_ok"}
    }' <<< "$1")
    jq -r '"A customer orders 2 × \(.name) at \(.price.amount) \(.price.currency)."' <<< "$1"
    demo_ask "$order"
    case $API_STATUS in
        201) jq -r '"Paid and confirmed: \(.total.amount) \(.total.currency), order \(.id)."' <<< "$API_BODY" ;;
        202) jq -r '"Placed, the payment is on its way: order \(.id)."' <<< "$API_BODY" ;;
        *) die "the order was not taken ($API_STATUS): $(jq -r '.detail // .title // .' <<< "$API_BODY" 2> /dev/null)" "./jumun status and ./jumun logs order may tell why." ;;
    esac
}

# A product that was registered a moment ago reaches order through Kafka; so "unknown-product" is asked again, for some seconds.
demo_ask() {
    local deadline=$(( EPOCHSECONDS + 10 ))
    while
        api POST /api/orders "$API_TOKEN" "$1" "$(cat /proc/sys/kernel/random/uuid)"
        [[ $API_STATUS == 422 && $API_BODY == *'"unknown-product"'* ]] && (( EPOCHSECONDS < deadline ))
    do
        sleep 0.1
    done
}

# Prints each new entry of the timeline as it comes, until the order is COMPLETED.
demo_follow() {
    local seen=0 deadline=$(( EPOCHSECONDS + DEMO_SECONDS )) status='not there yet'
    while (( EPOCHSECONDS < deadline )); do
        api GET "/api/my/orders/$1" "$API_TOKEN"
        if [[ $API_STATUS == 200 ]]; then
            jq -r --argjson seen "$seen" "$DEMO_TIMELINE" <<< "$API_BODY"
            seen=$(jq '.timeline | length' <<< "$API_BODY")
            status=$(jq -r .status <<< "$API_BODY")
            if [[ $status == COMPLETED ]]; then
                jq -r '"\nThe order is \(.status), its delivery \(.delivery.status)" +
                    (if .delivery.trackingNumber then " by \(.delivery.carrier), parcel \(.delivery.trackingNumber)." else "." end)' <<< "$API_BODY"
                return 0
            fi
        fi
        sleep 0.1
    done
    die "the order is not COMPLETED after $DEMO_SECONDS s, but: $status" "./jumun status tells who is missing, ./jumun logs what they say."
}

# shellcheck disable=SC2016  # jq's variables
DEMO_TIMELINE='
    def seconds: (.[:19] + "Z" | fromdate) + ("0" + (.[19:] | rtrimstr("Z")) | tonumber? // 0);
    def padded($n): . + " " * ([$n - length, 1] | max);
    (.timeline[0].at // "" | seconds? // 0) as $start
    | .timeline[$seen:][]
    | ((.at | seconds) - $start) as $s
    | "  \(($s * 1000 | round) / 1000 | tostring | padded(7))s  \(.service | padded(14))\(.type | padded(24))" +
      (if .detail then (.detail | if type == "string" then . else tojson end) else "" end)
'

# Notifications come after the events they tell of: a short wait for the last of them.
demo_notifications() {
    local n before=-1 deadline=$(( EPOCHSECONDS + 5 ))
    printf '\nWhat the customer was told (GET /api/my/notifications):\n\n'
    while (( EPOCHSECONDS < deadline )); do
        api GET '/api/my/notifications?limit=100' "$API_TOKEN"
        api_wants 200 "the notifications cannot be read"
        n=$(jq --arg id "$1" '[.items[] | select(.orderId == $id)] | length' <<< "$API_BODY")
        (( n == 0 || n != before )) || break
        before=$n
        sleep 0.5
    done
    jq -r --arg id "$1" '[.items[] | select(.orderId == $id)] | sort_by(.at)[] | "  \(.text)"' <<< "$API_BODY"
}
