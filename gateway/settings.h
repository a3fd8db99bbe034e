/* settings — what the gateway is told by its environment. */
#ifndef JUMUN_GATEWAY_SETTINGS_H
#define JUMUN_GATEWAY_SETTINGS_H

#include "setting.h"

/* The services behind the gateway: X(NAME, setting, folder's name). */
#define GATEWAY_UPSTREAMS(X)                                                                                                               \
    X(ORDER, "JUMUN_ORDER_URL", "order")                                                                                                   \
    X(PRODUCT, "JUMUN_PRODUCT_URL", "product")                                                                                             \
    X(PAYMENT, "JUMUN_PAYMENT_URL", "payment")                                                                                             \
    X(DELIVERY, "JUMUN_DELIVERY_URL", "delivery")                                                                                          \
    X(NOTIFICATION, "JUMUN_NOTIFICATION_URL", "notification")                                                                              \
    X(CUSTOMER_VIEW, "JUMUN_CUSTOMER_VIEW_URL", "customer-view")

enum upstream {
#define X(name, setting, folder) UPSTREAM_##name,
    GATEWAY_UPSTREAMS(X)
#undef X
        UPSTREAMS
};

struct gateway_config {
    const char *upstreams[UPSTREAMS]; /* base URLs, without a slash at the end */
    duration upstream_deadline, stream_silence;
    int64_t streams_max;
    int64_t address_rate, customer_rate; /* requests a second; 0: no limit */
    int64_t proxies;
    bool demo_issuer;
    const char *routes;    /* "": none */
    const char *demo_key;  /* "": none */
    const char *jwks_file; /* "": none */
    const char *issuer, *audience;
};
extern struct gateway_config gateway_config;
extern const struct setting gateway_settings[];

#endif
