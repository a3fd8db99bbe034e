/* Settings of notification. */
#include "settings.h"

struct notification_config notification_config;

const struct setting notification_settings[] = {
    {"JUMUN_LOG_CHANNEL", SETTING_SWITCH, "on", &notification_config.log_channel, 0, 0,
     "whether the channel \"log\" writes its notices into the log; off: it takes them and stays silent, for load"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
