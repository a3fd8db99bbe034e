/* Stories of the catalog. */
#include "stories.h"

static struct command revising(struct story *s, struct revise_product r)
{
    r.product = tea;
    return of(REVISE, arena_copy(&s->arena, &r, sizeof r));
}

static void a_product_is_registered_with_all_that_is_public(void **state)
{
    struct story *s = *state;
    when(s, registering(s, tea, 100));
    const struct product_snapshot *told = then_event(s, PRODUCT_REGISTERED_EVENT);
    then_no_more(s);
    assert_true(str_is(told->name, "제주 녹차"));
    assert_true(str_is(told->description, "잎차"));
    assert_true(money_equal(told->price, (struct money){18000, "KRW"}));
    assert_int_equal(told->available, 100);
    assert_false(told->discontinued);
    assert_int_equal(told->version, 1);
    expect_stock(s, tea, 100, 0);
}

static void a_product_is_registered_once(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    when(s, registering(s, tea, 5));
    then_refused(s, 409, "/problems/product-exists");
    expect_stock(s, tea, 100, 0);
}

static void repricing_leaves_the_rest(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    when(s, revising(s, (struct revise_product){.has_price = true, .price = {20000, "KRW"}}));
    const struct product_snapshot *told = then_event(s, PRODUCT_CHANGED_EVENT);
    then_no_more(s);
    assert_int_equal(told->price.amount, 20000);
    assert_true(str_is(told->name, "제주 녹차"));
    assert_int_equal(told->available, 100);
    assert_int_equal(told->version, 2);
    assert_int_equal(story_aggregate(s, PRODUCT, tea)->version, 2);
}

static void a_description_can_be_emptied(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    when(s, revising(s, (struct revise_product){.has_description = true, .description = STR("")}));
    const struct product_snapshot *told = then_event(s, PRODUCT_CHANGED_EVENT);
    assert_int_equal(told->description.n, 0);
}

static void a_change_that_changes_nothing_is_none(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    when(s, revising(s, (struct revise_product){.has_name = true, .name = STR("제주 녹차")}));
    then_nothing(s);
    when(s, revising(s, (struct revise_product){0}));
    then_nothing(s);
}

static void who_edits_an_old_version_is_told(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    when(s, revising(s, (struct revise_product){.version = 1, .has_name = true, .name = STR("우전")}));
    then_event(s, PRODUCT_CHANGED_EVENT);
    when(s, revising(s, (struct revise_product){.version = 1, .has_name = true, .name = STR("세작")}));
    then_refused(s, 412, "/problems/precondition-failed");
}

static void a_restock_is_one_stock_changed(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    when(s, restocking(s, tea, 20));
    assert_int_equal(((const struct stock_moved *)then_event(s, PRODUCT_RESTOCKED_EVENT))->quantity, 20);
    const struct product_snapshot *told = then_event(s, STOCK_CHANGED_EVENT);
    then_no_more(s);
    assert_int_equal(told->available, 120);
    assert_int_equal(told->version, story_aggregate(s, PRODUCT, tea)->version);
    expect_stock(s, tea, 120, 0);
}

static void a_warehouse_has_walls(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, PRODUCT_STOCK_MAX - 1));
    given(s, restocking(s, tea, 1));
    when(s, restocking(s, tea, 1));
    then_refused(s, 422, "/problems/stock-limit");
}

static void a_discontinued_product_is_told_once(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    when(s, discontinuing(s, tea));
    const struct product_snapshot *told = then_event(s, PRODUCT_DISCONTINUED_EVENT);
    then_no_more(s);
    assert_true(told->discontinued);
    assert_int_equal(told->available, 100);
    assert_int_equal(told->version, 2);
    when(s, discontinuing(s, tea));
    then_nothing(s);
    when(s, restocking(s, tea, 5)); /* what comes back to the warehouse stays discontinued */
    then_event(s, PRODUCT_RESTOCKED_EVENT);
    told = then_event(s, STOCK_CHANGED_EVENT);
    assert_true(told->discontinued);
    when(s, revising(s, (struct revise_product){.has_price = true, .price = {20000, "KRW"}}));
    told = then_event(s, PRODUCT_CHANGED_EVENT);
    assert_true(told->discontinued);
}

/* A batch of several commands, which a story does not have: all are applied before the one settling. */
static void apply(struct story *s, struct aggregate *a, int event, int64_t quantity)
{
    struct decision d;
    decision_init(&d, &product_decider, &s->arena);
    decision_event(&d, a, event, &(struct stock_moved){quantity});
    decision_apply(&d, &s->arena);
}

