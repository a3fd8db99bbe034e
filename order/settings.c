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
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
