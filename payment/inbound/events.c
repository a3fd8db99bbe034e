/* Foreign events become commands: delivery's word that an order is cancelled for good. */
#include "inbound.h"
#include "payment.h"

/* Nothing of its data is needed; but money comes back by it, so it must be whole. */
static const struct json_shape any_object = {.size = sizeof(char), .unknown = JSON_IGNORE_UNKNOWN};

static bool delivery_cancelled(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    char nothing;
    if (!intake_decode(arena, event, &any_object, &nothing, reason))
        return false;
    struct record_delivery_cancelled cancelled = {event->subject};
    command->type = RECORD_DELIVERY_CANCELLED;
    command->data = arena_copy(arena, &cancelled, sizeof cancelled);
    return true;
}

const struct intake_event payment_events[] = {
    {"jumun.delivery.DeliveryCancelled.v1", delivery_cancelled},
    {NULL, NULL},
};
