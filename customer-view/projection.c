/* Projection: each type of event, folded by what its row in projection.def says. */
#include "projection.h"

#include "invariant.h"
#include "json_decode.h"
#include "json_encode.h"
#include <string.h>

#define ORDER_STATUS(status) #status,
const char *const order_status_names[] = {
#include "projection.def"
};
#define DOCUMENT_FIELD(member, name) STR_CONST(name),
const struct str document_field_names[] = {
#include "projection.def"
};

/* An event under way through its fold. */
struct folding {
    struct arena *arena;
    const struct cloud_event *event;
    struct view_change *change;
    struct str detail; /* of the timeline's entry; absent: none */
    struct str *reason;
};

static void assign(struct folding *f, enum document_field field, struct str value)
{
    invariant(f->change->assignment_count < VIEW_ASSIGNMENTS_MAX);
    f->change->assignments[f->change->assignment_count++] = (struct view_assignment){field, value};
}

static bool decode(struct folding *f, const struct json_shape *shape, void *out)
{
    struct json_errors errors = {0};
    if (json_decode(f->arena, f->event->data, shape, out, &errors))
        return true;
    const struct json_error *first = &errors.items[0];
    *f->reason = arena_printf(f->arena, "data%.*s: %s: %.*s", STR_ARG(first->pointer), first->code, STR_ARG(first->detail));
    return false;
}

static struct str kept(struct arena *arena, struct buf *b)
{
    struct str text = arena_str(arena, buf_str(b));
    buf_release(b);
    return text;
}

/* Money of an event: an integer, and its currency beside it. False: *reason says why. */
static bool money_text(struct folding *f, int64_t amount, struct str currency, struct str *text)
{
    if (!money_currency_valid(currency))
        return *f->reason = STR("data/currency: not a code of ISO 4217"), false;
    struct money money = {.amount = amount};
    memcpy(money.currency, currency.p, 3);
    struct buf out = BUF_INIT;
    struct json_writer w = {.out = &out};
    json_put_money(&w, NULL, money);
    *text = kept(f->arena, &out);
    return true;
}

/* ── orders ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct placed_line {
    struct uuid product;
    struct str name;
    int64_t quantity, unit_price;
};
static const struct json_field line_fields[] = {
    JSON_FIELD(struct placed_line, product, "product", JSON_ID, JSON_REQUIRED),
    JSON_FIELD(struct placed_line, name, "name", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct placed_line, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct placed_line, unit_price, "unitPrice", JSON_INTEGER, JSON_REQUIRED),
};
static const struct json_shape line_shape = JSON_SHAPE(struct placed_line, line_fields, JSON_IGNORE_UNKNOWN);

struct placed {
    struct uuid customer;
    struct json_list lines;
    int64_t total;
    struct str currency, address;
};
static const struct json_field placed_fields[] = {
    JSON_FIELD(struct placed, customer, "customer", JSON_ID, JSON_REQUIRED),
    JSON_FIELD_ARRAY(struct placed, lines, "lines", JSON_REQUIRED, &line_shape, 1, 100),
    JSON_FIELD(struct placed, total, "total", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct placed, currency, "currency", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct placed, address, "address", JSON_ANY, JSON_REQUIRED),
};
static const struct json_shape placed_shape = JSON_SHAPE(struct placed, placed_fields, JSON_IGNORE_UNKNOWN);

static bool put_items(struct json_writer *w, const struct placed *p)
{
    const struct placed_line *lines = p->lines.items;
    json_begin_array(w, NULL);
    for (size_t i = 0; i < p->lines.count; i++) {
        struct money unit = {.amount = lines[i].unit_price}, line;
        memcpy(unit.currency, p->currency.p, 3);
        if (!money_times(unit, lines[i].quantity, &line))
            return false;
        json_begin_object(w, NULL);
        json_put_id(w, "productId", lines[i].product);
        json_put_text(w, "name", lines[i].name);
        json_put_integer(w, "quantity", lines[i].quantity);
        json_put_money(w, "unitPrice", unit);
        json_put_money(w, "lineTotal", line);
        json_end_object(w);
    }
    json_end_array(w);
    return true;
}

static bool fold_placed(struct folding *f)
{
    struct placed p;
    if (!decode(f, &placed_shape, &p))
        return false;
    struct str total;
    if (!money_text(f, p.total, p.currency, &total))
        return false;
    assign(f, DOCUMENT_total, total);

    struct buf text = BUF_INIT;
    struct json_writer w = {.out = &text};
    bool fits = put_items(&w, &p);
    assign(f, DOCUMENT_items, kept(f->arena, &text));
    if (!fits)
        return *f->reason = STR("data/lines: a line's total is too large"), false;

    char customer[UUID_TEXT + 1];
    uuid_format(p.customer, customer);
    f->change->customer = p.customer;
    assign(f, DOCUMENT_customer, arena_str(f->arena, (struct str){customer, UUID_TEXT}));
    assign(f, DOCUMENT_address, p.address);
    assign(f, DOCUMENT_created, f->change->at);
    return true;
}

/* ── cancelling ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct reason {
    struct str reason;
};
static const struct json_field reason_fields[] = {
    JSON_FIELD(struct reason, reason, "reason", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape reason_shape = JSON_SHAPE(struct reason, reason_fields, JSON_IGNORE_UNKNOWN);

static bool fold_reason(struct folding *f)
{
    struct reason r;
    if (!decode(f, &reason_shape, &r))
        return false;
    f->detail = r.reason;
    return true;
}

static bool fold_cancel_requested(struct folding *f)
{
    if (!fold_reason(f))
        return false;
    assign(f, DOCUMENT_cancel_reason, f->detail);
    return true;
}

struct cancelled {
    struct str reason, currency;
    int64_t refunded;
};
static const struct json_field cancelled_fields[] = {
    JSON_FIELD(struct cancelled, reason, "reason", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct cancelled, refunded, "refunded", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct cancelled, currency, "currency", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape cancelled_shape = JSON_SHAPE(struct cancelled, cancelled_fields, JSON_IGNORE_UNKNOWN);

static bool fold_cancelled(struct folding *f)
{
    struct cancelled c;
    struct str refunded;
    if (!decode(f, &cancelled_shape, &c) || !money_text(f, c.refunded, c.currency, &refunded))
        return false;
    if (c.refunded > 0)
        assign(f, DOCUMENT_cancel_refunded, refunded);
    f->detail = c.reason;
    return true;
}

static bool fold_nothing(struct folding *f)
{
    (void)f; /* that it happened says it all */
    return true;
}

