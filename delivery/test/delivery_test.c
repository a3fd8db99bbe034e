/* Stories of deliveries. */
#include "delivery.h"
#include "given.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PATIENCE SECONDS(2)

static const struct uuid order = {{11}}, customer = {{7}};

static int start_story(void **state)
{
    struct story *s = malloc(sizeof *s);
    story_init(s, &delivery_decider);
    *state = s;
    return 0;
}

static int end_story(void **state)
{
    story_release(*state);
    free(*state);
    return 0;
}

/* ── what happens in the stories ────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct command confirmed(void)
{
    static const struct record_confirmed data = {.order = {{11}},
                                                 .customer = {{7}},
                                                 .address = STR_CONST("{\"recipient\":\"김하늘\",\"zip\":\"04524\"}"),
                                                 .carrier_patience = PATIENCE};
    return (struct command){.type = RECORD_CONFIRMED, .data = &data};
}

static struct command prepared(void)
{
    static const struct record_prepared data = {.order = {{11}},
                                                .lines =
                                                    STR_CONST("[{\"product\":\"01900000-0000-7000-8000-000000000001\",\"quantity\":2}]"),
                                                .carrier_patience = PATIENCE};
    return (struct command){.type = RECORD_PREPARED, .data = &data};
}

static struct command started(enum delivery_agent by)
{
    static struct start_delivery data;
    data = (struct start_delivery){.order = order, .by = by, .carrier = STR("한빛택배"), .tracking_number = STR("6012345678")};
    return (struct command){.type = START, .data = &data};
}

static struct command completed(enum delivery_agent by)
{
    static struct complete_delivery data;
    data = (struct complete_delivery){.order = order, .by = by};
    return (struct command){.type = COMPLETE, .data = &data};
}

static struct command cancelled(void)
{
    static const struct cancel_delivery data = {
        .order = {{11}}, .customer = {{7}}, .lines = STR_CONST("[{\"product\":\"01900000-0000-7000-8000-000000000001\",\"quantity\":2}]")};
    return (struct command){.type = CANCEL, .data = &data};
}

static struct command patience_ends(void)
{
    static const struct timer_due data = {CARRIER_TIMER, DELIVERY, {{11}}};
    return (struct command){.type = DELIVERY_TIMER_DUE, .data = &data};
}

static const struct delivery *delivery_of(struct story *s)
{
    return story_state(s, DELIVERY, order);
}

static void expect_state(struct story *s, enum delivery_state state)
{
    assert_string_equal(delivery_state_names[delivery_of(s)->state], delivery_state_names[state]);
}

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_confirmed_and_prepared_order_is_handed_to_the_carrier(void **state)
{
    struct story *s = *state;
    when(s, confirmed());
    then_event(s, DELIVERY_AWAITED_EVENT);
    then_no_more(s);
    expect_state(s, DELIVERY_AWAITING);
    when(s, prepared());
    then_event(s, DELIVERY_REQUESTED_EVENT);
    then_no_more(s);
    then_effect(s, HAND_TO_CARRIER);
    assert_int_equal(then_timer(s, CARRIER_TIMER), s->now + PATIENCE);
    expect_state(s, DELIVERY_READY);
}

static void the_facts_come_in_any_order(void **state)
{
    struct story *s = *state;
    when(s, prepared());
    then_event(s, DELIVERY_PREPARED_EVENT);
    then_no_more(s);
    when(s, confirmed());
    then_event(s, DELIVERY_REQUESTED_EVENT);
    then_effect(s, HAND_TO_CARRIER);
    expect_state(s, DELIVERY_READY);
    assert_true(uuid_equal(delivery_of(s)->customer, customer));
    assert_true(str_is(delivery_of(s)->address, "{\"recipient\":\"김하늘\",\"zip\":\"04524\"}"));
    assert_false(str_absent(delivery_of(s)->lines));
}

static void a_fact_that_is_known_changes_nothing(void **state)
{
    struct story *s = *state;
    given(s, prepared());
    when(s, prepared());
    then_nothing(s);
    given(s, confirmed());
    when(s, confirmed());
    then_nothing(s);
}

static void the_goods_go_from_the_warehouse_to_the_door(void **state)
{
    struct story *s = *state;
    given(s, confirmed());
    given(s, prepared());
    when(s, started(BY_CARRIER));
    const struct delivery_started *event = then_event(s, DELIVERY_STARTED_EVENT);
    then_no_more(s);
    assert_true(str_is(event->carrier, "한빛택배"));
    assert_true(str_is(event->tracking_number, "6012345678"));
    assert_true(str_equal(event->lines, delivery_of(s)->lines));
    assert_int_equal(delivery_of(s)->started_at, s->now);
    s->now += MINUTES(90);
    when(s, completed(BY_CARRIER));
    then_event(s, DELIVERY_COMPLETED_EVENT);
    then_no_more(s);
    assert_int_equal(then_timer(s, CARRIER_TIMER), 0);
    assert_int_equal(delivery_of(s)->completed_at, s->now);
    expect_state(s, DELIVERY_COMPLETED);
}

/* ── cancelled or started: one of them ──────────────────────────────────────────────────────────────────────────────────────────────── */

