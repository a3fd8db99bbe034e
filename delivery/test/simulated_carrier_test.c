/* Stories of the simulated carrier, with nobody but a list where the engine would be. */
#include "../outbound/carrier.h"
#include "../settings.h"
#include "delivery.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define SAID_MAX 16
static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct engine_command *commands[SAID_MAX];
    size_t count;
} said = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

void __wrap_engine_submit(struct engine *e, struct engine_command *c);
void __wrap_engine_submit(struct engine *e, struct engine_command *c)
{
    (void)e;
    pthread_mutex_lock(&said.lock);
    assert_true(said.count < SAID_MAX);
    said.commands[said.count++] = c;
    pthread_cond_signal(&said.more);
    pthread_mutex_unlock(&said.lock);
}

static const struct uuid orders[] = {{{1}}, {{2}}, {{3}}};

static void hand_over(struct uuid order)
{
    char traceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    simulated_carrier.hand_over(&(struct parcel){.order = order, .cause = {{9}}, .traceparent = str_of(traceparent)});
    traceparent[0] = '?'; /* it was valid during the call only */
}

static void expect_said(size_t i, int type, struct uuid order)
{
    struct timespec limit;
    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += 10;
    pthread_mutex_lock(&said.lock);
    while (said.count <= i)
        assert_int_equal(pthread_cond_clockwait(&said.more, &said.lock, CLOCK_MONOTONIC, &limit), 0);
    const struct command *c = &said.commands[i]->command;
    pthread_mutex_unlock(&said.lock);
    assert_int_equal(c->type, type);
    assert_true(uuid_equal(c->correlation, order));
    assert_true(uuid_equal(c->cause, (struct uuid){{9}}));
    assert_true(str_is(c->traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

static int forget_said(void **state)
{
    (void)state;
    while (said.count > 0)
        engine_command_free(said.commands[--said.count]);
    return 0;
}

static void without_delays_all_is_said_at_once(void **state)
{
    (void)state;
    delivery_config = (struct delivery_config){.carrier = "simulated"};
    hand_over(orders[0]); /* no thread was started */
    assert_int_equal(said.count, 2);
    expect_said(0, START, orders[0]);
    expect_said(1, COMPLETE, orders[0]);
    const struct start_delivery *start = said.commands[0]->command.data;
    assert_true(uuid_equal(start->order, orders[0]));
    assert_int_equal(start->by, BY_CARRIER);
    assert_true(str_is(start->carrier, "시뮬레이션 택배"));
    assert_true(str_starts_with(start->tracking_number, STR("SIM")));
}

static void parcels_leave_and_arrive_in_their_order(void **state)
{
    (void)state;
    delivery_config =
        (struct delivery_config){.carrier = "simulated", .carrier_start_delay = MILLISECONDS(5), .carrier_complete_delay = SECONDS(1) / 4};
    hand_over(orders[0]); /* before the start: it is kept */
    simulated_carrier.start();
    hand_over(orders[1]);
    hand_over(orders[2]);
    for (size_t i = 0; i < 3; i++)
        expect_said(i, START, orders[i]);
    for (size_t i = 0; i < 3; i++)
        expect_said(3 + i, COMPLETE, orders[i]);
    simulated_carrier.stop();
}

static void a_start_is_said_before_its_arrival(void **state)
{
    (void)state;
    delivery_config = (struct delivery_config){.carrier = "simulated", .carrier_start_delay = MILLISECONDS(5)};
    simulated_carrier.start();
    hand_over(orders[0]);
    expect_said(0, START, orders[0]);
    expect_said(1, COMPLETE, orders[0]);
    simulated_carrier.stop();
}

static void what_waits_at_the_stop_is_forgotten(void **state)
{
    (void)state;
    delivery_config = (struct delivery_config){.carrier = "simulated", .carrier_start_delay = SECONDS(3600)};
    simulated_carrier.start();
    hand_over(orders[0]);
    simulated_carrier.stop();
    assert_int_equal(said.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(without_delays_all_is_said_at_once, forget_said),
        cmocka_unit_test_teardown(parcels_leave_and_arrive_in_their_order, forget_said),
        cmocka_unit_test_teardown(a_start_is_said_before_its_arrival, forget_said),
        cmocka_unit_test_teardown(what_waits_at_the_stop_is_forgotten, forget_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
