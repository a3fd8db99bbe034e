/*
 * stock — of each product, what preparations hold and what has left: summed up while orders are read.
 */
#ifndef VERIFY_STOCK_H
#define VERIFY_STOCK_H

#include "uuid.h"

struct stock_line {
    struct uuid product;
    int64_t prepared, shipped;
    bool seen; /* its row was compared */
};
struct stock { /* {0} */
    struct stock_line *lines;
    size_t count, room;
};
struct stock_line *stock_of(struct stock *s, struct uuid product); /* until the next call */
void stock_release(struct stock *s);

#endif