static void expect_cancelled(struct story *s)
{
    const struct delivery_cancelled *event = then_event(s, DELIVERY_CANCELLED_EVENT);
    then_no_more(s);
    assert_true(str_is(event->lines, "[{\"product\":\"01900000-0000-7000-8000-000000000001\",\"quantity\":2}]"));
    expect_state(s, DELIVERY_CANCELLED);
}

static void goods_that_have_not_left_stay(void **state)
{
    struct story *s = *state;
    given(s, confirmed());
    given(s, prepared());
    when(s, cancelled());
    expect_cancelled(s);
    assert_int_equal(then_timer(s, CARRIER_TIMER), 0); /* nobody asks the carrier any more */
    when(s, started(BY_COURIER));
    then_refused(s, 409, "/problems/delivery-cancelled");
    when(s, cancelled());
    then_nothing(s);
}

static void a_carrier_that_answers_after_the_cancel_moves_nothing(void **state)
{
    struct story *s = *state;
    given(s, confirmed());
    given(s, prepared());
    given(s, cancelled());
    when(s, started(BY_CARRIER));
    then_nothing(s);
    when(s, completed(BY_CARRIER));
    then_nothing(s);
    when(s, patience_ends());
    then_nothing(s);
    expect_state(s, DELIVERY_CANCELLED);
}

static void goods_that_have_left_are_not_called_back(void **state)
{
    struct story *s = *state;
    given(s, confirmed());
    given(s, prepared());
    given(s, started(BY_CARRIER));
    when(s, cancelled());
    then_event(s, DELIVERY_CANCEL_REFUSED_EVENT);
    then_no_more(s);
    expect_state(s, DELIVERY_STARTED);
    when(s, completed(BY_CARRIER));
    then_event(s, DELIVERY_COMPLETED_EVENT);
}

static void a_cancel_before_the_goods_are_there_names_them_too(void **state)
{
    struct story *s = *state;
    given(s, confirmed());
    when(s, cancelled());
    expect_cancelled(s);
    when(s, prepared());
    then_nothing(s);
}

static void a_cancel_that_comes_first_leaves_a_tombstone(void **state)
{
    struct story *s = *state;
    when(s, cancelled());
    expect_cancelled(s);
    assert_true(uuid_equal(delivery_of(s)->customer, customer)); /* who may see it */
    when(s, confirmed());
    then_nothing(s);
    when(s, prepared());
    then_nothing(s);
    when(s, started(BY_COURIER));
    then_refused(s, 409, "/problems/delivery-cancelled");
    expect_state(s, DELIVERY_CANCELLED);
}

