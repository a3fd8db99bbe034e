/*
 * payment — the money of one order: attempts, one after the other, until one is approved; and the way back when the order is cancelled.
 *
 *     PROCESSING → APPROVED | DECLINED | UNKNOWN;   DECLINED → PROCESSING (the next attempt);   UNKNOWN → APPROVED | DECLINED
 *     APPROVED → REFUNDING → REFUNDED;   DECLINED, or nothing asked yet → CLOSED
 *
 * An attempt is stored, with the key that the provider knows it by, before the provider is asked. No answer means UNKNOWN, never declined:
 * it is asked again by the same key until it is known, and no next attempt begins before. So there is one charge at most, whatever crashes.
 *
 * Delivery decides whether a cancelled order's goods stay, and only its word (RECORD_DELIVERY_CANCELLED) closes a payment or gives money
 * back. A customer who cancels the payment only asks for it (PaymentCancelRequested): order does the cancelling. While an attempt's outcome
 * is open the word is kept (`closing`), and an approval that comes after it is refunded at once. What comes to a CLOSED payment charges
 * nobody; a payment that never was is closed too, so that an attempt which arrives late finds it.
 *
 * A refund has a key of its own, stored before the provider is asked, and is asked for by it until it is known. When the provider says that
 * it has failed, the next one begins, with the next key: providers answer a key for ever as they did the first time.
 *
 * Beyond patience (which comes in with the provider's silence) a person is to look at it: PaymentNeedsReview, once. The asking goes on, and
 * the flag is taken away when the outcome is known.
 */
#ifndef JUMUN_PAYMENT_H
#define JUMUN_PAYMENT_H

#include "decider.h"
#include "money.h"

#define PAYMENT_METHOD_MAX    16
#define PAYMENT_TOKEN_MAX     128
#define PAYMENT_REFERENCE_MAX 255

/* A provider without an answer is asked again: after 2 s, then each time after as long as attempt or refund have lasted, at most 30 s. */
#define PAYMENT_ASK_AGAIN_FIRST SECONDS(2)
#define PAYMENT_ASK_AGAIN_MOST  SECONDS(30)

enum payment_aggregate { PAYMENT, PAYMENT_AGGREGATES }; /* id: the order's */

enum payment_status {
    PAYMENT_NONE,
#define PAYMENT_STATUS(status, taken) PAYMENT_##status,
#include "payment.def"
    PAYMENT_STATUSES
};
extern const char *const payment_status_names[PAYMENT_STATUSES];
bool payment_taken(int status);

enum payment_review {
#define PAYMENT_REVIEW(review, passes, reason) PAYMENT_REVIEW_##review,
#include "payment.def"
    PAYMENT_REVIEWS
};
extern const struct str payment_review_reasons[PAYMENT_REVIEWS];

/* ── state ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct payment_attempt {
    int64_t number;  /* 1, 2, … */
    int status;      /* PROCESSING, APPROVED, DECLINED or UNKNOWN */
    struct uuid key; /* what the provider knows it by */
    struct str decline_code;
    struct str reference; /* the provider's, once approved */
    instant at;
};
struct payment_attempts {
    const struct payment_attempt *items;
    size_t count;
};

/* The money's way back; number 0: not begun. Only the latest one counts: the earlier ones have failed. */
struct payment_refund {
    int64_t number;        /* 1, 2, … */
    struct uuid key;       /* what the provider knows it by */
    struct str charge;     /* the provider's reference of what is given back */
    instant at;            /* when the first one began */
    struct str fault_code; /* set: this one has failed, and the next is due */
    struct str reference;  /* the provider's, once done */
};

struct payment {
    int status; /* enum payment_status */
    struct uuid id;
    struct uuid customer; /* nil when closed before anything was asked; the amount has no currency then */
    struct money amount;
    struct payment_attempts attempts;
    struct payment_refund refund;
    struct str token;        /* of the latest attempt: here only while its outcome is not known, to ask again */
    struct str needs_review; /* one of payment_review_reasons, or absent */
    bool cancel_requested;   /* the customer has asked; told once */
    bool closing;            /* the order is cancelled while an attempt's outcome is open */
    instant created_at, updated_at;
};

