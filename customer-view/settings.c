/* Settings of customer-view. */
#include "settings.h"

struct view_config view_config;

const struct setting view_settings[] = {
    {"JUMUN_REDIS_URL", SETTING_SECRET, NULL, &view_config.redis_url, 0, 0, "redis://[:password@]host:port/database"},
    {"JUMUN_KAFKA_BROKERS", SETTING_TEXT, NULL, &view_config.kafka_brokers, 0, 0, "host:port, separated by commas"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
