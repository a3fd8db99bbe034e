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

static void a_cancelled_order_gives_its_goods_back(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, registering(s, cup, 5));
    given(s, preparing(s, order, LINES({tea, 3}, {cup, 5})));
    when(s, releasing(s, order, LINES({tea, 3}, {cup, 5})));
    const struct preparation_cancelled *cancelled = then_event(s, PREPARATION_CANCELLED_EVENT);
    assert_int_equal(cancelled->lines.count, 2);
    assert_true(uuid_equal(cancelled->lines.items[1].product, cup));
    assert_int_equal(cancelled->lines.items[1].quantity, 5);
    then_event(s, STOCK_RELEASED_EVENT);
    then_event(s, STOCK_RELEASED_EVENT);
    assert_int_equal(((const struct product_snapshot *)then_event(s, STOCK_CHANGED_EVENT))->available, 10);
    assert_int_equal(((const struct product_snapshot *)then_event(s, STOCK_CHANGED_EVENT))->available, 5);
    then_no_more(s);
    expect_stock(s, tea, 10, 0);
    expect_stock(s, cup, 5, 0);
    expect_state(s, order, PREPARATION_RELEASED);
    when(s, releasing(s, order, LINES({tea, 3}, {cup, 5})));
    then_nothing(s);
}

static void goods_that_came_back_are_sold_again(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 1));
    given(s, preparing(s, order, LINES({tea, 1})));
    given(s, releasing(s, order, LINES({tea, 1})));
    when(s, preparing(s, other_order, LINES({tea, 1})));
    then_event(s, PREPARATION_COMPLETED_EVENT);
    expect_stock(s, tea, 1, 1);
}

static void who_got_nothing_gives_nothing_back(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 2));
    given(s, preparing(s, other_order, LINES({tea, 1})));
    given(s, preparing(s, order, LINES({tea, 2})));
    when(s, releasing(s, order, LINES({tea, 2})));
    const struct preparation_cancelled *cancelled = then_event(s, PREPARATION_CANCELLED_EVENT);
    then_no_more(s);
    assert_int_equal(cancelled->lines.count, 0);
    expect_stock(s, tea, 2, 1);
    expect_state(s, order, PREPARATION_RELEASED);
}

static void a_cancel_that_overtakes_its_order_leaves_a_tombstone(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    when(s, releasing(s, order, LINES({tea, 3}, {nothing_sold, 1})));
    const struct preparation_cancelled *cancelled = then_event(s, PREPARATION_CANCELLED_EVENT);
    then_no_more(s);
    assert_int_equal(cancelled->lines.count, 0);
    when(s, preparing(s, order, LINES({tea, 3})));
    then_nothing(s);
    expect_stock(s, tea, 10, 0);
    expect_state(s, order, PREPARATION_RELEASED);
}

static void what_is_cancelled_is_what_was_prepared(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, registering(s, cup, 10));
    given(s, preparing(s, order, LINES({tea, 3})));
    when(s, releasing(s, order, LINES({tea, 2})));
    then_refused(s, 409, "/problems/release-contradicts");
    when(s, releasing(s, order, LINES({tea, 3}, {cup, 1})));
    then_refused(s, 409, "/problems/release-contradicts");
    expect_stock(s, tea, 10, 3);
    expect_state(s, order, PREPARATION_PREPARED);
}

static void what_has_left_does_not_come_back(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, preparing(s, order, LINES({tea, 3})));
    given(s, shipping(s, order, LINES({tea, 3})));
    when(s, releasing(s, order, LINES({tea, 3})));
    then_refused(s, 409, "/problems/release-contradicts");
    expect_stock(s, tea, 7, 0);
    expect_state(s, order, PREPARATION_SHIPPED);
}

static void a_product_named_twice_comes_back_twice(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, preparing(s, order, LINES({tea, 6}, {tea, 4})));
    given(s, releasing(s, order, LINES({tea, 10})));
    expect_stock(s, tea, 10, 0);
}

/* Whoever has ordered it gets it, or gives it back: discontinuing is about new orders. */
static void orders_of_a_discontinued_product_go_their_way(void **state)
{
    struct story *s = *state;
    given(s, registering(s, tea, 10));
    given(s, preparing(s, order, LINES({tea, 3})));
    given(s, discontinuing(s, tea));
    when(s, preparing(s, other_order, LINES({tea, 2})));
    then_event(s, PREPARATION_COMPLETED_EVENT);
    when(s, releasing(s, order, LINES({tea, 3})));
    then_event(s, PREPARATION_CANCELLED_EVENT);
    then_event(s, STOCK_RELEASED_EVENT);
    const struct product_snapshot *told = then_event(s, STOCK_CHANGED_EVENT);
    assert_int_equal(told->available, 8);
    assert_true(told->discontinued);
    given(s, shipping(s, other_order, LINES({tea, 2})));
    expect_stock(s, tea, 8, 0);
}

