/* Events of payment, product and delivery, as commands to orders. Each is about the order that is its correlation. */
#include "inbound.h"
#include "order.h"

/* ── payment ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct payment_data {
    struct uuid payment;
    int64_t attempt, amount;
    struct str currency, code;
};
static const struct json_field approved_fields[] = {
    JSON_FIELD(struct payment_data, payment, "paymentId", JSON_ID, JSON_REQUIRED),
    JSON_FIELD(struct payment_data, attempt, "attempt", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct payment_data, amount, "amount", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct payment_data, currency, "currency", JSON_TEXT, JSON_REQUIRED, 3, 3),
};
static const struct json_shape approved_shape = JSON_SHAPE(struct payment_data, approved_fields, JSON_IGNORE_UNKNOWN);
static const struct json_field declined_fields[] = {
    JSON_FIELD(struct payment_data, attempt, "attempt", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct payment_data, code, "code", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape declined_shape = JSON_SHAPE(struct payment_data, declined_fields, JSON_IGNORE_UNKNOWN);

static struct record_payment *outcome(struct arena *arena, const struct cloud_event *event, struct command *command)
{
    struct record_payment *r = ARENA_NEW(arena, struct record_payment);
    r->order = event->correlation;
    command->type = RECORD_PAYMENT;
    command->data = r;
    return r;
}

static bool take_amount(const struct payment_data *data, struct money *amount, struct str *reason)
{
    if (!money_currency_valid(data->currency)) {
        *reason = STR("/currency: not a currency");
        return false;
    }
    *amount = (struct money){.amount = data->amount, .currency = {data->currency.p[0], data->currency.p[1], data->currency.p[2]}};
    return true;
}

static bool payment_approved(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct payment_data data;
    if (!intake_decode(arena, event, &approved_shape, &data, reason))
        return false;
    struct money amount;
    if (!take_amount(&data, &amount, reason))
        return false;
    struct record_payment *r = outcome(arena, event, command);
    r->outcome = PAYMENT_APPROVED;
    r->attempt = data.attempt;
    r->payment_id = data.payment;
    r->amount = amount;
    return true;
}

static bool payment_declined(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct payment_data data;
    if (!intake_decode(arena, event, &declined_shape, &data, reason))
        return false;
    struct record_payment *r = outcome(arena, event, command);
    r->outcome = PAYMENT_DECLINED;
    r->attempt = data.attempt;
    r->decline_code = data.code;
    return true;
}

static const struct json_field refunded_fields[] = {
    JSON_FIELD(struct payment_data, amount, "amount", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct payment_data, currency, "currency", JSON_TEXT, JSON_REQUIRED, 3, 3),
};
static const struct json_shape refunded_shape = JSON_SHAPE(struct payment_data, refunded_fields, JSON_IGNORE_UNKNOWN);

static bool payment_refunded(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct payment_data data;
    struct record_refund *refund = ARENA_NEW(arena, struct record_refund);
    if (!intake_decode(arena, event, &refunded_shape, &data, reason) || !take_amount(&data, &refund->amount, reason))
        return false;
    refund->order = event->correlation;
    command->type = RECORD_REFUNDED;
    command->data = refund;
    return true;
}

static const struct json_field review_fields[] = {
    JSON_FIELD(struct payment_review, attempt, "attempt", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct payment_review, reason, "reason", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape review_shape = JSON_SHAPE(struct payment_review, review_fields, JSON_IGNORE_UNKNOWN);

static bool payment_needs_review(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct payment_review *review = ARENA_NEW(arena, struct payment_review);
    if (!intake_decode(arena, event, &review_shape, review, reason))
        return false;
    review->order = event->correlation;
    command->type = RECORD_PAYMENT_NEEDS_REVIEW;
    command->data = review;
    return true;
}

/* ── where it is enough that it happened ──────────────────────────────────────────────────────────────────────────────────────────── */

static bool happened(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason,
                     enum order_command type)
{
    static const struct json_shape any_object = {.size = sizeof(char), .unknown = JSON_IGNORE_UNKNOWN};
    char nothing;
    if (!intake_decode(arena, event, &any_object, &nothing, reason))
        return false;
    struct order_fact *fact = ARENA_NEW(arena, struct order_fact);
    fact->order = event->correlation;
    command->type = (int)type;
    command->data = fact;
    return true;
}

/* preparation_completed(…) and so on: decoders that need nothing but the order. */
#define HAPPENED(name, type)                                                                                                               \
    static bool name(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)                    \
    {                                                                                                                                      \
        return happened(arena, event, command, reason, type);                                                                              \
    }
HAPPENED(preparation_completed, RECORD_PREPARED)
HAPPENED(preparation_rejected, RECORD_PREPARATION_REJECTED)
HAPPENED(preparation_cancelled, RECORD_RELEASED)
HAPPENED(delivery_started, RECORD_SHIPPED)
HAPPENED(delivery_completed, RECORD_DELIVERED)
HAPPENED(delivery_cancel_refused, RECORD_CANCEL_REFUSED)
HAPPENED(payment_cancel_requested, RECORD_PAYMENT_CANCELLED)
HAPPENED(payment_closed, RECORD_PAYMENT_CLOSED)

/* ── catalog ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct json_field product_fields[] = {
    JSON_FIELD(struct record_product, product, "id", JSON_ID, JSON_REQUIRED),
    JSON_FIELD(struct record_product, item.name, "name", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct record_product, item.price, "price", JSON_MONEY, JSON_REQUIRED, 0, INT64_MAX),
    JSON_FIELD(struct record_product, item.available, "available", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct record_product, item.discontinued, "discontinued", JSON_BOOLEAN, JSON_REQUIRED),
    JSON_FIELD_RANGE(struct record_product, item.product_version, "version", JSON_INTEGER, JSON_REQUIRED, 1, INT64_MAX),
};
static const struct json_shape product_shape = JSON_SHAPE(struct record_product, product_fields, JSON_IGNORE_UNKNOWN);

static bool product_seen(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    struct record_product *seen = ARENA_NEW(arena, struct record_product);
    if (!intake_decode(arena, event, &product_shape, seen, reason))
        return false;
    command->type = RECORD_PRODUCT;
    command->data = seen;
    return true;
}

const struct intake_event order_intake[] = {
    {"jumun.payment.PaymentApproved.v1", payment_approved},
    {"jumun.payment.PaymentDeclined.v1", payment_declined},
    {"jumun.payment.PaymentCancelRequested.v1", payment_cancel_requested},
    {"jumun.payment.PaymentRefunded.v1", payment_refunded},
    {"jumun.payment.PaymentClosed.v1", payment_closed},
    {"jumun.payment.PaymentNeedsReview.v1", payment_needs_review},
    {"jumun.preparation.PreparationCompleted.v1", preparation_completed},
    {"jumun.preparation.PreparationRejected.v1", preparation_rejected},
    {"jumun.preparation.PreparationCancelled.v1", preparation_cancelled},
    {"jumun.delivery.DeliveryStarted.v1", delivery_started},
    {"jumun.delivery.DeliveryCompleted.v1", delivery_completed},
    {"jumun.delivery.DeliveryCancelRefused.v1", delivery_cancel_refused},
    {"jumun.catalog.ProductRegistered.v1", product_seen},
    {"jumun.catalog.ProductChanged.v1", product_seen},
    {"jumun.catalog.ProductDiscontinued.v1", product_seen},
    {"jumun.catalog.StockChanged.v1", product_seen},
    {0},
};
