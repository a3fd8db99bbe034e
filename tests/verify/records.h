/*
 * records — what the readers keep of each thing that they read: as much as the checks need, as small as it goes. Texts are kept as
 * digests: what differs is named, and can be looked up.
 */
#ifndef VERIFY_RECORDS_H
#define VERIFY_RECORDS_H

#include "instant.h"
#include "uuid.h"
#include "words.h"

enum source {
    SOURCE_HISTORY, /* struct history */
    SOURCE_MESSAGE, /* struct message, and behind it a struct change when it is shown */
    SOURCE_ORDER,   /* struct order_row */
    SOURCE_PAYMENT, /* struct payment_row, and behind it struct attempt_row… */
    SOURCE_PREPARATION,
    SOURCE_DELIVERY,
    SOURCE_NOTICE,
    SOURCE_CHARGE,
    SOURCE_REFUND,
    SOURCE_PRODUCT,
    SOURCE_DOCUMENT, /* struct document_row, and behind it its fields and entries */
    SOURCE_LISTED,   /* struct uuid: the customer in whose list it is */
    SOURCE_KEY,      /* struct key_row */
    SOURCE_ANSWER,   /* struct client_answer: see history.h */
    SOURCES
};

struct history {
    struct uuid id, aggregate, causation;
    uint64_t content; /* of all that the topic's copy must have, too */
    int32_t version;
    uint8_t event, context, kind;
    bool published;
};

struct message {
    struct uuid id, causation;
    uint64_t content, whole; /* whole: of every byte of it */
    int64_t offset;
    int32_t version;
    int16_t partition;
    uint8_t topic, event;
    uint8_t dead; /* a bit 1 << context each: it is among their dead letters */
    bool shown;   /* a struct change follows */
    bool drill;   /* it says of itself that it should not be here (x-drill) */
};

struct field_value {
    uint64_t field, value; /* value: a digest */
};
#define CHANGE_FIELDS 8
struct change { /* what a message means for its order's document */
    int64_t at;
    uint64_t entry;
    struct uuid customer; /* OrderPlaced's; else nil */
    int32_t version;
    uint8_t guard, status, count;
    struct field_value fields[CHANGE_FIELDS]; /* count of them are kept */
};

struct order_row {
    struct uuid customer;
    int64_t total, lines;
    int32_t version;
    uint8_t state;
    bool overdue, review, refunded, lines_odd; /* overdue: its deadline is over */
};

struct payment_row {
    int64_t amount;
    struct uuid refund; /* its key; nil: none */
    int32_t version;
    uint8_t state;
    bool review, asked_now; /* asked_now: the provider was asked within its patience */
    uint16_t attempts;
};
struct attempt_row {
    struct uuid key;
    uint8_t state;
};

struct state_row { /* preparation, delivery */
    int32_t version;
    uint8_t state;
    bool lines; /* a preparation's are known */
};

struct notice_row {
    struct uuid id;
    int32_t version;
    uint8_t notice, state;
    bool waits; /* PENDING, and a timer will send it */
};

struct charge_row { /* and refund_row: of the provider's books */
    struct uuid key, charge;
    int64_t amount;
    bool done;
};

struct product_row {
    int64_t initial, restocked, on_hand, reserved;
    int32_t version;
};

struct document_row {
    uint16_t fields, entries; /* struct field_value…, uint64_t… */
};

struct key_row { /* an Idempotency-Key of order's database, whose resource the order is */
    uint64_t key;
    int16_t status; /* 0: not answered */
};

#endif
