/*
 * cart — what a customer asks for, checked and priced by the catalog: all its faults in one refusal.
 */
#ifndef JUMUN_CART_H
#define JUMUN_CART_H

#include "order.h"

/* items[] in the order of place->items. False: refused. The lines live as long as the batch. */
bool cart_price(const struct place_order *place, struct aggregate *const *items, struct decision *d, struct order_lines *lines,
                struct money *total);

/* False: refused. */
bool payment_means_check(struct payment_means means, struct decision *d);

#endif
