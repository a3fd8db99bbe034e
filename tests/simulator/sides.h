/*
 * sides — what each context's adapter shows of it, in words that the others and the invariants understand: the domains' own headers cannot
 * stand side by side in one file.
 */
#ifndef SIMULATOR_SIDES_H
#define SIMULATOR_SIDES_H

#include "world.h"

extern const struct side order_side, payment_side, product_side, delivery_side, notification_side;

/* ── order ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define PAYMENT_WINDOW  MINUTES(15)
#define REVIEW_PATIENCE MINUTES(10)
#define CALL_DEADLINE   SECONDS(2)

struct order_view {
    bool placed, confirmed, shipped, completed, cancelling, cancelled; /* its status is that */
    bool may_be_paid;                                                  /* it waits for the customer */
    bool paid, refunded, asked;                                        /* its payment is that */
    bool review;
    struct money total;
    int64_t lines_total;
};
void order_look(const struct world *w, int number, struct order_view *v);

/* Requests of a customer, or about a customer's order; the service is up. */
void order_place(struct world *w, int number, bool adopted, struct parked *asker);
void order_pay(struct world *w, int number, struct str token, bool adopted, struct parked *asker);
void order_cancel(struct world *w, int number, bool by_operator, struct parked *asker);

/* A question of order to payment, and its answer. */
struct call {
    struct parked asker; /* payment's: who waits is the call */
    struct uuid order, customer, cause;
    int64_t attempt;
    struct money amount;
    struct str method, token;
    struct parked *customer_waits; /* taken along; may be NULL */
    uint16_t life;                 /* of the order service that asked */
    bool over;                     /* answered, or not waited for any more */
    enum { CALL_UNKNOWN, CALL_APPROVED, CALL_DECLINED, CALL_CLOSED } said;
    int64_t said_attempt;
    struct uuid payment;
    struct str code;
};
void call_payment(struct world *w, struct call *call);
void order_answered(struct world *w, const struct call *call);
bool order_compose(struct world *w, struct parked *asker, struct aggregate *const *a, const struct command *c, const struct decision *d);

/* ── payment ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct payment_view {
    bool exists, none, open, approved, refunding, refunded, closed, review;
    int approved_attempts;
    struct money amount;
};
void payment_look(const struct world *w, struct uuid order, struct payment_view *v);
void payment_attempt_asked(struct world *w, struct call *call);
bool payment_compose(struct world *w, struct parked *asker, struct aggregate *const *a, const struct command *c, const struct decision *d);
void payment_cancel_asked(struct world *w, int number, struct parked *asker);

enum provider_says { PROVIDER_SAYS_NOTHING, PROVIDER_SAYS_NO, PROVIDER_SAYS_YES };
struct provider_question {
    struct uuid order, key, cause;
    int64_t number; /* of the attempt or the refund */
    struct money amount;
    struct str token;  /* of a charge */
    struct str charge; /* of a refund: the charge's reference */
    bool refund;
    struct parked *asker;
    enum provider_says says;
    struct str reference, code;
};
void provider_asked(struct world *w, struct provider_question *q);
void payment_told(struct world *w, const struct provider_question *q);
bool provider_never_answers(const struct world *w, struct uuid order); /* about one of its charges */
int64_t provider_captured(const struct world *w, struct uuid order);
int64_t provider_refunded(const struct world *w, struct uuid order);
int provider_captures(const struct world *w, struct uuid order);
int provider_refunds(const struct world *w, struct uuid order);

/* ── product ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct preparation_view {
    bool none, prepared, rejected, released, shipped;
    struct fact_lines lines;
};
void preparation_look(struct world *w, struct uuid order, struct preparation_view *v);
void product_look(const struct world *w, int number, int64_t *on_hand, int64_t *reserved);
void product_register(struct world *w, int number, int64_t price, int64_t stock);
void product_restock(struct world *w, int number, int64_t quantity);
void product_reprice(struct world *w, int number, int64_t price);
void product_discontinue(struct world *w, int number);

/* ── delivery ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct delivery_view {
    bool none, awaiting, ready, started, completed, cancelled;
};
void delivery_look(const struct world *w, struct uuid order, struct delivery_view *v);
void delivery_start(struct world *w, struct uuid order, bool by_courier, struct uuid cause);
void delivery_complete(struct world *w, struct uuid order, bool by_courier, struct uuid cause);
void carrier_handed(struct world *w, struct uuid order, struct uuid cause);

/* ── notification ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void notices_check(struct world *w);
void customer_prefers(struct world *w, int number);         /* perhaps, and perhaps otherwise than before */
void notices_expect(struct world *w, const struct fact *f); /* it was published */

#endif
