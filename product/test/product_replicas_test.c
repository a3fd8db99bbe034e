/* Stock in a real database, moved by two replicas at once: the last pieces go to as many orders as there are, and come back from each once.
 */
#include "clock.h"
#include "outbound/outbound.h"
#include "preparation.h"
#include "product_decider.h"
#include "replicas.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

extern const struct embedded migrations[];

#define ORDERS 200
static const struct uuid tea = {{1}};
static const struct stock_line one_tea = {{{1}}, 1};
static struct uuid orders[ORDERS];
static struct replicas r;

static void sells(int64_t stock)
{
    struct register_product tea_is = {tea, STR("제주 녹차"), STR("잎차"), {18000, "KRW"}, stock};
    replicas_submit(&r, 0, REGISTER, &tea_is, sizeof tea_is, tea);
    replicas_wait(&r);
}

static int start(void **state)
{
    (void)state;
    replicas_start(
        &r, &(struct engine_config){.service = "product", .decider = &product_decider, .tables = product_tables, .encode = product_encode},
        migrations);
    for (int i = 0; i < ORDERS; i++)
        orders[i] = uuid_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    replicas_stop(&r);
    return 0;
}

static void prepare(int replica, struct uuid order)
{
    struct prepare_order prepare = {order, {&one_tea, 1}};
    replicas_submit(&r, replica, PREPARE, &prepare, sizeof prepare, order);
}

static void ship(int replica, struct uuid order)
{
    struct ship_order ship = {order, {&one_tea, 1}};
    replicas_submit(&r, replica, SHIP, &ship, sizeof ship, order);
}

static void release(int replica, struct uuid order)
{
    struct release_order release = {order, {&one_tea, 1}};
    replicas_submit(&r, replica, RELEASE, &release, sizeof release, order);
}

static int64_t events(const char *name)
{
    return replicas_number(&r, "select count(*) from event where type = 'jumun.preparation.' || $1 || '.v1'", name);
}

/* And the catalog was told of it last. */
static void expect_stock(int64_t on_hand, int64_t reserved)
{
    assert_int_equal(replicas_number(&r, "select on_hand from product", NULL), on_hand);
    assert_int_equal(replicas_number(&r, "select reserved from product", NULL), reserved);
    assert_int_equal(
        replicas_number(&r, "select (data->>'available')::bigint from event where topic = 'jumun.catalog' order by version desc limit 1",
                        NULL),
        on_hand - reserved);
}

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void the_last_pieces_are_sold_once_and_come_back_once(void **state)
{
    (void)state;
    sells(50);
    for (int i = 0; i < ORDERS; i++)
        prepare(i, orders[i]);
    replicas_wait(&r);
    assert_int_equal(events("PreparationCompleted"), 50);
    assert_int_equal(events("PreparationRejected"), ORDERS - 50);
    expect_stock(50, 50);
    for (int i = 0; i < ORDERS; i++) {
        release(i, orders[i]);
        release(i + 1, orders[i]);
    }
    replicas_wait(&r);
    assert_int_equal(r.outcomes[ENGINE_DONE], r.queued);
    assert_int_equal(events("PreparationCancelled"), ORDERS);
    assert_int_equal(
        replicas_number(&r, "select sum(json_array_length(data->'lines')) from event where type like '%PreparationCancelled%'", NULL), 50);
    assert_int_equal(replicas_number(&r, "select count(*) from preparation where state = 'RELEASED' and lines is null", NULL), ORDERS);
    expect_stock(50, 0);
}

static void a_cancel_that_meets_its_order_leaves_nothing_reserved(void **state)
{
    (void)state;
    sells(ORDERS);
    for (int i = 0; i < ORDERS; i++) {
        prepare(i, orders[i]);
        release(i + 1, orders[i]);
    }
    replicas_wait(&r);
    assert_int_equal(r.outcomes[ENGINE_DONE], r.queued);
    assert_int_equal(events("PreparationCancelled"), ORDERS);
    expect_stock(ORDERS, 0);
}

static void what_leaves_and_what_comes_back_add_up(void **state)
{
    (void)state;
    sells(ORDERS);
    for (int i = 0; i < ORDERS; i++) {
        prepare(i, orders[i]);
        (i % 4 ? ship : release)(i + 1, orders[i]);
    }
    replicas_wait(&r);
    assert_int_equal(r.outcomes[ENGINE_DONE], r.queued);
    expect_stock(ORDERS / 4, 0);
    assert_int_equal(replicas_number(&r, "select count(*) from preparation where state = 'SHIPPED' and lines is not null", NULL),
                     ORDERS - ORDERS / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_pieces_are_sold_once_and_come_back_once, start, stop),
        cmocka_unit_test_setup_teardown(a_cancel_that_meets_its_order_leaves_nothing_reserved, start, stop),
        cmocka_unit_test_setup_teardown(what_leaves_and_what_comes_back_add_up, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
