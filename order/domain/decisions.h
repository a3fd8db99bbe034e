/* decisions — what the order's decider is made of, one function a command. Private to the domain. */
#ifndef JUMUN_ORDER_DECISIONS_H
#define JUMUN_ORDER_DECISIONS_H

#include "order.h"

#define ORDER_REFUSAL(why, status, type, title, detail) extern const struct refusal REFUSED_##why;
#include "order.def"

/* Of an order that is cancelled or will be: what was taken is given back, or nothing was taken and nothing will be. */
static inline bool order_settled(const struct order *order)
{
    return order->payment == ORDER_PAYMENT_NONE || order->payment == ORDER_PAYMENT_REFUNDED;
}

/* paying.c */
void decide_place(const struct command *c, struct aggregate *const *a, struct decision *d);
void decide_pay(const struct command *c, struct aggregate *a, struct decision *d);
void decide_unpaid(const struct command *c, struct aggregate *a, struct decision *d); /* the timer fell due */
void decide_payment(const struct command *c, struct aggregate *a, struct decision *d);
void decide_needs_review(const struct command *c, struct aggregate *a, struct decision *d);

/* progress.c */
void decide_progress(const struct command *c, struct aggregate *a, struct decision *d, enum order_status to);
void decide_cancel_refused(const struct command *c, struct aggregate *a, struct decision *d);

/* cancelling.c */
void cancel_for(enum order_reason reason, const struct command *c, struct aggregate *a, struct decision *d);
void decide_cancel(const struct command *c, struct aggregate *a, struct decision *d);
void decide_payment_cancelled(const struct command *c, struct aggregate *a, struct decision *d);
void decide_rejected(const struct command *c, struct aggregate *a, struct decision *d);
void decide_released(const struct command *c, struct aggregate *a, struct decision *d);
void decide_refunded(const struct command *c, struct aggregate *a, struct decision *d);
void decide_payment_closed(const struct command *c, struct aggregate *a, struct decision *d);

/* evolve.c */
void order_evolve(struct aggregate *a, int event, const void *data, struct arena *arena);

#endif
