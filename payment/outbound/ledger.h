/*
 * ledger — our payments beside the provider's books: how many there are on each side, and where the two differ.
 *
 * For the simulated provider, whose books are at hand. Rows, on a connection for queries; NULL: not to be read now.
 */
#ifndef JUMUN_PAYMENT_LEDGER_H
#define JUMUN_PAYMENT_LEDGER_H

#include "pg.h"

/* One row: charges of ours, the provider's; refunds of ours, the provider's. */
const struct pg_rows *ledger_counts(struct pg *pg);

/*
 * What differs, as at one moment: kind, charge, order, our amount, its currency, the provider's amount, its currency; whatever a side does
 * not have is NULL. Kinds: CHARGE_… and REFUND_UNKNOWN_TO_PROVIDER, …_UNKNOWN_TO_US, …_NOT_KNOWN_YET (it is still being asked for),
 * …_OF_OTHER_AMOUNT.
 */
const struct pg_rows *ledger_differences(struct pg *pg, int64_t most);

/* The provider's books, in the order of their keys: key, charge (of refunds), amount, currency, time. */
const struct pg_rows *ledger_charges(struct pg *pg, struct uuid after, int64_t most);
const struct pg_rows *ledger_refunds(struct pg *pg, struct uuid after, int64_t most);

#endif
