/*
 * notification — what each customer is told about an order: once per (order, kind), intended before it is sent.
 *
 * Three aggregates:
 *   dialogue     (id = order id)  whom to tell, how to call the order in a sentence, and which kinds wait because the order is not known
 *                yet: other contexts' events come in any order, and do not say what was ordered.
 *   notice       (id = notice_id(order, kind))  one thing told. That it exists is what makes it one per (order, kind).
 *   preferences  (id = customer id)  see preferences.h
 *
 *     TELL ─▶ notice PENDING ─(effect SEND)─▶ RECORD_SENT   ─▶ SENT, NotificationSent
 *                                             RECORD_FAILED ─▶ again after a pause (timer RETRY)
 *                                                              or, when it is no use, by the next channel that the customer prefers
 *                                                              or, without one, GIVEN_UP, NotificationGivenUp
 *
 * A notice that is PENDING is sent again by SEND_AGAIN (the sweep at the service's start, see outbound/sweep.c) or by its timer. There is a
 * timer only after a failed sending: one beside every notice would cost two more row writes each, six times per order, to guard against a
 * crash between the commit and the channel's answer, which the sweep finds as well. A channel may therefore get a notice twice, with the
 * same id; never zero times, unless it is given up.
 *
 * Timers name a dialogue or a notice, but not its customer, whose preferences must be loaded with it. So they only start the effect RESUME,
 * which comes back at once as TELL_WAITING or SEND_AGAIN, with the customer.
 */
#ifndef JUMUN_NOTIFICATION_H
#define JUMUN_NOTIFICATION_H

#include "decider.h"
#include "money.h"
#include "preferences.h"

enum { DIALOGUE, NOTICE, PREFERENCES, NOTIFICATION_AGGREGATES };
enum notification_timer { CATCH_UP, RETRY, NOTIFICATION_TIMERS };
enum notification_effect { SEND, RESUME, REPORT, NOTIFICATION_EFFECTS };

#define NOTICE_KIND(kind, ...) kind,
enum notice_kind {
#include "notification.def"
    NOTICE_KINDS
};
#define CANCEL_REASON(reason, ...) REASON_##reason,
enum cancel_reason {
#include "notification.def"
    CANCEL_REASONS
};
#define NOTICE_STATUS(status) NOTICE_##status,
enum notice_status {
#include "notification.def"
    NOTICE_STATUSES
};
#define CHANNEL_FAILURE(failure, name, again) FAILURE_##failure,
enum channel_failure {
#include "notification.def"
    CHANNEL_FAILURES
};

extern const char *const cancel_reason_names[CANCEL_REASONS]; /* as order names them */
extern const char *const notice_kind_names[NOTICE_KINDS];
extern const char *const notice_status_names[NOTICE_STATUSES];
extern const char *const channel_failure_names[CHANNEL_FAILURES];

struct uuid notice_id(struct uuid order, enum notice_kind kind);

/* ── states ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct dialogue {
    struct uuid customer;  /* nil: not known yet */
    struct uuid cause;     /* the event that made them known */
    struct str first_item; /* "녹차"; absent: not known yet */
    int64_t item_count;
    int64_t waiting;                     /* bits by notice_kind: to be told as soon as the order is known */
    struct str carrier, tracking_number; /* of a DELIVERY_STARTED that waits */
    struct money amount;                 /* of a PAYMENT_REFUNDED that waits */
};

/* The channels that will not take a notice any more, in the order of their failing, and why. */
struct channel_failures {
    int64_t count;
    struct {
        int channel;
        int failure;
    } items[NOTICE_CHANNELS];
};

struct notice {
    struct uuid order, customer;
    struct uuid cause; /* the event that brought it */
    int kind, channel, language, status;
    struct str text;
    instant at;       /* when it was intended */
    int64_t attempts; /* failed ones, by this channel */
    struct channel_failures failures;
};

/* ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum { TELL = 1, TELL_WAITING, SEND_AGAIN, RECORD_SENT, RECORD_FAILED, PREFER, NOTIFICATION_COMMANDS };

/* Something happened to an order; what the event does not bring is nil, absent, or 0. */
struct tell {
    struct uuid order;
    enum notice_kind kind;
    struct uuid customer;
    struct str first_item;
    int64_t item_count;
    struct money amount; /* the order's total, or what was refunded */
    enum cancel_reason reason;
    struct str carrier, tracking_number;
};

/* TELL_WAITING: a dialogue, and whose it is. SEND_AGAIN: a notice, and whose it is. */
struct resumed {
    struct uuid id, customer;
};

/* RECORD_SENT and RECORD_FAILED: what the channel said. */
struct sending_outcome {
    struct uuid notice, customer;
    int channel;
    enum channel_failure failure;
};

/* ── events and effects ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct dialogue_learnt {
    struct uuid customer, cause;
    struct str first_item;
    int64_t item_count;
};
struct dialogue_waits {
    int64_t waiting;
    struct str carrier, tracking_number;
    struct money amount;
};
struct dialogue_caught_up {
    char nothing;
};
struct notice_moved {
    int channel;
    struct channel_failures failures;
};
struct notice_delayed {
    int64_t attempts;
};
struct notice_told {
    struct uuid order, customer;
    int kind, channel;
    struct channel_failures failures;
};

/* Data of effect SEND: flat, as effects are; behind it the text, and the customer's address in the channel. */
struct send {
    struct uuid notice, order, customer, cause;
    int kind, channel, language;
    size_t text_length, address_length;
    char text[];
};

/* Data of effect RESUME: what to submit. */
struct resume {
    int command;
    struct resumed resumed;
};

/* Data of effect REPORT: a channel has failed for good, and perhaps with it the notice. */
struct report {
    struct uuid notice, order;
    int kind, channel, failure;
    bool given_up;
};

/* The pauses after failed sendings are 2 s, 4 s … 8.5 min; then, after 17 min in all, it is given up. Where another channel is left, that
   one is tried after 30 s. */
#define NOTICE_ATTEMPTS_MAX             10
#define NOTICE_ATTEMPTS_BEFORE_FALLBACK 5
/* What has not come back after so long is lost, and sent again. No channel takes longer to answer. */
#define SENDING_PATIENCE SECONDS(60)
duration notice_pause(int64_t failed_attempts);

#define NOTIFICATION_EVENT(event, name, reach, data) event,
enum notification_event {
#include "notification.def"
    NOTIFICATION_EVENTS
};

extern const struct decider notification_decider;

#endif
