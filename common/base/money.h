/*
 * money — an amount in the currency's minor unit (ISO 4217; KRW has none smaller than 1) with its currency.
 *
 * Arithmetic is checked: a sum that leaves int64, or mixes currencies, is refused, never wrapped.
 */
#ifndef JUMUN_MONEY_H
#define JUMUN_MONEY_H

#include "str.h"

struct money {
    int64_t amount;
    char currency[4]; /* three capital letters and a NUL */
};

bool money_currency_valid(struct str currency); /* three capital ASCII letters */
bool money_equal(struct money a, struct money b);
bool money_add(struct money a, struct money b, struct money *sum);
bool money_times(struct money a, int64_t n, struct money *product);

#endif
