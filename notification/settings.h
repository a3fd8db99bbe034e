/* settings — what can be told to notification, besides what every service can be told. */
#ifndef JUMUN_NOTIFICATION_SETTINGS_H
#define JUMUN_NOTIFICATION_SETTINGS_H

#include "setting.h"

struct notification_config {
    bool log_channel;
    duration deadline, sweep_after;
    const char *smtp_url, *smtp_from, *smtp_user, *smtp_password;
    const char *webhook_secret;
    bool webhook_private;
    const char *alimtalk_url, *alimtalk_sender_key, *alimtalk_template_prefix;
};
extern struct notification_config notification_config;
extern const struct setting notification_settings[];

#endif
