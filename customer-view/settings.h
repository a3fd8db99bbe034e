/* settings — what can be told to customer-view, besides what every service can be told. */
#ifndef JUMUN_CUSTOMER_VIEW_SETTINGS_H
#define JUMUN_CUSTOMER_VIEW_SETTINGS_H

#include "setting.h"

struct view_config {
    const char *redis_url, *kafka_brokers;
    duration heartbeat, rebuild_pause;
    int64_t listeners_max, listeners_per_customer;
};
extern struct view_config view_config;
extern const struct setting view_settings[];

#endif
