/*
 * contents — what was ordered and where it goes, as JSON: in the orders' rows and in the events, the same text.
 *
 * It never changes and decides nothing, so it is written once and then handed on as it is stored; only who shows an order takes it apart:
 *
 *     struct order_lines lines = lines_read(arena, order->lines);
 */
#ifndef JUMUN_ORDER_CONTENTS_H
#define JUMUN_ORDER_CONTENTS_H

#include "json_encode.h"
#include "order.h"

void lines_put(struct json_writer *w, const char *key, const struct order_lines *lines);
void quantities_put(struct json_writer *w, const char *key, const struct order_lines *lines); /* each line's product and quantity only */
void address_put(struct json_writer *w, const char *key, const struct order_address *address);

struct order_lines lines_read(struct arena *arena, struct order_lines lines); /* with its items, whether they were stored or not */

/* For the store's columns. */
void lines_encode(const void *lines, struct buf *json);
void lines_decode(struct arena *arena, struct str json, void *lines);
void address_encode(const void *address, struct buf *json);
void address_decode(struct arena *arena, struct str json, void *address);

#endif
