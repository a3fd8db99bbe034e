/* Stories of orders whose goods are prepared and leave. */
#include "stories.h"

static void an_order_takes_its_lines(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, registering(s, cup, 5));
    when(s, preparing(s, order, LINES({tea, 3}, {cup, 5})));
    const struct preparation_completed *completed = then_event(s, PREPARATION_COMPLETED_EVENT);
    assert_int_equal(completed->lines.count, 2);
    assert_int_equal(completed->lines.items[0].quantity, 3);
    then_event(s, STOCK_RESERVED_EVENT);
    then_event(s, STOCK_RESERVED_EVENT);
    assert_int_equal(((const struct product_snapshot *)then_event(s, STOCK_CHANGED_EVENT))->available, 7);
    assert_int_equal(((const struct product_snapshot *)then_event(s, STOCK_CHANGED_EVENT))->available, 0);
    then_no_more(s);
    expect_stock(s, tea, 10, 3);
    expect_stock(s, cup, 5, 5);
    expect_state(s, order, PREPARATION_PREPARED);
}

static void all_lines_or_none(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, registering(s, cup, 5));
    when(s, preparing(s, order, LINES({tea, 3}, {cup, 6})));
    const struct preparation_rejected *rejected = then_event(s, PREPARATION_REJECTED_EVENT);
    then_no_more(s);
    assert_int_equal(rejected->count, 1);
    assert_true(uuid_equal(rejected->shortages[0].product, cup));
    assert_int_equal(rejected->shortages[0].wanted, 6);
    assert_int_equal(rejected->shortages[0].available, 5);
    expect_stock(s, tea, 10, 0);
    expect_state(s, order, PREPARATION_REJECTED);
}

static void the_last_item_goes_to_one(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 1));
    when(s, preparing(s, order, LINES({tea, 1})));
    then_event(s, PREPARATION_COMPLETED_EVENT);
    when(s, preparing(s, other_order, LINES({tea, 1})));
    const struct preparation_rejected *rejected = then_event(s, PREPARATION_REJECTED_EVENT);
    assert_int_equal(rejected->shortages[0].available, 0);
    expect_stock(s, tea, 1, 1);
}

static void what_is_not_sold_is_not_available(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    when(s, preparing(s, order, LINES({tea, 1}, {nothing_sold, 2})));
    const struct preparation_rejected *rejected = then_event(s, PREPARATION_REJECTED_EVENT);
    assert_int_equal(rejected->count, 1);
    assert_true(uuid_equal(rejected->shortages[0].product, nothing_sold));
    assert_int_equal(rejected->shortages[0].available, 0);
}

static void a_product_named_twice_is_counted_twice(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    when(s, preparing(s, order, LINES({tea, 6}, {tea, 6})));
    const struct preparation_rejected *rejected = then_event(s, PREPARATION_REJECTED_EVENT);
    assert_int_equal(rejected->count, 1);
    assert_int_equal(rejected->shortages[0].wanted, 12);
    given(s, preparing(s, other_order, LINES({tea, 6}, {tea, 4})));
    expect_stock(s, tea, 10, 10);
    given(s, shipping(s, other_order, LINES({tea, 10})));
    expect_stock(s, tea, 0, 0);
}

static void what_left_is_no_longer_on_hand(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, preparing(s, order, LINES({tea, 3})));
    when(s, shipping(s, order, LINES({tea, 3})));
    then_event(s, PREPARATION_SHIPPED_EVENT);
    then_event(s, STOCK_SHIPPED_EVENT);
    then_no_more(s); /* what is available has not changed */
    expect_stock(s, tea, 7, 0);
    expect_state(s, order, PREPARATION_SHIPPED);
}

static void what_leaves_is_what_was_prepared(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, registering(s, cup, 10));
    given(s, preparing(s, order, LINES({tea, 3})));
    when(s, shipping(s, order, LINES({tea, 2})));
    then_refused(s, 409, "/problems/shipped-unprepared");
    when(s, shipping(s, order, LINES({tea, 3}, {cup, 1})));
    then_refused(s, 409, "/problems/shipped-unprepared");
    when(s, shipping(s, order, 0, NULL));
    then_refused(s, 409, "/problems/shipped-unprepared");
    expect_stock(s, tea, 10, 3);
}

