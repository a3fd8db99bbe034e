/* Delivery's table. */
#include "delivery.h"
#include "table.h"

#define ORDER_ID                                                                                                                           \
    {                                                                                                                                      \
        {                                                                                                                                  \
            11                                                                                                                             \
        }                                                                                                                                  \
    }
#define LINES STR_CONST("[{\"product\":\"01900000-0000-7000-8000-000000000001\",\"quantity\":2}]")

static const struct command confirmed = {
    .type = RECORD_CONFIRMED, .data = &(const struct record_confirmed){ORDER_ID, {{7}}, STR_CONST("{}"), LONGEST_CARRIER_PATIENCE}};
static const struct command prepared = {.type = RECORD_PREPARED,
                                        .data = &(const struct record_prepared){ORDER_ID, LINES, LONGEST_CARRIER_PATIENCE}};
static const struct command started = {.type = START, .data = &(const struct start_delivery){.order = ORDER_ID, .by = BY_COURIER}};
static const struct command left = {.type = START, .data = &(const struct start_delivery){.order = ORDER_ID, .by = BY_CARRIER}};
static const struct command completed = {.type = COMPLETE, .data = &(const struct complete_delivery){ORDER_ID, BY_COURIER}};
static const struct command arrived = {.type = COMPLETE, .data = &(const struct complete_delivery){ORDER_ID, BY_CARRIER}};
static const struct command cancel = {.type = CANCEL, .data = &(const struct cancel_delivery){ORDER_ID, {{7}}, LINES}};
static const struct command patience_ends = {.type = DELIVERY_TIMER_DUE,
                                             .data = &(const struct timer_due){CARRIER_TIMER, DELIVERY, ORDER_ID}};

static const struct saga_state states[] = {
    {"not heard of", DELIVERY_NONE, {NULL}},
    {"AWAITING", DELIVERY_AWAITING, {&confirmed}},
    {"READY", DELIVERY_READY, {&confirmed, &prepared}},
    {"STARTED", DELIVERY_STARTED, {&confirmed, &prepared, &left}},
    {"COMPLETED", DELIVERY_COMPLETED, {&confirmed, &prepared, &left, &arrived}},
    {"CANCELLED", DELIVERY_CANCELLED, {&confirmed, &cancel}},
    {"CANCELLED (before anything else was heard)", DELIVERY_CANCELLED, {&cancel}},
    {0},
};

static const struct saga_command commands[] = {
    {"OrderConfirmed", &confirmed},
    {"PreparationCompleted", &prepared},
    {"OrderCancelRequested", &cancel},
    {"a courier starts it", &started},
    {"the carrier says that it has left", &left},
    {"a courier completes it", &completed},
    {"the carrier says that it has arrived", &arrived},
    {"the timer: the carrier has said nothing", &patience_ends},
    {0},
};

static int status_of(const void *state)
{
    return (int)((const struct delivery *)state)->state;
}

static bool all(int command)
{
    (void)command;
    return true;
}

const struct saga_table delivery_table = {
    .title = "delivery: the pivot",
    .decider = &delivery_decider,
    .kind = DELIVERY,
    .status = status_of,
    .status_names = delivery_state_names,
    .status_count = DELIVERY_STATES,
    .concerns = all,
    .command_count = DELIVERY_COMMANDS,
    .effect = "hands it to the carrier",
    .states = states,
    .commands = commands,
};