static void a_carrier_that_forgot_is_asked_again(void **state)
{
    struct story *s = *state;
    given(s, confirmed());
    given(s, prepared());
    s->now += PATIENCE;
    when(s, patience_ends());
    then_no_more(s);
    then_effect(s, HAND_TO_CARRIER);
    assert_int_equal(then_timer(s, CARRIER_TIMER), s->now + PATIENCE);
    given(s, started(BY_CARRIER));
    s->now += PATIENCE;
    when(s, patience_ends());
    then_effect(s, HAND_TO_CARRIER);
}

static void a_carrier_is_asked_whenever_the_delivery_is_twice_as_old_and_every_half_minute(void **state)
{
    static const duration until_next[] = {SECONDS(2), SECONDS(4), SECONDS(8), SECONDS(16), SECONDS(30), SECONDS(30)};
    struct story *s = *state;
    given(s, prepared());
    given(s, confirmed());
    s->now += PATIENCE;
    for (size_t i = 0; i < sizeof until_next / sizeof until_next[0]; i++) {
        when(s, patience_ends());
        then_effect(s, HAND_TO_CARRIER);
        assert_int_equal(then_timer(s, CARRIER_TIMER), s->now + until_next[i]);
        s->now += until_next[i];
    }
}

static void the_older_a_delivery_the_seldomer_the_carrier_is_asked(void **state)
{
    struct story *s = *state;
    given(s, confirmed());
    given(s, prepared());
    s->now += MINUTES(100);
    when(s, patience_ends());
    assert_int_equal(then_timer(s, CARRIER_TIMER), s->now + MINUTES(10));
}

static void a_tracking_number_is_the_orders_own(void **state)
{
    struct story *s = *state;
    struct str first = delivery_tracking_number(&s->arena, "SIM", order);
    assert_int_equal(first.n, 15);
    assert_true(str_equal(first, delivery_tracking_number(&s->arena, "SIM", order)));
    assert_false(str_equal(first, delivery_tracking_number(&s->arena, "SIM", customer)));
}

/* ── every command in every state ───────────────────────────────────────────────────────────────────────────────────────────────── */

enum what { CONFIRMED, PREPARED, COURIER_STARTS, CARRIER_STARTS, COURIER_COMPLETES, CARRIER_COMPLETES, CANCELS, PATIENCE_ENDS, WHATS };

static struct command command_of(enum what what)
{
    switch (what) {
    case CONFIRMED: return confirmed();
    case PREPARED: return prepared();
    case COURIER_STARTS: return started(BY_COURIER);
    case CARRIER_STARTS: return started(BY_CARRIER);
    case COURIER_COMPLETES: return completed(BY_COURIER);
    case CARRIER_COMPLETES: return completed(BY_CARRIER);
    case CANCELS: return cancelled();
    case PATIENCE_ENDS: return patience_ends();
    case WHATS: break;
    }
    fail();
    return (struct command){0};
}

enum outcome {
    UNSTATED,
    AWAITED,
    FIRST_PREPARED,
    REQUESTED,
    STARTED,
    COMPLETED,
    ENDED,
    CANCEL_REFUSED,
    ASKED_AGAIN,
    NOTHING,
    NO_SUCH,
    UNREADY,
    UNSTARTED,
    STARTED_ALREADY,
    COMPLETED_ALREADY,
    CANCELLED
};

static const enum outcome cells[DELIVERY_STATES][WHATS] = {
    [DELIVERY_NONE] = {AWAITED, FIRST_PREPARED, NO_SUCH, NO_SUCH, NO_SUCH, NO_SUCH, ENDED, NOTHING},
    [DELIVERY_AWAITING] = {NOTHING, REQUESTED, UNREADY, UNREADY, UNREADY, UNREADY, ENDED, NOTHING},
    [DELIVERY_READY] = {NOTHING, NOTHING, STARTED, STARTED, UNSTARTED, UNSTARTED, ENDED, ASKED_AGAIN},
    [DELIVERY_STARTED] = {NOTHING, NOTHING, STARTED_ALREADY, NOTHING, COMPLETED, COMPLETED, CANCEL_REFUSED, ASKED_AGAIN},
    [DELIVERY_COMPLETED] = {NOTHING, NOTHING, COMPLETED_ALREADY, NOTHING, COMPLETED_ALREADY, NOTHING, CANCEL_REFUSED, NOTHING},
    [DELIVERY_CANCELLED] = {NOTHING, NOTHING, CANCELLED, NOTHING, CANCELLED, NOTHING, NOTHING, NOTHING},
};

