/* Orders in a real database: every state fits its constraints, an older database is brought up, the open ones are found. */
#include "clock.h"
#include "engine.h"
#include "order.h"
#include "outbound/event_data.h"
#include "outbound/sagas.h"
#include "outbound/tables.h"
#include "outbound/watchdog.h"
#include "testing.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct embedded migrations[];

static struct testing_database database;
static struct engine *engine;
static struct pg *pg;
static struct arena arena;
static const struct uuid customer = {{2}}, tea = {{0x10}};

/* ── the database and the engine ────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void sql(const char *text)
{
    if (!pg_query(pg, text, NULL))
        fail_msg("%s: %s", text, pg_fault(pg)->message);
}

static int64_t number(const char *text)
{
    const struct pg_rows *rows = pg_query(pg, text, NULL);
    if (!rows)
        fail_msg("%s: %s", text, pg_fault(pg)->message);
    return pg_count(rows) ? pg_int8(rows, 0, 0) : 0;
}

static void migrate(const struct embedded *list)
{
    struct str problem = {0};
    if (!pg_migrate(pg, "engine", engine_migrations, &arena, &problem) || !pg_migrate(pg, "order", list, &arena, &problem))
        fail_msg("%.*s %s", STR_ARG(problem), pg_fault(pg)->message);
}

/* Nobody is asked: the tests say what came of it. */
static void asks_nobody(void *ctx, struct engine *e, const struct effect *effect)
{
    (void)ctx, (void)e, (void)effect;
}

static void engine_up(void)
{
    static const effect_start effects[ORDER_EFFECTS] = {[ORDER_ASK_PAYMENT] = asks_nobody};
    engine = engine_start(&(struct engine_config){.service = "order",
                                                  .database_url = database.url,
                                                  .decider = &order_decider,
                                                  .tables = order_tables,
                                                  .encode = order_event_data,
                                                  .effects = effects});
    order_reading_start();
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    testing_database_new(&database);
    pg = pg_new(database.url, "order_store_test", PG_QUERIES);
    assert_true(pg_connect(pg));
    engine = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (engine) {
        engine_stop(engine);
        engine_free(engine);
        order_reading_stop();
    }
    pg_free(pg);
    testing_database_drop(&database);
    arena_release(&arena);
    return 0;
}

/* ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static _Atomic int told; /* 1 + enum engine_outcome */

static void tell(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    (void)c, (void)refusal;
    told = 1 + (int)outcome;
}

static void do_(int type, const void *data, size_t size)
{
    struct engine_command *c = engine_command_new();
    c->command = (struct command){.type = type, .data = arena_copy(&c->arena, data, size), .correlation = uuid_new()};
    c->done = tell;
    told = 0;
    engine_submit(engine, c);
    testing_wait_until(told != 0);
    assert_int_equal(told, 1 + ENGINE_DONE);
}
#define DO(type, ...) do_((type), &(__VA_ARGS__), sizeof(__VA_ARGS__))

static struct uuid placed(void)
{
    static const struct place_item two_teas = {{{0x10}}, 2};
    struct place_order place = {
        .order = uuid_new(),
        .customer = customer,
        .items = &two_teas,
        .item_count = 1,
        .address = {.recipient = STR("김주문"), .phone = STR("010"), .zip = STR("04524"), .line1 = STR("세종대로 110")},
        .means = {.method = STR("card"), .token = STR("tok_ok")},
        .payment_window = MINUTES(15),
    };
    DO(RECORD_PRODUCT,
       (struct record_product){tea, {.product_version = 1, .name = STR("녹차"), .price = {5000, "KRW"}, .available = 1000}});
    DO(PLACE_ORDER, place);
    return place.order;
}

static void payment(struct uuid order, enum payment_outcome outcome)
{
    struct record_payment r = {.order = order, .outcome = outcome, .attempt = 1, .amount = {10000, "KRW"}, .decline_code = STR("declined")};
    if (outcome == PAYMENT_APPROVED)
        r.payment_id = customer;
    DO(RECORD_PAYMENT, r);
}

static void fact(struct uuid order, enum order_command type)
{
    DO((int)type, (struct order_fact){order});
}

static void cancel(struct uuid order)
{
    DO(CANCEL_ORDER, (struct cancel_order){.order = order, .who = customer});
}

static void refund(struct uuid order)
{
    DO(RECORD_REFUNDED, (struct record_refund){order, {10000, "KRW"}});
}

static void review(struct uuid order)
{
    DO(RECORD_PAYMENT_NEEDS_REVIEW, (struct payment_review){order, 1, STR("the provider is silent")});
}

static const struct order *stored(struct uuid id)
{
    bool fault;
    const struct aggregate *a = order_read(pg, id, &arena, &fault);
    assert_false(fault);
    assert_non_null(a);
    return a->state;
}

