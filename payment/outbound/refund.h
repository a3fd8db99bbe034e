/* refund — a refund as it stands in its column: refund.c. */
#ifndef JUMUN_PAYMENT_REFUND_H
#define JUMUN_PAYMENT_REFUND_H

#include "buf.h"
#include "payment.h"

void refund_encode(const void *field, struct buf *json); /* a struct payment_refund; nothing when not begun */
void refund_decode(struct arena *arena, struct str json, void *field);

#endif
