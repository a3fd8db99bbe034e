# shellcheck shell=bash
# words: the few that the pages of this folder are written in. In a shell at the root of the tree: . docs/operations/words.sh

api=http://127.0.0.1:8088/api
customer=$(cat /proc/sys/kernel/random/uuid)

# token ROLE: for a customer, who is new with each shell; for an operator, a courier, an admin, who are not.
token() {
    local who=$customer
    [[ $1 == customer ]] || who=01900000-0000-7000-8000-0000000000ff
    curl -s "$api/auth/demo" -H 'Content-Type: application/json' -d '{"sub": "'"$who"'", "roles": ["'"$1"'"]}' | jq -r .access_token
}

# ask ROLE METHOD PATH [BODY]: the answer's body.
ask() {
    curl -s -X "$2" "$api$3" -H "Authorization: Bearer $(token "$1")" -H "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
        -H 'Content-Type: application/json' ${4:+-d "$4"}
}

# place CARD: orders a tea or a coffee, whatever there is, and leaves its id in $order.
place() {
    local product answer
    product=$(curl -s "$api/products?limit=100" | jq -r 'first(.items[] | select(.available > 100 and (.discontinued | not))).id')
    answer=$(ask customer POST /orders '{
        "items": [{"productId": "'"$product"'", "quantity": 1}],
        "address": {"recipient": "김민지", "phone": "010-1234-5678", "zip": "04524", "line1": "서울특별시 중구 세종대로 110"},
        "payment": {"method": "card", "token": "'"$1"'"}}')
    order=$(jq -r '.orderId // .id' <<< "$answer")
    jq -r '.status' <<< "$answer"
}

# buy CARD: places an order, and prints what became of its payment: known with the answer or, where it took longer than order waits, soon after.
buy() {
    place "$1" > /dev/null
    until ask customer GET "/orders/$order" | jq -er '.payment.status | select(. != "ASKED")'; do
        sleep 0.1
    done
}

# await STATUS: until the customer's view shows the order in this state.
await() {
    until [[ $(ask customer GET "/my/orders/$order" | jq -r .status) == "$1" ]]; do
        sleep 0.1
    done
    echo "$1"
}
