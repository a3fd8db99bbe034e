/* sums — the last step: money, stock, inboxes and keys, over all orders. 5, 6, 13, 15, 20. */
#ifndef VERIFY_SUMS_H
#define VERIFY_SUMS_H

#include "audit.h"

void sums_compare(struct audit *a);

#endif
