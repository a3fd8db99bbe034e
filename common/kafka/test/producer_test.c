/* The producer's faults, against librdkafka's own mock broker: every message is reported once, and no failure is followed by a success. */
#include "clock.h"
#include "kafka.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOPIC        "jumun.test"
#define REPORTS_MAX  40000
#define REQUEST_KIND 0 /* Produce, in Kafka's protocol */

struct story {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct kafka_producer *producer;
    size_t reported;
    int order[REPORTS_MAX];
    bool failed[REPORTS_MAX];
};

struct expectation {
    struct story *story;
    int number;
};

static void report(void *ctx, const char *failure)
{
    struct expectation *e = ctx;
    struct story *s = e->story;
    assert_true(s->reported < REPORTS_MAX);
    s->order[s->reported] = e->number;
    s->failed[s->reported++] = failure != NULL;
    free(e);
}

static int given_a_broker(void **state)
{
    struct story *s = calloc(1, sizeof(*s));
    char why[200];
    s->host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
    s->cluster = rd_kafka_mock_cluster_new(s->host, 1);
    rd_kafka_mock_topic_create(s->cluster, TOPIC, 1, 1);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct story *s = *state;
    kafka_producer_free(s->producer);
    rd_kafka_mock_cluster_destroy(s->cluster);
    rd_kafka_destroy(s->host);
    free(s);
    return 0;
}

static void given_a_producer(struct story *s, duration message_timeout)
{
    s->producer = kafka_producer_new(&(struct kafka_producer_config){
        .brokers = rd_kafka_mock_cluster_bootstraps(s->cluster),
        .client = "test",
        .message_timeout = message_timeout,
    });
}

static void given_the_broker_refuses(struct story *s, rd_kafka_resp_err_t error)
{
    rd_kafka_mock_push_request_errors(s->cluster, REQUEST_KIND, 1, error);
}

static void when_produced(struct story *s, int number, struct str value)
{
    struct expectation *e = malloc(sizeof(*e));
    *e = (struct expectation){s, number};
    kafka_produce_raw(s->producer, TOPIC, STR("key"), value, NULL, 0, report, e);
}

static void when_flushed(struct story *s)
{
    assert_true(kafka_producer_flush(s->producer, SECONDS(20)));
}

static void then_reported(const struct story *s, size_t at, int number, bool failed)
{
    assert_true(at < s->reported);
    assert_int_equal(s->order[at], number);
    assert_int_equal(s->failed[at], failed);
}

static void what_is_taken_is_reported_in_order(void **state)
{
    struct story *s = *state;
    given_a_producer(s, 0);
    for (int i = 0; i < 1000; i++)
        when_produced(s, i, STR("x"));
    assert_int_equal(s->reported, 0); /* only a flush reports */
    when_flushed(s);
    assert_int_equal(s->reported, 1000);
    for (size_t i = 0; i < 1000; i++)
        then_reported(s, i, (int)i, false);
}

