/* What the stories of the product context share: a few products, orders, and commands on them. */
#ifndef JUMUN_PRODUCT_STORIES_H
#define JUMUN_PRODUCT_STORIES_H

#include "given.h"
#include "preparation.h"
#include "product.h"
#include "product_decider.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid tea = {{1}}, cup = {{2}}, nothing_sold = {{3}}, order = {{11}}, other_order = {{12}};

static inline int story_start(void **state)
{
    struct story *s = malloc(sizeof *s);
    story_init(s, &product_decider);
    *state = s;
    return 0;
}

static inline int story_finish(void **state)
{
    story_release(*state);
    free(*state);
    return 0;
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_start, story_finish)

static inline struct command of(int type, const void *data)
{
    return (struct command){.type = type, .data = data};
}

static inline struct command registering(struct story *s, struct uuid product, int64_t stock)
{
    struct register_product r = {
        .product = product, .name = STR("제주 녹차"), .description = STR("잎차"), .price = {18000, "KRW"}, .stock = stock};
    return of(REGISTER, arena_copy(&s->arena, &r, sizeof r));
}

static inline struct command restocking(struct story *s, struct uuid product, int64_t quantity)
{
    struct restock_product r = {.product = product, .quantity = quantity};
    return of(RESTOCK, arena_copy(&s->arena, &r, sizeof r));
}

static inline struct stock_lines lines_of(struct story *s, size_t count, const struct stock_line *lines)
{
    return (struct stock_lines){arena_copy(&s->arena, lines, count * sizeof *lines), count};
}
#define LINES(...)                                                                                                                         \
    (sizeof((struct stock_line[]){__VA_ARGS__}) / sizeof(struct stock_line)), (struct stock_line[])                                        \
    {                                                                                                                                      \
        __VA_ARGS__                                                                                                                        \
    }

static inline struct command preparing(struct story *s, struct uuid id, size_t count, const struct stock_line *lines)
{
    struct prepare_order p = {.order = id, .lines = lines_of(s, count, lines)};
    return of(PREPARE, arena_copy(&s->arena, &p, sizeof p));
}

static inline struct command shipping(struct story *s, struct uuid id, size_t count, const struct stock_line *lines)
{
    struct ship_order p = {.order = id, .lines = lines_of(s, count, lines)};
    return of(SHIP, arena_copy(&s->arena, &p, sizeof p));
}

static inline struct command releasing(struct story *s, struct uuid id, size_t count, const struct stock_line *lines)
{
    struct release_order p = {.order = id, .lines = lines_of(s, count, lines)};
    return of(RELEASE, arena_copy(&s->arena, &p, sizeof p));
}

static inline struct command discontinuing(struct story *s, struct uuid product)
{
    struct discontinue_product r = {.product = product};
    return of(DISCONTINUE, arena_copy(&s->arena, &r, sizeof r));
}

static inline void expect_stock(struct story *s, struct uuid product, int64_t on_hand, int64_t reserved)
{
    const struct product *p = story_state(s, PRODUCT, product);
    assert_int_equal(p->on_hand, on_hand);
    assert_int_equal(p->reserved, reserved);
    assert_int_equal(p->untold, 0);
}

static inline void expect_state(struct story *s, struct uuid id, enum preparation_state state)
{
    const struct preparation *p = story_state(s, PREPARATION, id);
    assert_string_equal(preparation_state_names[p->state], preparation_state_names[state]);
}

#endif
