/* What each event means for an order's document, and how the document reads. Without Redis. */
#include "document.h"
#include "projection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct view_change change;
static struct str reason;

static const struct uuid order = {{1, [15] = 1}}, event_id = {{2, [15] = 2}}, cause_id = {{3, [15] = 3}};
#define ORDER_ID    "01000000-0000-0000-0000-000000000001"
#define EVENT_ID    "02000000-0000-0000-0000-000000000002"
#define CAUSE_ID    "03000000-0000-0000-0000-000000000003"
#define CUSTOMER_ID "0c000000-0000-0000-0000-00000000000c"
#define PRODUCT_ID  "0d000000-0000-0000-0000-00000000000d"
#define AT          "2023-11-14T22:13:20.000001Z"

#define PLACED                                                                                                                             \
    "{\"customer\":\"" CUSTOMER_ID "\",\"lines\":[{\"product\":\"" PRODUCT_ID                                                              \
    "\",\"name\":\"녹차\",\"quantity\":2,\"unitPrice\":6000}],\"total\":12000,\"currency\":\"KRW\",\"address\":{\"recipient\":\"김\"}}"

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    reason = (struct str){0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static enum view_verdict fold_at(const char *type, const char *data, int version, int second)
{
    struct cloud_event event = {
        .id = event_id,
        .type = str_of(type),
        .time = 1700000000000001 + second * 1000000LL,
        .subject = order,
        .correlation = order,
        .causation = cause_id,
        .version = version,
        .data = str_of(data),
    };
    return projection_fold(&arena, &event, &change, &reason);
}

static enum view_verdict fold(const char *type, const char *data)
{
    return fold_at(type, data, 3, 0);
}

static void assert_str(struct str s, const char *expected)
{
    if (!str_is(s, expected))
        fail_msg("\n%.*s\nis not\n%s", STR_ARG(s), expected);
}

static struct str assigned(enum document_field field)
{
    for (size_t i = 0; i < change.assignment_count; i++)
        if (change.assignments[i].field == field)
            return change.assignments[i].value;
    return (struct str){0};
}

/* ── folds ── */

#define VIEW_EVENT(topic, name, service, aggregate, status, fold) TYPE_##name,
enum {
#include "projection.def"
    TYPES
};

static void a_placed_order_brings_all_that_stays_the_same(void **state)
{
    (void)state;
    assert_int_equal(fold("jumun.order.OrderPlaced.v1", PLACED), VIEW_CHANGES);
    assert_str(change.guard, "v:order");
    assert_int_equal(change.version, 3);
    assert_int_equal(change.status, ORDER_PENDING_PAYMENT);
    assert_str(change.at, AT);
    assert_true(uuid_equal(change.order, order));
    assert_int_equal(change.customer.b[0], 0x0c);
    assert_str(assigned(DOCUMENT_customer), CUSTOMER_ID);
    assert_str(assigned(DOCUMENT_created), AT);
    assert_str(assigned(DOCUMENT_items),
               "[{\"productId\":\"" PRODUCT_ID "\",\"name\":\"녹차\",\"quantity\":2,\"unitPrice\":{\"amount\":6000,\"currency\":\"KRW\"},"
               "\"lineTotal\":{\"amount\":12000,\"currency\":\"KRW\"}}]");
    assert_str(assigned(DOCUMENT_total), "{\"amount\":12000,\"currency\":\"KRW\"}");
    assert_str(assigned(DOCUMENT_address), "{\"recipient\":\"김\"}");
    assert_str(change.entry, "{\"at\":\"" AT "\",\"service\":\"order\",\"type\":\"OrderPlaced\",\"eventId\":\"" EVENT_ID
                             "\",\"causationId\":\"" CAUSE_ID "\"}");
}

static void every_type_lifts_the_status_it_should_under_its_own_guard(void **state)
{
    (void)state;
    static const struct {
        const char *type, *data, *guard;
        enum order_status status;
    } cases[] = {
        {"jumun.order.OrderPlaced.v1", PLACED, "v:order", ORDER_PENDING_PAYMENT},
        {"jumun.order.OrderConfirmed.v1", "{}", "v:order", ORDER_CONFIRMED},
        {"jumun.order.OrderPaymentDeclined.v1", "{\"attempt\":1,\"code\":\"x\"}", "v:order", ORDER_PENDING_PAYMENT},
        {"jumun.order.OrderCancelRequested.v1", "{\"reason\":\"customer\"}", "v:order", ORDER_CANCELLING},
        {"jumun.order.OrderCancelRefused.v1", "{\"reason\":\"customer\"}", "v:order", ORDER_SHIPPED},
        {"jumun.order.OrderCancelled.v1", "{\"reason\":\"customer\",\"refunded\":0,\"currency\":\"KRW\"}", "v:order", ORDER_CANCELLED},
        {"jumun.order.OrderShipped.v1", "{}", "v:order", ORDER_SHIPPED},
        {"jumun.order.OrderCompleted.v1", "{}", "v:order", ORDER_COMPLETED},
        {"jumun.payment.PaymentApproved.v1", "{\"attempt\":1}", "v:payment", ORDER_UNKNOWN},
        {"jumun.payment.PaymentDeclined.v1", "{\"attempt\":1,\"code\":\"x\"}", "v:payment", ORDER_UNKNOWN},
        {"jumun.payment.PaymentCancelRequested.v1", "{}", "v:payment", ORDER_UNKNOWN},
        {"jumun.payment.PaymentRefunded.v1", "{\"amount\":5,\"currency\":\"KRW\"}", "v:payment", ORDER_UNKNOWN},
        {"jumun.payment.PaymentClosed.v1", "{}", "v:payment", ORDER_UNKNOWN},
        {"jumun.payment.PaymentNeedsReview.v1", "{\"reason\":\"silent\"}", "v:payment", ORDER_UNKNOWN},
        {"jumun.preparation.PreparationCompleted.v1", "{}", "v:preparation", ORDER_PREPARED},
        {"jumun.preparation.PreparationRejected.v1", "{}", "v:preparation", ORDER_UNKNOWN},
        {"jumun.preparation.PreparationCancelled.v1", "{}", "v:preparation", ORDER_UNKNOWN},
        {"jumun.delivery.DeliveryRequested.v1", "{}", "v:delivery", ORDER_UNKNOWN},
        {"jumun.delivery.DeliveryStarted.v1", "{\"carrier\":\"CJ\",\"trackingNumber\":\"1\"}", "v:delivery", ORDER_UNKNOWN},
        {"jumun.delivery.DeliveryCompleted.v1", "{}", "v:delivery", ORDER_UNKNOWN},
        {"jumun.delivery.DeliveryCancelled.v1", "{}", "v:delivery", ORDER_UNKNOWN},
        {"jumun.delivery.DeliveryCancelRefused.v1", "{}", "v:delivery", ORDER_UNKNOWN},
        {"jumun.notification.NotificationSent.v1", "{\"kind\":\"ORDER_PLACED\"}", "v:notice:ORDER_PLACED", ORDER_UNKNOWN},
        {"jumun.notification.NotificationGivenUp.v1", "{\"kind\":\"ORDER_PLACED\"}", "v:notice:ORDER_PLACED", ORDER_UNKNOWN},
    };
    assert_int_equal(sizeof cases / sizeof cases[0], TYPES);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(fold(cases[i].type, cases[i].data), VIEW_CHANGES);
        assert_str(change.guard, cases[i].guard);
        assert_int_equal(change.status, cases[i].status);
        assert_true(uuid_is_nil(change.customer) == (i > 0));
    }
}

