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
    int64_t total;
    struct str currency;
    struct str carrier, tracking_number;
};

static const struct json_field order_fields[] = {
    JSON_FIELD(struct brought, customer, "customer", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_ARRAY(struct brought, lines, "lines", JSON_REQUIRED, &line_shape, 1, 100),
    JSON_FIELD_RANGE(struct brought, total, "total", JSON_INTEGER, JSON_REQUIRED, 0, INT64_MAX),
    JSON_FIELD_RANGE(struct brought, currency, "currency", JSON_TEXT, JSON_REQUIRED, 3, 3),
};
static const struct json_field customer_fields[] = {
    JSON_FIELD(struct brought, customer, "customer", JSON_ID, JSON_REQUIRED),
};
static const struct json_field carrier_fields[] = {
    JSON_FIELD(struct brought, carrier, "carrier", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct brought, tracking_number, "trackingNumber", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape order_shape = JSON_SHAPE(struct brought, order_fields, JSON_IGNORE_UNKNOWN);
static const struct json_shape customer_shape = JSON_SHAPE(struct brought, customer_fields, JSON_IGNORE_UNKNOWN);
static const struct json_shape carrier_shape = JSON_SHAPE(struct brought, carrier_fields, JSON_IGNORE_UNKNOWN);
static const struct json_shape nothing_shape = {.size = sizeof(struct brought), .unknown = JSON_IGNORE_UNKNOWN};

#define SHAPE_ORDER    &order_shape
#define SHAPE_CUSTOMER &customer_shape
#define SHAPE_CARRIER  &carrier_shape
#define SHAPE_NOTHING  &nothing_shape

#define NOTICE_KIND(kind, type, brings, korean, english) [kind] = {type, SHAPE_##brings},
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

static struct money money_of(const struct brought *b)
{
    struct money m = {.amount = b->total};
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
        .total = money_of(&b),
        .carrier = b.carrier,
        .tracking_number = b.tracking_number,
    };
    command->type = TELL;
    command->data = tell;
    return true;
}

#define NOTICE_KIND(kind, type, brings, korean, english) {type, decode_tell},
const struct intake_event notification_events[] = {
#include "notification.def"
    {NULL, NULL},
};
