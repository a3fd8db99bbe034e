/* settings — what can be told to notification, besides what every service can be told. */
#ifndef JUMUN_NOTIFICATION_SETTINGS_H
#define JUMUN_NOTIFICATION_SETTINGS_H

#include "setting.h"

struct notification_config {
    bool log_channel;
};
extern struct notification_config notification_config;
extern const struct setting notification_settings[];

#endif
