/* outbound — what an account leaves behind: rows of its table, events of its history, and the account as its customer sees it. */
#ifndef JUMUN_ACCOUNT_OUTBOUND_H
#define JUMUN_ACCOUNT_OUTBOUND_H

#include "account.h"
#include "engine.h"

extern const struct store_table account_tables[];
void account_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);

/* An account by REST: {customer, orders, points}. */
void account_write(struct buf *body, struct uuid customer, const struct account *account);

#endif
