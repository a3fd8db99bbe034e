/*
 * product_decider — the product context as the engine sees it: its kinds of aggregates, commands and events, by the tables of product.def.
 *
 * What a command brings is told in product.h (the catalog) and preparation.h (orders).
 */
#ifndef JUMUN_PRODUCT_DECIDER_H
#define JUMUN_PRODUCT_DECIDER_H

#include "decider.h"

enum product_aggregate {
    PRODUCT,     /* id: the product's */
    PREPARATION, /* id: the order's */
    PRODUCT_AGGREGATES
};

enum product_event {
#define PRODUCT_EVENT(event, ...) event##_EVENT,
#include "product.def"
    PRODUCT_EVENTS
};

enum product_command {
    PRODUCT_TIMER_DUE = COMMAND_TIMER_DUE, /* the context sets no timers */
#define PRODUCT_COMMAND(command, ...) command,
#include "product.def"
    PRODUCT_COMMANDS
};

enum product_refusal {
#define PRODUCT_REFUSAL(refusal, ...) refusal,
#include "product.def"
    PRODUCT_REFUSALS
};
extern const struct refusal product_refusals[PRODUCT_REFUSALS]; /* without a detail */

extern const struct decider product_decider;

#endif
