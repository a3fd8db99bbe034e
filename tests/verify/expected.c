/* Expected: event by event, the fields that it sets and the timeline's entry. */
#include "expected.h"

#include "json_encode.h"
#include "text.h"
#include <stdio.h>
#include <string.h>

struct meaning {
    struct expected_room *room;
    const struct said *said;
    struct change *change;
    struct str detail; /* of the entry; absent: none */
};

static void set(struct meaning *m, enum field field, struct str value)
{
    if (m->change->count < CHANGE_FIELDS)
        m->change->fields[m->change->count++] = (struct field_value){field, hash_str(value)};
}

static struct str datum(const struct meaning *m, const char *name)
{
    return text_member(m->said->data, name);
}

static struct str word(const struct meaning *m, struct buf *room, const char *name)
{
    return text_string(room, datum(m, name));
}

/* ── values ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_money(struct buf *b, int64_t amount, struct str currency)
{
    buf_printf(b, "{\"amount\":%lld,\"currency\":\"%.*s\"}", (long long)amount, STR_ARG(currency));
}

static void set_money(struct meaning *m, enum field field, const char *amount)
{
    buf_clear(&m->room->text);
    put_money(&m->room->text, text_integer(datum(m, amount)), word(m, &m->room->one, "currency"));
    set(m, field, buf_str(&m->room->text));
}

static void put_line(struct buf *b, struct str line, struct str currency)
{
    int64_t quantity = text_integer(text_member(line, "quantity")), price = text_integer(text_member(line, "unitPrice"));
    struct str product = text_member(line, "product"), name = text_member(line, "name");
    buf_printf(b, "{\"productId\":%.*s,\"name\":%.*s,\"quantity\":%lld,\"unitPrice\":", STR_ARG(product), STR_ARG(name),
               (long long)quantity);
    put_money(b, price, currency);
    buf_add(b, STR(",\"lineTotal\":"));
    put_money(b, (int64_t)((uint64_t)price * (uint64_t)quantity), currency);
    buf_add_char(b, '}');
}

static void set_items(struct meaning *m)
{
    struct buf *b = &m->room->text;
    struct str lines = datum(m, "lines"), line, currency = word(m, &m->room->one, "currency");
    buf_clear(b);
    buf_add_char(b, '[');
    for (bool first = true; text_element(&lines, &line); first = false) {
        buf_add(b, first ? STR("") : STR(","));
        put_line(b, line, currency);
    }
    buf_add_char(b, ']');
    set(m, FIELD_ITEMS, buf_str(b));
}

static void set_at(struct meaning *m, enum field field)
{
    char at[INSTANT_TEXT + 1];
    instant_format(m->said->at, at);
    set(m, field, str_of(at));
}

/* ── what each topic says ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void placed(struct meaning *m)
{
    text_id(datum(m, "customer"), &m->change->customer);
    set(m, FIELD_CUSTOMER, word(m, &m->room->one, "customer"));
    set_money(m, FIELD_TOTAL, "total");
    set_items(m);
    set(m, FIELD_ADDRESS, datum(m, "address"));
    set_at(m, FIELD_CREATED);
}

static void cancelled(struct meaning *m)
{
    if (text_integer(datum(m, "refunded")) > 0)
        set_money(m, FIELD_CANCEL_REFUNDED, "refunded");
    m->detail = word(m, &m->room->two, "reason");
}

static void paid(struct meaning *m, struct str status)
{
    set(m, FIELD_PAY, status);
    set(m, FIELD_PAY_REVIEW, STR(""));
}

static void attempted(struct meaning *m, struct str status)
{
    struct str code = word(m, &m->room->two, "code");
    paid(m, status);
    set(m, FIELD_PAY_ATTEMPT, datum(m, "attempt"));
    if (!str_absent(code))
        set(m, FIELD_PAY_CODE, code);
    m->detail = code;
}

static void refunded(struct meaning *m)
{
    paid(m, STR("REFUNDED"));
    set_money(m, FIELD_PAY_REFUNDED, "amount");
    struct str currency = word(m, &m->room->one, "currency");
    buf_clear(&m->room->two);
    buf_printf(&m->room->two, "%lld %.*s", (long long)text_integer(datum(m, "amount")), STR_ARG(currency));
    m->detail = buf_str(&m->room->two);
}

static void started(struct meaning *m)
{
    struct str carrier = word(m, &m->room->one, "carrier"), tracking = word(m, &m->room->two, "trackingNumber");
    set(m, FIELD_SHIP, STR("STARTED"));
    set(m, FIELD_SHIP_CARRIER, carrier);
    set(m, FIELD_SHIP_TRACKING, tracking);
    set_at(m, FIELD_SHIP_STARTED);
    buf_clear(&m->room->text);
    buf_printf(&m->room->text, "%.*s %.*s", STR_ARG(carrier), STR_ARG(tracking));
    m->detail = buf_str(&m->room->text);
}

static void told(struct meaning *m)
{
    m->detail = word(m, &m->room->one, "kind");
    char name[80];
    snprintf(name, sizeof name, "v:notice:%.*s", STR_ARG(m->detail));
    m->change->guard = (uint8_t)field_named(str_of(name));
}

/* False: it is not shown. */
static bool mean(struct meaning *m, int event)
{
    static const uint8_t guards[KINDS] = {[KIND_ORDER] = FIELD_V_ORDER,
                                          [KIND_PAYMENT] = FIELD_V_PAYMENT,
                                          [KIND_PREPARATION] = FIELD_V_PREPARATION,
                                          [KIND_DELIVERY] = FIELD_V_DELIVERY};
    struct change *c = m->change;
    c->guard = guards[event_words[event].kind];
    switch ((enum event)event) {
    case EVENT_OrderPlaced: c->status = SHOWN_PENDING_PAYMENT, placed(m); return true;
    case EVENT_OrderConfirmed: c->status = SHOWN_CONFIRMED; return true;
    case EVENT_OrderPaymentDeclined: c->status = SHOWN_PENDING_PAYMENT, m->detail = word(m, &m->room->one, "code"); return true;
    case EVENT_OrderCancelRequested:
        c->status = SHOWN_CANCELLING;
        m->detail = word(m, &m->room->one, "reason");
        set(m, FIELD_CANCEL, m->detail);
        return true;
    case EVENT_OrderCancelRefused: c->status = SHOWN_SHIPPED, m->detail = word(m, &m->room->one, "reason"); return true;
    case EVENT_OrderCancelled: c->status = SHOWN_CANCELLED, cancelled(m); return true;
    case EVENT_OrderShipped: c->status = SHOWN_SHIPPED; return true;
    case EVENT_OrderCompleted: c->status = SHOWN_COMPLETED; return true;
    case EVENT_PaymentApproved: attempted(m, STR("APPROVED")); return true;
    case EVENT_PaymentDeclined: attempted(m, STR("DECLINED")); return true;
    case EVENT_PaymentCancelRequested: return true;
    case EVENT_PaymentRefunded: refunded(m); return true;
    case EVENT_PaymentClosed: paid(m, STR("CLOSED")); return true;
    case EVENT_PaymentNeedsReview:
        m->detail = word(m, &m->room->one, "reason");
        set(m, FIELD_PAY_REVIEW, m->detail);
        return true;
    case EVENT_PreparationCompleted: c->status = SHOWN_PREPARED, set(m, FIELD_PREP, STR("PREPARED")); return true;
    case EVENT_PreparationRejected: set(m, FIELD_PREP, STR("REJECTED")); return true;
    case EVENT_PreparationCancelled: set(m, FIELD_PREP, STR("CANCELLED")); return true;
    case EVENT_DeliveryRequested: set(m, FIELD_SHIP, STR("READY")); return true;
    case EVENT_DeliveryStarted: started(m); return true;
    case EVENT_DeliveryCompleted: set(m, FIELD_SHIP, STR("COMPLETED")), set_at(m, FIELD_SHIP_COMPLETED); return true;
    case EVENT_DeliveryCancelled: set(m, FIELD_SHIP, STR("CANCELLED")); return true;
    case EVENT_DeliveryCancelRefused: return true;
    case EVENT_NotificationSent:
    case EVENT_NotificationGivenUp: told(m); return true;
    default: return false;
    }
}

/* The timeline's entry, as the API shows it. */
static uint64_t entry_of(struct meaning *m, int event)
{
    char at[INSTANT_TEXT + 1];
    struct buf *b = &m->room->entry;
    struct json_writer w = {.out = b};
    buf_clear(b);
    instant_format(m->said->at, at);
    json_begin_object(&w, NULL);
    json_put_text(&w, "at", str_of(at));
    json_put_text(&w, "service", context_names[kind_words[event_words[event].kind].context]);
    json_put_text(&w, "type", event_words[event].name);
    json_put_id(&w, "eventId", m->said->id);
    if (uuid_is_nil(m->said->causation))
        json_put_raw(&w, "causationId", STR("null"));
    else
        json_put_id(&w, "causationId", m->said->causation);
    if (!str_absent(m->detail))
        json_put_text(&w, "detail", m->detail);
    json_end_object(&w);
    return hash_str(buf_str(b));
}

bool expected_change(struct expected_room *room, int event, const struct said *said, struct change *change)
{
    *change = (struct change){.at = said->at, .version = (int32_t)said->version};
    struct meaning m = {.room = room, .said = said, .change = change};
    if (!mean(&m, event))
        return false;
    change->entry = entry_of(&m, event);
    return true;
}
