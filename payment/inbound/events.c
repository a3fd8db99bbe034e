/* Foreign events become commands: delivery's word that an order is cancelled for good. */
#include "inbound.h"
#include "payment.h"

static bool delivery_cancelled(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    (void)reason; /* nothing of its data is needed */
    struct record_delivery_cancelled cancelled = {event->subject};
    command->type = RECORD_DELIVERY_CANCELLED;
    command->data = arena_copy(arena, &cancelled, sizeof cancelled);
    return true;
}

const struct intake_event payment_events[] = {
    {"jumun.delivery.DeliveryCancelled.v1", delivery_cancelled},
    {NULL, NULL},
};
