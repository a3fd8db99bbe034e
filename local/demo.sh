# shellcheck shell=bash
# demo: a customer orders something and watches it to its end — delivered, or one of the other ends that an order can take.

DEMO_CUSTOMER=01900000-0000-7000-8000-00000000c001
DEMO_RIVAL=01900000-0000-7000-8000-00000000c002
DEMO_SECONDS=120

jumun_demo() {
    local story=${1:---delivered}
    case $story in
        --delivered | --cancel | --declined | --sold-out | --payment-down) (( $# <= 1 )) ;;
        *) false ;;
    esac || die "demo does not know '$*'" "It is: ./jumun demo [--cancel | --declined | --sold-out | --payment-down]"
    story=${story#--}
    "demo_${story//-/_}"
}

# ── the stories ──

demo_delivered() {
    demo_enter "$DEMO_CUSTOMER"
    demo_place "$(demo_choose)" tok_ok
    demo_watch COMPLETED
}

demo_cancel() {
    demo_enter "$DEMO_CUSTOMER"
    demo_place "$(demo_choose)" tok_ok
    api DELETE "/api/orders/$DEMO_ORDER" "$API_TOKEN"
    case $API_STATUS in
        202) printf 'The customer cancels (DELETE /api/orders/%s): %s.\n' "$DEMO_ORDER" "$(jq -r .status <<< "$API_BODY")" ;;
        *) printf 'The customer cancels, too late (%s): %s\n' "$API_STATUS" "$(demo_why)" ;;
    esac
    demo_watch 'CANCELLED COMPLETED'
    [[ $DEMO_STATUS == CANCELLED ]] || printf '\nThe delivery had started before the cancel: the goods come, and nothing is refunded.\n'
}

demo_declined() {
    demo_enter "$DEMO_CUSTOMER"
    demo_place "$(demo_choose)" tok_declined
    wait_until "$DEMO_SECONDS" demo_payment_known || die "the payment of $DEMO_ORDER does not become known" "./jumun logs payment may tell why."
    echo "The customer pays again, by another card (POST /api/orders/$DEMO_ORDER/payment)."
    api POST "/api/orders/$DEMO_ORDER/payment" "$API_TOKEN" '{"method": "card", "token": "tok_ok"}' "$(demo_key)"
    demo_answered
    demo_watch COMPLETED
}

# Both must have ordered before the stock is counted: product rests for that moment.
demo_sold_out() {
    local product first
    demo_last_piece
    product=$API_BODY
    demo_without product
    demo_enter "$DEMO_CUSTOMER"
    demo_place "$product" tok_ok
    first=$DEMO_ORDER
    demo_enter "$DEMO_RIVAL"
    demo_place "$product" tok_ok
    demo_with product
    demo_watch 'CANCELLED COMPLETED'
    demo_enter "$DEMO_CUSTOMER"
    DEMO_ORDER=$first
    printf '\nThe other one:\n'
    demo_watch 'CANCELLED COMPLETED'
    demo_withdraw "$product"
}

demo_payment_down() {
    local product
    demo_enter "$DEMO_CUSTOMER"
    product=$(demo_choose)
    demo_without payment
    demo_place "$product" tok_ok
    demo_with payment
    demo_watch COMPLETED
}

# ── a part of the shop that rests; it comes back, whatever happens ──

demo_without() {
    must_be_up
    supervisor_down "$1"
    # shellcheck disable=SC2064  # the name of now
    trap "supervisor_ask up $1" EXIT
    echo "($1 is stopped.)"
}

demo_with() {
    supervisor_ask up "$1"
    trap - EXIT
    wait_until 60 service_ready "$1" || die "$1 does not come back" "./jumun logs $1 may tell why."
    echo "($1 is back.)"
}

# ── goods ──

