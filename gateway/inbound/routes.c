/* Routes: what the outside may ask for, and which service answers. All else does not exist: services' inner
 * paths are not reachable. */
#include "inbound/inbound.h"

/* X(method, path, upstream): as contracts are; the service sees the path without /api. */
#define PUBLIC_ROUTES(X)                                                                                                                   \
    X("GET", "/api/products", PRODUCT)                                                                                                     \
    X("POST", "/api/products", PRODUCT)                                                                                                    \
    X("GET", "/api/products/{id}", PRODUCT)                                                                                                \
    X("PATCH", "/api/products/{id}", PRODUCT)                                                                                              \
    X("POST", "/api/products/{id}/restock", PRODUCT)                                                                                       \
    X("POST", "/api/products/{id}/discontinue", PRODUCT)                                                                                   \
    X("POST", "/api/orders", ORDER)                                                                                                        \
    X("GET", "/api/orders/{id}", ORDER)                                                                                                    \
    X("DELETE", "/api/orders/{id}", ORDER)                                                                                                 \
    X("POST", "/api/orders/{id}/payment", ORDER)                                                                                           \
    X("GET", "/api/ops/sagas", ORDER)                                                                                                      \
    X("GET", "/api/ops/breakers", ORDER)                                                                                                   \
    X("GET", "/api/payments/{id}", PAYMENT)                                                                                                \
    X("POST", "/api/payments/{id}/cancel", PAYMENT)                                                                                        \
    X("GET", "/api/ops/ledger", PAYMENT)                                                                                                   \
    X("GET", "/api/deliveries/{id}", DELIVERY)                                                                                             \
    X("POST", "/api/deliveries/{id}/start", DELIVERY)                                                                                      \
    X("POST", "/api/deliveries/{id}/complete", DELIVERY)                                                                                   \
    X("GET", "/api/my/orders", CUSTOMER_VIEW)                                                                                              \
    X("GET", "/api/my/orders/{id}", CUSTOMER_VIEW)                                                                                         \
    X("GET", "/api/ops/view/rebuild", CUSTOMER_VIEW)                                                                                       \
    X("POST", "/api/ops/view/rebuild", CUSTOMER_VIEW)                                                                                      \
    X("GET", "/api/my/notifications", NOTIFICATION)                                                                                        \
    X("GET", "/api/my/preferences", NOTIFICATION)                                                                                          \
    X("PUT", "/api/my/preferences", NOTIFICATION)

/* to_ORDER(call), to_PRODUCT(call) …: the handler of all routes of one service. */
#define X(name, setting, folder)                                                                                                           \
    static void to_##name(struct call *call)                                                                                               \
    {                                                                                                                                      \
        proxy_pass(call, gateway_config.upstreams[UPSTREAM_##name]);                                                                       \
    }
GATEWAY_UPSTREAMS(X)
#undef X

static void stream_of_CUSTOMER_VIEW(struct call *call)
{
    proxy_stream(call, gateway_config.upstreams[UPSTREAM_CUSTOMER_VIEW]);
}

/* How many there are, with the end's mark. */
enum {
#define X(verb, pattern, upstream) +1
    KNOWN_ROUTES = 9 PUBLIC_ROUTES(X)
#undef X
};

struct service_route gateway_routes[KNOWN_ROUTES + FURTHER_ROUTES] = {
#define X(verb, pattern, upstream) {.method = verb, .path = pattern, .roles = ROLE_ANYONE, .flags = HTTP_ANY_BODY, .direct = to_##upstream},
    PUBLIC_ROUTES(X)
#undef X
        {.method = "GET", .path = "/api/my/orders/events", .roles = ROLE_ANYONE, .direct = stream_of_CUSTOMER_VIEW},
    {.method = "GET", .path = "/api/ops/dead-letters", .roles = ROLE_ANYONE, .direct = ask_all_letters},
    {.method = "GET", .path = "/api/ops/dead-letters/{service}", .roles = ROLE_ANYONE, .direct = ask_letters},
    {.method = "GET", .path = "/api/ops/dead-letters/{service}/{letter}", .roles = ROLE_ANYONE, .direct = ask_letters},
    {.method = "POST",
     .path = "/api/ops/dead-letters/{service}/{letter}/redrive",
     .roles = ROLE_ANYONE,
     .flags = HTTP_ANY_BODY,
     .direct = ask_letters},
    {.method = "POST",
     .path = "/api/ops/dead-letters/{service}/{letter}/discard",
     .roles = ROLE_ANYONE,
     .flags = HTTP_ANY_BODY,
     .direct = ask_letters},
    {.method = "POST", .path = "/api/auth/demo", .roles = ROLE_ANYONE, .direct = serve_demo_token},
    {.method = "GET", .path = "/api/openapi.json", .roles = ROLE_ANYONE, .direct = serve_openapi},
    {.method = NULL},
};
