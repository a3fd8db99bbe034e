/* Checked arithmetic on amounts of one currency. */
#include "money.h"

#include <string.h>

bool money_currency_valid(struct str currency)
{
    if (currency.n != 3)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (currency.p[i] < 'A' || currency.p[i] > 'Z')
            return false;
    return true;
}

static bool same_currency(struct money a, struct money b)
{
    return memcmp(a.currency, b.currency, 3) == 0;
}

bool money_equal(struct money a, struct money b)
{
    return a.amount == b.amount && same_currency(a, b);
}

bool money_add(struct money a, struct money b, struct money *sum)
{
    int64_t amount;
    if (!same_currency(a, b) || __builtin_add_overflow(a.amount, b.amount, &amount))
        return false;
    *sum = a;
    sum->amount = amount;
    return true;
}

bool money_times(struct money a, int64_t n, struct money *product)
{
    int64_t amount;
    if (__builtin_mul_overflow(a.amount, n, &amount))
        return false;
    *product = a;
    product->amount = amount;
    return true;
}
