/* event_data — what the order's events say to the history and to the topic: api/asyncapi.yaml. */
#ifndef JUMUN_ORDER_EVENT_DATA_H
#define JUMUN_ORDER_EVENT_DATA_H

#include "decider.h"
#include "json_encode.h"

void order_event_data(int event, const void *data, const struct aggregate *a, struct json_writer *w);

#endif
