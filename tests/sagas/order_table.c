/* Order's table: two teas at 10,000 won. */
#include "order.h"
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
#define CARD                                                                                                                               \
    {                                                                                                                                      \
        STR_CONST("card"), STR_CONST("tok_ok")                                                                                             \
    }
#define WINDOW MINUTES(15)

static const struct command tea_is_sold = {
    .type = RECORD_PRODUCT,
    .data =
        &(const struct record_product){{{1}}, {.product_version = 1, .name = STR_CONST("녹차"), .price = {10000, "KRW"}, .available = 10}}};
static const struct place_item two_teas = {{{1}}, 2};
static const struct command placed = {.type = PLACE_ORDER,
                                      .data = &(const struct place_order){.order = ORDER_ID,
                                                                          .customer = CUSTOMER,
                                                                          .items = &two_teas,
                                                                          .item_count = 1,
                                                                          .address = {.recipient = STR_CONST("김주문"),
                                                                                      .phone = STR_CONST("010-1234-5678"),
                                                                                      .zip = STR_CONST("04524"),
                                                                                      .line1 = STR_CONST("세종대로 110")},
                                                                          .means = CARD,
                                                                          .payment_window = WINDOW}};
static const struct command paid_again = {.type = PAY_ORDER, .data = &(const struct pay_order){ORDER_ID, CUSTOMER, CARD, false}};

#define OUTCOME(...)                                                                                                                       \
    {                                                                                                                                      \
        .type = RECORD_PAYMENT, .data = &(const struct record_payment)                                                                     \
        {                                                                                                                                  \
            .order = ORDER_ID, .attempt = 1, __VA_ARGS__                                                                                   \
        }                                                                                                                                  \
    }
static const struct command approved = OUTCOME(.outcome = PAYMENT_APPROVED, .payment_id = {{3}}, .amount = {20000, "KRW"});
static const struct command declined = OUTCOME(.outcome = PAYMENT_DECLINED, .decline_code = STR_CONST("insufficient_funds"));
static const struct command silent = OUTCOME(.outcome = PAYMENT_UNKNOWN);
static const struct command closed_already = OUTCOME(.outcome = PAYMENT_CLOSED);

#define FACT(command)                                                                                                                      \
    {                                                                                                                                      \
        .type = (command), .data = &(const struct order_fact)                                                                              \
        {                                                                                                                                  \
            ORDER_ID                                                                                                                       \
        }                                                                                                                                  \
    }
static const struct command prepared = FACT(RECORD_PREPARED), rejected = FACT(RECORD_PREPARATION_REJECTED), started = FACT(RECORD_SHIPPED),
                            delivered = FACT(RECORD_DELIVERED), payment_cancelled = FACT(RECORD_PAYMENT_CANCELLED),
                            refused = FACT(RECORD_CANCEL_REFUSED), released = FACT(RECORD_RELEASED), closed = FACT(RECORD_PAYMENT_CLOSED);

static const struct command cancelled = {.type = CANCEL_ORDER, .data = &(const struct cancel_order){ORDER_ID, CUSTOMER, false}};
static const struct command cancelled_by_operator = {.type = CANCEL_ORDER, .data = &(const struct cancel_order){ORDER_ID, {{9}}, true}};
static const struct command refunded = {.type = RECORD_REFUNDED, .data = &(const struct record_refund){ORDER_ID, {20000, "KRW"}}};
static const struct command review = {.type = RECORD_PAYMENT_NEEDS_REVIEW,
                                      .data = &(const struct payment_review){ORDER_ID, 1, STR_CONST("the provider is silent")}};

static const struct timer_due unpaid = {.timer = ORDER_UNPAID_TIMER, .aggregate_kind = ORDER, .id = ORDER_ID};
static const struct command ask_again = {.type = COMMAND_TIMER_DUE, .data = &unpaid};
static const struct command window_closes = {.type = COMMAND_TIMER_DUE, .data = &unpaid, .now = SAGA_BEGINS + WINDOW};

static void tea(struct story *s)
{
    given(s, tea_is_sold);
}

static const struct saga_state states[] = {
    {"not placed", ORDER_NONE, {NULL}},
    {"PENDING_PAYMENT (asked)", ORDER_PENDING_PAYMENT, {&placed}},
    {"PENDING_PAYMENT (declined)", ORDER_PENDING_PAYMENT, {&placed, &declined}},
    {"CONFIRMED", ORDER_CONFIRMED, {&placed, &approved}},
    {"PREPARED", ORDER_PREPARED, {&placed, &approved, &prepared}},
    {"SHIPPED", ORDER_SHIPPED, {&placed, &approved, &started}},
    {"COMPLETED", ORDER_COMPLETED, {&placed, &approved, &delivered}},
    {"CANCELLING (paid)", ORDER_CANCELLING, {&placed, &approved, &cancelled}},
    {"CANCELLING (paid, goods back)", ORDER_CANCELLING, {&placed, &approved, &cancelled, &released}},
    {"CANCELLING (asked)", ORDER_CANCELLING, {&placed, &cancelled}},
    {"CANCELLING (asked, goods back)", ORDER_CANCELLING, {&placed, &cancelled, &released}},
    {"CANCELLING (declined)", ORDER_CANCELLING, {&placed, &declined, &cancelled}},
    {"CANCELLING (declined, goods back)", ORDER_CANCELLING, {&placed, &declined, &cancelled, &released}},
    {"CANCELLING (refunded)", ORDER_CANCELLING, {&placed, &approved, &cancelled, &refunded}},
    {"CANCELLING (payment closed)", ORDER_CANCELLING, {&placed, &cancelled, &closed}},
    {"CANCELLED (refunded)", ORDER_CANCELLED, {&placed, &approved, &cancelled, &released, &refunded}},
    {"CANCELLED (nothing was paid)", ORDER_CANCELLED, {&placed, &cancelled, &closed, &released}},
    {0},
};

static const struct saga_command commands[] = {
    {"POST /orders", &placed},
    {"POST /orders/{id}/payment", &paid_again},
    {"DELETE /orders/{id}, by its owner", &cancelled},
    {"DELETE /orders/{id}, by an operator", &cancelled_by_operator},
    {"payment approves; PaymentApproved", &approved},
    {"payment declines; PaymentDeclined", &declined},
    {"payment does not know, or does not answer", &silent},
    {"payment is closed already, when asked", &closed_already},
    {"PaymentCancelRequested", &payment_cancelled},
    {"PaymentNeedsReview", &review},
    {"PreparationCompleted", &prepared},
    {"PreparationRejected", &rejected},
    {"DeliveryStarted", &started},
    {"DeliveryCompleted", &delivered},
    {"DeliveryCancelRefused", &refused},
    {"PreparationCancelled", &released},
    {"PaymentRefunded", &refunded},
    {"PaymentClosed", &closed},
    {"the timer: time to ask payment again", &ask_again},
    {"the timer: the payment window closes", &window_closes},
    {0},
};

static int status_of(const void *state)
{
    return ((const struct order *)state)->status;
}

static bool concerns_order(int command)
{
    return command != RECORD_PRODUCT;
}

const struct saga_table order_table = {
    .title = "order",
    .decider = &order_decider,
    .kind = ORDER,
    .status = status_of,
    .status_names = order_status_names,
    .status_count = ORDER_STATUSES,
    .concerns = concerns_order,
    .command_count = ORDER_COMMANDS,
    .effect = "asks payment",
    .prepare = tea,
    .states = states,
    .commands = commands,
};
