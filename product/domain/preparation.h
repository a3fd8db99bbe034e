/*
 * preparation — an order's goods: all its lines are reserved, or none; later they leave, or are given back.
 *
 *     PREPARED ─▶ SHIPPED            REJECTED ─▶ RELEASED
 *         └─────▶ RELEASED
 *
 * OrderConfirmed comes from one topic, DeliveryStarted and DeliveryCancelled from another. A start that comes first is kept (SHIPPED
 * without lines), and takes effect when the order's lines come. A cancel that comes first leaves a tombstone (RELEASED): an order that
 * comes later finds it, and takes nothing.
 */
#ifndef JUMUN_PREPARATION_H
#define JUMUN_PREPARATION_H

#include "decider.h"

enum preparation_state {
#define PREPARATION_STATE(state) PREPARATION_##state,
#include "product.def"
    PREPARATION_STATES
};
extern const char *const preparation_state_names[PREPARATION_STATES];

struct stock_line {
    struct uuid product;
    int64_t quantity;
};
struct stock_lines {
    const struct stock_line *items;
    size_t count;
};

struct preparation {
    enum preparation_state state;
    struct stock_lines lines; /* of what is reserved, or has left */
};

/* ── events ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct preparation_completed {
    struct stock_lines lines;
};

struct stock_shortage {
    struct uuid product;
    int64_t wanted, available;
};
struct preparation_rejected {
    const struct stock_shortage *shortages;
    size_t count;
};

struct preparation_cancelled {
    struct stock_lines lines; /* what is given back; none: nothing was taken */
};

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct prepare_order {
    struct uuid order;
    struct stock_lines lines;
};

struct ship_order {
    struct uuid order;
    struct stock_lines lines; /* what has left, as the delivery says: it names the products, and must be what was prepared */
};

struct release_order {
    struct uuid order;
    struct stock_lines
        lines; /* of the order, as the delivery says: it names the products, and must be what was prepared, if anything was */
};

/* For product_decider.c only. a[0] is the preparation, a[1 + i] the product of the command's line i. */
void preparation_decide(const struct command *c, struct aggregate *const *a, struct decision *d);
void preparation_evolve(struct preparation *p, int event, const void *data, struct arena *arena);

#endif
