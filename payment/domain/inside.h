/* inside — what the files of the payment's domain share. Private to this folder. */
#ifndef JUMUN_PAYMENT_INSIDE_H
#define JUMUN_PAYMENT_INSIDE_H

#include "payment.h"

#define PAYMENT_REFUSAL(why, status, type, title, detail) extern const struct refusal PAYMENT_REFUSED_##why;
#include "payment.def"

/* payment.c: the one timer, for whatever the provider is being asked. */
instant payment_ask_again_at(instant began, instant now);
void payment_stop_asking(const struct aggregate *a, struct decision *d);

/* attempt.c */
void payment_make_attempt(const struct command *c, struct aggregate *a, struct decision *d);
void payment_record_outcome(const struct command *c, struct aggregate *a, struct decision *d);
void payment_ask_charge_again(const struct command *c, struct aggregate *a, struct decision *d);

/* way_back.c */
void payment_cancel(const struct command *c, struct aggregate *a, struct decision *d);
void payment_record_delivery_cancelled(const struct command *c, struct aggregate *a, struct decision *d);
void payment_record_refund(const struct command *c, struct aggregate *a, struct decision *d);
void payment_ask_refund_again(const struct command *c, struct aggregate *a, struct decision *d);
void payment_close(const struct command *c, struct aggregate *a, struct decision *d);
void payment_give_back(const struct command *c, struct aggregate *a, struct str charge, struct decision *d);

/* review.c */
void payment_review(const struct command *c, struct aggregate *a, int64_t attempt, enum payment_review why, struct str reference,
                    struct decision *d);
void payment_review_beyond_patience(const struct command *c, struct aggregate *a, instant since, duration patience, enum payment_review why,
                                    struct decision *d); /* once: what is under review already is looked at */

/* evolve.c */
void payment_evolve(struct aggregate *a, int event, const void *data, struct arena *arena);

#endif
