/* The log as a channel: a notice is a line of the service's log. It never fails. */
#include "channel.h"
#include "log.h"
#include "settings.h"

static void log_channel_send(const struct channel_message *m, void (*done)(void *ctx, const char *failure), void *ctx)
{
    if (notification_config.log_channel)
        log_info("notice", LOG_STR("kind", m->kind), LOG_ID("customer", m->customer), LOG_ID("order", m->order),
                 LOG_ID("notice", m->notice), LOG_STR("language", m->language), LOG_TEXT_OF("text", m->text));
    done(ctx, NULL);
}

const struct channel log_channel = {log_channel_send};