static void payments_tell_their_attempt_and_why_it_was_declined(void **state)
{
    (void)state;
    assert_int_equal(fold("jumun.payment.PaymentDeclined.v1", "{\"attempt\":2,\"code\":\"insufficient_funds\"}"), VIEW_CHANGES);
    assert_str(assigned(DOCUMENT_payment_status), "DECLINED");
    assert_str(assigned(DOCUMENT_payment_attempt), "2");
    assert_str(assigned(DOCUMENT_decline_code), "insufficient_funds");
    assert_non_null(strstr(change.entry.p, "\"detail\":\"insufficient_funds\""));
    assert_int_equal(fold("jumun.payment.PaymentApproved.v1", "{\"attempt\":3}"), VIEW_CHANGES);
    assert_str(assigned(DOCUMENT_payment_status), "APPROVED");
    assert_true(str_absent(assigned(DOCUMENT_decline_code)));
}

static void a_refund_tells_how_much_and_a_cancel_why(void **state)
{
    (void)state;
    assert_int_equal(fold("jumun.payment.PaymentRefunded.v1", "{\"amount\":12000,\"currency\":\"KRW\"}"), VIEW_CHANGES);
    assert_str(assigned(DOCUMENT_payment_status), "REFUNDED");
    assert_str(assigned(DOCUMENT_payment_refunded), "{\"amount\":12000,\"currency\":\"KRW\"}");
    assert_non_null(strstr(change.entry.p, "\"detail\":\"12000 KRW\""));
    assert_int_equal(fold("jumun.order.OrderCancelRequested.v1", "{\"reason\":\"out-of-stock\"}"), VIEW_CHANGES);
    assert_str(assigned(DOCUMENT_cancel_reason), "out-of-stock");
    assert_non_null(strstr(change.entry.p, "\"detail\":\"out-of-stock\""));
}

