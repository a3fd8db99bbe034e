/* Foreign events become TELL: one table of kinds says which (notification.def). */
#include "inbound.h"
#include "notification.h"

struct line {
    struct str name;
};
static const struct json_field line_fields[] = {
    JSON_FIELD(struct line, name, "name", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape line_shape = JSON_SHAPE(struct line, line_fields, JSON_IGNORE_UNKNOWN);

struct brought {
    struct uuid customer;
    struct json_list lines;
    int64_t amount;
    struct str currency, reason;
    struct str carrier, tracking_number;
};

#define FIELD_CUSTOMER     JSON_FIELD(struct brought, customer, "customer", JSON_ID, JSON_REQUIRED)
#define FIELD_WHOSE        JSON_FIELD(struct brought, customer, "customer", JSON_ID, JSON_OPTIONAL)
#define FIELD_REASON       JSON_FIELD_RANGE(struct brought, reason, "reason", JSON_TEXT, JSON_REQUIRED, 1, 100)
#define FIELD_AMOUNT(name) JSON_FIELD_RANGE(struct brought, amount, name, JSON_INTEGER, JSON_REQUIRED, 0, INT64_MAX)
#define FIELD_CURRENCY     JSON_FIELD_RANGE(struct brought, currency, "currency", JSON_TEXT, JSON_REQUIRED, 3, 3)

static const struct json_field order_fields[] = {
    FIELD_CUSTOMER,
    JSON_FIELD_ARRAY(struct brought, lines, "lines", JSON_REQUIRED, &line_shape, 1, 100),
    FIELD_AMOUNT("total"),
    FIELD_CURRENCY,
};
static const struct json_field customer_fields[] = {FIELD_CUSTOMER};
static const struct json_field reason_fields[] = {FIELD_CUSTOMER, FIELD_REASON};
static const struct json_field cancelled_fields[] = {FIELD_CUSTOMER, FIELD_REASON, FIELD_AMOUNT("refunded"), FIELD_CURRENCY};
static const struct json_field refunded_fields[] = {FIELD_CUSTOMER, FIELD_AMOUNT("amount"), FIELD_CURRENCY};
static const struct json_field nothing_fields[] = {FIELD_WHOSE};
static const struct json_field carrier_fields[] = {
    FIELD_WHOSE,
    JSON_FIELD(struct brought, carrier, "carrier", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct brought, tracking_number, "trackingNumber", JSON_TEXT, JSON_REQUIRED),
};

#define SHAPE(fields) JSON_SHAPE(struct brought, fields, JSON_IGNORE_UNKNOWN)
static const struct json_shape shape_of_ORDER = SHAPE(order_fields);
static const struct json_shape shape_of_CUSTOMER = SHAPE(customer_fields);
static const struct json_shape shape_of_REASON = SHAPE(reason_fields);
static const struct json_shape shape_of_CANCELLED = SHAPE(cancelled_fields);
static const struct json_shape shape_of_REFUNDED = SHAPE(refunded_fields);
static const struct json_shape shape_of_CARRIER = SHAPE(carrier_fields);
static const struct json_shape shape_of_NOTHING = SHAPE(nothing_fields);

#define NOTICE_KIND(kind, type, brings, ...) [kind] = {type, &shape_of_##brings},
static const struct {
    const char *type;
    const struct json_shape *shape;
} kinds[NOTICE_KINDS] = {
#include "notification.def"
};

static enum notice_kind kind_of(struct str type)
{
    int kind = 0;
    while (kind < NOTICE_KINDS - 1 && !str_is(type, kinds[kind].type))
        kind++;
    return kind;
}

/* A reason of a newer order is told in general words. */
static enum cancel_reason reason_of(struct str name)
{
    for (int reason = REASON_UNKNOWN + 1; reason < CANCEL_REASONS; reason++)
        if (str_is(name, cancel_reason_names[reason]))
            return reason;
    return REASON_UNKNOWN;
}

static struct money money_of(const struct brought *b)
{
    struct money m = {.amount = b->amount};
    for (size_t i = 0; i < 3 && i < b->currency.n; i++)
        m.currency[i] = b->currency.p[i];
    return m;
}

static bool decode_tell(struct arena *arena, const struct cloud_event *event, struct command *command, struct str *reason)
{
    enum notice_kind kind = kind_of(event->type);
    struct brought b = {0};
    if (!intake_decode(arena, event, kinds[kind].shape, &b, reason))
        return false;
    if (!str_absent(b.currency) && !money_currency_valid(b.currency)) {
        *reason = STR("currency: not a code of ISO 4217");
        return false;
    }
    struct tell *tell = ARENA_NEW(arena, struct tell);
    *tell = (struct tell){
        .order = event->subject,
        .kind = kind,
        .customer = b.customer,
        .first_item = b.lines.count ? ((const struct line *)b.lines.items)->name : (struct str){0},
        .item_count = (int64_t)b.lines.count,
        .amount = money_of(&b),
        .reason = reason_of(b.reason),
        .carrier = b.carrier,
        .tracking_number = b.tracking_number,
    };
    command->type = TELL;
    command->data = tell;
    return true;
}

#define NOTICE_KIND(kind, type, ...) {type, decode_tell},
const struct intake_event notification_events[] = {
#include "notification.def"
    {NULL, NULL},
};
