/* tables — the payment as a row, and reading one past the engine. */
#ifndef JUMUN_PAYMENT_TABLES_H
#define JUMUN_PAYMENT_TABLES_H

#include "payment.h"
#include "store.h"

extern const struct store_table payment_tables[PAYMENT_AGGREGATES];

/* For queries, on a connection of their own: the order's payment, in the arena. NULL: not there, or (*fault) not to be read now. */
void payment_reading_start(void);
void payment_reading_stop(void);
const struct payment *payment_read(struct pg *pg, struct uuid order, struct arena *arena, bool *fault);

#endif