static void a_review_is_over_when_the_payment_is_known(void **state)
{
    (void)state;
    fold("jumun.payment.PaymentNeedsReview.v1", "{\"reason\":\"silent\"}");
    assert_str(assigned(DOCUMENT_payment_review), "silent");
    static const char *const outcomes[][2] = {
        {"jumun.payment.PaymentApproved.v1", "{\"attempt\":1}"},
        {"jumun.payment.PaymentDeclined.v1", "{\"attempt\":1}"},
        {"jumun.payment.PaymentRefunded.v1", "{\"amount\":1,\"currency\":\"KRW\"}"},
        {"jumun.payment.PaymentClosed.v1", "{}"},
    };
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        fold(outcomes[i][0], outcomes[i][1]);
        assert_str(assigned(DOCUMENT_payment_review), "");
    }
}

static void a_started_delivery_tells_who_carries_it(void **state)
{
    (void)state;
    fold("jumun.delivery.DeliveryStarted.v1", "{\"carrier\":\"CJ\",\"trackingNumber\":\"6012\"}");
    assert_str(assigned(DOCUMENT_delivery_status), "STARTED");
    assert_str(assigned(DOCUMENT_carrier), "CJ");
    assert_str(assigned(DOCUMENT_tracking_number), "6012");
    assert_str(assigned(DOCUMENT_delivery_started), AT);
    assert_non_null(strstr(change.entry.p, "\"detail\":\"CJ 6012\""));
}

static void what_is_not_shown_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(fold("jumun.order.OrderDreamtOf.v1", "{}"), VIEW_PASSES);
    assert_int_equal(fold("jumun.order.OrderPlacedTwice.v1", "{}"), VIEW_PASSES);
}

