/* outbound — what product leaves behind: rows of its tables, events on its topics, and the product as the public sees it. */
#ifndef JUMUN_PRODUCT_OUTBOUND_H
#define JUMUN_PRODUCT_OUTBOUND_H

#include "engine.h"
#include "product.h"

extern const struct store_table product_tables[];
void product_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);

/* The members of the public product: the same in REST and in every catalog event. */
void product_put(struct json_writer *w, struct uuid id, const struct product_snapshot *s);

#endif
