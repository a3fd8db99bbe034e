/* Settings of delivery. */
#include "settings.h"

struct delivery_config delivery_config;

const struct setting delivery_settings[] = {
    {"JUMUN_CARRIER", SETTING_TEXT, "simulated", &delivery_config.carrier, 0, 0,
     "who delivers: simulated (by itself, after the delays below) or manual (couriers and operators say so by REST)"},
    {"JUMUN_CARRIER_START_DELAY_MS", SETTING_MILLISECONDS, "1000", &delivery_config.carrier_start_delay, 0, 86400000,
     "how long the simulated carrier lets goods wait; 0: not at all"},
    {"JUMUN_CARRIER_COMPLETE_DELAY_MS", SETTING_MILLISECONDS, "2000", &delivery_config.carrier_complete_delay, 0, 86400000,
     "how long the simulated carrier is on its way; 0: not at all"},
    {"JUMUN_CARRIER_PATIENCE_MS", SETTING_MILLISECONDS, "30000", &delivery_config.carrier_patience, 1, 30000,
     "how long until the carrier is asked again for what may have been forgotten in a crash"},
    {.name = NULL},
};
