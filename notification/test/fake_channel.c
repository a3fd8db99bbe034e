/* A channel in memory, for tests of what uses one. It keeps the contract of the real ones. */
#include "fake_channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 100

static struct {
    enum behaviour behaviour;
    bool away;
    char received[HELD_MAX][1000];
    int count, read;
    struct {
        channel_done done;
        void *ctx;
    } hanging[HELD_MAX];
    int hanging_count;
} fake;

static bool fake_offered(void)
{
    return true;
}

static bool fake_start(char problem[200])
{
    (void)problem;
    return true;
}

static void fake_stop(void)
{
    while (fake.hanging_count > 0) {
        fake.hanging_count--;
        channel_failed(fake.hanging[fake.hanging_count].done, fake.hanging[fake.hanging_count].ctx, FAILURE_UNREACHABLE,
                       "the channel is stopped");
    }
}

static void keep(const struct channel_message *m)
{
    char id[UUID_TEXT + 1];
    uuid_format(m->notice, id);
    (void)snprintf(fake.received[fake.count++], sizeof fake.received[0], "%s %.*s %.*s", id, STR_ARG(m->address), STR_ARG(m->text));
}

static void fake_send(const struct channel_message *m, channel_done done, void *ctx)
{
    static const enum channel_failure failures[] = {
        [IS_BUSY] = FAILURE_BUSY, [REFUSES] = FAILURE_REFUSED, [KNOWS_NOBODY] = FAILURE_NO_RECIPIENT};
    if (fake.away) {
        channel_failed(done, ctx, FAILURE_UNREACHABLE, "nobody there");
    } else if (fake.behaviour == TAKES) {
        keep(m);
        channel_took(done, ctx);
    } else if (fake.behaviour == HANGS) {
        fake.hanging[fake.hanging_count].done = done;
        fake.hanging[fake.hanging_count++].ctx = ctx;
    } else {
        channel_failed(done, ctx, failures[fake.behaviour], "as it was told");
    }
}

const struct channel fake_channel = {fake_offered, fake_start, fake_stop, fake_send};

void fake_channel_reset(void)
{
    fake.away = false;
    fake.behaviour = TAKES;
    fake.count = fake.read = fake.hanging_count = 0;
}

void fake_channel_leave(void)
{
    fake.away = true;
}

void fake_channel_behave(enum behaviour how)
{
    fake.behaviour = how;
}

const char *fake_channel_received(void)
{
    return fake.read < fake.count ? fake.received[fake.read++] : "nothing";
}
