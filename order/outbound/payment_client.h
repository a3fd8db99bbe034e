/*
 * payment_client — asks the payment service for an order's money: the only call from one context into another.
 *
 * It says APPROVED, DECLINED, CLOSED, or that it is not known; an answer that does not come, or is not understood, is "not known" too.
 * Whatever it is becomes RECORD_PAYMENT, and takes the customer who waits along. Nothing is repeated here: the order's timer asks again, by
 * the same attempt, which payment makes once only.
 *
 * A circuit breaker (breaker.h) stands before it: when payment does not answer, or answers that it is broken (5xx), the outcome is at once
 * "not known", and nobody waits. The orders that ask again by their timers are the probes that find it back.
 */
#ifndef JUMUN_PAYMENT_CLIENT_H
#define JUMUN_PAYMENT_CLIENT_H

#include "breaker.h"
#include "engine.h"

void payment_client_start(void); /* before it, and after the stop, every outcome is "not known" */
void payment_client_stop(void);
void payment_client_ask(void *ctx, struct engine *e, const struct effect *effect); /* ORDER_ASK_PAYMENT */
void payment_client_show(struct metrics_page *page);
void payment_client_breaker(struct breaker *copy); /* as it is now */

#endif
