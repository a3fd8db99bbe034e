/* document — an order as it is shown: one form, for answers and for GET. */
#ifndef JUMUN_ORDER_DOCUMENT_H
#define JUMUN_ORDER_DOCUMENT_H

#include "json_encode.h"
#include "order.h"

void order_document(const struct aggregate *a, struct arena *arena, struct buf *out);

#endif
