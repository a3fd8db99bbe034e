/* The effect SEND: hands a notice to its channel; what the channel answers comes back as a command. */
#include "channel.h"
#include "log.h"
#include "notification.h"
#include "outbound.h"

#define NOTICE_CHANNEL(channel) [CHANNEL_##channel] = &channel##_channel,
static const struct channel *const channels[NOTICE_CHANNELS] = {
#include "notification.def"
};

static struct counter sent[NOTICE_CHANNELS], failed[NOTICE_CHANNELS];

/* On its way to the channel; lives in the arena of the command that will tell what came of it. */
struct sending {
    struct engine *engine;
    struct engine_command *outcome;
    int channel;
};

static void sending_done(void *ctx, const char *failure)
{
    static _Atomic int64_t last;
    struct sending *s = ctx;
    s->outcome->command.type = failure ? RECORD_FAILED : RECORD_SENT;
    counter_add(failure ? &failed[s->channel] : &sent[s->channel], 1);
    if (failure && log_every(&last, SECONDS(5)))
        log_warning("a channel does not take notices; they are sent again later", LOG_STR("channel", notice_channel_names[s->channel]),
                    LOG_STR("failure", failure));
    engine_submit(s->engine, s->outcome);
}

static void sending_start(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    const struct send *send = effect->data;
    struct engine_command *outcome = engine_outcome_command(effect);
    struct notice_ref ref = {send->notice};
    outcome->command.data = arena_copy(&outcome->arena, &ref, sizeof ref);
    outcome->command.cause = send->cause; /* what is told of, not that it was intended */
    struct sending *s = ARENA_NEW(&outcome->arena, struct sending);
    *s = (struct sending){e, outcome, send->channel};
    struct channel_message m = {
        .notice = send->notice,
        .order = send->order,
        .customer = send->customer,
        .kind = notice_kind_names[send->kind],
        .language = notice_language_names[send->language],
        .text = {send->text, send->text_length},
    };
    channels[send->channel]->send(&m, sending_done, s);
}

const effect_start notification_effects[] = {[SEND] = sending_start};

void sending_show(struct metrics_page *page)
{
    static const char *const labels[NOTICE_CHANNELS] = {
#define NOTICE_CHANNEL(channel) [CHANNEL_##channel] = "channel=\"" #channel "\"",
#include "notification.def"
    };
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        metrics_counter(page, "jumun_notification_sent_total", "Notices that a channel has taken.", labels[i], &sent[i]);
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        metrics_counter(page, "jumun_notification_failed_total", "Sendings that a channel has not taken.", labels[i], &failed[i]);
}
