/* settings — what can be set of the payment service, besides what all services have. */
#ifndef JUMUN_PAYMENT_SETTINGS_H
#define JUMUN_PAYMENT_SETTINGS_H

#include "setting.h"

extern const struct setting payment_settings[];

extern struct payment_config {
    const char *provider;
    duration provider_deadline;
    duration provider_patience;
    const char *stripe_url;
    const char *stripe_key;
} payment_config;

#endif
