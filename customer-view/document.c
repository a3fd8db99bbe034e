/* Document: what is known of an order, put together when it is read. */
#include "document.h"

#include <string.h>

/* ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void document_set(struct document *d, struct str name, struct str value)
{
    for (int i = 0; i < DOCUMENT_FIELDS; i++)
        if (str_equal(name, document_field_names[i]))
            d->fields[i] = value;
}

bool document_belongs(const struct document *d, struct uuid customer)
{
    char text[UUID_TEXT + 1];
    uuid_format(customer, text);
    return str_is(d->fields[DOCUMENT_customer], text); /* which OrderPlaced sets, with all that every document has */
}

enum order_status document_status(const struct document *d)
{
    int64_t status = 0;
    bool known = str_to_int64(d->fields[DOCUMENT_status], &status) && status > 0 && status < ORDER_STATUSES;
    return known ? (enum order_status)status : ORDER_UNKNOWN;
}

bool order_status_parse(struct str name, enum order_status *status)
{
    for (int i = ORDER_UNKNOWN + 1; i < ORDER_STATUSES; i++)
        if (str_is(name, order_status_names[i])) {
            *status = (enum order_status)i;
            return true;
        }
    return false;
}

bool order_statuses_parse(struct str names, unsigned *statuses)
{
    struct str rest = names, name;
    enum order_status status;
    *statuses = 0;
    if (!str_empty(names) && names.p[names.n - 1] == ',')
        return false;
    while (str_split(&rest, ',', &name)) {
        if (!order_status_parse(name, &status))
            return false;
        *statuses |= 1u << status;
    }
    return *statuses != 0;
}

/* ── parts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_known(struct json_writer *w, const char *key, struct str value)
{
    if (!str_absent(value))
        json_put_text(w, key, value);
}

/* An order is confirmed only after approval, and cancelled only after all is given back: its word implies what the payment's own event,
 * being late, has not told yet. */
static struct str payment_status(const struct document *d)
{
    switch (document_status(d)) {
    case ORDER_CONFIRMED:
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: return STR("APPROVED");
    case ORDER_CANCELLED: return str_absent(d->fields[DOCUMENT_cancel_refunded]) ? STR("CLOSED") : STR("REFUNDED");
    default: return str_absent(d->fields[DOCUMENT_payment_status]) ? STR("ASKED") : d->fields[DOCUMENT_payment_status];
    }
}

static struct str preparation_status(const struct document *d)
{
    switch (document_status(d)) {
    case ORDER_PREPARED:
    case ORDER_SHIPPED:
    case ORDER_COMPLETED: return STR("PREPARED");
    default: return str_absent(d->fields[DOCUMENT_preparation_status]) ? STR("AWAITING") : d->fields[DOCUMENT_preparation_status];
    }
}

/* What is said only of an order that is on its way back, or waits for its payment. */
static void put_troubles(struct json_writer *w, const struct document *d)
{
    enum order_status status = document_status(d);
    struct str refunded = d->fields[DOCUMENT_payment_refunded], review = d->fields[DOCUMENT_payment_review];
    if (status == ORDER_CANCELLING || status == ORDER_CANCELLED)
        put_known(w, "cancelReason", d->fields[DOCUMENT_cancel_reason]);
    if (str_absent(refunded))
        refunded = d->fields[DOCUMENT_cancel_refunded];
    if (!str_absent(refunded))
        json_put_raw(w, "refunded", refunded);
    if ((status == ORDER_PENDING_PAYMENT || status == ORDER_CANCELLING) && !str_empty(review))
        json_put_text(w, "needsReview", review);
}

static void put_payment(struct json_writer *w, const struct document *d)
{
    struct str attempt = d->fields[DOCUMENT_payment_attempt], status = payment_status(d);
    json_begin_object(w, "payment");
    json_put_text(w, "status", status);
    json_put_raw(w, "attempt", str_absent(attempt) ? STR("1") : attempt);
    if (str_is(status, "DECLINED"))
        put_known(w, "declineCode", d->fields[DOCUMENT_decline_code]);
    json_end_object(w);
}

static void put_delivery(struct json_writer *w, const struct document *d)
{
    struct str status = d->fields[DOCUMENT_delivery_status];
    json_begin_object(w, "delivery");
    json_put_text(w, "status", str_absent(status) ? STR("AWAITING") : status);
    put_known(w, "carrier", d->fields[DOCUMENT_carrier]);
    put_known(w, "trackingNumber", d->fields[DOCUMENT_tracking_number]);
    put_known(w, "startedAt", d->fields[DOCUMENT_delivery_started]);
    put_known(w, "completedAt", d->fields[DOCUMENT_delivery_completed]);
    json_end_object(w);
}

/* ── the timeline ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Every entry begins alike, up to the service's name: as text, earlier is less, and the end of the shorter name ('"') is less than a
 * letter. */
#define ENTRY_TIME     (sizeof "{\"at\":\"" - 1)
#define ENTRY_SERVICE  (ENTRY_TIME + INSTANT_TEXT + sizeof "\",\"service\":\"" - 1)
#define ENTRY_NAME_MAX 12

static int entry_compare(struct str a, struct str b)
{
    size_t n = ENTRY_SERVICE + ENTRY_NAME_MAX;
    if (a.n < n || b.n < n)
        return str_compare(a, b);
    const char *end_a = memchr(a.p + ENTRY_SERVICE, '"', ENTRY_NAME_MAX + 1), *end_b = memchr(b.p + ENTRY_SERVICE, '"', ENTRY_NAME_MAX + 1);
    a.n = end_a ? (size_t)(end_a - a.p) : n;
    b.n = end_b ? (size_t)(end_b - b.p) : n;
    return str_compare(a, b);
}

/* By insertion: stable, and they come nearly sorted. */
static void timeline_sort(struct timeline *t)
{
    for (size_t i = 1; i < t->count; i++) {
        struct str entry = t->entries[i];
        size_t at = i;
        for (; at > 0 && entry_compare(t->entries[at - 1], entry) > 0; at--)
            t->entries[at] = t->entries[at - 1];
        t->entries[at] = entry;
    }
}

static void put_timeline(struct json_writer *w, struct timeline *t)
{
    timeline_sort(t);
    json_begin_array(w, "timeline");
    for (size_t i = 0; i < t->count; i++)
        json_put_raw(w, NULL, t->entries[i]);
    json_end_array(w);
}

/* ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void document_write(struct json_writer *w, struct str id, const struct document *d, struct timeline *timeline)
{
    json_begin_object(w, NULL);
    json_put_text(w, "id", id);
    json_put_text(w, "status", str_of(order_status_names[document_status(d)]));
    json_put_raw(w, "items", d->fields[DOCUMENT_items]);
    json_put_raw(w, "total", d->fields[DOCUMENT_total]);
    json_put_raw(w, "address", d->fields[DOCUMENT_address]);
    put_payment(w, d);
    json_begin_object(w, "preparation");
    json_put_text(w, "status", preparation_status(d));
    json_end_object(w);
    put_delivery(w, d);
    put_troubles(w, d);
    put_known(w, "createdAt", d->fields[DOCUMENT_created]);
    put_known(w, "updatedAt", d->fields[DOCUMENT_updated]);
    json_put_raw(w, "version", d->fields[DOCUMENT_version]);
    if (timeline)
        put_timeline(w, timeline);
    json_end_object(w);
}
