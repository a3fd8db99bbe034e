/* The order's document, as in api/openapi.yaml. */
#include "document.h"

#include "outbound/contents.h"

static struct money in_currency_of(struct money total, int64_t amount)
{
    total.amount = amount;
    return total;
}

static void put_items(const struct order *order, struct arena *arena, struct json_writer *w)
{
    struct order_lines lines = lines_read(arena, order->lines);
    json_begin_array(w, "items");
    for (size_t i = 0; i < lines.count; i++) {
        const struct order_line *line = &lines.items[i];
        json_begin_object(w, NULL);
        json_put_id(w, "productId", line->product);
        json_put_text(w, "name", line->name);
        json_put_integer(w, "quantity", line->quantity);
        json_put_money(w, "unitPrice", in_currency_of(order->total, line->unit_price));
        json_put_money(w, "lineTotal", in_currency_of(order->total, line->unit_price * line->quantity));
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_payment(const struct order *order, struct json_writer *w)
{
    json_begin_object(w, "payment");
    json_put_text(w, "status", str_of(order_payment_names[order->payment]));
    json_put_integer(w, "attempt", order->attempt);
    if (!str_absent(order->decline_code))
        json_put_text(w, "declineCode", order->decline_code);
    json_end_object(w);
}

void order_document(const struct aggregate *a, struct arena *arena, struct buf *out)
{
    const struct order *order = a->state;
    struct json_writer w = {.out = out};
    json_begin_object(&w, NULL);
    json_put_id(&w, "id", a->id);
    json_put_text(&w, "status", str_of(order_status_names[order->status]));
    put_items(order, arena, &w);
    json_put_money(&w, "total", order->total);
    address_put(&w, "address", &order->address);
    put_payment(order, &w);
    if (!str_absent(order->cancel_reason)) {
        json_put_text(&w, "cancelReason", order->cancel_reason);
        json_put_money(&w, "refunded", order_refunded(order));
    }
    if (!str_absent(order->needs_review))
        json_put_text(&w, "needsReview", order->needs_review);
    json_put_time(&w, "createdAt", order->created_at);
    json_put_time(&w, "updatedAt", order->updated_at);
    json_put_integer(&w, "version", a->version);
    json_end_object(&w);
}
