/* outbound — what delivery leaves behind: rows of its table, events on its topic, and the delivery as its customer sees it. */
#ifndef JUMUN_DELIVERY_OUTBOUND_H
#define JUMUN_DELIVERY_OUTBOUND_H

#include "delivery.h"
#include "engine.h"

extern const struct store_table delivery_tables[];
void delivery_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);

/* A delivery by REST: {orderId, status, carrier?, trackingNumber?, startedAt?, completedAt?, address?}. */
void delivery_write(struct buf *body, struct uuid order, const struct delivery *delivery);

#endif
