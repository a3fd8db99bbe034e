/*
 * watchdog — counts the orders that are not at their end, every ten seconds, for the metrics; and when some are past their deadline, the
 * log names one. A thread with a connection of its own: never in the way of an order.
 */
#ifndef JUMUN_ORDER_WATCHDOG_H
#define JUMUN_ORDER_WATCHDOG_H

#include "metrics.h"

void watchdog_start(const char *database_url);
void watchdog_stop(void);
void watchdog_show(struct metrics_page *page);

#endif
