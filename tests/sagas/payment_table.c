/* Payment's table: 12,000 won. */
#include "payment.h"
#include "table.h"

#define ORDER_ID                                                                                                                           \
    {                                                                                                                                      \
        {                                                                                                                                  \
            11                                                                                                                             \
        }                                                                                                                                  \
    }
#define CUSTOMER                                                                                                                           \
    {                                                                                                                                      \
        {                                                                                                                                  \
            2                                                                                                                              \
        }                                                                                                                                  \
    }
#define FRESH .fresh = {{4}}

#define ATTEMPT(number)                                                                                                                    \
    {                                                                                                                                      \
        .type = MAKE_ATTEMPT, FRESH, .data = &(const struct make_attempt)                                                                  \
        {                                                                                                                                  \
            ORDER_ID, CUSTOMER, (number), {12000, "KRW"}, STR_CONST("card"), STR_CONST("tok_ok")                                           \
        }                                                                                                                                  \
    }
static const struct command attempt = ATTEMPT(1), next_attempt = ATTEMPT(2);

#define OUTCOME(...)                                                                                                                       \
    {                                                                                                                                      \
        .type = RECORD_OUTCOME, FRESH, .data = &(const struct record_outcome)                                                              \
        {                                                                                                                                  \
            .order = ORDER_ID, .attempt = 1, __VA_ARGS__                                                                                   \
        }                                                                                                                                  \
    }
static const struct command approved = OUTCOME(.answer = PROVIDER_APPROVED, .reference = STR_CONST("ch_1"));
static const struct command declined = OUTCOME(.answer = PROVIDER_DECLINED, .decline_code = STR_CONST("insufficient_funds"));
static const struct command silent = OUTCOME(.answer = PROVIDER_SILENT);
static const struct command silent_too_long = OUTCOME(.answer = PROVIDER_SILENT, .patience = 1);

#define REFUND(...)                                                                                                                        \
    {                                                                                                                                      \
        .type = RECORD_REFUND, FRESH, .data = &(const struct record_refund)                                                                \
        {                                                                                                                                  \
            .order = ORDER_ID, .refund = 1, __VA_ARGS__                                                                                    \
        }                                                                                                                                  \
    }
static const struct command refunded = REFUND(.answer = PROVIDER_APPROVED, .reference = STR_CONST("re_1"));
static const struct command refund_failed = REFUND(.answer = PROVIDER_DECLINED, .fault_code = STR_CONST("try_later"));
static const struct command refund_silent = REFUND(.answer = PROVIDER_SILENT);

static const struct command cancelled = {.type = CANCEL_PAYMENT, .data = &(const struct cancel_payment){ORDER_ID, CUSTOMER}};
static const struct command order_gone = {
    .type = RECORD_DELIVERY_CANCELLED, FRESH, .data = &(const struct record_delivery_cancelled){ORDER_ID}};
static const struct command ask_again = {
    .type = COMMAND_TIMER_DUE,
    FRESH,
    .data = &(const struct timer_due){.timer = PAYMENT_ASK_PROVIDER_TIMER, .aggregate_kind = PAYMENT, .id = ORDER_ID}};

static const struct saga_state states[] = {
    {"not heard of", PAYMENT_NONE, {NULL}},
    {"PROCESSING", PAYMENT_PROCESSING, {&attempt}},
    {"PROCESSING (order gone)", PAYMENT_PROCESSING, {&attempt, &order_gone}},
    {"UNKNOWN", PAYMENT_UNKNOWN, {&attempt, &silent}},
    {"UNKNOWN (order gone)", PAYMENT_UNKNOWN, {&attempt, &silent, &order_gone}},
    {"DECLINED", PAYMENT_DECLINED, {&attempt, &declined}},
    {"APPROVED", PAYMENT_APPROVED, {&attempt, &approved}},
    {"APPROVED (cancel requested)", PAYMENT_APPROVED, {&attempt, &approved, &cancelled}},
    {"REFUNDING", PAYMENT_REFUNDING, {&attempt, &approved, &order_gone}},
    {"REFUNDING (failed once)", PAYMENT_REFUNDING, {&attempt, &approved, &order_gone, &refund_failed}},
    {"REFUNDED", PAYMENT_REFUNDED, {&attempt, &approved, &order_gone, &refunded}},
    {"CLOSED", PAYMENT_CLOSED, {&attempt, &declined, &order_gone}},
    {"CLOSED (before anything else was heard)", PAYMENT_CLOSED, {&order_gone}},
    {0},
};

static const struct saga_command commands[] = {
    {"order asks: an attempt", &attempt},
    {"order asks: the next attempt", &next_attempt},
    {"POST /payments/{orderId}/cancel", &cancelled},
    {"DeliveryCancelled", &order_gone},
    {"the provider approves", &approved},
    {"the provider declines", &declined},
    {"the provider does not answer", &silent},
    {"the provider has not answered for too long", &silent_too_long},
    {"the provider has refunded", &refunded},
    {"the provider's refund has failed", &refund_failed},
    {"the provider does not answer about the refund", &refund_silent},
    {"the timer: time to ask the provider again", &ask_again},
    {0},
};

static int status_of(const void *state)
{
    return ((const struct payment *)state)->status;
}

static bool all(int command)
{
    (void)command;
    return true;
}

const struct saga_table payment_table = {
    .title = "payment: the money",
    .decider = &payment_decider,
    .kind = PAYMENT,
    .status = status_of,
    .status_names = payment_status_names,
    .status_count = PAYMENT_STATUSES,
    .concerns = all,
    .command_count = PAYMENT_COMMANDS,
    .effect = "asks the provider",
    .states = states,
    .commands = commands,
};