/*
 * An order's three facts in every order of arrival. Its delivery says started or cancelled, never both; what is reserved and on hand at the
 * end depends on which, and on nothing else.
 */
static void every_order_of_arrival_ends_the_same(void **state)
{
    (void)state;
    for (int cancel = 0; cancel < 2; cancel++)
        for (int first = 0; first < 2; first++) {
            struct story s;
            story_init(&s, &product_decider);
            given(&s, registering(&s, tea, 10));
            struct command confirm = preparing(&s, order, LINES({tea, 3}));
            struct command decide = (cancel ? releasing : shipping)(&s, order, LINES({tea, 3}));
            given(&s, first ? confirm : decide);
            given(&s, first ? decide : confirm);
            given(&s, first ? confirm : decide); /* and once more */
            given(&s, first ? decide : confirm);
            expect_stock(&s, tea, cancel ? 10 : 7, 0);
            expect_state(&s, order, cancel ? PREPARATION_RELEASED : PREPARATION_SHIPPED);
            story_release(&s);
        }
}

/* ── every command in every state ───────────────────────────────────────────────────────────────────────────────────────────────── */

static void bring_to(struct story *s, enum preparation_state state)
{
    given(s, registering(s, tea, state == PREPARATION_REJECTED ? 2 : 10));
    if (state != PREPARATION_NONE)
        given(s, preparing(s, order, LINES({tea, 3})));
    if (state == PREPARATION_RELEASED)
        given(s, releasing(s, order, LINES({tea, 3})));
    if (state == PREPARATION_SHIPPED)
        given(s, shipping(s, order, LINES({tea, 3})));
    expect_state(s, order, state);
}

static struct command command_of(struct story *s, int type)
{
    switch (type) {
    case PREPARE: return preparing(s, order, LINES({tea, 3}));
    case SHIP: return shipping(s, order, LINES({tea, 3}));
    case RELEASE: return releasing(s, order, LINES({tea, 3}));
    }
    fail_msg("command %d is not in the table", type);
    return (struct command){0};
}

static void every_cell_is_stated(void **state)
{
    (void)state;
    enum outcome { UNSTATED, COMPLETES, REMEMBERS, SHIPS, GIVES_BACK, NOTHING, CONTRADICTS };
    static const enum outcome cells[PREPARATION_STATES][PRODUCT_COMMANDS] = {
        [PREPARATION_NONE] = {[PREPARE] = COMPLETES, [SHIP] = REMEMBERS, [RELEASE] = GIVES_BACK},
        [PREPARATION_PREPARED] = {[PREPARE] = NOTHING, [SHIP] = SHIPS, [RELEASE] = GIVES_BACK},
        [PREPARATION_REJECTED] = {[PREPARE] = NOTHING, [SHIP] = CONTRADICTS, [RELEASE] = GIVES_BACK},
        [PREPARATION_RELEASED] = {[PREPARE] = NOTHING, [SHIP] = CONTRADICTS, [RELEASE] = NOTHING},
        [PREPARATION_SHIPPED] = {[PREPARE] = NOTHING, [SHIP] = NOTHING, [RELEASE] = CONTRADICTS},
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
            bring_to(&s, (enum preparation_state)from);
            when(&s, command_of(&s, type));
            switch (cells[from][type]) {
            case COMPLETES: then_event(&s, PREPARATION_COMPLETED_EVENT); break;
            case REMEMBERS:
            case SHIPS: then_event(&s, PREPARATION_SHIPPED_EVENT); break;
            case NOTHING: then_nothing(&s); break;
            case GIVES_BACK: then_event(&s, PREPARATION_CANCELLED_EVENT); break;
            case CONTRADICTS: then_refused(&s, 409, type == SHIP ? "/problems/shipped-unprepared" : "/problems/release-contradicts"); break;
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
        STORY(a_cancelled_order_gives_its_goods_back),
        STORY(goods_that_came_back_are_sold_again),
        STORY(who_got_nothing_gives_nothing_back),
        STORY(a_cancel_that_overtakes_its_order_leaves_a_tombstone),
        STORY(what_is_cancelled_is_what_was_prepared),
        STORY(what_has_left_does_not_come_back),
        STORY(a_product_named_twice_comes_back_twice),
        STORY(orders_of_a_discontinued_product_go_their_way),
        cmocka_unit_test(every_order_of_arrival_ends_the_same),
        cmocka_unit_test(every_cell_is_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