static const struct order *is(struct uuid id, enum order_status status, enum order_payment payment_is)
{
    const struct order *order = stored(id);
    assert_string_equal(order_status_names[order->status], order_status_names[status]);
    assert_string_equal(order_payment_names[order->payment], order_payment_names[payment_is]);
    return order;
}

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_order_to_the_door(void **state)
{
    (void)state;
    migrate(migrations);
    engine_up();
    struct uuid id = placed();
    review(id);
    assert_true(str_is(is(id, ORDER_PENDING_PAYMENT, ORDER_PAYMENT_ASKED)->token, "tok_ok"));
    payment(id, PAYMENT_APPROVED);
    const struct order *order = is(id, ORDER_CONFIRMED, ORDER_PAYMENT_APPROVED);
    assert_true(str_absent(order->token) && str_absent(order->needs_review));
    assert_int_equal(order->deadline - order->updated_at, SECONDS(30));
    assert_int_equal(number("select count(*) from timer"), 0);
    fact(id, RECORD_PREPARED);
    fact(id, RECORD_SHIPPED);
    fact(id, RECORD_DELIVERED);
    assert_int_equal(is(id, ORDER_COMPLETED, ORDER_PAYMENT_APPROVED)->deadline, 0);
    assert_int_equal(number("select count(*) from orders where open"), 0);
}

static void an_order_that_is_cancelled_before_it_is_paid(void **state)
{
    (void)state;
    migrate(migrations);
    engine_up();
    struct uuid id = placed();
    assert_int_equal(number("select count(*) from timer"), 1);
    cancel(id);
    const struct order *order = is(id, ORDER_CANCELLING, ORDER_PAYMENT_ASKED);
    assert_true(str_is(order->cancel_reason, "customer") && str_absent(order->token));
    assert_int_equal(number("select count(*) from timer"), 0);
    fact(id, RECORD_PAYMENT_CLOSED);
    assert_false(is(id, ORDER_CANCELLING, ORDER_PAYMENT_NONE)->released);
    fact(id, RECORD_RELEASED);
    assert_true(is(id, ORDER_CANCELLED, ORDER_PAYMENT_NONE)->released);
}

static void an_order_that_is_given_back(void **state)
{
    (void)state;
    migrate(migrations);
    engine_up();
    struct uuid id = placed();
    payment(id, PAYMENT_APPROVED);
    fact(id, RECORD_PREPARATION_REJECTED);
    assert_true(str_is(is(id, ORDER_CANCELLING, ORDER_PAYMENT_APPROVED)->cancel_reason, "out-of-stock"));
    fact(id, RECORD_RELEASED);
    refund(id);
    is(id, ORDER_CANCELLED, ORDER_PAYMENT_REFUNDED);
    assert_int_equal(number("select (data ->> 'refunded')::bigint from event where type = 'jumun.order.OrderCancelled.v1'"), 10000);
    assert_int_equal(number("select count(*) from event where type = 'jumun.order.OrderCancelRequested.v1'"
                            " and (data #>> '{lines,0,quantity}')::int = 2 and data #> '{lines,0,name}' is null"),
                     1);
}

static void an_order_that_had_left(void **state)
{
    (void)state;
    migrate(migrations);
    engine_up();
    struct uuid id = placed();
    payment(id, PAYMENT_APPROVED);
    cancel(id);
    fact(id, RECORD_CANCEL_REFUSED);
    assert_true(str_absent(is(id, ORDER_SHIPPED, ORDER_PAYMENT_APPROVED)->cancel_reason));
}

/* An update that changes no indexed column stays in its page and writes no index; only the end of an order leaves the index of open ones.
 */
static void an_orders_way_stays_out_of_the_indexes(void **state)
{
    (void)state;
    migrate(migrations);
    engine_up();
    (void)placed();
    sql("begin");
    sql("update orders set status = 'CONFIRMED', payment = 'APPROVED', token = null, method = null, deadline = now()");
    sql("update orders set status = 'PREPARED', deadline = now()");
    sql("update orders set status = 'SHIPPED', deadline = now()");
    assert_int_equal(number("select pg_stat_get_xact_tuples_hot_updated('orders'::regclass)"), 3);
    sql("update orders set status = 'COMPLETED', deadline = null");
    assert_int_equal(number("select pg_stat_get_xact_tuples_hot_updated('orders'::regclass)"), 3);
    sql("rollback");
}

