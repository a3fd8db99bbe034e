/* Product in the world: the stock of a few things, and what each order takes of it. */
#include "sides.h"

#include "invariant.h"
#include "preparation.h"
#include "product.h"
#include "product_decider.h"

/* ── inbound/events.c ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct stock_lines lines_of(struct world *w, const struct fact_lines *lines)
{
    struct stock_line *items = ARENA_ARRAY(&w->arena, struct stock_line, lines->count);
    for (size_t i = 0; i < lines->count; i++)
        items[i] = (struct stock_line){lines->items[i].product, lines->items[i].quantity};
    return (struct stock_lines){items, lines->count};
}

static bool take(struct world *w, const struct fact *f, struct command *c)
{
    struct stock_lines lines = lines_of(w, &f->lines);
    switch ((int)f->type) {
    case FACT_OrderConfirmed:
        c->type = PREPARE;
        c->data = arena_copy(&w->arena, &(struct prepare_order){f->subject, lines}, sizeof(struct prepare_order));
        return true;
    case FACT_DeliveryStarted:
        c->type = SHIP;
        c->data = arena_copy(&w->arena, &(struct ship_order){f->subject, lines}, sizeof(struct ship_order));
        return true;
    case FACT_DeliveryCancelled:
        c->type = RELEASE;
        c->data = arena_copy(&w->arena, &(struct release_order){f->subject, lines}, sizeof(struct release_order));
        return true;
    }
    return false;
}

/* ── outbound/store.c ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct fact_lines told_lines(struct world *w, const struct stock_lines *lines)
{
    struct fact_line *items = ARENA_ARRAY(&w->arena, struct fact_line, lines->count);
    for (size_t i = 0; i < lines->count; i++)
        items[i] = (struct fact_line){.product = lines->items[i].product, .quantity = lines->items[i].quantity};
    return (struct fact_lines){items, lines->count};
}

static void tell_side(struct world *w, const struct decided_event *e, struct fact *f)
{
    const struct product_snapshot *s = e->data;
    switch (e->type) {
    case PRODUCT_REGISTERED_EVENT:
    case PRODUCT_CHANGED_EVENT:
    case PRODUCT_DISCONTINUED_EVENT:
    case STOCK_CHANGED_EVENT:
        f->product = (struct fact_product){e->aggregate->id, s->name, s->price, s->available, s->discontinued, s->version};
        if (s->available < 0)
            violated(w, "6: %lld of a product are available", (long long)s->available);
        return;
    case PREPARATION_COMPLETED_EVENT: f->lines = told_lines(w, &((const struct preparation_completed *)e->data)->lines); break;
    case PREPARATION_CANCELLED_EVENT: f->lines = told_lines(w, &((const struct preparation_cancelled *)e->data)->lines); break;
    default: break;
    }
    notices_expect(w, f);
}

static void start_effect(struct world *w, const struct decided_effect *e, const struct command *c, struct uuid cause, struct parked *asker)
{
    (void)w, (void)e, (void)c, (void)cause, (void)asker;
    unreachable(); /* it has none */
}

/* ── inbound/http.c ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void submit(struct world *w, int type, const void *data, size_t size, int number)
{
    struct entry e = {.c = command_of(w, type, data, size, w->products[number].id, world_id(w))};
    if (w->contexts[PRODUCT_SERVICE].up)
        context_submit(w, PRODUCT_SERVICE, &e);
}

void product_register(struct world *w, int number, int64_t price, int64_t stock)
{
    static const struct str names[PRODUCTS_MAX] = {STR_CONST("녹차"), STR_CONST("김"), STR_CONST("라면")};
    struct register_product r = {w->products[number].id, names[number], STR(""), {price, "KRW"}, stock};
    submit(w, REGISTER, &r, sizeof r, number);
}

void product_restock(struct world *w, int number, int64_t quantity)
{
    struct restock_product r = {w->products[number].id, quantity};
    submit(w, RESTOCK, &r, sizeof r, number);
}

void product_reprice(struct world *w, int number, int64_t price)
{
    struct revise_product r = {.product = w->products[number].id, .has_price = true, .price = {price, "KRW"}};
    submit(w, REVISE, &r, sizeof r, number);
}

void product_discontinue(struct world *w, int number)
{
    struct discontinue_product r = {w->products[number].id};
    submit(w, DISCONTINUE, &r, sizeof r, number);
}

/* ── looking at it ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void preparation_look(struct world *w, struct uuid order, struct preparation_view *v)
{
    const struct aggregate *a = context_look(w, PRODUCT_SERVICE, PREPARATION, order);
    const struct preparation *p = a ? a->state : NULL;
    *v = (struct preparation_view){.none = !p};
    if (!p)
        return;
    *v = (struct preparation_view){
        .prepared = p->state == PREPARATION_PREPARED,
        .rejected = p->state == PREPARATION_REJECTED,
        .released = p->state == PREPARATION_RELEASED,
        .shipped = p->state == PREPARATION_SHIPPED,
        .lines = told_lines(w, &p->lines),
    };
}

void product_look(const struct world *w, int number, int64_t *on_hand, int64_t *reserved)
{
    const struct aggregate *a = context_look(w, PRODUCT_SERVICE, PRODUCT, w->products[number].id);
    const struct product *p = a ? a->state : NULL;
    *on_hand = p ? p->on_hand : 0;
    *reserved = p ? p->reserved : 0;
}

static const char *command_name(int type)
{
    static const char *const names[PRODUCT_COMMANDS] = {
#define PRODUCT_COMMAND(command, aggregate) [command] = #command,
#include "product.def"
    };
    return type < PRODUCT_COMMANDS ? names[type] : NULL;
}

static const char *state_name(const struct aggregate *a)
{
    return a->kind == PREPARATION ? preparation_state_names[((const struct preparation *)a->state)->state] : NULL;
}

static void decided(struct world *w, const struct entry *e, struct aggregate *const *a, const struct decision *d)
{
    const struct preparation *p = a[0]->state;
    if (e->c.type == RESTOCK && !d->refusal)
        w->products[product_number(w, a[0]->id)].restocked += ((const struct restock_product *)e->c.data)->quantity;
    if (a[0]->kind != PREPARATION)
        return;
    if (e->c.type == RELEASE && p->state == PREPARATION_NONE)
        cover(w, COVERED_TOMBSTONE_PREPARATION);
    if (e->c.type == PREPARE && p->state == PREPARATION_RELEASED)
        cover(w, COVERED_CONFIRMED_AFTER_TOMBSTONE);
    if (d->event_count > 0 && d->events[0].type == PREPARATION_REJECTED_EVENT)
        cover(w, COVERED_REJECTED);
}

const struct side product_side = {
    .name = "product",
    .decider = &product_decider,
    .topics = 1u << TOPIC_order | 1u << TOPIC_delivery,
    .take = take,
    .tell = tell_side,
    .start_effect = start_effect,
    .decided = decided,
    .command_name = command_name,
    .state_name = state_name,
};
