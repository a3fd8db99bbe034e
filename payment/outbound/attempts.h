/* attempts — a payment's attempts as JSON, for their column. */
#ifndef JUMUN_PAYMENT_ATTEMPTS_H
#define JUMUN_PAYMENT_ATTEMPTS_H

#include "buf.h"
#include "payment.h"

void attempts_encode(const void *attempts, struct buf *json);
void attempts_decode(struct arena *arena, struct str json, void *attempts);

#endif
