/* Foreign events become commands: an order that is completed. The first start reads its topic from the beginning. */
#include "account.h"
#include "inbound.h"

struct completion {
    struct uuid customer;
};
static const struct json_field completion_fields[] = {
    JSON_FIELD(struct completion, customer, "customer", JSON_ID, JSON_REQUIRED),
};
static const struct json_shape completion_shape = JSON_SHAPE(struct completion, completion_fields, JSON_IGNORE_UNKNOWN);

static bool order_completed(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct completion completion;
    if (!intake_decode(arena, event, &completion_shape, &completion, reason))
        return false;
    struct record_completed completed = {event->subject, completion.customer};
    command->type = RECORD_COMPLETED;
    command->data = arena_copy(arena, &completed, sizeof completed);
    return true;
}

const struct intake_event account_events[] = {
    {"jumun.order.OrderCompleted.v1", order_completed},
    {NULL, NULL},
};
