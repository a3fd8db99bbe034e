/* What may be done for an order's goods. */
#include "preparation.h"

#include "invariant.h"
#include "product.h"
#include "product_decider.h"

const char *const preparation_state_names[PREPARATION_STATES] = {
#define PREPARATION_STATE(state) [PREPARATION_##state] = #state,
#include "product.def"
};

/* ── lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Of one product in all the lines: an order names it once, but nothing here depends on that. */
static int64_t total_of(const struct stock_lines *lines, struct uuid product)
{
    int64_t total = 0;
    for (size_t i = 0; i < lines->count; i++)
        if (uuid_equal(lines->items[i].product, product))
            total += lines->items[i].quantity;
    return total;
}

static bool named_before(const struct stock_lines *lines, size_t line)
{
    for (size_t i = 0; i < line; i++)
        if (uuid_equal(lines->items[i].product, lines->items[line].product))
            return true;
    return false;
}

static bool all_of(const struct stock_lines *some, const struct stock_lines *others)
{
    for (size_t i = 0; i < some->count; i++)
        if (total_of(some, some->items[i].product) != total_of(others, some->items[i].product))
            return false;
    return true;
}

static bool same_goods(const struct stock_lines *a, const struct stock_lines *b)
{
    return all_of(a, b) && all_of(b, a);
}

/* ── PREPARE ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct preparation_rejected shortages_of(const struct stock_lines *lines, struct aggregate *const *products, struct arena *arena)
{
    struct stock_shortage *shortages = ARENA_ARRAY(arena, struct stock_shortage, lines->count);
    size_t count = 0;
    for (size_t i = 0; i < lines->count; i++) {
        struct uuid product = lines->items[i].product;
        int64_t wanted = total_of(lines, product), available = product_available(products[i]->state);
        if (wanted > available && !named_before(lines, i))
            shortages[count++] = (struct stock_shortage){product, wanted, available};
    }
    return (struct preparation_rejected){shortages, count};
}

static void move_lines(struct decision *d, const struct stock_lines *lines, struct aggregate *const *products, int event)
{
    for (size_t i = 0; i < lines->count; i++)
        decision_event(d, products[i], event, &(struct stock_moved){.quantity = lines->items[i].quantity});
}

static void reserve(struct decision *d, const struct stock_lines *lines, struct aggregate *const *a)
{
    decision_event(d, a[0], PREPARATION_COMPLETED_EVENT, &(struct preparation_completed){.lines = *lines});
    move_lines(d, lines, a + 1, STOCK_RESERVED_EVENT);
}

static void contradiction(struct decision *d, enum product_refusal refusal, struct str detail)
{
    struct refusal r = product_refusals[refusal];
    r.detail = detail;
    decision_refuse(d, &r);
}

/* The start of the delivery overtook the order. */
static void prepare_what_has_left(const struct stock_lines *lines, const struct preparation_rejected *rejected, struct aggregate *const *a,
                                  struct decision *d)
{
    if (rejected->count > 0) {
        contradiction(
            d, SHIPPED_UNPREPARED,
            STR("The order's delivery has started, but there is not enough stock for it. Restock, then take the message in again."));
        return;
    }
    reserve(d, lines, a);
    move_lines(d, lines, a + 1, STOCK_SHIPPED_EVENT);
}

static void prepare(const struct prepare_order *order, struct aggregate *const *a, struct decision *d)
{
    const struct preparation *p = a[0]->state;
    struct preparation_rejected rejected = shortages_of(&order->lines, a + 1, d->arena);
    switch (p->state) {
    case PREPARATION_NONE:
        if (rejected.count > 0)
            decision_event(d, a[0], PREPARATION_REJECTED_EVENT, &rejected);
        else
            reserve(d, &order->lines, a);
        return;
    case PREPARATION_SHIPPED:
        if (p->lines.count == 0)
            prepare_what_has_left(&order->lines, &rejected, a, d);
        return;
    case PREPARATION_PREPARED:
    case PREPARATION_REJECTED:
    case PREPARATION_RELEASED: return; /* it is decided */
    case PREPARATION_STATES: break;
    }
    unreachable();
}

