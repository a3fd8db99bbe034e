/*
 * table — what a decider does in every state on every command, as it is told in docs/sagas.md.
 *
 * Nothing is written down here but how to come to a state, and which commands there are; what follows is asked of the decider itself. A
 * state or a command of the context that no row names is a fault: the tables are whole or not there.
 */
#ifndef JUMUN_SAGA_TABLE_H
#define JUMUN_SAGA_TABLE_H

#include "given.h"

#define WAY_MAX 6
struct saga_state {
    const char *name; /* as the reader knows it: "PENDING_PAYMENT, declined" */
    int status;       /* of the context's enum */
    const struct command *way[WAY_MAX];
};

struct saga_command {
    const char *name; /* "PreparationCompleted" for an event, "POST …" for a request, in words for the rest */
    const struct command *command;
};

struct saga_table {
    const char *title;
    const struct decider *decider;
    int kind; /* of the aggregate; its id is saga_order */
    int (*status)(const void *state);
    const char *const *status_names;
    int status_count;
    bool (*concerns)(int command); /* the aggregate's own commands */
    int command_count;
    const char *effect;               /* what the decider's effect does, in words */
    void (*prepare)(struct story *s); /* may be NULL: what there is before */
    const struct saga_state *states;  /* until one without a name */
    const struct saga_command *commands;
};

#define SAGA_BEGINS ((instant)1800000000000000) /* now, in every story */

extern const struct uuid saga_order;
extern const struct saga_table order_table, payment_table, preparation_table, delivery_table;

#endif
