/* The product context's tables, and which aggregate decides what. */
#include "product_decider.h"

#include "invariant.h"
#include "preparation.h"
#include "product.h"

static const struct aggregate_type aggregates[PRODUCT_AGGREGATES] = {
    [PRODUCT] = {"product", sizeof(struct product)},
    [PREPARATION] = {"preparation", sizeof(struct preparation)},
};

static const struct event_type events[PRODUCT_EVENTS] = {
#define PRODUCT_EVENT(event, name, reach, topic, data) [event##_EVENT] = {(name), (reach), (topic), (data)},
#include "product.def"
};

const struct refusal product_refusals[PRODUCT_REFUSALS] = {
#define PRODUCT_REFUSAL(refusal, problem_status, problem_type, problem_title)                                                              \
    [refusal] = {.status = (problem_status), .type = (problem_type), .title = (problem_title)},
#include "product.def"
};

static void preparation_keys(struct uuid order, const struct stock_lines *lines, struct keys *keys)
{
    keys_add(keys, PREPARATION, order);
    for (size_t i = 0; i < lines->count; i++)
        keys_add(keys, PRODUCT, lines->items[i].product);
}

static void keys_of(const struct command *c, struct keys *keys)
{
    const struct prepare_order *prepare = c->data;
    const struct ship_order *ship = c->data;
    const struct release_order *release = c->data;
    switch (c->type) {
    case REGISTER: keys_add(keys, PRODUCT, ((const struct register_product *)c->data)->product); return;
    case REVISE: keys_add(keys, PRODUCT, ((const struct revise_product *)c->data)->product); return;
    case RESTOCK: keys_add(keys, PRODUCT, ((const struct restock_product *)c->data)->product); return;
    case DISCONTINUE: keys_add(keys, PRODUCT, ((const struct discontinue_product *)c->data)->product); return;
    case PREPARE: preparation_keys(prepare->order, &prepare->lines, keys); return;
    case SHIP: preparation_keys(ship->order, &ship->lines, keys); return;
    case RELEASE: preparation_keys(release->order, &release->lines, keys); return;
    }
    unreachable();
}

static void decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (a[0]->kind) {
    case PRODUCT: product_decide(c, a[0], d); return;
    case PREPARATION: preparation_decide(c, a, d); return;
    }
    unreachable();
}

static void evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    switch (a->kind) {
    case PRODUCT: product_evolve(a->state, event, data, arena); return;
    case PREPARATION: preparation_evolve(a->state, event, data, arena); return;
    }
    unreachable();
}

static void settle(struct aggregate *a, struct decision *d)
{
    if (a->kind == PRODUCT)
        product_settle(a, d);
}

const struct decider product_decider = {
    .aggregates = aggregates,
    .aggregate_count = PRODUCT_AGGREGATES,
    .events = events,
    .event_count = PRODUCT_EVENTS,
    .keys = keys_of,
    .decide = decide,
    .evolve = evolve,
    .settle = settle,
};
