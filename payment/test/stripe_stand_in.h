/*
 * stripe_stand_in — a server on loopback that keeps the part of Stripe's contract which stripe-mock, being without a memory, cannot show.
 *
 * Its answers are written after https://docs.stripe.com/api (errors, idempotent requests, PaymentIntents, Refunds; version 2022-11-15): a
 * key is answered for ever as it was the first time, and by 400 idempotency_error when it comes with another body; a request without the
 * secret key by 401. The payment method says what happens to a charge.
 */
#ifndef JUMUN_PAYMENT_STRIPE_STAND_IN_H
#define JUMUN_PAYMENT_STRIPE_STAND_IN_H

#include "money.h"
#include "uuid.h"

#define STAND_IN_KEY "sk_test_stand_in"

#define PM_APPROVED           "pm_card_visa"
#define PM_DECLINED           "pm_card_visa_chargeDeclinedInsufficientFunds"
#define PM_HANGS              "pm_hangs"              /* never answered, never charged */
#define PM_LOST               "pm_lost"               /* charged; the first answer is lost */
#define PM_PROCESSING         "pm_processing"         /* "processing", and a look at it says "succeeded" */
#define PM_REFUND_FAILS_TWICE "pm_refund_fails_twice" /* approved; the first two refunds have status "failed" */
#define PM_REFUND_PENDING     "pm_refund_pending"     /* approved; a refund is "pending", and a look at it says "succeeded" */

const char *stand_in_start(void); /* its URL */
void stand_in_stop(void);

/* The next POST, whatever it asks, is answered so; its key is not kept. */
void stand_in_answers(int status, const char *body);

int64_t stand_in_charged(struct uuid key);
int64_t stand_in_refunded(struct str payment_intent);

#endif
