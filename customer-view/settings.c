/* Settings of customer-view. */
#include "settings.h"

struct view_config view_config;

const struct setting view_settings[] = {
    {"JUMUN_REDIS_URL", SETTING_SECRET, NULL, &view_config.redis_url, 0, 0, "redis://[:password@]host:port/database"},
    {"JUMUN_KAFKA_BROKERS", SETTING_TEXT, NULL, &view_config.kafka_brokers, 0, 0, "host:port, separated by commas"},
    {"JUMUN_HEARTBEAT_MS", SETTING_MILLISECONDS, "15000", &view_config.heartbeat, 100, 600000,
     "pause between the comments that keep GET /my/orders/events alive"},
    {"JUMUN_LISTENERS_MAX", SETTING_INTEGER, "1000", &view_config.listeners_max, 1, 100000, "clients who listen at once; more get 503"},
    {"JUMUN_LISTENERS_PER_CUSTOMER", SETTING_INTEGER, "10", &view_config.listeners_per_customer, 1, 100000,
     "… of one customer; more get 429"},
    {"JUMUN_REBUILD_PAUSE_MS", SETTING_MILLISECONDS, "0", &view_config.rebuild_pause, 0, 60000,
     "pause between two batches when the view is rebuilt, besides as long as a batch took"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