static void what_is_not_understood_is_dead(void **state)
{
    (void)state;
    assert_int_equal(fold("jumun.order.OrderPlaced.v2", PLACED), VIEW_DEAD);
    assert_non_null(strstr(reason.p, "major"));
    assert_int_equal(fold("jumun.order.OrderPlaced.v1", "{\"customer\":"), VIEW_DEAD);
    assert_int_equal(fold("jumun.order.OrderPlaced.v1", "{\"customer\":\"" CUSTOMER_ID "\"}"), VIEW_DEAD);
    assert_non_null(strstr(reason.p, "data/"));
    assert_int_equal(fold("jumun.payment.PaymentDeclined.v1", "{\"code\":\"x\"}"), VIEW_DEAD);
    assert_int_equal(fold("jumun.order.OrderCancelRequested.v1", "{}"), VIEW_DEAD);
    assert_int_equal(fold("jumun.payment.PaymentNeedsReview.v1", "{}"), VIEW_DEAD);
    assert_int_equal(fold("jumun.payment.PaymentRefunded.v1", "{\"amount\":1,\"currency\":\"won\"}"), VIEW_DEAD);
    assert_int_equal(fold("jumun.order.OrderCancelled.v1", "{\"reason\":\"customer\",\"refunded\":1.5,\"currency\":\"KRW\"}"), VIEW_DEAD);
    assert_int_equal(fold("jumun.order.OrderPlaced.v1",
                          "{\"customer\":\"" CUSTOMER_ID "\",\"lines\":[{\"product\":\"" PRODUCT_ID
                          "\",\"name\":\"x\",\"quantity\":2,\"unitPrice\":9223372036854775807}],\"total\":1,\"currency\":\"KRW\","
                          "\"address\":{}}"),
                     VIEW_DEAD);
    assert_int_equal(fold("jumun.order.OrderPlaced.v1",
                          "{\"customer\":\"" CUSTOMER_ID "\",\"lines\":[{\"product\":\"" PRODUCT_ID
                          "\",\"name\":\"x\",\"quantity\":2,\"unitPrice\":1}],\"total\":2,\"currency\":\"won\",\"address\":{}}"),
                     VIEW_DEAD);
}

/* ── the document ── */

static struct document placed(void)
{
    struct document d = {0};
    document_set(&d, STR("customer"), STR(CUSTOMER_ID));
    document_set(&d, STR("status"), STR("1"));
    document_set(&d, STR("items"), STR("[]"));
    document_set(&d, STR("total"), STR("{}"));
    document_set(&d, STR("address"), STR("{}"));
    document_set(&d, STR("created"), STR("c"));
    document_set(&d, STR("updated"), STR("u"));
    document_set(&d, STR("v:order"), STR("1"));
    return d;
}

static struct str text_of(const struct document *d, struct timeline *t)
{
    struct buf b = BUF_INIT;
    struct json_writer w = {.out = &b};
    document_write(&w, STR(ORDER_ID), d, t);
    struct str text = arena_str(&arena, buf_str(&b));
    buf_release(&b);
    return text;
}

static void a_document_reads_as_the_contract_says(void **state)
{
    (void)state;
    struct document d = placed();
    assert_str(
        text_of(&d, NULL),
        "{\"id\":\"" ORDER_ID "\",\"status\":\"PENDING_PAYMENT\",\"items\":[],\"total\":{},\"address\":{},"
        "\"payment\":{\"status\":\"ASKED\",\"attempt\":1},\"preparation\":{\"status\":\"AWAITING\"},\"delivery\":{\"status\":\"AWAITING\"},"
        "\"createdAt\":\"c\",\"updatedAt\":\"u\",\"version\":1}");
    document_set(&d, STR("status"), STR("5"));
    document_set(&d, STR("ship"), STR("STARTED"));
    document_set(&d, STR("ship.carrier"), STR("CJ"));
    document_set(&d, STR("ship.tracking"), STR("6"));
    document_set(&d, STR("ship.started"), STR("s"));
    document_set(&d, STR("something new"), STR("!"));
    struct timeline none = {NULL, 0};
    assert_str(text_of(&d, &none), "{\"id\":\"" ORDER_ID "\",\"status\":\"SHIPPED\",\"items\":[],\"total\":{},\"address\":{},"
                                   "\"payment\":{\"status\":\"APPROVED\",\"attempt\":1},\"preparation\":{\"status\":\"PREPARED\"},"
                                   "\"delivery\":{\"status\":\"STARTED\","
                                   "\"carrier\":\"CJ\",\"trackingNumber\":\"6\",\"startedAt\":\"s\"},"
                                   "\"createdAt\":\"c\",\"updatedAt\":\"u\",\"version\":1,\"timeline\":[]}");
}

