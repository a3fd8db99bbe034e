/*
 * payment — the money of one order: attempts, one after the other, until one is approved.
 *
 *     PROCESSING → APPROVED | DECLINED | UNKNOWN;   DECLINED → PROCESSING (the next attempt);   UNKNOWN → APPROVED | DECLINED
 *     (REFUNDING → REFUNDED, CLOSED: doors, no command opens them yet)
 *
 * An attempt is stored, with the key that the provider knows it by, before the provider is asked. No answer means UNKNOWN, never declined:
 * it is asked again by the same key until it is known, and no next attempt begins before. So there is one charge at most, whatever crashes.
 */
#ifndef JUMUN_PAYMENT_H
#define JUMUN_PAYMENT_H

#include "decider.h"
#include "money.h"

#define PAYMENT_METHOD_MAX 16
#define PAYMENT_TOKEN_MAX  128

/* A provider without an answer is asked again: after 2 s, then each time after as long as the attempt has lasted, at most 30 s. */
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

struct payment {
    int status; /* enum payment_status */
    struct uuid id;
    struct uuid customer;
    struct money amount;
    struct payment_attempts attempts;
    struct str token; /* of the latest attempt: here only while its outcome is not known, to ask again */
    struct str needs_review;
    instant created_at, updated_at;
};

const struct payment_attempt *payment_attempt(const struct payment *p, int64_t number); /* NULL when there is none */
const struct payment_attempt *payment_latest(const struct payment *p);                  /* likewise */

/* The attempt that tells what is to be known of attempt `number`: the approved one if there is one, else itself, else the latest. */
const struct payment_attempt *payment_telling_attempt(const struct payment *p, int64_t number);

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum payment_command {
    MAKE_ATTEMPT = 1, /* struct make_attempt */
    RECORD_OUTCOME,   /* struct record_outcome */
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
    struct str reference;    /* approved */
    struct str decline_code; /* declined */
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
struct payment_needs_review {
    instant at;
    int64_t attempt;
    struct str reference; /* of a second approval; absent when it is not one */
    struct str reason;
};

/* ── timers and effects ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum payment_timer { PAYMENT_ASK_PROVIDER_TIMER, PAYMENT_TIMERS };

enum payment_effect { PAYMENT_ASK_PROVIDER, PAYMENT_EFFECTS };
struct ask_provider {
    struct uuid order;
    int64_t attempt;
    struct uuid key;
    struct money amount;
    char token[PAYMENT_TOKEN_MAX + 1];
};

extern const struct decider payment_decider;

#endif