const struct payment_attempt *payment_attempt(const struct payment *p, int64_t number); /* NULL when there is none */
const struct payment_attempt *payment_latest(const struct payment *p);                  /* likewise */

/* The attempt that tells what is to be known of attempt `number`: the approved one if there is one, else itself, else the latest. */
const struct payment_attempt *payment_telling_attempt(const struct payment *p, int64_t number);

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum payment_command {
    MAKE_ATTEMPT = 1,          /* struct make_attempt; from order */
    RECORD_OUTCOME,            /* struct record_outcome; from the provider */
    CANCEL_PAYMENT,            /* struct cancel_payment; from the customer */
    RECORD_DELIVERY_CANCELLED, /* struct record_delivery_cancelled: the order is cancelled for good */
    RECORD_REFUND,             /* struct record_refund; from the provider */
    PAYMENT_COMMANDS
};

struct make_attempt {
    struct uuid order, customer;
    int64_t attempt;
    struct money amount;
    struct str method, token;
};

enum provider_answer { PROVIDER_SILENT, PROVIDER_DECLINED, PROVIDER_APPROVED };
struct record_outcome {
    struct uuid order;
    int64_t attempt;
    enum provider_answer answer;
    struct str reference;    /* approved; at most PAYMENT_REFERENCE_MAX */
    struct str decline_code; /* declined */
    duration patience;       /* silent: since the attempt began; a person is to look at what takes longer. 0: none */
};

struct cancel_payment {
    struct uuid order, customer;
};

struct record_delivery_cancelled {
    struct uuid order;
};

struct record_refund {
    struct uuid order;
    int64_t refund;              /* its number */
    enum provider_answer answer; /* PROVIDER_APPROVED: the money is back. PROVIDER_DECLINED: this refund has failed */
    struct str reference;        /* approved */
    struct str fault_code;       /* declined */
    duration patience;           /* not approved: since the first refund began. 0: none */
};

/* ── events; each says when, first ──────────────────────────────────────────────────────────────────────────────────────────────── */

enum payment_event {
#define PAYMENT_EVENT(event, name, reach, data) PAYMENT_##event##_EVENT,
#include "payment.def"
    PAYMENT_EVENTS
};

struct payment_attempted {
    instant at;
    int64_t attempt;
    struct uuid key;
    struct uuid payment, customer; /* of the first attempt */
    struct money amount;           /* likewise */
    struct str token;              /* in no history: see outbound/event_data.c */
};
struct payment_approved {
    instant at;
    int64_t attempt;
    struct str reference;
};
struct payment_declined {
    instant at;
    int64_t attempt;
    struct str code;
};
struct payment_unknown {
    instant at;
    int64_t attempt;
};
struct payment_cancel_requested {
    instant at;
};
struct payment_closing {
    instant at;
};
struct payment_closed {
    instant at;
    struct uuid payment; /* of a payment that was not there before */
};
struct payment_refund_begun {
    instant at;
    int64_t refund; /* its number */
    struct uuid key;
    struct str charge;
};
struct payment_refund_failed {
    instant at;
    int64_t refund;
    struct str code;
};
struct payment_refunded {
    instant at;
    int64_t refund;
    struct str reference;
};
struct payment_needs_review {
    instant at;
    int64_t attempt;
    struct str reference; /* of a second approval; absent when it is not one */
    struct str reason;
};

/* ── timers and effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum payment_timer { PAYMENT_ASK_PROVIDER_TIMER, PAYMENT_TIMERS }; /* for the charge or the refund whose outcome is open */

enum payment_effect { PAYMENT_ASK_PROVIDER, PAYMENT_ASK_REFUND, PAYMENT_EFFECTS };
struct ask_provider { /* RECORD_OUTCOME tells what came of it */
    struct uuid order;
    int64_t attempt;
    struct uuid key;
    struct money amount;
    char token[PAYMENT_TOKEN_MAX + 1];
};
struct ask_refund { /* RECORD_REFUND tells what came of it */
    struct uuid order;
    int64_t refund;
    struct uuid key;
    struct money amount;
    char charge[PAYMENT_REFERENCE_MAX + 1];
};

extern const struct decider payment_decider;

#endif
