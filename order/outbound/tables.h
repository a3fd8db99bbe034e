/* tables — the order's aggregates as rows, and reading one of them past the engine. */
#ifndef JUMUN_ORDER_TABLES_H
#define JUMUN_ORDER_TABLES_H

#include "order.h"
#include "store.h"

extern const struct store_table order_tables[ORDER_AGGREGATES];

/* For queries, on a connection of their own: the order with its state, in the arena; *fault tells "not now" from "not there" (NULL both).
 */
void order_reading_start(void);
void order_reading_stop(void);
const struct aggregate *order_read(struct pg *pg, struct uuid id, struct arena *arena, bool *fault);

#endif
