/*
 * product — a thing that is sold: what the catalog says of it, and how many there are.
 *
 *     on_hand   in the warehouse
 *     reserved  of those, taken for orders that have not left yet
 *     available what can still be ordered: on_hand − reserved, never negative
 *
 * Catalog events are snapshots: each tells all that is public, so a reader needs only the latest. Changes of the stock are gathered, and
 * told once at the end of a batch (product_settle), however many orders took their part.
 */
#ifndef JUMUN_PRODUCT_H
#define JUMUN_PRODUCT_H

#include "decider.h"
#include "money.h"

#define PRODUCT_STOCK_MAX 1000000000

struct product {
    struct str name, description;
    struct money price;
    int64_t on_hand, reserved;
    bool discontinued;
    int64_t untold; /* what became of `available` since the last catalog event. Not stored: a batch ends with all told */
};
int64_t product_available(const struct product *p);

/* The public product, as of `version`: the data of every catalog event, and what REST shows. */
struct product_snapshot {
    struct str name, description;
    struct money price;
    int64_t available;
    bool discontinued;
    int64_t version;
};
/* As the next reader will see it, the StockChanged that ends the batch included. */
struct product_snapshot product_snapshot(const struct aggregate *a);

struct stock_moved {
    int64_t quantity;
};

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct register_product {
    struct uuid product;
    struct str name, description;
    struct money price;
    int64_t stock;
};

#define PRODUCT_VERSION_ANY 0
struct revise_product {
    struct uuid product;
    int64_t version; /* that it must have; PRODUCT_VERSION_ANY */
    bool has_name, has_description, has_price;
    struct str name, description;
    struct money price;
};

struct restock_product {
    struct uuid product;
    int64_t quantity;
};

/* No new order may name it; orders that have, get it. There is no way back. */
struct discontinue_product {
    struct uuid product;
};

/* For product_decider.c only. */
void product_decide(const struct command *c, struct aggregate *a, struct decision *d);
void product_evolve(struct product *p, int event, const void *data, struct arena *arena);
void product_settle(struct aggregate *a, struct decision *d);

#endif
