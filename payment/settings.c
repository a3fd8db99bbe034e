/* The payment service's settings. */
#include "settings.h"

struct payment_config payment_config;

const struct setting payment_settings[] = {
    {"JUMUN_PROVIDER", SETTING_TEXT, "simulated", &payment_config.provider, 0, 0, "who takes the money: simulated, or stripe (by HTTP)"},
    {"JUMUN_PROVIDER_DEADLINE_MS", SETTING_MILLISECONDS, "1500", &payment_config.provider_deadline, 1, 60000,
     "how long the provider may take; then the payment is UNKNOWN, and asked again"},
    {"JUMUN_PROVIDER_PATIENCE_MS", SETTING_MILLISECONDS, "600000", &payment_config.provider_patience, 1, 86400000,
     "how long a charge's or refund's outcome may stay unknown; then a person is to look at it (it is asked for all the same)"},
    {"JUMUN_STRIPE_URL", SETTING_URL, "https://api.stripe.com", &payment_config.stripe_url, 0, 0, "where the provider \"stripe\" answers"},
    {"JUMUN_STRIPE_KEY", SETTING_SECRET, "", &payment_config.stripe_key, 0, 0, "the secret key that the provider \"stripe\" is asked with"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