/* ── SHIP ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void ship(const struct ship_order *order, struct aggregate *const *a, struct decision *d)
{
    const struct preparation *p = a[0]->state;
    switch (p->state) {
    case PREPARATION_NONE: decision_event(d, a[0], PREPARATION_SHIPPED_EVENT, NULL); return; /* the lines will come */
    case PREPARATION_PREPARED:
        if (!same_goods(&order->lines, &p->lines)) {
            contradiction(d, SHIPPED_UNPREPARED,
                          STR("What has left is not what was prepared for the order. Compare delivery and preparation."));
            return;
        }
        decision_event(d, a[0], PREPARATION_SHIPPED_EVENT, NULL);
        move_lines(d, &order->lines, a + 1, STOCK_SHIPPED_EVENT);
        return;
    case PREPARATION_SHIPPED: return;
    case PREPARATION_REJECTED:
    case PREPARATION_RELEASED:
        contradiction(d, SHIPPED_UNPREPARED,
                      STR("The order's delivery has started, but no stock is reserved for the order. Look at the order's history."));
        return;
    case PREPARATION_STATES: break;
    }
    unreachable();
}

/* ── RELEASE ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void give_back(const struct release_order *order, struct aggregate *const *a, struct decision *d)
{
    const struct preparation *p = a[0]->state;
    if (!same_goods(&order->lines, &p->lines)) {
        contradiction(d, RELEASE_CONTRADICTS,
                      STR("What was cancelled is not what was prepared for the order. Compare delivery and preparation."));
        return;
    }
    decision_event(d, a[0], PREPARATION_CANCELLED_EVENT, &(struct preparation_cancelled){.lines = p->lines});
    move_lines(d, &order->lines, a + 1, STOCK_RELEASED_EVENT);
}

static void release(const struct release_order *order, struct aggregate *const *a, struct decision *d)
{
    const struct preparation *p = a[0]->state;
    switch (p->state) {
    case PREPARATION_PREPARED: give_back(order, a, d); return;
    case PREPARATION_NONE:
    case PREPARATION_REJECTED: decision_event(d, a[0], PREPARATION_CANCELLED_EVENT, &(struct preparation_cancelled){0}); return;
    case PREPARATION_RELEASED: return;
    case PREPARATION_SHIPPED:
        contradiction(d, RELEASE_CONTRADICTS,
                      STR("The order's delivery is cancelled, but its goods have left. Look at the delivery's history."));
        return;
    case PREPARATION_STATES: break;
    }
    unreachable();
}

void preparation_decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case PREPARE: prepare(c->data, a, d); return;
    case SHIP: ship(c->data, a, d); return;
    case RELEASE: release(c->data, a, d); return;
    }
    unreachable();
}

/* ── evolving ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct stock_lines copy_lines(const struct stock_lines *lines, struct arena *arena)
{
    return (struct stock_lines){arena_copy(arena, lines->items, sizeof *lines->items * lines->count), lines->count};
}

void preparation_evolve(struct preparation *p, int event, const void *data, struct arena *arena)
{
    switch (event) {
    case PREPARATION_COMPLETED_EVENT:
        p->lines = copy_lines(&((const struct preparation_completed *)data)->lines, arena);
        if (p->state == PREPARATION_NONE)
            p->state = PREPARATION_PREPARED;
        return;
    case PREPARATION_REJECTED_EVENT: p->state = PREPARATION_REJECTED; return;
    case PREPARATION_SHIPPED_EVENT: p->state = PREPARATION_SHIPPED; return;
    case PREPARATION_CANCELLED_EVENT:
        p->state = PREPARATION_RELEASED;
        p->lines = (struct stock_lines){0};
        return;
    }
    unreachable();
}