static void a_declined_payment_shows_its_code_until_the_order_is_confirmed(void **state)
{
    (void)state;
    struct document d = placed();
    document_set(&d, STR("pay"), STR("DECLINED"));
    document_set(&d, STR("pay.attempt"), STR("2"));
    document_set(&d, STR("pay.code"), STR("x"));
    assert_non_null(strstr(text_of(&d, NULL).p, "\"payment\":{\"status\":\"DECLINED\",\"attempt\":2,\"declineCode\":\"x\"}"));
    document_set(&d, STR("status"), STR("2"));
    assert_non_null(strstr(text_of(&d, NULL).p, "\"payment\":{\"status\":\"APPROVED\",\"attempt\":2}"));
}

static struct str text_with(struct document d, const char *status)
{
    document_set(&d, STR("status"), str_of(status));
    return text_of(&d, NULL);
}

static void a_cancelled_order_says_why_and_what_came_back(void **state)
{
    (void)state;
    struct document d = placed();
    document_set(&d, STR("cancel"), STR("customer"));
    assert_non_null(strstr(text_with(d, "4").p, "\"status\":\"CANCELLING\""));
    assert_non_null(strstr(text_with(d, "4").p, "\"cancelReason\":\"customer\""));
    assert_null(strstr(text_with(d, "5").p, "cancelReason")); /* refused: it was shipped */
    assert_non_null(strstr(text_with(d, "7").p, "\"payment\":{\"status\":\"CLOSED\""));
    assert_null(strstr(text_with(d, "7").p, "refunded"));
    document_set(&d, STR("cancel.refunded"), STR("{\"amount\":5}"));
    assert_non_null(strstr(text_with(d, "7").p, "\"payment\":{\"status\":\"REFUNDED\""));
    assert_non_null(strstr(text_with(d, "7").p, "\"refunded\":{\"amount\":5}"));
}

static void a_review_shows_while_the_payment_matters(void **state)
{
    (void)state;
    struct document d = placed();
    document_set(&d, STR("pay.review"), STR("silent"));
    assert_non_null(strstr(text_with(d, "1").p, "\"needsReview\":\"silent\""));
    assert_non_null(strstr(text_with(d, "4").p, "\"needsReview\":\"silent\""));
    assert_null(strstr(text_with(d, "2").p, "needsReview")); /* confirmed: so it is known */
    document_set(&d, STR("pay.review"), STR(""));
    assert_null(strstr(text_with(d, "1").p, "needsReview"));
}

static void a_document_belongs_to_who_placed_it(void **state)
{
    (void)state;
    struct document d = placed(), early = {0};
    struct uuid customer, other = {{9}};
    assert_true(uuid_parse(STR(CUSTOMER_ID), &customer));
    assert_true(document_belongs(&d, customer));
    assert_false(document_belongs(&d, other));
    document_set(&early, STR("ship"), STR("READY"));
    assert_false(document_belongs(&early, customer));
}

static struct str entry(const char *at, const char *service, const char *type)
{
    return arena_printf(&arena, "{\"at\":\"2023-11-14T22:13:%s.000000Z\",\"service\":\"%s\",\"type\":\"%s\"}", at, service, type);
}

