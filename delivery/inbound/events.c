/* Foreign events become commands: what confirms an order, what prepares its goods, and what cancels it. */
#include "../settings.h"
#include "delivery.h"
#include "inbound.h"

struct confirmation {
    struct uuid customer;
    struct str address;
};
static const struct json_field confirmation_fields[] = {
    JSON_FIELD(struct confirmation, customer, "customer", JSON_ID, JSON_REQUIRED),
    JSON_FIELD(struct confirmation, address, "address", JSON_ANY, JSON_REQUIRED),
};
static const struct json_shape confirmation_shape = JSON_SHAPE(struct confirmation, confirmation_fields, JSON_IGNORE_UNKNOWN);

static bool order_confirmed(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct confirmation confirmation;
    if (!intake_decode(arena, event, &confirmation_shape, &confirmation, reason))
        return false;
    if (!str_starts_with(confirmation.address, STR("{"))) {
        *reason = STR("data/address: wrong-type: expected an object");
        return false;
    }
    struct record_confirmed confirmed = {event->subject, confirmation.customer, confirmation.address, delivery_config.carrier_patience};
    command->type = RECORD_CONFIRMED;
    command->data = arena_copy(arena, &confirmed, sizeof confirmed);
    return true;
}

struct line {
    struct uuid product;
    int64_t quantity;
};
static const struct json_field line_fields[] = {
    JSON_FIELD(struct line, product, "product", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct line, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, 1000000),
};
static const struct json_shape line_shape = JSON_SHAPE(struct line, line_fields, JSON_IGNORE_UNKNOWN);

struct preparation {
    struct json_list lines;
};
static const struct json_field preparation_fields[] = {
    JSON_FIELD_ARRAY(struct preparation, lines, "lines", JSON_REQUIRED, &line_shape, 1, 100),
};
static const struct json_shape preparation_shape = JSON_SHAPE(struct preparation, preparation_fields, JSON_IGNORE_UNKNOWN);

/* As DeliveryStarted and DeliveryCancelled will say them: what is not understood here is not passed on. */
static struct str lines_text(struct arena *arena, const struct json_list *lines)
{
    struct buf text = BUF_INIT;
    struct json_writer w = {.out = &text};
    const struct line *line = lines->items;
    json_begin_array(&w, NULL);
    for (size_t i = 0; i < lines->count; i++) {
        json_begin_object(&w, NULL);
        json_put_id(&w, "product", line[i].product);
        json_put_integer(&w, "quantity", line[i].quantity);
        json_end_object(&w);
    }
    json_end_array(&w);
    struct str in_arena = arena_str(arena, buf_str(&text));
    buf_release(&text);
    return in_arena;
}

static bool preparation_completed(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct preparation preparation;
    if (!intake_decode(arena, event, &preparation_shape, &preparation, reason))
        return false;
    struct record_prepared prepared = {event->subject, lines_text(arena, &preparation.lines), delivery_config.carrier_patience};
    command->type = RECORD_PREPARED;
    command->data = arena_copy(arena, &prepared, sizeof prepared);
    return true;
}

struct cancellation {
    struct uuid customer;
    struct json_list lines;
};
static const struct json_field cancellation_fields[] = {
    JSON_FIELD(struct cancellation, customer, "customer", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_ARRAY(struct cancellation, lines, "lines", JSON_REQUIRED, &line_shape, 1, 100),
};
static const struct json_shape cancellation_shape = JSON_SHAPE(struct cancellation, cancellation_fields, JSON_IGNORE_UNKNOWN);

static bool order_cancel_requested(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct cancellation cancellation;
    if (!intake_decode(arena, event, &cancellation_shape, &cancellation, reason))
        return false;
    struct cancel_delivery cancel = {event->subject, cancellation.customer, lines_text(arena, &cancellation.lines)};
    command->type = CANCEL;
    command->data = arena_copy(arena, &cancel, sizeof cancel);
    return true;
}

const struct intake_event delivery_events[] = {
    {"jumun.order.OrderConfirmed.v1", order_confirmed},
    {"jumun.order.OrderCancelRequested.v1", order_cancel_requested},
    {"jumun.preparation.PreparationCompleted.v1", preparation_completed},
    {NULL, NULL},
};
