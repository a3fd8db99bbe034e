/* settings — what can be set of the order service, besides what all services have. */
#ifndef JUMUN_ORDER_SETTINGS_H
#define JUMUN_ORDER_SETTINGS_H

#include "breaker.h"
#include "setting.h"

extern const struct setting order_settings[];

extern struct order_config {
    const char *payment_url;
    duration payment_deadline, payment_window;
    struct breaker_config payment_breaker;
} order_config;

#endif