static void a_timeline_is_sorted_by_time_then_service_then_arrival(void **state)
{
    (void)state;
    struct str entries[] = {
        entry("30", "order", "C"), entry("20", "product", "B"),      entry("20", "order", "Z"),
        entry("20", "order", "A"), entry("10", "notification", "A"),
    };
    struct timeline t = {entries, 5};
    struct document d = placed();
    struct str all = text_of(&d, &t);
    const char *timeline = strstr(all.p, "\"timeline\":[");
    assert_non_null(timeline);
    const char *expected[] = {"notification\",\"type\":\"A", "order\",\"type\":\"Z", "order\",\"type\":\"A", "product\",\"type\":\"B",
                              "order\",\"type\":\"C"};
    for (size_t i = 0; i < 5; i++) {
        timeline = strstr(timeline, expected[i]);
        assert_non_null(timeline);
    }
}

static void statuses_have_names_that_can_be_asked_for(void **state)
{
    (void)state;
    enum order_status status;
    assert_true(order_status_parse(STR("SHIPPED"), &status));
    assert_int_equal(status, ORDER_SHIPPED);
    assert_false(order_status_parse(STR("UNKNOWN"), &status));
    assert_false(order_status_parse(STR("shipped"), &status));
    unsigned statuses;
    assert_true(order_statuses_parse(STR("SHIPPED"), &statuses));
    assert_int_equal(statuses, 1u << ORDER_SHIPPED);
    assert_true(order_statuses_parse(STR("CANCELLED,CANCELLING"), &statuses));
    assert_int_equal(statuses, 1u << ORDER_CANCELLING | 1u << ORDER_CANCELLED);
    assert_false(order_statuses_parse(STR(""), &statuses));
    assert_false(order_statuses_parse(STR("CANCELLED,"), &statuses));
    assert_false(order_statuses_parse(STR("CANCELLED,LOST"), &statuses));
}

/* ── every order of arrival ── */

/* A cancelled order as it stands on the topics; each topic keeps its order, and they interleave as they like. */
struct happening {
    const char *type, *data;
    int version, second;
};
#define TOPICS     4
#define LENGTH_MAX 4
#define HAPPENINGS 11
static const struct happening cancelled_life[TOPICS][LENGTH_MAX + 1] = {
    {{"jumun.order.OrderPlaced.v1", PLACED, 1, 1},
     {"jumun.order.OrderConfirmed.v1", "{}", 3, 3},
     {"jumun.order.OrderCancelRequested.v1", "{\"reason\":\"customer\"}", 4, 6},
     {"jumun.order.OrderCancelled.v1", "{\"reason\":\"customer\",\"refunded\":12000,\"currency\":\"KRW\"}", 6, 11}},
    {{"jumun.payment.PaymentNeedsReview.v1", "{\"reason\":\"silent\"}", 1, 2},
     {"jumun.payment.PaymentApproved.v1", "{\"attempt\":1}", 2, 3},
     {"jumun.payment.PaymentRefunded.v1", "{\"amount\":12000,\"currency\":\"KRW\"}", 4, 10}},
    {{"jumun.preparation.PreparationCompleted.v1", "{}", 1, 4}, {"jumun.preparation.PreparationCancelled.v1", "{}", 2, 9}},
    {{"jumun.delivery.DeliveryRequested.v1", "{}", 2, 5}, {"jumun.delivery.DeliveryCancelled.v1", "{}", 3, 7}},
};

static const struct str digits[] = {
    STR_CONST("0"), STR_CONST("1"), STR_CONST("2"), STR_CONST("3"), STR_CONST("4"), STR_CONST("5"), STR_CONST("6"), STR_CONST("7"),
};

/* What the view keeps, changed as its script does; `guarded` notes the versions. */
struct kept_view {
    struct document document;
    struct str entries[HAPPENINGS];
    size_t entry_count;
    enum order_status status;
    int64_t guarded[TOPICS];
};

