/* Deliveries in a real database, decided by two replicas at once: each state fits the table, and of a start and a cancel exactly one wins.
 */
#include "clock.h"
#include "delivery.h"
#include "outbound/outbound.h"
#include "replicas.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct embedded migrations[];

#define LINES "[{\"product\":\"01900000-0000-7000-8000-000000000001\",\"quantity\":2}]"

static struct replicas r;

/* The carrier never answers: the stories say what it does. */
static void carrier_is_silent(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx, (void)e, (void)effect;
}

static int start(void **state)
{
    (void)state;
    static const effect_start effects[DELIVERY_EFFECTS] = {[HAND_TO_CARRIER] = carrier_is_silent};
    replicas_start(
        &r,
        &(struct engine_config){
            .service = "delivery", .decider = &delivery_decider, .tables = delivery_tables, .encode = delivery_encode, .effects = effects},
        migrations);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    replicas_stop(&r);
    return 0;
}

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void confirm(int replica, struct uuid order)
{
    struct record_confirmed confirmed = {order, {{7}}, STR("{\"recipient\":\"김하늘\"}"), LONGEST_CARRIER_PATIENCE};
    replicas_submit(&r, replica, RECORD_CONFIRMED, &confirmed, sizeof confirmed, order);
}

static void prepare(int replica, struct uuid order)
{
    struct record_prepared prepared = {order, STR(LINES), LONGEST_CARRIER_PATIENCE};
    replicas_submit(&r, replica, RECORD_PREPARED, &prepared, sizeof prepared, order);
}

static void leave(int replica, struct uuid order)
{
    struct start_delivery start = {order, BY_COURIER, STR("한빛택배"), STR("6012345678")};
    replicas_submit(&r, replica, START, &start, sizeof start, order);
}

static void arrive(int replica, struct uuid order)
{
    struct complete_delivery complete = {order, BY_COURIER};
    replicas_submit(&r, replica, COMPLETE, &complete, sizeof complete, order);
}

static void cancel(int replica, struct uuid order)
{
    struct cancel_delivery cancel = {order, {{7}}, STR(LINES)};
    replicas_submit(&r, replica, CANCEL, &cancel, sizeof cancel, order);
}

static int64_t events(const char *name)
{
    return replicas_number(&r, "select count(*) from event where type = 'jumun.delivery.' || $1 || '.v1'", name);
}

static int64_t deliveries(const char *state)
{
    return replicas_number(&r, "select count(*) from delivery where state = $1", state);
}

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void every_way_to_a_cancel_fits_the_table(void **state)
{
    (void)state;
    static void (*const steps[])(int replica, struct uuid order) = {confirm, prepare, leave, arrive};
    for (int done = 0; done <= 4; done++) {
        struct uuid order = uuid_new();
        for (int step = 0; step < done; step++)
            steps[step](0, order);
        cancel(0, order);
        replicas_wait(&r);
    }
    assert_int_equal(r.outcomes[ENGINE_DONE], r.queued);
    assert_int_equal(deliveries("CANCELLED"), 3); /* not known yet, AWAITING, READY */
    assert_int_equal(deliveries("STARTED"), 1);
    assert_int_equal(deliveries("COMPLETED"), 1);
    assert_int_equal(events("DeliveryCancelled"), 3);
    assert_int_equal(events("DeliveryCancelRefused"), 2);
    assert_int_equal(
        replicas_number(&r, "select count(*) from event where type like '%DeliveryCancelled%' and data->>'lines' = '" LINES "'", NULL), 3);
    assert_int_equal(replicas_number(&r, "select count(*) from delivery where customer is null", NULL), 0);
    assert_int_equal(replicas_number(&r, "select count(*) from timer", NULL), 1); /* only what is under way is asked for */
}

#define ORDERS 200

static void of_a_start_and_a_cancel_exactly_one_wins(void **state)
{
    (void)state;
    static struct uuid orders[ORDERS];
    for (int i = 0; i < ORDERS; i++) {
        orders[i] = uuid_new();
        confirm(0, orders[i]);
        prepare(0, orders[i]);
    }
    replicas_wait(&r);
    assert_int_equal(deliveries("READY"), ORDERS);
    for (int i = 0; i < ORDERS; i++) {
        leave(i, orders[i]);
        cancel(i + 1, orders[i]);
    }
    replicas_wait(&r);
    int64_t started = events("DeliveryStarted"), cancelled = events("DeliveryCancelled");
    assert_int_equal(started + cancelled, ORDERS);
    assert_int_equal(deliveries("STARTED"), started);
    assert_int_equal(deliveries("CANCELLED"), cancelled);
    assert_int_equal(events("DeliveryCancelRefused"), started); /* who cancels is told */
    assert_int_equal(r.outcomes[ENGINE_REFUSED], cancelled);    /* and so is who starts */
    assert_int_equal(r.outcomes[ENGINE_FAILED], 0);
}

static void a_cancel_wins_wherever_it_comes_between_the_facts(void **state)
{
    (void)state;
    for (int i = 0; i < ORDERS; i++) {
        struct uuid order = uuid_new();
        confirm(i, order);
        cancel(i + 1, order);
        prepare(i / 2, order);
    }
    replicas_wait(&r);
    assert_int_equal(r.outcomes[ENGINE_DONE], r.queued);
    assert_int_equal(deliveries("CANCELLED"), ORDERS);
    assert_int_equal(events("DeliveryCancelled"), ORDERS);
    assert_int_equal(replicas_number(&r, "select count(*) from timer", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_way_to_a_cancel_fits_the_table, start, stop),
        cmocka_unit_test_setup_teardown(of_a_start_and_a_cancel_exactly_one_wins, start, stop),
        cmocka_unit_test_setup_teardown(a_cancel_wins_wherever_it_comes_between_the_facts, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
