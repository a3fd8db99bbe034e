/* settings — what can be told to delivery, besides what every service can be told. */
#ifndef JUMUN_DELIVERY_SETTINGS_H
#define JUMUN_DELIVERY_SETTINGS_H

#include "setting.h"

struct delivery_config {
    const char *carrier;
    duration carrier_start_delay, carrier_complete_delay, carrier_patience;
};
extern struct delivery_config delivery_config;
extern const struct setting delivery_settings[];

#endif