/* ── payments ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct attempt {
    int64_t number;
    struct str code;
};
static const struct json_field attempt_fields[] = {
    JSON_FIELD(struct attempt, number, "attempt", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct attempt, code, "code", JSON_TEXT, JSON_OPTIONAL),
};
static const struct json_shape attempt_shape = JSON_SHAPE(struct attempt, attempt_fields, JSON_IGNORE_UNKNOWN);

/* Whatever it is: nobody needs to look at it any more. */
static void payment_known(struct folding *f, struct str status)
{
    assign(f, DOCUMENT_payment_status, status);
    assign(f, DOCUMENT_payment_review, STR(""));
}

static bool fold_attempt(struct folding *f, struct str status)
{
    struct attempt a;
    if (!decode(f, &attempt_shape, &a))
        return false;
    payment_known(f, status);
    assign(f, DOCUMENT_payment_attempt, arena_printf(f->arena, "%lld", (long long)a.number));
    if (!str_absent(a.code)) {
        assign(f, DOCUMENT_decline_code, a.code);
        f->detail = a.code;
    }
    return true;
}

static bool fold_approved(struct folding *f)
{
    return fold_attempt(f, STR("APPROVED"));
}

static bool fold_declined(struct folding *f)
{
    return fold_attempt(f, STR("DECLINED"));
}

