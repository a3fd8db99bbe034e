/*
 * notification — what each customer is told about an order: once per (order, kind), intended before it is sent.
 *
 * Two aggregates:
 *   dialogue (id = order id)  whom to tell, how to call the order in a sentence, and which kinds wait because the order is not known
 *                             yet: other contexts' events come in any order, and do not say what was ordered.
 *   notice   (id = notice_id(order, kind))  one thing told. That it exists is what makes it one per (order, kind).
 *
 *     TELL ─▶ notice PENDING ─(effect SEND)─▶ RECORD_SENT   ─▶ SENT, NotificationSent
 *                                             RECORD_FAILED ─▶ again after a pause (timer RETRY) … GIVEN_UP, NotificationGivenUp
 *
 * A notice that is PENDING is sent again by SEND_AGAIN (the sweep at the service's start, see outbound/sweep.c) or by its timer. There is a
 * timer only after a failed sending: one beside every notice would cost two more row writes each, six times per order, to guard against a
 * crash between the commit and the channel's answer, which the sweep finds as well. A channel may therefore get a notice twice, with the
 * same id; never zero times, unless it is given up.
 */
#ifndef JUMUN_NOTIFICATION_H
#define JUMUN_NOTIFICATION_H

#include "decider.h"
#include "money.h"

enum { DIALOGUE, NOTICE, NOTIFICATION_AGGREGATES };
enum notification_timer { CATCH_UP, RETRY, NOTIFICATION_TIMERS };
enum notification_effect { SEND, NOTIFICATION_EFFECTS };

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
#define NOTICE_CHANNEL(channel) CHANNEL_##channel,
enum notice_channel {
#include "notification.def"
    NOTICE_CHANNELS
};
#define NOTICE_LANGUAGE(language) LANGUAGE_##language,
enum notice_language {
#include "notification.def"
    NOTICE_LANGUAGES
};

extern const char *const cancel_reason_names[CANCEL_REASONS]; /* as order names them */
extern const char *const notice_kind_names[NOTICE_KINDS];
extern const char *const notice_status_names[NOTICE_STATUSES];
extern const char *const notice_channel_names[NOTICE_CHANNELS];
extern const char *const notice_language_names[NOTICE_LANGUAGES];

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

struct notice {
    struct uuid order, customer;
    struct uuid cause; /* the event that brought it */
    int kind, channel, language, status;
    struct str text;
    instant at;       /* when it was intended */
    int64_t attempts; /* failed ones */
};

/* ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum { TELL = 1, SEND_AGAIN, RECORD_SENT, RECORD_FAILED, NOTIFICATION_COMMANDS };

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

/* The other commands' data: the notice meant. */
struct notice_ref {
    struct uuid notice;
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
struct notice_delayed {
    int64_t attempts;
};
struct notice_told {
    struct uuid order, customer;
    int kind, channel;
};

/* Data of effect SEND: flat, as effects are; the text stands behind it. */
struct send {
    struct uuid notice, order, customer, cause;
    int kind, channel, language;
    size_t text_length;
    char text[];
};

/* The pauses after failed sendings are 2 s, 4 s … 8.5 min; then, after 17 min in all, it is given up. */
#define NOTICE_ATTEMPTS_MAX 10
duration notice_pause(int64_t failed_attempts);

#define NOTIFICATION_EVENT(event, name, reach, data) event,
enum notification_event {
#include "notification.def"
    NOTIFICATION_EVENTS
};

extern const struct decider notification_decider;

#endif
