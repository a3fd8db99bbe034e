/* Settings of notification. */
#include "settings.h"

struct notification_config notification_config;

const struct setting notification_settings[] = {
    {"JUMUN_LOG_CHANNEL", SETTING_SWITCH, "on", &notification_config.log_channel, 0, 0,
     "whether the channel \"log\" writes its notices into the log; off: it takes them and stays silent, for load"},
    {"JUMUN_CHANNEL_DEADLINE_MS", SETTING_MILLISECONDS, "10000", &notification_config.deadline, 100, 25000,
     "how long a channel's provider may take for a notice"},
    {"JUMUN_SWEEP_AFTER_MS", SETTING_MILLISECONDS, "60000", &notification_config.sweep_after, 1000, 600000,
     "a notice that was not answered for so long, and has not failed, is lost, and sent again: longer than any channel takes"},
    {"JUMUN_SMTP_URL", SETTING_URL, "", &notification_config.smtp_url, 0, 0,
     "the mail server, smtp://host:port or, with TLS, smtps://host:port; without it the channel \"email\" is not offered"},
    {"JUMUN_SMTP_FROM", SETTING_TEXT, "no-reply@jumun.example", &notification_config.smtp_from, 0, 0, "the sender's address in mails"},
    {"JUMUN_SMTP_USER", SETTING_TEXT, "", &notification_config.smtp_user, 0, 0, "who we are to the mail server; empty: it does not ask"},
    {"JUMUN_SMTP_PASSWORD", SETTING_SECRET, "", &notification_config.smtp_password, 0, 0, "our password there"},
    {"JUMUN_WEBHOOK_SECRET", SETTING_SECRET, "", &notification_config.webhook_secret, 0, 0,
     "from it each customer's own signing key is derived; without it the channel \"webhook\" is not offered"},
    {"JUMUN_WEBHOOK_PRIVATE", SETTING_SWITCH, "off", &notification_config.webhook_private, 0, 0,
     "whether webhooks may be at private and loopback addresses, too; on only where all customers are trusted"},
    {"JUMUN_ALIMTALK_URL", SETTING_URL, "", &notification_config.alimtalk_url, 0, 0,
     "where Alimtalk messages are posted to; without it the channel \"alimtalk\" is not offered"},
    {"JUMUN_ALIMTALK_SENDER_KEY", SETTING_SECRET, "", &notification_config.alimtalk_sender_key, 0, 0,
     "the key of our sender profile there"},
    {"JUMUN_ALIMTALK_TEMPLATE_PREFIX", SETTING_TEXT, "jumun_", &notification_config.alimtalk_template_prefix, 0, 0,
     "how our templates' codes begin; the kind and the language follow: jumun_delivery_started_ko"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
