/* Foreign events become commands: a confirmed order is prepared; its goods leave with the delivery, or come back with its cancel. */
#include "inbound.h"
#include "preparation.h"
#include "product_decider.h"

static const struct json_field line_fields[] = {
    JSON_FIELD(struct stock_line, product, "product", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct stock_line, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, 1000000),
};
static const struct json_shape line_shape = JSON_SHAPE(struct stock_line, line_fields, JSON_IGNORE_UNKNOWN);

struct goods {
    struct json_list lines;
};
static const struct json_field goods_fields[] = {
    JSON_FIELD_ARRAY(struct goods, lines, "lines", JSON_REQUIRED, &line_shape, 1, 100),
};
static const struct json_shape goods_shape = JSON_SHAPE(struct goods, goods_fields, JSON_IGNORE_UNKNOWN);

static bool decode_lines(struct arena *arena, const struct cloud_event *event, struct stock_lines *lines, struct str *reason)
{
    struct goods goods;
    if (!intake_decode(arena, event, &goods_shape, &goods, reason))
        return false;
    *lines = (struct stock_lines){goods.lines.items, goods.lines.count};
    return true;
}

static bool order_confirmed(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct prepare_order *prepare = ARENA_NEW(arena, struct prepare_order);
    prepare->order = event->subject;
    command->type = PREPARE;
    command->data = prepare;
    return decode_lines(arena, event, &prepare->lines, reason);
}

static bool delivery_started(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct ship_order *ship = ARENA_NEW(arena, struct ship_order);
    ship->order = event->subject;
    command->type = SHIP;
    command->data = ship;
    return decode_lines(arena, event, &ship->lines, reason);
}

static bool delivery_cancelled(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct release_order *release = ARENA_NEW(arena, struct release_order);
    release->order = event->subject;
    command->type = RELEASE;
    command->data = release;
    return decode_lines(arena, event, &release->lines, reason);
}

const struct intake_event product_events[] = {
    {"jumun.order.OrderConfirmed.v1", order_confirmed},
    {"jumun.delivery.DeliveryStarted.v1", delivery_started},
    {"jumun.delivery.DeliveryCancelled.v1", delivery_cancelled},
    {NULL, NULL},
};
