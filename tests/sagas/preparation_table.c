/* Preparation's table: two teas of ten, or of none. */
#include "preparation.h"
#include "product.h"
#include "product_decider.h"
#include "table.h"

#define ORDER_ID                                                                                                                           \
    {                                                                                                                                      \
        {                                                                                                                                  \
            11                                                                                                                             \
        }                                                                                                                                  \
    }
static const struct stock_line two_teas = {{{1}}, 2}, eleven_teas = {{{1}}, 11};
#define TWO_TEAS                                                                                                                           \
    {                                                                                                                                      \
        &two_teas, 1                                                                                                                       \
    }
#define ELEVEN_TEAS                                                                                                                        \
    {                                                                                                                                      \
        &eleven_teas, 1                                                                                                                    \
    }

static const struct command confirmed = {.type = PREPARE, .data = &(const struct prepare_order){ORDER_ID, TWO_TEAS}};
static const struct command too_many = {.type = PREPARE, .data = &(const struct prepare_order){ORDER_ID, ELEVEN_TEAS}};
static const struct command started = {.type = SHIP, .data = &(const struct ship_order){ORDER_ID, TWO_TEAS}};
static const struct command cancelled = {.type = RELEASE, .data = &(const struct release_order){ORDER_ID, TWO_TEAS}};

static void ten_teas(struct story *s)
{
    static const struct register_product tea = {
        .product = {{1}}, .name = STR_CONST("제주 녹차"), .description = STR_CONST(""), .price = {18000, "KRW"}, .stock = 10};
    given(s, (struct command){.type = REGISTER, .data = &tea});
}

static const struct saga_state states[] = {
    {"not heard of", PREPARATION_NONE, {NULL}},
    {"PREPARED", PREPARATION_PREPARED, {&confirmed}},
    {"REJECTED", PREPARATION_REJECTED, {&too_many}},
    {"RELEASED", PREPARATION_RELEASED, {&confirmed, &cancelled}},
    {"RELEASED (before anything else was heard)", PREPARATION_RELEASED, {&cancelled}},
    {"SHIPPED", PREPARATION_SHIPPED, {&confirmed, &started}},
    {0},
};

static const struct saga_command commands[] = {
    {"OrderConfirmed, and there is enough", &confirmed},
    {"OrderConfirmed, and there is not enough", &too_many},
    {"DeliveryStarted", &started},
    {"DeliveryCancelled", &cancelled},
    {0},
};

static int status_of(const void *state)
{
    return (int)((const struct preparation *)state)->state;
}

static bool concerns_preparation(int command)
{
    static const int first_named[PRODUCT_COMMANDS] = {
        [PRODUCT_TIMER_DUE] = PRODUCT_AGGREGATES,
#define PRODUCT_COMMAND(command, aggregate) [command] = (aggregate),
#include "product.def"
    };
    return first_named[command] == PREPARATION;
}

const struct saga_table preparation_table = {
    .title = "preparation: the goods",
    .decider = &product_decider,
    .kind = PREPARATION,
    .status = status_of,
    .status_names = preparation_state_names,
    .status_count = PREPARATION_STATES,
    .concerns = concerns_preparation,
    .command_count = PRODUCT_COMMANDS,
    .prepare = ten_teas,
    .states = states,
    .commands = commands,
};
