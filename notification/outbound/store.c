/* Store: dialogues and notices as rows, notices' events as JSON. */
#include "notification.h"
#include "outbound.h"

static const struct store_column dialogue_columns[] = {
    STORE_COLUMN(struct dialogue, customer, "customer", STORE_ID),
    STORE_COLUMN(struct dialogue, cause, "cause", STORE_ID),
    STORE_COLUMN(struct dialogue, first_item, "first_item", STORE_TEXT),
    STORE_COLUMN(struct dialogue, item_count, "item_count", STORE_INTEGER),
    STORE_COLUMN(struct dialogue, waiting, "waiting", STORE_INTEGER),
    STORE_COLUMN(struct dialogue, carrier, "carrier", STORE_TEXT),
    STORE_COLUMN(struct dialogue, tracking_number, "tracking_number", STORE_TEXT),
    STORE_COLUMN(struct dialogue, amount.amount, "amount", STORE_INTEGER),
    STORE_COLUMN(struct dialogue, amount.currency, "currency", STORE_CURRENCY),
};

static const struct store_column notice_columns[] = {
    STORE_COLUMN_FIXED(struct notice, order, "order_id", STORE_ID),
    STORE_COLUMN_FIXED(struct notice, customer, "customer", STORE_ID),
    STORE_COLUMN_FIXED(struct notice, cause, "cause", STORE_ID),
    STORE_COLUMN_NAME(struct notice, kind, "kind", notice_kind_names, NOTICE_KINDS),
    STORE_COLUMN_NAME(struct notice, channel, "channel", notice_channel_names, NOTICE_CHANNELS),
    STORE_COLUMN_NAME(struct notice, language, "language", notice_language_names, NOTICE_LANGUAGES),
    STORE_COLUMN_NAME(struct notice, status, "status", notice_status_names, NOTICE_STATUSES),
    STORE_COLUMN_FIXED(struct notice, text, "text", STORE_TEXT),
    STORE_COLUMN(struct notice, at, "at", STORE_TIME),
    STORE_COLUMN(struct notice, attempts, "attempts", STORE_INTEGER),
};

const struct store_table notification_tables[] = {
    [DIALOGUE] = STORE_TABLE("dialogue", dialogue_columns),
    [NOTICE] = STORE_TABLE("notice", notice_columns),
};

/* The only events with data for others: NotificationSent and NotificationGivenUp. */
void notification_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w)
{
    (void)a;
    if (event != NOTIFICATION_SENT && event != NOTIFICATION_GIVEN_UP)
        return;
    const struct notice_told *told = data;
    json_put_id(w, "orderId", told->order);
    json_put_id(w, "customer", told->customer);
    json_put_text(w, "kind", str_of(notice_kind_names[told->kind]));
    json_put_text(w, "channel", str_of(notice_channel_names[told->channel]));
}