static void a_delivery_that_overtakes_its_order_is_remembered(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    when(s, shipping(s, order, LINES({tea, 3})));
    then_event(s, PREPARATION_SHIPPED_EVENT);
    then_no_more(s);
    expect_stock(s, tea, 10, 0);
    when(s, preparing(s, order, LINES({tea, 3})));
    then_event(s, PREPARATION_COMPLETED_EVENT);
    then_event(s, STOCK_RESERVED_EVENT);
    then_event(s, STOCK_SHIPPED_EVENT);
    assert_int_equal(((const struct product_snapshot *)then_event(s, STOCK_CHANGED_EVENT))->available, 7);
    then_no_more(s);
    expect_stock(s, tea, 7, 0);
    expect_state(s, order, PREPARATION_SHIPPED);
    when(s, preparing(s, order, LINES({tea, 3})));
    then_nothing(s);
}

static void goods_that_left_without_stock_are_a_contradiction(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 2));
    given(s, shipping(s, order, LINES({tea, 3})));
    when(s, preparing(s, order, LINES({tea, 3})));
    then_refused(s, 409, "/problems/shipped-unprepared");
    expect_stock(s, tea, 2, 0);
}

/* Every command in every state. Nothing leads to RELEASED yet, so a story gets there by force. */
static void every_cell_is_stated(void **state)
{
    (void)state;
    enum outcome { UNSTATED, COMPLETES, REMEMBERS, SHIPS, NOTHING, CONTRADICTS };
    static const enum outcome cells[PREPARATION_STATES][PRODUCT_COMMANDS] = {
        [PREPARATION_NONE] = {[PREPARE] = COMPLETES, [SHIP] = REMEMBERS},
        [PREPARATION_PREPARED] = {[PREPARE] = NOTHING, [SHIP] = SHIPS},
        [PREPARATION_REJECTED] = {[PREPARE] = NOTHING, [SHIP] = CONTRADICTS},
        [PREPARATION_RELEASED] = {[PREPARE] = NOTHING, [SHIP] = CONTRADICTS},
        [PREPARATION_SHIPPED] = {[PREPARE] = NOTHING, [SHIP] = NOTHING},
    };
    static const int first_named[PRODUCT_COMMANDS] = {
#define PRODUCT_COMMAND(command, aggregate) [command] = (aggregate),
#include "product.def"
    };
    for (int from = 0; from < PREPARATION_STATES; from++)
        for (int type = 1; type < PRODUCT_COMMANDS; type++) {
            if (first_named[type] != PREPARATION)
                continue;
            struct story s;
            story_init(&s, &product_decider);
            given(&s, registering(&s, tea, 10));
            if (from != PREPARATION_NONE)
                given(&s, preparing(&s, order, LINES({tea, 3})));
            ((struct preparation *)story_aggregate(&s, PREPARATION, order)->state)->state = from;
            when(&s, (type == PREPARE ? preparing : shipping)(&s, order, LINES({tea, 3})));
            switch (cells[from][type]) {
            case COMPLETES: then_event(&s, PREPARATION_COMPLETED_EVENT); break;
            case REMEMBERS:
            case SHIPS: then_event(&s, PREPARATION_SHIPPED_EVENT); break;
            case NOTHING: then_nothing(&s); break;
            case CONTRADICTS: then_refused(&s, 409, "/problems/shipped-unprepared"); break;
            case UNSTATED: fail_msg("what command %d does in %s is not stated", type, preparation_state_names[from]);
            }
            story_release(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_order_takes_its_lines),
        STORY(all_lines_or_none),
        STORY(the_last_item_goes_to_one),
        STORY(what_is_not_sold_is_not_available),
        STORY(a_product_named_twice_is_counted_twice),
        STORY(what_left_is_no_longer_on_hand),
        STORY(what_leaves_is_what_was_prepared),
        STORY(a_delivery_that_overtakes_its_order_is_remembered),
        STORY(goods_that_left_without_stock_are_a_contradiction),
        cmocka_unit_test(every_cell_is_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