# Any of the catalog that can be had; prints it as JSON, with how many are wanted.
demo_choose() {
    local choice
    catalog_fill >&2
    api GET '/api/products?limit=100' ''
    api_wants 200 "the catalog cannot be read"
    choice=$(jq -c --argjson n "$RANDOM" '[.items[] | select(.available > 1 and (.discontinued | not)) | .wanted = 2] | if length > 0 then .[$n % length] else empty end' <<< "$API_BODY")
    [[ -n $choice ]] || die "nothing in the catalog can be had" "An admin can restock: POST /api/products/{id}/restock {\"quantity\": 100}"
    echo "$choice"
}

# A product of which there is one; leaves it in API_BODY.
demo_last_piece() {
    api_token "$CATALOG_ADMIN" admin
    api POST /api/products "$API_TOKEN" '{"name": "달항아리, 마지막 한 점", "price": {"amount": 240000, "currency": "KRW"}, "stock": 1}' "$(demo_key)"
    api_wants 201 "the product could not be registered"
    API_BODY=$(jq -c '.wanted = 1' <<< "$API_BODY")
}

demo_withdraw() {
    api_token "$CATALOG_ADMIN" admin
    api POST "/api/products/$(jq -r .id <<< "$1")/discontinue" "$API_TOKEN" '' "$(demo_key)"
    api_wants 200 "the product could not be discontinued"
}

# ── the order ──

demo_enter() {
    api_token "$1" customer
    DEMO_WHO="customer …${1: -4}"
}

# demo_place PRODUCT CARD: leaves its id in DEMO_ORDER.
demo_place() {
    local order
    order=$(jq -c --arg card "$2" '{
        items: [{productId: .id, quantity: .wanted}],
        address: {recipient: "김주문", phone: "010-1234-5678", zip: "63535", line1: "제주특별자치도 서귀포시 안덕면 녹차분재로 15"},
        payment: {method: "card", token: $card}
    }' <<< "$1")
    jq -r --arg who "$DEMO_WHO" '"A \($who) orders \(.wanted) × \(.name) at \(.price.amount) \(.price.currency)."' <<< "$1"
    demo_ask "$order"
    demo_answered
    DEMO_ORDER=$(jq -r '.orderId // .id' <<< "$API_BODY")
}

# What POST /api/orders and …/payment may say.
demo_answered() {
    case $API_STATUS in
        201) jq -r '"Paid and confirmed (201): \(.total.amount) \(.total.currency), order \(.id)."' <<< "$API_BODY" ;;
        202) jq -r '"Placed, the payment is on its way (202): order \(.id)."' <<< "$API_BODY" ;;
        402) jq -r '"Declined (402, \(.declineCode)): order \(.orderId) waits."' <<< "$API_BODY" ;;
        *) die "the order was not taken ($API_STATUS): $(demo_why)" "./jumun status and ./jumun logs order may tell why." ;;
    esac
}

# Where it took longer than order waits it was not known with the answer.
demo_payment_known() {
    api GET "/api/orders/$DEMO_ORDER" "$API_TOKEN"
    [[ $API_STATUS == 200 && $(jq -r .payment.status <<< "$API_BODY") != ASKED ]]
}

demo_why() {
    jq -r '.detail // .title // .' <<< "$API_BODY" 2> /dev/null
}

demo_key() {
    cat /proc/sys/kernel/random/uuid
}

# A product that was registered a moment ago reaches order through Kafka; so "unknown-product" is asked again, for some seconds.
demo_ask() {
    local deadline=$(( EPOCHSECONDS + 10 ))
    while
        api POST /api/orders "$API_TOKEN" "$1" "$(demo_key)"
        [[ $API_STATUS == 422 && $API_BODY == *'"unknown-product"'* ]] && (( EPOCHSECONDS < deadline ))
    do
        sleep 0.1
    done
}

# ── its way ──

# demo_watch ENDS: shows the order until it is in one of these states, and what the customer was told.
demo_watch() {
    printf '\nIts way, as the customer sees it (GET /api/my/orders/%s):\n\n' "$DEMO_ORDER"
    demo_follow "$DEMO_ORDER" "$1"
    demo_notifications "$DEMO_ORDER"
}