static void keep(struct kept_view *view, int topic, const struct view_change *c)
{
    if (c->version <= view->guarded[topic])
        return;
    view->guarded[topic] = c->version;
    if (topic == 0)
        document_set(&view->document, STR("v:order"), digits[c->version]);
    if (c->status > view->status)
        view->status = c->status;
    document_set(&view->document, STR("status"), digits[view->status]);
    struct str *updated = &view->document.fields[DOCUMENT_updated];
    if (str_absent(*updated) || str_compare(c->at, *updated) > 0)
        *updated = c->at;
    for (size_t i = 0; i < c->assignment_count; i++)
        view->document.fields[c->assignments[i].field] = c->assignments[i].value;
    view->entries[view->entry_count++] = c->entry;
}

static struct view_change changes[TOPICS][LENGTH_MAX];
static struct str expected;
static size_t arrivals;

static void check(const struct kept_view *view)
{
    struct kept_view copy = *view;
    struct timeline timeline = {copy.entries, copy.entry_count};
    struct buf b = BUF_INIT;
    struct json_writer w = {.out = &b};
    document_write(&w, STR(ORDER_ID), &copy.document, &timeline);
    struct str text = buf_str(&b);
    if (str_absent(expected))
        expected = arena_str(&arena, text);
    else if (!str_equal(text, expected))
        fail_msg("\n%.*s\nis not\n%.*s", STR_ARG(text), STR_ARG(expected));
    buf_release(&b);
    arrivals++;
}

static void arrive_in_every_order(const struct kept_view *view, const size_t at[TOPICS])
{
    bool over = true;
    for (int topic = 0; topic < TOPICS; topic++)
        if (cancelled_life[topic][at[topic]].type) {
            struct kept_view next = *view;
            size_t then[TOPICS];
            memcpy(then, at, sizeof then);
            keep(&next, topic, &changes[topic][then[topic]++]);
            arrive_in_every_order(&next, then);
            over = false;
        }
    if (over)
        check(view);
}

static void every_order_of_arrival_of_a_cancelled_order_gives_the_same_document(void **state)
{
    (void)state;
    for (int topic = 0; topic < TOPICS; topic++)
        for (int i = 0; cancelled_life[topic][i].type; i++) {
            const struct happening *h = &cancelled_life[topic][i];
            assert_int_equal(fold_at(h->type, h->data, h->version, h->second), VIEW_CHANGES);
            changes[topic][i] = change;
        }
    struct kept_view nothing = {0};
    expected = (struct str){0};
    arrivals = 0;
    arrive_in_every_order(&nothing, (const size_t[TOPICS]){0});
    assert_int_equal(arrivals, 69300); /* 11! / (4! 3! 2! 2!) */
    assert_non_null(strstr(expected.p, "\"status\":\"CANCELLED\""));
    assert_non_null(strstr(expected.p, "\"payment\":{\"status\":\"REFUNDED\",\"attempt\":1},\"preparation\":{\"status\":\"CANCELLED\"},"
                                       "\"delivery\":{\"status\":\"CANCELLED\"},\"cancelReason\":\"customer\","
                                       "\"refunded\":{\"amount\":12000,\"currency\":\"KRW\"},\"createdAt\""));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_placed_order_brings_all_that_stays_the_same),
        TEST(every_type_lifts_the_status_it_should_under_its_own_guard),
        TEST(payments_tell_their_attempt_and_why_it_was_declined),
        TEST(a_refund_tells_how_much_and_a_cancel_why),
        TEST(a_review_is_over_when_the_payment_is_known),
        TEST(a_started_delivery_tells_who_carries_it),
        TEST(what_is_not_shown_is_passed_over),
        TEST(what_is_not_understood_is_dead),
        TEST(a_document_reads_as_the_contract_says),
        TEST(a_declined_payment_shows_its_code_until_the_order_is_confirmed),
        TEST(a_cancelled_order_says_why_and_what_came_back),
        TEST(a_review_shows_while_the_payment_matters),
        TEST(a_document_belongs_to_who_placed_it),
        TEST(a_timeline_is_sorted_by_time_then_service_then_arrival),
        TEST(statuses_have_names_that_can_be_asked_for),
        TEST(every_order_of_arrival_of_a_cancelled_order_gives_the_same_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