static void an_older_database_is_brought_up(void **state)
{
    (void)state;
    const struct embedded first[] = {migrations[0], {0}};
    migrate(first);
    sql("insert into orders select ('00000000-0000-7000-8000-00000000000' || n)::uuid, 3, '00000000-0000-7000-8000-000000000001', status,"
        " payment, 1, null, null, case when token is not null then 'card' end, token, 10, 'KRW',"
        " '[{\"product\":\"00000000-0000-7000-8000-000000000009\",\"name\":\"녹차\",\"quantity\":1,\"unitPrice\":10}]', '{}', null, now(), "
        "now()"
        " from (values (1, 'PENDING_PAYMENT', 'ASKED', 'tok_ok'), (2, 'PENDING_PAYMENT', 'DECLINED', null),"
        " (3, 'CONFIRMED', 'APPROVED', null), (4, 'COMPLETED', 'APPROVED', null)) as o (n, status, payment, token)");
    sql("insert into timer select id, 'order', 'ASK_PAYMENT', id, now() from orders where payment = 'ASKED'");
    migrate(migrations);
    assert_int_equal(number("select count(*) from orders where open and deadline > now() + interval '14 minutes'"), 3);
    assert_int_equal(number("select count(*) from timer where due <= now()"), 1); /* it asks on as before */
    assert_int_equal(number("select count(*) from timer where due > now() + interval '14 minutes'"), 1);
    engine_up();
    struct uuid confirmed;
    assert_true(uuid_parse(STR("00000000-0000-7000-8000-000000000003"), &confirmed));
    DO(CANCEL_ORDER, (struct cancel_order){.order = confirmed, .by_operator = true});
    is(confirmed, ORDER_CANCELLING, ORDER_PAYMENT_APPROVED);
}

/* ── the open ones ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void open_orders_are_counted_and_listed(void **state)
{
    (void)state;
    struct saga_counts counts;
    struct saga *items;
    size_t n;
    migrate(migrations);
    engine_up();
    struct uuid waiting = placed(), confirmed = placed(), cancelling = placed(), done = placed();
    payment(confirmed, PAYMENT_APPROVED);
    payment(done, PAYMENT_APPROVED);
    fact(done, RECORD_DELIVERED);
    cancel(cancelling);
    review(cancelling);
    fact(cancelling, RECORD_RELEASED);
    sql("update orders set deadline = now() - interval '1 second' where status in ('CONFIRMED', 'CANCELLING')");

    assert_true(sagas_count(pg, &counts));
    assert_int_equal(counts.open[ORDER_PENDING_PAYMENT], 1);
    assert_int_equal(counts.overdue[ORDER_PENDING_PAYMENT], 0);
    assert_int_equal(counts.open[ORDER_CONFIRMED] + counts.open[ORDER_CANCELLING], 2);
    assert_int_equal(counts.overdue[ORDER_CONFIRMED] + counts.overdue[ORDER_CANCELLING], 2);
    assert_int_equal(counts.open[ORDER_COMPLETED], 0);
    assert_int_equal(counts.review[ORDER_CANCELLING], 1);
    assert_int_equal(counts.review[ORDER_PENDING_PAYMENT] + counts.review[ORDER_CONFIRMED], 0);

    assert_true(sagas_list(pg, false, (struct uuid){0}, 2, &arena, &items, &n));
    assert_int_equal(n, 2);
    assert_true(uuid_equal(items[0].id, waiting) && uuid_equal(items[1].id, confirmed));
    assert_true(sagas_list(pg, false, confirmed, 2, &arena, &items, &n));
    assert_int_equal(n, 1);
    assert_true(uuid_equal(items[0].id, cancelling));
    assert_int_equal(order_waits_for(&items[0].order), 1u << ORDER_WAITS_FOR_PAYMENT);
    assert_true(str_is(items[0].order.needs_review, "the provider is silent"));
    assert_true(sagas_list(pg, true, (struct uuid){0}, 20, &arena, &items, &n));
    assert_int_equal(n, 2);
}

static bool shows(struct buf *out, const char *line)
{
    buf_clear(out);
    watchdog_show(&(struct metrics_page){.out = out});
    return strstr(out->p, line) != NULL;
}

static void the_watchdog_counts_by_itself(void **state)
{
    (void)state;
    migrate(migrations);
    engine_up();
    (void)placed();
    struct buf out = BUF_INIT;
    watchdog_start(database.url);
    testing_wait_until(shows(&out, "jumun_sagas{status=\"PENDING_PAYMENT\"} 1\n"));
    assert_non_null(strstr(out.p, "jumun_sagas_overdue{status=\"PENDING_PAYMENT\"} 0\n"));
    assert_null(strstr(out.p, "COMPLETED"));
    watchdog_stop();
    buf_release(&out);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(an_order_to_the_door),
        STORY(an_order_that_is_cancelled_before_it_is_paid),
        STORY(an_order_that_is_given_back),
        STORY(an_order_that_had_left),
        STORY(an_orders_way_stays_out_of_the_indexes),
        STORY(an_older_database_is_brought_up),
        STORY(open_orders_are_counted_and_listed),
        STORY(the_watchdog_counts_by_itself),
    };
    return cmocka_run_group_tests_name("order_store", tests, NULL, NULL);
}
