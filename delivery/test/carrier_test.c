/* Carriers: each keeps to the contract; what is the simulated one's own; and what a carrier says too late. */
#include "../settings.h"
#include "carrier_contract.h"
#include "delivery.h"
#include "fake_carrier.h"
#include "given.h"
#include "heard.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid orders[] = {{{1}}, {{2}}, {{3}}};

static int forget(void **state)
{
    (void)state;
    heard_forget();
    return 0;
}

static void expect_heard(size_t i, int type, struct uuid order)
{
    const struct command *c = heard_wait(i);
    assert_int_equal(c->type, type);
    assert_true(uuid_equal(c->correlation, order));
}

static void hand_over(const struct carrier *carrier, struct uuid order)
{
    carrier->hand_over(&(struct parcel){.order = order});
}

/* ── the simulated one ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void without_delays_all_is_said_at_once(void **state)
{
    (void)state;
    delivery_config = (struct delivery_config){.carrier = "simulated"};
    hand_over(&simulated_carrier, orders[0]); /* no thread was started */
    assert_int_equal(heard_count(), 2);
    const struct start_delivery *start = heard_wait(0)->data;
    assert_true(str_is(start->carrier, "시뮬레이션 택배"));
    assert_true(str_starts_with(start->tracking_number, STR("SIM")));
}

static void parcels_leave_and_arrive_in_their_order(void **state)
{
    (void)state;
    delivery_config =
        (struct delivery_config){.carrier = "simulated", .carrier_start_delay = MILLISECONDS(5), .carrier_complete_delay = SECONDS(1)};
    hand_over(&simulated_carrier, orders[0]);
    simulated_carrier.start();
    hand_over(&simulated_carrier, orders[1]);
    hand_over(&simulated_carrier, orders[2]);
    for (size_t i = 0; i < 3; i++)
        expect_heard(i, START, orders[i]);
    for (size_t i = 0; i < 3; i++)
        expect_heard(3 + i, COMPLETE, orders[i]);
    simulated_carrier.stop();
}

static void what_waits_at_the_stop_is_forgotten(void **state)
{
    (void)state;
    delivery_config = (struct delivery_config){.carrier = "simulated", .carrier_start_delay = SECONDS(3600)};
    simulated_carrier.start();
    hand_over(&simulated_carrier, orders[0]);
    simulated_carrier.stop();
    assert_int_equal(heard_count(), 0);
}

/* ── the chosen one ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void hand_over_to_chosen(const char *name)
{
    char problem[200];
    delivery_config = (struct delivery_config){.carrier = name};
    assert_true(carrier_start(NULL, problem));
    delivery_effects[HAND_TO_CARRIER](NULL, NULL, &(struct effect){.aggregate = orders[0]});
    carrier_stop();
}

static void the_setting_chooses_who_gets_the_parcels(void **state)
{
    (void)state;
    hand_over_to_chosen("simulated");
    assert_int_equal(heard_count(), 2);
}

static void without_a_carrier_only_people_move_parcels(void **state)
{
    (void)state;
    hand_over_to_chosen("manual");
    assert_int_equal(heard_count(), 0);
}

static void a_carrier_that_nobody_knows_is_no_setting(void **state)
{
    (void)state;
    char problem[200];
    delivery_config = (struct delivery_config){.carrier = "pigeon"};
    assert_false(carrier_start(NULL, problem));
    assert_string_equal(problem, "JUMUN_CARRIER: \"pigeon\" is not simulated or manual");
}

/* ── too late ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct str lines = STR_CONST("[{\"product\":\"01900000-0000-7000-8000-000000000001\",\"quantity\":2}]");

static void ready(struct story *s)
{
    story_init(s, &delivery_decider);
    struct record_confirmed confirmed = {orders[0], {{7}}, STR("{}"), LONGEST_CARRIER_PATIENCE};
    struct record_prepared prepared = {orders[0], lines, LONGEST_CARRIER_PATIENCE};
    given(s, (struct command){.type = RECORD_CONFIRMED, .data = &confirmed});
    when(s, (struct command){.type = RECORD_PREPARED, .data = &prepared});
    then_effect(s, HAND_TO_CARRIER);
    hand_over(&fake_carrier, orders[0]);
}

static struct command cancelled(void)
{
    static struct cancel_delivery cancel;
    cancel = (struct cancel_delivery){orders[0], {{7}}, lines};
    return (struct command){.type = CANCEL, .data = &cancel};
}

static void a_parcel_that_was_cancelled_on_the_carriers_table_does_not_leave(void **state)
{
    (void)state;
    struct story s;
    ready(&s);
    given(&s, cancelled());
    fake_carrier_starts(orders[0]); /* nobody told it */
    when(&s, *heard_wait(0));
    then_nothing(&s);
    fake_carrier_arrives(orders[0]);
    when(&s, *heard_wait(1));
    then_nothing(&s);
    story_release(&s);
}

static void a_parcel_that_has_left_is_not_cancelled(void **state)
{
    (void)state;
    struct story s;
    ready(&s);
    fake_carrier_starts(orders[0]);
    given(&s, *heard_wait(0));
    when(&s, cancelled());
    then_event(&s, DELIVERY_CANCEL_REFUSED_EVENT);
    fake_carrier_arrives(orders[0]);
    when(&s, *heard_wait(1));
    then_event(&s, DELIVERY_COMPLETED_EVENT);
    story_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(without_delays_all_is_said_at_once, forget),
        cmocka_unit_test_teardown(parcels_leave_and_arrive_in_their_order, forget),
        cmocka_unit_test_teardown(what_waits_at_the_stop_is_forgotten, forget),
        cmocka_unit_test_teardown(the_setting_chooses_who_gets_the_parcels, forget),
        cmocka_unit_test_teardown(without_a_carrier_only_people_move_parcels, forget),
        cmocka_unit_test_teardown(a_carrier_that_nobody_knows_is_no_setting, forget),
        cmocka_unit_test_teardown(a_parcel_that_was_cancelled_on_the_carriers_table_does_not_leave, forget),
        cmocka_unit_test_teardown(a_parcel_that_has_left_is_not_cancelled, forget),
    };
    int failed = carrier_contract("fake carrier", &fake_carrier, fake_carrier_moves_all);
    delivery_config = (struct delivery_config){.carrier = "simulated"};
    failed += carrier_contract("simulated carrier, at once", &simulated_carrier, NULL);
    delivery_config.carrier_start_delay = delivery_config.carrier_complete_delay = MILLISECONDS(5);
    failed += carrier_contract("simulated carrier, after a while", &simulated_carrier, NULL);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
