/* What may be done to a product of the catalog. */
#include "product.h"

#include "invariant.h"
#include "product_decider.h"

int64_t product_available(const struct product *p)
{
    return p->on_hand - p->reserved;
}

struct product_snapshot product_snapshot(const struct aggregate *a)
{
    const struct product *p = a->state;
    return (struct product_snapshot){
        .name = p->name,
        .description = p->description,
        .price = p->price,
        .available = product_available(p),
        .discontinued = p->discontinued,
        .version = a->version + (p->untold != 0),
    };
}

/* ── deciding ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void refuse(struct decision *d, enum product_refusal refusal, struct str detail)
{
    struct refusal r = product_refusals[refusal];
    r.detail = detail;
    decision_refuse(d, &r);
}

static void register_product(const struct register_product *r, struct aggregate *a, struct decision *d)
{
    if (a->version > 0) {
        refuse(d, PRODUCT_EXISTS, STR("There is a product with this id. Change it by PATCH."));
        return;
    }
    struct product_snapshot registered = {
        .name = r->name,
        .description = r->description,
        .price = r->price,
        .available = r->stock,
        .version = 1,
    };
    decision_event(d, a, PRODUCT_REGISTERED_EVENT, &registered);
}

static struct product_snapshot revised(const struct revise_product *r, const struct aggregate *a)
{
    struct product_snapshot s = product_snapshot(a);
    if (r->has_name)
        s.name = r->name;
    if (r->has_description)
        s.description = r->description;
    if (r->has_price)
        s.price = r->price;
    s.version = a->version + 1;
    return s;
}

static void revise(const struct revise_product *r, struct aggregate *a, struct decision *d)
{
    const struct product *p = a->state;
    if (r->version != PRODUCT_VERSION_ANY && r->version != a->version) {
        refuse(d, PRODUCT_EDITED, STR("It is not the version any more that If-Match names. Read the product, and decide again."));
        return;
    }
    struct product_snapshot s = revised(r, a);
    if (str_equal(s.name, p->name) && str_equal(s.description, p->description) && money_equal(s.price, p->price))
        return;
    decision_event(d, a, PRODUCT_CHANGED_EVENT, &s);
}

static void restock(const struct restock_product *r, struct aggregate *a, struct decision *d)
{
    const struct product *p = a->state;
    invariant(r->quantity > 0);
    if (r->quantity > PRODUCT_STOCK_MAX - p->on_hand) {
        refuse(d, STOCK_LIMIT, STR("At most 1000000000 of a product can be on hand. Lower the quantity."));
        return;
    }
    decision_event(d, a, PRODUCT_RESTOCKED_EVENT, &(struct stock_moved){.quantity = r->quantity});
}

static void discontinue(struct aggregate *a, struct decision *d)
{
    if (((const struct product *)a->state)->discontinued)
        return;
    struct product_snapshot s = product_snapshot(a);
    s.discontinued = true;
    s.version = a->version + 1;
    decision_event(d, a, PRODUCT_DISCONTINUED_EVENT, &s);
}

void product_decide(const struct command *c, struct aggregate *a, struct decision *d)
{
    if (c->type == REGISTER) {
        register_product(c->data, a, d);
        return;
    }
    if (a->version == 0) {
        refuse(d, PRODUCT_UNKNOWN, STR("There is no product with this id."));
        return;
    }
    switch (c->type) {
    case REVISE: revise(c->data, a, d); return;
    case RESTOCK: restock(c->data, a, d); return;
    case DISCONTINUE: discontinue(a, d); return;
    }
    unreachable();
}

void product_settle(struct aggregate *a, struct decision *d)
{
    const struct product *p = a->state;
    if (p->untold == 0)
        return;
    struct product_snapshot now = product_snapshot(a);
    decision_event(d, a, STOCK_CHANGED_EVENT, &now);
}

/* ── evolving ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void take_snapshot(struct product *p, const struct product_snapshot *s, struct arena *arena)
{
    p->name = arena_str(arena, s->name);
    p->description = arena_str(arena, s->description);
    p->price = s->price;
    p->discontinued = s->discontinued;
    p->untold = 0;
}

static void move_stock(struct product *p, int64_t on_hand, int64_t reserved)
{
    p->on_hand += on_hand;
    p->reserved += reserved;
    p->untold += on_hand - reserved;
    invariant(p->reserved >= 0 && p->reserved <= p->on_hand);
}

void product_evolve(struct product *p, int event, const void *data, struct arena *arena)
{
    const struct product_snapshot *s = data;
    const struct stock_moved *moved = data;
    switch (event) {
    case PRODUCT_REGISTERED_EVENT:
        p->on_hand = s->available;
        take_snapshot(p, s, arena);
        return;
    case PRODUCT_CHANGED_EVENT:
    case PRODUCT_DISCONTINUED_EVENT: take_snapshot(p, s, arena); return;
    case STOCK_CHANGED_EVENT: p->untold = 0; return;
    case PRODUCT_RESTOCKED_EVENT: move_stock(p, moved->quantity, 0); return;
    case STOCK_RESERVED_EVENT: move_stock(p, 0, moved->quantity); return;
    case STOCK_SHIPPED_EVENT: move_stock(p, -moved->quantity, -moved->quantity); return;
    case STOCK_RELEASED_EVENT: move_stock(p, 0, -moved->quantity); return;
    }
    unreachable();
}
