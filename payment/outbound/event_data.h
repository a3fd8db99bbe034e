/* event_data — what the payment's events say to the history and to the topic: api/asyncapi.yaml. */
#ifndef JUMUN_PAYMENT_EVENT_DATA_H
#define JUMUN_PAYMENT_EVENT_DATA_H

#include "decider.h"
#include "json_encode.h"

void payment_event_data(int event, const void *data, const struct aggregate *a, struct json_writer *w);

#endif
