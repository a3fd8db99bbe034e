/* The log as a channel: a notice is a line of the service's log. It never fails. */
#include "channel.h"
#include "log.h"
#include "settings.h"

static bool log_channel_offered(void)
{
    return true;
}

static void log_channel_send(const struct channel_message *m, channel_done done, void *ctx)
{
    if (notification_config.log_channel)
        log_info("notice", LOG_STR("kind", notice_kind_names[m->kind]), LOG_ID("customer", m->customer), LOG_ID("order", m->order),
                 LOG_ID("notice", m->notice), LOG_STR("language", notice_language_names[m->language]), LOG_TEXT_OF("text", m->text));
    channel_took(done, ctx);
}

const struct channel log_channel = {.offered = log_channel_offered, .send = log_channel_send};
