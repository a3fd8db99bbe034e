/*
 * order — what a customer has ordered, and how far it has come.
 *
 *     PENDING_PAYMENT → CONFIRMED → PREPARED → SHIPPED → COMPLETED          (CANCELLING → CANCELLED: doors, no command opens them yet)
 *
 * An order is confirmed by one thing only: an approval over exactly its total. Prices and names come from the catalog items that this
 * context mirrors, never from who asks. Facts of other contexts may come late, twice, and in any order: the later of two implies the
 * earlier, and what is known already decides nothing. What cannot be true is refused.
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

/* After so long without an outcome payment is asked again, by the same attempt: its answer is lost, or a crash came between. */
#define ORDER_ASK_AGAIN SECONDS(5)

enum order_aggregate { ORDER, CATALOG_ITEM, ORDER_AGGREGATES };

enum order_status {
    ORDER_NONE, /* not placed */
#define ORDER_STATUS(status, text, terminal) ORDER_##status,
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
    int payment; /* enum order_payment */
    struct uuid customer;
    struct order_lines lines;
    struct money total;
    struct order_address address;
    int64_t attempt;          /* the latest one's number; 1, 2, … */
    struct str method, token; /* how the customer pays: here only while payment is ASKED, to ask again */
    struct str decline_code;  /* only while payment is DECLINED */
    struct uuid payment_id;   /* once approved */
    struct str needs_review;  /* the reason; absent: no review is needed */
    instant created_at, updated_at;
};

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
};

struct pay_order {
    struct uuid order, customer;
    struct payment_means means;
    bool repeated; /* this very request was decided before, and cut off before its answer */
};

enum payment_outcome { PAYMENT_UNKNOWN, PAYMENT_DECLINED, PAYMENT_APPROVED };
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
struct order_moved_on { /* prepared, shipped, completed */
    instant at;
};
struct order_needs_review {
    instant at;
    struct str reason;
};

/* ── timers and effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum order_timer { ORDER_ASK_PAYMENT_TIMER, ORDER_TIMERS };

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