static void bring_to(struct story *s, enum delivery_state state)
{
    if (state >= DELIVERY_AWAITING)
        given(s, confirmed());
    if (state >= DELIVERY_READY)
        given(s, prepared());
    if (state == DELIVERY_STARTED || state == DELIVERY_COMPLETED)
        given(s, started(BY_CARRIER));
    if (state == DELIVERY_COMPLETED)
        given(s, completed(BY_CARRIER));
    if (state == DELIVERY_CANCELLED)
        given(s, cancelled());
    expect_state(s, state);
}

static void expect(struct story *s, enum outcome outcome, int state, int what)
{
    switch (outcome) {
    case AWAITED: then_event(s, DELIVERY_AWAITED_EVENT); return;
    case FIRST_PREPARED: then_event(s, DELIVERY_PREPARED_EVENT); return;
    case REQUESTED: then_event(s, DELIVERY_REQUESTED_EVENT); return;
    case STARTED: then_event(s, DELIVERY_STARTED_EVENT); return;
    case COMPLETED: then_event(s, DELIVERY_COMPLETED_EVENT); return;
    case ENDED: then_event(s, DELIVERY_CANCELLED_EVENT); return;
    case CANCEL_REFUSED: then_event(s, DELIVERY_CANCEL_REFUSED_EVENT); return;
    case ASKED_AGAIN: then_effect(s, HAND_TO_CARRIER); return;
    case NOTHING: then_nothing(s); return;
    case NO_SUCH: then_refused(s, 404, "/problems/not-found"); return;
    case UNREADY: then_refused(s, 409, "/problems/delivery-not-ready"); return;
    case UNSTARTED: then_refused(s, 409, "/problems/delivery-not-started"); return;
    case STARTED_ALREADY: then_refused(s, 409, "/problems/delivery-already-started"); return;
    case COMPLETED_ALREADY: then_refused(s, 409, "/problems/delivery-already-completed"); return;
    case CANCELLED: then_refused(s, 409, "/problems/delivery-cancelled"); return;
    case UNSTATED: fail_msg("what %d does in %s is not stated", what, delivery_state_names[state]);
    }
}

static void every_cell_is_stated(void **test)
{
    (void)test;
    for (int state = 0; state < DELIVERY_STATES; state++)
        for (int what = 0; what < WHATS; what++) {
            struct story s;
            story_init(&s, &delivery_decider);
            bring_to(&s, (enum delivery_state)state);
            when(&s, command_of((enum what)what));
            expect(&s, cells[state][what], state, what);
            story_release(&s);
        }
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, start_story, end_story)
    const struct CMUnitTest tests[] = {
        STORY(a_confirmed_and_prepared_order_is_handed_to_the_carrier),
        STORY(the_facts_come_in_any_order),
        STORY(a_fact_that_is_known_changes_nothing),
        STORY(the_goods_go_from_the_warehouse_to_the_door),
        STORY(goods_that_have_not_left_stay),
        STORY(a_carrier_that_answers_after_the_cancel_moves_nothing),
        STORY(goods_that_have_left_are_not_called_back),
        STORY(a_cancel_before_the_goods_are_there_names_them_too),
        STORY(a_cancel_that_comes_first_leaves_a_tombstone),
        STORY(a_carrier_that_forgot_is_asked_again),
        STORY(a_carrier_is_asked_whenever_the_delivery_is_twice_as_old_and_every_half_minute),
        STORY(the_older_a_delivery_the_seldomer_the_carrier_is_asked),
        STORY(a_tracking_number_is_the_orders_own),
        cmocka_unit_test(every_cell_is_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