static void a_passing_fault_of_the_broker_is_retried(void **state)
{
    struct story *s = *state;
    given_a_producer(s, 0);
    given_the_broker_refuses(s, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    when_produced(s, 1, STR("x"));
    when_flushed(s);
    then_reported(s, 0, 1, false);
}

static void a_fatal_error_fails_all_and_the_producer_begins_anew(void **state)
{
    struct story *s = *state;
    given_a_producer(s, 0);
    given_the_broker_refuses(s, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    for (int i = 0; i < 3; i++)
        when_produced(s, i, STR("x"));
    when_flushed(s);
    assert_int_equal(s->reported, 3);
    for (size_t i = 0; i < 3; i++)
        then_reported(s, i, (int)i, true);
    when_produced(s, 3, STR("x"));
    when_flushed(s);
    then_reported(s, 3, 3, false);
}

/* The flush stops waiting when the failure is there, but tells of it, so that the caller may go on from the first that failed. */
static void behind_a_failure_everything_fails_until_the_caller_knows(void **state)
{
    struct story *s = *state;
    static char huge[2000000];
    memset(huge, 'x', sizeof(huge));
    given_a_producer(s, 0);
    when_produced(s, 0, STR("x"));
    when_produced(s, 1, (struct str){huge, sizeof(huge)});
    when_produced(s, 2, STR("x"));
    when_flushed(s);
    assert_int_equal(s->reported, 3);
    then_reported(s, 0, 0, false);
    then_reported(s, 1, 1, true);
    then_reported(s, 2, 2, true);
    when_produced(s, 2, STR("x"));
    when_flushed(s);
    then_reported(s, 3, 2, false);
}

static void without_a_broker_messages_fail_in_time_and_later_ones_are_taken(void **state)
{
    struct story *s = *state;
    given_a_producer(s, MILLISECONDS(500));
    rd_kafka_mock_broker_set_down(s->cluster, 1);
    when_produced(s, 0, STR("x"));
    when_produced(s, 1, STR("x"));
    assert_false(kafka_producer_reachable(s->producer, MILLISECONDS(100)));
    when_flushed(s);
    assert_int_equal(s->reported, 2);
    then_reported(s, 0, 0, true);
    then_reported(s, 1, 1, true);
    rd_kafka_mock_broker_set_up(s->cluster, 1);
    assert_true(kafka_producer_reachable(s->producer, SECONDS(10)));
    for (int attempt = 0; attempt < 20 && s->failed[s->reported - 1]; attempt++) {
        when_produced(s, 2, STR("x"));
        when_flushed(s);
    }
    then_reported(s, s->reported - 1, 2, false);
}

static void impatience_keeps_what_is_outstanding(void **state)
{
    struct story *s = *state;
    given_a_producer(s, 0);
    rd_kafka_mock_broker_set_down(s->cluster, 1);
    when_produced(s, 0, STR("x"));
    assert_false(kafka_producer_flush(s->producer, MILLISECONDS(100)));
    assert_int_equal(s->reported, 0);
    rd_kafka_mock_broker_set_up(s->cluster, 1);
    when_flushed(s);
    assert_int_equal(s->reported, 1);
    then_reported(s, 0, 0, false);
}

static void a_full_queue_is_waited_for(void **state)
{
    struct story *s = *state;
    given_a_producer(s, 0);
    for (int i = 0; i < 30000; i++)
        when_produced(s, i, STR("x"));
    when_flushed(s);
    assert_int_equal(s->reported, 30000);
    for (size_t i = 0; i < 30000; i++)
        then_reported(s, i, (int)i, false);
}

static void count(void *ctx, const char *failure)
{
    (void)failure;
    ++*(int *)ctx;
}

static void freeing_drops_what_is_unreported(void **state)
{
    struct story *s = *state;
    int reports = 0;
    given_a_producer(s, 0);
    rd_kafka_mock_broker_set_down(s->cluster, 1);
    kafka_produce_raw(s->producer, TOPIC, STR("key"), STR("x"), NULL, 0, count, &reports);
    kafka_producer_free(s->producer);
    s->producer = NULL;
    assert_int_equal(reports, 0);
}

static void its_numbers_are_shown(void **state)
{
    struct story *s = *state;
    struct buf page = BUF_INIT;
    given_a_producer(s, 0);
    when_produced(s, 0, STR("x"));
    when_flushed(s);
    kafka_producer_show(s->producer, &(struct metrics_page){.out = &page});
    assert_non_null(strstr(page.p, "jumun_kafka_produced_total{client=\"test\"} 1\n"));
    assert_non_null(strstr(page.p, "jumun_kafka_produce_outstanding{client=\"test\"} 0\n"));
    buf_release(&page);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, given_a_broker, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(what_is_taken_is_reported_in_order),
        STORY(a_passing_fault_of_the_broker_is_retried),
        STORY(a_fatal_error_fails_all_and_the_producer_begins_anew),
        STORY(behind_a_failure_everything_fails_until_the_caller_knows),
        STORY(without_a_broker_messages_fail_in_time_and_later_ones_are_taken),
        STORY(impatience_keeps_what_is_outstanding),
        STORY(a_full_queue_is_waited_for),
        STORY(freeing_drops_what_is_unreported),
        STORY(its_numbers_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
