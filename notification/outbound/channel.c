/* Channel: what the adapters' answers have in common. */
#include "channel.h"

#include <stdio.h>

void channel_took(channel_done done, void *ctx)
{
    done(ctx, &(struct channel_answer){.taken = true});
}

void channel_failed(channel_done done, void *ctx, enum channel_failure failure, const char *detail)
{
    done(ctx, &(struct channel_answer){.failure = failure, .detail = detail});
}

static enum channel_failure failure_of(int status)
{
    if (status >= 500 || status == 408 || status == 425 || status == 429)
        return FAILURE_BUSY;
    return status == 404 || status == 410 ? FAILURE_NO_RECIPIENT : FAILURE_REFUSED;
}

void channel_answered(channel_done done, void *ctx, int status)
{
    char detail[40];
    if (status >= 200 && status < 300) {
        channel_took(done, ctx);
        return;
    }
    (void)snprintf(detail, sizeof detail, "it answered %d", status);
    channel_failed(done, ctx, failure_of(status), detail);
}
