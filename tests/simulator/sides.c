/* The five sides, as every simulator but by_json.c's has them. */
#include "sides.h"

const struct side *const sides[SERVICES] = {&order_side, &payment_side, &product_side, &delivery_side, &notification_side};