struct refund {
    int64_t amount;
    struct str currency;
};
static const struct json_field refund_fields[] = {
    JSON_FIELD(struct refund, amount, "amount", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct refund, currency, "currency", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape refund_shape = JSON_SHAPE(struct refund, refund_fields, JSON_IGNORE_UNKNOWN);

static bool fold_refunded(struct folding *f)
{
    struct refund r;
    struct str money;
    if (!decode(f, &refund_shape, &r) || !money_text(f, r.amount, r.currency, &money))
        return false;
    payment_known(f, STR("REFUNDED"));
    assign(f, DOCUMENT_payment_refunded, money);
    f->detail = arena_printf(f->arena, "%lld %.*s", (long long)r.amount, STR_ARG(r.currency));
    return true;
}

static bool fold_closed(struct folding *f)
{
    payment_known(f, STR("CLOSED"));
    return true;
}

static bool fold_needs_review(struct folding *f)
{
    if (!fold_reason(f))
        return false;
    assign(f, DOCUMENT_payment_review, f->detail);
    return true;
}

/* The payment's own event sets the fields: of the two topics neither is the earlier. */
static bool fold_order_declined(struct folding *f)
{
    struct attempt a;
    if (!decode(f, &attempt_shape, &a))
        return false;
    f->detail = a.code;
    return true;
}

/* ── preparations ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool fold_prepared(struct folding *f)
{
    assign(f, DOCUMENT_preparation_status, STR("PREPARED"));
    return true;
}

static bool fold_preparation_rejected(struct folding *f)
{
    assign(f, DOCUMENT_preparation_status, STR("REJECTED"));
    return true;
}

static bool fold_preparation_cancelled(struct folding *f)
{
    assign(f, DOCUMENT_preparation_status, STR("CANCELLED"));
    return true;
}

/* ── deliveries ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct parcel {
    struct str carrier, tracking_number;
};
static const struct json_field parcel_fields[] = {
    JSON_FIELD(struct parcel, carrier, "carrier", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct parcel, tracking_number, "trackingNumber", JSON_TEXT, JSON_REQUIRED),
};
static const struct json_shape parcel_shape = JSON_SHAPE(struct parcel, parcel_fields, JSON_IGNORE_UNKNOWN);

static bool fold_delivery_requested(struct folding *f)
{
    assign(f, DOCUMENT_delivery_status, STR("READY"));
    return true;
}

static bool fold_delivery_started(struct folding *f)
{
    struct parcel p;
    if (!decode(f, &parcel_shape, &p))
        return false;
    assign(f, DOCUMENT_delivery_status, STR("STARTED"));
    assign(f, DOCUMENT_carrier, p.carrier);
    assign(f, DOCUMENT_tracking_number, p.tracking_number);
    assign(f, DOCUMENT_delivery_started, f->change->at);
    f->detail = arena_printf(f->arena, "%.*s %.*s", STR_ARG(p.carrier), STR_ARG(p.tracking_number));
    return true;
}

static bool fold_delivery_completed(struct folding *f)
{
    assign(f, DOCUMENT_delivery_status, STR("COMPLETED"));
    assign(f, DOCUMENT_delivery_completed, f->change->at);
    return true;
}

static bool fold_delivery_cancelled(struct folding *f)
{
    assign(f, DOCUMENT_delivery_status, STR("CANCELLED"));
    return true;
}

/* ── notices ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct told {
    struct str kind;
};
static const struct json_field told_fields[] = {
    JSON_FIELD_RANGE(struct told, kind, "kind", JSON_TEXT, JSON_REQUIRED, 1, 64),
};
static const struct json_shape told_shape = JSON_SHAPE(struct told, told_fields, JSON_IGNORE_UNKNOWN);

static bool fold_told(struct folding *f)
{
    struct told t;
    if (!decode(f, &told_shape, &t))
        return false;
    f->change->guard = arena_printf(f->arena, "v:notice:%.*s", STR_ARG(t.kind)); /* each notice counts its own versions */
    f->detail = t.kind;
    return true;
}

/* ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct event_row {
    struct str type, name, service, guard;
    enum order_status status;
    bool (*fold)(struct folding *f);
};
#define VIEW_EVENT(topic, name, service, aggregate, status, fold)                                                                          \
    {STR_CONST(#topic "." #name ".v1"), STR_CONST(#name), STR_CONST(#service), STR_CONST("v:" #aggregate), ORDER_##status, fold_##fold},
static const struct event_row rows[] = {
#include "projection.def"
};
#define ROWS (sizeof rows / sizeof rows[0])

/* The same type but for its major version: a break of the contract that we have not learnt yet, not to be passed over. */
static bool is_other_major(struct str type, const struct event_row *row)
{
    size_t stem = row->type.n - 1;
    return type.n > stem && memcmp(type.p, row->type.p, stem) == 0;
}

static enum view_verdict find_row(struct str type, const struct event_row **found, struct str *reason)
{
    for (size_t i = 0; i < ROWS; i++)
        if (str_equal(type, rows[i].type))
            return *found = &rows[i], VIEW_CHANGES;
    for (size_t i = 0; i < ROWS; i++)
        if (is_other_major(type, &rows[i]))
            return *reason = STR("type: this major version is not known here"), VIEW_DEAD;
    return VIEW_PASSES;
}

static struct str entry_text(struct folding *f, const struct event_row *row)
{
    struct buf text = BUF_INIT;
    struct json_writer w = {.out = &text};
    json_begin_object(&w, NULL);
    json_put_text(&w, "at", f->change->at);
    json_put_text(&w, "service", row->service);
    json_put_text(&w, "type", row->name);
    json_put_id(&w, "eventId", f->event->id);
    if (uuid_is_nil(f->event->causation))
        json_put_raw(&w, "causationId", STR("null"));
    else
        json_put_id(&w, "causationId", f->event->causation);
    if (!str_absent(f->detail))
        json_put_text(&w, "detail", f->detail);
    json_end_object(&w);
    return kept(f->arena, &text);
}

enum view_verdict projection_fold(struct arena *arena, const struct cloud_event *event, struct view_change *change, struct str *reason)
{
    const struct event_row *row;
    enum view_verdict verdict = find_row(event->type, &row, reason);
    if (verdict != VIEW_CHANGES)
        return verdict;
    char at[INSTANT_TEXT + 1];
    instant_format(event->time, at);
    *change = (struct view_change){
        .order = event->correlation,
        .guard = row->guard,
        .version = event->version,
        .status = row->status,
        .at = arena_str(arena, str_of(at)),
    };
    struct folding f = {.arena = arena, .event = event, .change = change, .reason = reason};
    if (!row->fold(&f))
        return VIEW_DEAD;
    change->entry = entry_text(&f, row);
    return VIEW_CHANGES;
}
