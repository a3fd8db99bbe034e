/*
 * order — what a customer has ordered, how far it has come, and its one way back.
 *
 *     PENDING_PAYMENT → CONFIRMED → PREPARED → SHIPPED → COMPLETED
 *            └──────────────┴──────────┴──→ CANCELLING → CANCELLED
 *                                               └──→ SHIPPED          the delivery went first
 *
 * An order is confirmed by one thing only: an approval over exactly its total. Prices and names come from the catalog items that this
 * context mirrors, never from who asks.
 *
 * Whoever wants an order cancelled, for whatever reason, it is asked for by OrderCancelRequested, and delivery decides. Until delivery has
 * decided nothing is given back. Once the goods are released and the payment is settled (refunded, or closed without having taken
 * anything) the order is CANCELLED; when the parcel had left already it goes on, and the customer is told (OrderCancelRefused). An
 * approval that comes while the order is cancelled confirms nothing: payment gives the money back.
 *
 * Facts of other contexts may come late, twice, and in any order: the later of two implies the earlier, and what is known already decides
 * nothing. What cannot be true is refused. An order that is not at its end has a deadline, by which it should have left its state; and
 * order_waits_for() says what for.
 */
#ifndef JUMUN_ORDER_H
#define JUMUN_ORDER_H

#include "decider.h"
#include "money.h"

#define ORDER_LINES_MAX     100
#define ORDER_QUANTITY_MAX  999
#define ORDER_METHOD_MAX    16
#define ORDER_TOKEN_MAX     128
#define ORDER_RECIPIENT_MAX 100
#define ORDER_PHONE_MAX     30
#define ORDER_ZIP_MAX       16
#define ORDER_STREET_MAX    200 /* line1, line2 */

/* Without an outcome payment is asked again, by the same attempt: its answer is lost, or a crash came between. First after so long, then
   after as long again as it has waited already, at most after so long; and each order a little later, by a share of its own (its id's)
   of up to a half of that, so that those who wait together do not ask together. */
#define ORDER_ASK_AGAIN      SECONDS(5)
#define ORDER_ASK_AGAIN_MOST SECONDS(20)

enum order_aggregate { ORDER, CATALOG_ITEM, ORDER_AGGREGATES };

enum order_status {
    ORDER_NONE, /* not placed */
#define ORDER_STATUS(status, text, terminal, patience) ORDER_##status,
#include "order.def"
    ORDER_STATUSES
};
extern const char *const order_status_names[ORDER_STATUSES]; /* "CONFIRMED" */

enum order_payment {
#define ORDER_PAYMENT(payment) ORDER_PAYMENT_##payment,
#include "order.def"
    ORDER_PAYMENTS
};
extern const char *const order_payment_names[ORDER_PAYMENTS];

enum order_reason {
#define ORDER_REASON(reason, name) ORDER_REASON_##reason,
#include "order.def"
    ORDER_REASONS
};
extern const char *const order_reason_names[ORDER_REASONS]; /* "out-of-stock" */

enum order_wait {
#define ORDER_WAIT(wait, name) ORDER_WAITS_FOR_##wait,
#include "order.def"
    ORDER_WAITS
};
extern const char *const order_wait_names[ORDER_WAITS]; /* "delivery-start" */

/* ── states ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct order_line {
    struct uuid product;
    struct str name;
    int64_t quantity;
    int64_t unit_price; /* in the currency of the order's total */
};

/* What was ordered never changes and decides nothing, so a loaded order has it just as it is stored: see outbound/contents.h. */
struct order_lines {
    const struct order_line *items;
    size_t count;
    struct str stored; /* present: this, in place of items */
};

struct order_address {
    struct str recipient, phone, zip, line1, line2; /* line2 may be absent */
    struct str stored;                              /* likewise */
};

struct order {
    int status;  /* enum order_status */
    int payment; /* enum order_payment; once it is closed without having taken anything, NONE */
    struct uuid customer;
    struct order_lines lines;
    struct money total;
    struct order_address address;
    int64_t attempt;          /* the latest one's number; 1, 2, … */
    struct str method, token; /* how the customer pays: here only while it may be needed, to ask again */
    struct str decline_code;  /* only while payment is DECLINED */
    struct uuid payment_id;   /* once approved */
    struct str needs_review;  /* the reason; absent: no review is needed */
    struct str cancel_reason; /* a name of enum order_reason; only while CANCELLING, and CANCELLED */
    bool released;            /* CANCELLING: the goods are back */
    instant created_at, updated_at;
    instant deadline; /* it should have left its status by then; while PENDING_PAYMENT the payment window's end. 0: at its end */
};

