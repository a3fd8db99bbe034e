# shellcheck shell=bash
# catalog: five products to begin with, for a shop that has none.

CATALOG_ADMIN=01900000-0000-7000-8000-00000000ad01

# catalog_fill: does nothing when there is a product already. The keys make a cut-off first run harmless.
catalog_fill() {
    local product n=0
    api GET '/api/products?limit=1' ''
    api_wants 200 "the catalog cannot be read"
    [[ $(jq '.items | length' <<< "$API_BODY") == 0 ]] || return 0

    api_token "$CATALOG_ADMIN" admin
    while read -r product; do
        n=$(( n + 1 ))
        api POST /api/products "$API_TOKEN" "$product" "demo-catalog-$n"
        api_wants 201 "a demo product could not be registered"
    done < <(catalog_products)
    say "catalog: $n products to begin with"
}

catalog_products() {
    cat << 'JSON'
{"name":"제주 녹차","description":"한라산 남쪽 다원에서 봄에 딴 첫물 잎차, 80 g","price":{"amount":18000,"currency":"KRW"},"stock":1000}
{"name":"강릉 커피 원두","description":"주문한 날 볶는 중배전 블렌드, 200 g","price":{"amount":16500,"currency":"KRW"},"stock":1000}
{"name":"담양 대나무 찻잔","description":"손으로 깎은 찻잔 두 개","price":{"amount":32000,"currency":"KRW"},"stock":300}
{"name":"보성 말차","description":"맷돌로 간 고운 가루차, 40 g","price":{"amount":27000,"currency":"KRW"},"stock":500}
{"name":"이천 도자기 주전자","description":"백자 주전자, 600 ml","price":{"amount":89000,"currency":"KRW"},"stock":100}
JSON
}
