/* From an event on a topic to what notification makes of it. */
#include "inbound/inbound.h"
#include "notification.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CUSTOMER "0c000000-0000-0000-0000-00000000000c"
#define ORDER                                                                                                                              \
    "{\"customer\":\"" CUSTOMER "\",\"lines\":[{\"name\":\"녹차\",\"quantity\":2},{\"name\":\"다기\"}],\"total\":42000,"               \
    "\"currency\":\"KRW\",\"new\":1}"

static struct arena arena;
static struct str reason;
static const struct uuid order = {{1, [15] = 1}};

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* NULL: refused, for *reason. */
static const struct tell *decoded(const char *type, const char *data)
{
    struct cloud_event event = {.type = str_of(type), .subject = order, .correlation = order, .version = 1, .data = str_of(data)};
    struct command command = {0};
    for (const struct intake_event *e = notification_events; e->type; e++)
        if (str_is(event.type, e->type)) {
            if (!e->decode(&arena, &event, &command, &reason))
                return NULL;
            assert_int_equal(command.type, TELL);
            return command.data;
        }
    fail_msg("%s is not listened to", type);
    return NULL;
}

static void an_order_brings_its_customer_its_goods_and_its_total(void **state)
{
    (void)state;
    const struct tell *t = decoded("jumun.order.OrderPlaced.v1", ORDER);
    assert_non_null(t);
    assert_int_equal(t->kind, ORDER_PLACED);
    assert_true(uuid_equal(t->order, order));
    assert_int_equal(t->customer.b[0], 0x0c);
    assert_true(str_is(t->first_item, "녹차"));
    assert_int_equal(t->item_count, 2);
    assert_true(money_equal(t->amount, (struct money){42000, "KRW"}));
    assert_int_equal(decoded("jumun.order.OrderConfirmed.v1", ORDER)->kind, ORDER_CONFIRMED);
}

static void other_events_bring_what_they_have(void **state)
{
    (void)state;
    const struct tell *t = decoded("jumun.order.OrderPaymentDeclined.v1", "{\"customer\":\"" CUSTOMER "\",\"attempt\":1,\"code\":\"x\"}");
    assert_int_equal(t->kind, PAYMENT_DECLINED);
    assert_true(str_absent(t->first_item) && !uuid_is_nil(t->customer));
    t = decoded("jumun.delivery.DeliveryStarted.v1", "{\"carrier\":\"CJ\",\"trackingNumber\":\"6012\",\"lines\":[{}]}");
    assert_int_equal(t->kind, DELIVERY_STARTED);
    assert_true(str_is(t->carrier, "CJ") && str_is(t->tracking_number, "6012") && uuid_is_nil(t->customer));
    assert_int_equal(decoded("jumun.delivery.DeliveryRequested.v1", "{}")->kind, DELIVERY_READY);
    assert_false(uuid_is_nil(decoded("jumun.delivery.DeliveryRequested.v1", "{\"customer\":\"" CUSTOMER "\"}")->customer));
    assert_int_equal(decoded("jumun.delivery.DeliveryCompleted.v1", "{}")->kind, DELIVERY_COMPLETED);
}

static void a_cancel_brings_its_reason_and_a_refund_its_amount(void **state)
{
    (void)state;
    const struct tell *t = decoded("jumun.order.OrderCancelRequested.v1",
                                   "{\"customer\":\"" CUSTOMER "\",\"reason\":\"payment-window-closed\",\"lines\":[{}]}");
    assert_int_equal(t->kind, CANCEL_REQUESTED);
    assert_int_equal(t->reason, REASON_PAYMENT_WINDOW_CLOSED);
    t = decoded("jumun.order.OrderCancelRefused.v1", "{\"customer\":\"" CUSTOMER "\",\"reason\":\"not yet thought of\"}");
    assert_int_equal(t->kind, CANCEL_REFUSED);
    assert_int_equal(t->reason, REASON_UNKNOWN);
    t = decoded("jumun.order.OrderCancelled.v1",
                "{\"customer\":\"" CUSTOMER "\",\"reason\":\"customer\",\"refunded\":42000,\"currency\":\"KRW\"}");
    assert_int_equal(t->kind, ORDER_CANCELLED);
    assert_true(t->reason == REASON_CUSTOMER && money_equal(t->amount, (struct money){42000, "KRW"}));
    t = decoded("jumun.payment.PaymentRefunded.v1",
                "{\"customer\":\"" CUSTOMER "\",\"paymentId\":\"" CUSTOMER "\",\"amount\":42000,\"currency\":\"KRW\"}");
    assert_int_equal(t->kind, PAYMENT_REFUNDED);
    assert_true(money_equal(t->amount, (struct money){42000, "KRW"}) && !uuid_is_nil(t->customer));
}

static void what_cannot_be_told_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_null(decoded("jumun.order.OrderPlaced.v1", "{\"customer\":\"" CUSTOMER "\"}"));
    assert_non_null(memmem(reason.p, reason.n, "/lines", 6));
    assert_null(decoded("jumun.order.OrderPlaced.v1",
                        "{\"customer\":\"" CUSTOMER "\",\"lines\":[{\"name\":\"x\"}],\"total\":1,\"currency\":\"won\"}"));
    assert_null(decoded("jumun.order.OrderPaymentDeclined.v1", "{\"attempt\":1}"));
    assert_null(decoded("jumun.order.OrderCancelled.v1", "{\"customer\":\"" CUSTOMER "\",\"reason\":\"customer\"}"));
    assert_null(decoded("jumun.delivery.DeliveryStarted.v1", "{\"carrier\":\"CJ\"}"));
    assert_null(decoded("jumun.delivery.DeliveryCompleted.v1", "["));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_brings_its_customer_its_goods_and_its_total),
        TEST(other_events_bring_what_they_have),
        TEST(a_cancel_brings_its_reason_and_a_refund_its_amount),
        TEST(what_cannot_be_told_is_refused_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