unsigned order_waits_for(const struct order *order); /* a bit 1u << enum order_wait each; 0: for nothing any more */
struct money order_refunded(const struct order *order);

/* A product as the catalog's topic has last told it. */
struct catalog_item {
    int64_t product_version; /* of product's event; 0: never heard of */
    struct str name;
    struct money price;
    int64_t available;
    bool discontinued;
};

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum order_command {
    PLACE_ORDER = 1,             /* struct place_order */
    PAY_ORDER,                   /* struct pay_order */
    RECORD_PAYMENT,              /* struct record_payment */
    RECORD_PREPARED,             /* struct order_fact */
    RECORD_PREPARATION_REJECTED, /* struct order_fact */
    RECORD_SHIPPED,              /* struct order_fact */
    RECORD_DELIVERED,            /* struct order_fact */
    RECORD_PRODUCT,              /* struct record_product */
    CANCEL_ORDER,                /* struct cancel_order */
    RECORD_PAYMENT_CANCELLED,    /* struct order_fact: the customer wants the payment back, and so no goods */
    RECORD_CANCEL_REFUSED,       /* struct order_fact: delivery has started */
    RECORD_RELEASED,             /* struct order_fact: the goods are back, or were never taken */
    RECORD_REFUNDED,             /* struct record_refund */
    RECORD_PAYMENT_CLOSED,       /* struct order_fact: nothing was taken, and nothing will be */
    RECORD_PAYMENT_NEEDS_REVIEW, /* struct payment_review */
    ORDER_COMMANDS
};

struct place_item {
    struct uuid product;
    int64_t quantity;
};
struct payment_means {
    struct str method, token;
};
struct place_order {
    struct uuid order; /* new */
    struct uuid customer;
    const struct place_item *items;
    size_t item_count;
    struct order_address address;
    struct payment_means means;
    duration payment_window; /* > 0: for so long it may be paid; then it is cancelled */
};

struct pay_order {
    struct uuid order, customer;
    struct payment_means means;
    bool repeated; /* this very request was decided before, and cut off before its answer */
};

/* Closed, as an answer to who asks: payment has heard of the cancel. There is nothing to ask for any more. */
enum payment_outcome { PAYMENT_UNKNOWN, PAYMENT_DECLINED, PAYMENT_APPROVED, PAYMENT_CLOSED };
struct record_payment {
    struct uuid order;
    enum payment_outcome outcome;
    int64_t attempt;
    struct uuid payment_id;  /* approved */
    struct money amount;     /* approved */
    struct str decline_code; /* declined */
};

struct order_fact {
    struct uuid order;
};

struct cancel_order {
    struct uuid order;
    struct uuid who;  /* its owner, or */
    bool by_operator; /* somebody who may cancel any order */
};

struct record_refund {
    struct uuid order;
    struct money amount;
};

struct payment_review {
    struct uuid order;
    int64_t attempt;
    struct str reason;
};

struct record_product {
    struct uuid product;
    struct catalog_item item;
};

/* ── events; each says when, first ──────────────────────────────────────────────────────────────────────────────────────────────── */

enum order_event {
#define ORDER_EVENT(event, name, reach, data) ORDER_##event##_EVENT,
#include "order.def"
    ORDER_EVENTS
};

struct order_placed {
    instant at;
    struct uuid customer;
    struct order_lines lines;
    struct money total;
    struct order_address address;
    instant pay_until;
};
struct order_payment_asked {
    instant at;
    int64_t attempt;
    struct payment_means means; /* in no history: see outbound/event_data.c */
};
struct order_payment_declined {
    instant at;
    int64_t attempt;
    struct str code;
};
struct order_confirmed {
    instant at;
    struct uuid payment_id;
};
struct order_moved_on { /* prepared, shipped, completed; released, refunded, closed, cancelled */
    instant at;
};
struct order_cancel { /* requested, refused */
    instant at;
    struct str reason;
};
struct order_needs_review {
    instant at;
    struct str reason;
};

/* ── timers and effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What is due next for an order that is not paid: asking again, or the end of the payment window, whichever comes first. */
enum order_timer { ORDER_UNPAID_TIMER, ORDER_TIMERS };

enum order_effect { ORDER_ASK_PAYMENT, ORDER_EFFECTS };
struct ask_payment {
    struct uuid order, customer;
    int64_t attempt;
    struct money amount;
    char method[ORDER_METHOD_MAX + 1];
    char token[ORDER_TOKEN_MAX + 1];
};

extern const struct decider order_decider;

#endif
