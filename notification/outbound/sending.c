/* The effects: SEND hands a notice to its channel, whose answer comes back as a command; RESUME brings a command back with its customer. */
#include "channel.h"
#include "log.h"
#include "notification.h"
#include "outbound.h"
#include "text.h"
#include <stdatomic.h>
#include <stdio.h>

#define NOTICE_CHANNEL(channel, address) [CHANNEL_##channel] = &channel##_channel,
static const struct channel *const channels[NOTICE_CHANNELS] = {
#include "notification.def"
};

static struct counter sent[NOTICE_CHANNELS], failed[NOTICE_CHANNELS], left[NOTICE_CHANNELS], given_up;
static atomic_bool started; /* the engine's timers may be quicker than we */

/* ── SEND ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* On its way to the channel; lives in the arena of the command that will tell what came of it. */
struct sending {
    struct engine *engine;
    struct engine_command *command;
    struct sending_outcome outcome;
};

static void warn(const struct sending *s, const struct channel_answer *answer)
{
    static _Atomic int64_t last;
    if (log_every(&last, SECONDS(5)))
        log_warning("a channel has not taken a notice", LOG_STR("channel", notice_channel_names[s->outcome.channel]),
                    LOG_ID("notice", s->outcome.notice), LOG_STR("failure", channel_failure_names[answer->failure]),
                    LOG_STR("detail", answer->detail));
}

static void sending_done(void *ctx, const struct channel_answer *answer)
{
    struct sending *s = ctx;
    s->command->command.type = answer->taken ? RECORD_SENT : RECORD_FAILED;
    s->outcome.failure = answer->failure;
    counter_add(answer->taken ? &sent[s->outcome.channel] : &failed[s->outcome.channel], 1);
    if (!answer->taken)
        warn(s, answer);
    engine_submit(s->engine, s->command);
}

static struct channel_message message_of(const struct send *send)
{
    return (struct channel_message){
        .notice = send->notice,
        .order = send->order,
        .customer = send->customer,
        .kind = send->kind,
        .language = send->language,
        .title = notice_title(send->kind, send->language),
        .text = {send->text, send->text_length},
        .address = {send->text + send->text_length, send->address_length},
    };
}

static void start_sending(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    const struct send *send = effect->data;
    struct engine_command *command = engine_outcome_command(effect);
    struct sending *s = ARENA_NEW(&command->arena, struct sending);
    *s = (struct sending){e, command, {.notice = send->notice, .customer = send->customer, .channel = send->channel}};
    command->command.data = &s->outcome;
    command->command.cause = send->cause; /* what is told of, not that it was intended */
    struct channel_message m = message_of(send);
    if (!started)
        channel_failed(sending_done, s, FAILURE_UNREACHABLE, "the channels are being started, or stopped");
    else if (!channels[send->channel]->offered())
        channel_failed(sending_done, s, FAILURE_NOT_OFFERED, "the settings do not have it");
    else
        channels[send->channel]->send(&m, sending_done, s);
}

/* ── RESUME and REPORT ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void start_resuming(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx;
    const struct resume *resume = effect->data;
    struct engine_command *command = engine_outcome_command(effect);
    command->command.type = resume->command;
    command->command.data = arena_copy(&command->arena, &resume->resumed, sizeof resume->resumed);
    engine_submit(e, command);
}

static void start_reporting(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx, (void)e;
    const struct report *r = effect->data;
    if (!r->given_up) {
        counter_add(&left[r->channel], 1);
        return;
    }
    counter_add(&given_up, 1);
    log_error("a notice is given up: no channel has taken it", LOG_ID("notice", r->notice), LOG_ID("order", r->order),
              LOG_STR("kind", notice_kind_names[r->kind]), LOG_STR("channel", notice_channel_names[r->channel]),
              LOG_STR("failure", channel_failure_names[r->failure]));
}

const effect_start notification_effects[] = {[SEND] = start_sending, [RESUME] = start_resuming, [REPORT] = start_reporting};

/* ── the channels ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

unsigned channels_offered(void)
{
    unsigned offered = 0;
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        offered |= (unsigned)channels[i]->offered() << i;
    return offered;
}

bool sending_start(struct engine *engine, char problem[200])
{
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        if (channels[i]->offered() && channels[i]->start && !channels[i]->start(problem))
            return false;
    started = true;
    return sweep_start(engine, problem);
}

void sending_stop(void)
{
    sweep_stop();
    started = false;
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        if (channels[i]->offered() && channels[i]->stop)
            channels[i]->stop();
}

void sending_show(struct metrics_page *page)
{
    static const char *const labels[NOTICE_CHANNELS] = {
#define NOTICE_CHANNEL(channel, address) [CHANNEL_##channel] = "channel=\"" #channel "\"",
#include "notification.def"
    };
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        metrics_counter(page, "jumun_notification_sent_total", "Notices that a channel has taken.", labels[i], &sent[i]);
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        metrics_counter(page, "jumun_notification_failed_total", "Sendings that a channel has not taken.", labels[i], &failed[i]);
    for (int i = 0; i < NOTICE_CHANNELS; i++)
        metrics_counter(page, "jumun_notification_fallbacks_total", "Notices that were left to the customer's next channel.", labels[i],
                        &left[i]);
    metrics_counter(page, "jumun_notification_given_up_total", "Notices that no channel has taken.", NULL, &given_up);
}
