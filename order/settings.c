/* The order service's settings. */
#include "settings.h"

struct order_config order_config;

const struct setting order_settings[] = {
    {"JUMUN_PAYMENT_URL", SETTING_URL, NULL, &order_config.payment_url, 0, 0, "where the payment service answers"},
    /* Less than ORDER_ASK_AGAIN: payment is asked again only when the first answer cannot come any more. */
    {"JUMUN_PAYMENT_DEADLINE_MS", SETTING_MILLISECONDS, "2000", &order_config.payment_deadline, 1, 4500,
     "how long a customer waits for the payment's outcome; then the order is answered 202, and asks on by itself"},
    {"JUMUN_PAYMENT_WINDOW_MS", SETTING_MILLISECONDS, "900000", &order_config.payment_window, 1000, 604800000,
     "how long an order may be paid; then it is cancelled"},
    {"JUMUN_PAYMENT_BREAKER_WINDOW_MS", SETTING_MILLISECONDS, "10000", &order_config.payment_breaker.window, 100, 600000,
     "how long the end of a call to payment counts"},
    {"JUMUN_PAYMENT_BREAKER_MINIMUM_CALLS", SETTING_INTEGER, "10", &order_config.payment_breaker.minimum_calls, 1, 100000,
     "fewer ends of calls prove nothing"},
    {"JUMUN_PAYMENT_BREAKER_FAILURE_PERCENT", SETTING_INTEGER, "50", &order_config.payment_breaker.failure_percent, 1, 100,
     "of a hundred ends so many without an answer, and payment is not asked for a while"},
    {"JUMUN_PAYMENT_BREAKER_OPEN_MS", SETTING_MILLISECONDS, "5000", &order_config.payment_breaker.open_for, 10, 600000,
     "that while; then probes find out whether it is back"},
    {"JUMUN_PAYMENT_BREAKER_PROBES", SETTING_INTEGER, "3", &order_config.payment_breaker.probes, 1, 1000,
     "so many must be answered before all are asked again"},
    {"JUMUN_PAYMENT_CALLS_MAX", SETTING_INTEGER, "256", &order_config.payment_breaker.calls_max, 1, 2000,
     "calls to payment under way at once; further orders are answered 202, and ask later"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