# Prints each new entry of the timeline as it comes, until the order is in one of the states $2, and all that led to it was told (the view's
# topics come in any order); leaves the state in DEMO_STATUS.
demo_follow() {
    local seen='[]' deadline=$(( EPOCHSECONDS + DEMO_SECONDS ))
    DEMO_STATUS='not there yet'
    while (( EPOCHSECONDS < deadline )); do
        api GET "/api/my/orders/$1" "$API_TOKEN"
        if [[ $API_STATUS == 200 ]]; then
            jq -r --argjson seen "$seen" "$DEMO_TIMELINE" <<< "$API_BODY"
            seen=$(jq -c '[.timeline[].eventId]' <<< "$API_BODY")
            DEMO_STATUS=$(jq -r .status <<< "$API_BODY")
            if [[ " $2 " == *" $DEMO_STATUS "* ]] && jq -e "$DEMO_WHOLE" <<< "$API_BODY" > /dev/null; then
                jq -r "$DEMO_END" <<< "$API_BODY"
                return 0
            fi
        fi
        sleep 0.1
    done
    die "the order is not ${2// / or } after $DEMO_SECONDS s, but: $DEMO_STATUS" "./jumun status tells who is missing, ./jumun logs what they say."
}

# shellcheck disable=SC2016  # jq's variables
DEMO_TIMELINE='
    def seconds: (.[:19] + "Z" | fromdate) + ("0" + (.[19:] | rtrimstr("Z")) | tonumber? // 0);
    def padded($n): . + " " * ([$n - length, 1] | max);
    (.timeline[0].at // "" | seconds? // 0) as $start
    | .timeline[] | select(.eventId | IN($seen[]) | not)
    | ((.at | seconds) - $start) as $s
    | "  \(($s * 1000 | round) / 1000 | tostring | padded(7))s  \(.service | padded(14))\(.type | padded(24))" +
      (if .detail then (.detail | if type == "string" then . else tojson end) else "" end)
'

# shellcheck disable=SC2016
DEMO_WHOLE='
    [.timeline[].type] as $told | def is_told: IN($told[]);
    if .status == "CANCELLED" then
        ("DeliveryCancelled" | is_told) and ("PreparationCancelled" | is_told) and (("PaymentRefunded" | is_told) or ("PaymentClosed" | is_told))
    else
        ("PaymentApproved" | is_told) and ("PreparationCompleted" | is_told) and ("DeliveryCompleted" | is_told)
    end
'

DEMO_END='
    "\nThe order is \(.status)" +
    if .status == "CANCELLED" then
        " (\(.cancelReason)); " + (if (.refunded.amount // 0) > 0 then "refunded: \(.refunded.amount) \(.refunded.currency)." else "nothing was paid." end)
    else
        ", its delivery \(.delivery.status)" +
        (if .delivery.trackingNumber then " by \(.delivery.carrier), parcel \(.delivery.trackingNumber)." else "." end)
    end
'

# Notifications come after the events they tell of: the last of them tells of the end.
demo_notifications() {
    local last deadline=$(( EPOCHSECONDS + DEMO_SECONDS ))
    case $DEMO_STATUS in
        CANCELLED) last=ORDER_CANCELLED ;;
        *) last=DELIVERY_COMPLETED ;;
    esac
    printf '\nWhat the customer was told (GET /api/my/notifications):\n\n'
    while (( EPOCHSECONDS < deadline )); do
        api GET '/api/my/notifications?limit=100' "$API_TOKEN"
        api_wants 200 "the notifications cannot be read"
        ! jq -e --arg id "$1" --arg kind "$last" 'any(.items[]; .orderId == $id and .kind == $kind)' <<< "$API_BODY" > /dev/null || break
        sleep 0.1
    done
    jq -r --arg id "$1" '[.items[] | select(.orderId == $id)] | sort_by(.at)[] | "  \(.text)"' <<< "$API_BODY"
}