static size_t settled(struct story *s, struct aggregate *a, struct decision *d)
{
    decision_init(d, &product_decider, &s->arena);
    product_decider.settle(a, d);
    decision_apply(d, &s->arena);
    return d->event_count;
}

static void a_hundred_changes_are_told_once(void **state)
{
    struct story *s = *state;
    struct decision d;
    given(s, registering(s, tea, 100));
    struct aggregate *a = story_aggregate(s, PRODUCT, tea);
    for (int i = 0; i < 100; i++)
        apply(s, a, STOCK_RESERVED_EVENT, 1);
    assert_int_equal(product_snapshot(a).version, 2);
    assert_int_equal(settled(s, a, &d), 1);
    const struct product_snapshot *told = d.events[0].data;
    assert_int_equal(told->available, 0);
    assert_int_equal(told->version, 2);
    assert_int_equal(a->version, 2);
    assert_int_equal(settled(s, a, &d), 0);
}

static void what_comes_and_goes_again_is_not_told(void **state)
{
    struct story *s = *state;
    struct decision d;
    given(s, registering(s, tea, 100));
    struct aggregate *a = story_aggregate(s, PRODUCT, tea);
    apply(s, a, PRODUCT_RESTOCKED_EVENT, 5);
    apply(s, a, STOCK_RESERVED_EVENT, 5);
    assert_int_equal(settled(s, a, &d), 0);
}

static void a_change_tells_the_stock_too(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 100));
    struct aggregate *a = story_aggregate(s, PRODUCT, tea);
    apply(s, a, STOCK_RESERVED_EVENT, 30);
    when(s, revising(s, (struct revise_product){.version = 1, .has_name = true, .name = STR("우전")}));
    const struct product_snapshot *told = then_event(s, PRODUCT_CHANGED_EVENT);
    then_no_more(s);
    assert_int_equal(told->available, 70);
    assert_int_equal(told->version, 2);
}

static struct command command_of(struct story *s, int type)
{
    switch (type) {
    case REGISTER: return registering(s, tea, 10);
    case REVISE: return revising(s, (struct revise_product){.has_name = true, .name = STR("우전")});
    case RESTOCK: return restocking(s, tea, 1);
    case DISCONTINUE: return discontinuing(s, tea);
    }
    fail_msg("command %d is not in the table", type);
    return (struct command){0};
}

/* Every command on a product that is there, and on one that is not. */
static void every_cell_is_stated(void **state)
{
    (void)state;
    enum outcome { UNSTATED, HAPPENS, MISSING, THERE };
    static const enum outcome cells[PRODUCT_COMMANDS][2] = {
        [REGISTER] = {HAPPENS, THERE},
        [REVISE] = {MISSING, HAPPENS},
        [RESTOCK] = {MISSING, HAPPENS},
        [DISCONTINUE] = {MISSING, HAPPENS},
    };
    static const int first_named[PRODUCT_COMMANDS] = {
        [PRODUCT_TIMER_DUE] = PRODUCT_AGGREGATES,
#define PRODUCT_COMMAND(command, aggregate) [command] = (aggregate),
#include "product.def"
    };
    for (int type = 0; type < PRODUCT_COMMANDS; type++) {
        if (first_named[type] != PRODUCT)
            continue;
        for (int there = 0; there < 2; there++) {
            struct story s;
            story_init(&s, &product_decider);
            if (there)
                given(&s, registering(&s, tea, 10));
            when(&s, command_of(&s, type));
            switch (cells[type][there]) {
            case HAPPENS: assert_true(!s.decision.refusal && s.decision.event_count > 0); break;
            case MISSING: then_refused(&s, 404, "/problems/not-found"); break;
            case THERE: then_refused(&s, 409, "/problems/product-exists"); break;
            case UNSTATED: fail_msg("what command %d does is not stated", type);
            }
            story_release(&s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_product_is_registered_with_all_that_is_public),
        STORY(a_product_is_registered_once),
        STORY(repricing_leaves_the_rest),
        STORY(a_description_can_be_emptied),
        STORY(a_change_that_changes_nothing_is_none),
        STORY(who_edits_an_old_version_is_told),
        STORY(a_restock_is_one_stock_changed),
        STORY(a_warehouse_has_walls),
        STORY(a_hundred_changes_are_told_once),
        STORY(what_comes_and_goes_again_is_not_told),
        STORY(a_change_tells_the_stock_too),
        STORY(a_discontinued_product_is_told_once),
        cmocka_unit_test(every_cell_is_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
