/* What the exporter promises: the collector gets every span it can take, as OTLP over HTTP; one that cannot take them is no trouble. */
#include "clock.h"
#include "exporter.h"
#include "http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM 64

/* ── a collector ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct {
    struct http_server *server;
    char endpoint[64];
    pthread_mutex_t lock;
    pthread_cond_t came;
    int status;      /* of the answers; under lock, as are the next ones */
    int requests;    /* so many came */
    int spans;       /* in those that were answered 200 */
    char header[64]; /* of the last request */
} collector = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};

/* That the rest is as it should be, trace_test sees. */
static int spans_in(struct str body)
{
    int n = 0;
    struct str mark = STR("{\"traceId\":");
    const char *at = body.p;
    while ((at = memmem(at, (size_t)(body.p + body.n - at), mark.p, mark.n))) {
        at += mark.n;
        n++;
    }
    return n;
}

static void collect(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct str body = http_body(rq);
    pthread_mutex_lock(&collector.lock);
    snprintf(collector.header, sizeof collector.header, "%.*s", STR_ARG(http_header(rq, "x-tenant")));
    collector.requests++;
    if (collector.status == 200)
        collector.spans += spans_in(body);
    int status = collector.status;
    pthread_cond_broadcast(&collector.came);
    pthread_mutex_unlock(&collector.lock);
    http_reply_json(rq, status, STR("{}"));
}

static const struct http_route routes[] = {{"POST", "/v1/traces", collect, 0, NULL}, {NULL, NULL, NULL, 0, NULL}};

static int open_collector(void **state)
{
    char problem[200];
    (void)state;
    collector.server = http_start(&(struct http_config){.listen = "127.0.0.1:0", .routes = routes, .body_max = 1 << 20}, problem);
    assert_non_null(collector.server);
    snprintf(collector.endpoint, sizeof collector.endpoint, "http://127.0.0.1:%u", http_port(collector.server));
    collector.requests = collector.spans = 0;
    collector.status = 200;
    trace_start(1, ROOM);
    return 0;
}

static void forget(void *ctx, const struct finished_span *s)
{
    (void)ctx, (void)s;
}

static int close_collector(void **state)
{
    (void)state;
    trace_stop();
    trace_drain((size_t)-1, forget, NULL);
    http_stop(collector.server, SECONDS(1));
    return 0;
}

static void answers_now(int status)
{
    pthread_mutex_lock(&collector.lock);
    collector.status = status;
    pthread_mutex_unlock(&collector.lock);
}

static void wait_until_at_least(const int *what, int n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    pthread_mutex_lock(&collector.lock);
    while (*what < n)
        if (pthread_cond_timedwait(&collector.came, &collector.lock, &until))
            break;
    assert_true(*what >= n);
    pthread_mutex_unlock(&collector.lock);
}

/* ── the exporter ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct exporter *given_exporter(const char *endpoint)
{
    return exporter_start(&(struct exporter_config){.endpoint = endpoint,
                                                    .headers = "x-tenant=jumun,nonsense",
                                                    .resource = {.service = "order", .version = "1"},
                                                    .period = MILLISECONDS(5),
                                                    .timeout = SECONDS(30),
                                                    .batch_max = 10});
}

static void when_spans_end(int n)
{
    for (int i = 0; i < n; i++) {
        struct span span;
        span_begin(&span, NULL, (struct str){0}, 0);
        span_end(&span, SPAN_SERVER, SPAN_UNSET, 0, STR("GET /"), LOG_FIELDS(LOG_INT("i", i)));
    }
}

static double shown(const struct exporter *x, const char *name)
{
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    char line[200];
    exporter_show(x, &page);
    snprintf(line, sizeof line, "\n%s ", name);
    const char *found = strstr(text.p, line);
    assert_non_null(found);
    double value = strtod(found + strlen(line), NULL);
    buf_release(&text);
    return value;
}

static void test_the_collector_gets_the_spans(void **state)
{
    char endpoint[80];
    (void)state;
    snprintf(endpoint, sizeof endpoint, "%s/", collector.endpoint); /* with a slash it is the same */
    struct exporter *x = given_exporter(endpoint);
    when_spans_end(35);
    wait_until_at_least(&collector.spans, 35);
    exporter_stop(x);
    assert_int_equal(collector.spans, 35);
    assert_true(collector.requests >= 4);
    assert_string_equal(collector.header, "jumun");
}

static void test_what_has_ended_before_the_stop_is_sent(void **state)
{
    (void)state;
    struct exporter *x = given_exporter(collector.endpoint);
    when_spans_end(25);
    exporter_stop(x);
    assert_int_equal(collector.spans, 25);
}

static void test_a_collector_that_asks_to_be_spared_gets_them_later(void **state)
{
    (void)state;
    answers_now(503);
    struct exporter *x = given_exporter(collector.endpoint);
    when_spans_end(15);
    wait_until_at_least(&collector.requests, 2);
    assert_int_equal(collector.spans, 0);
    answers_now(200);
    wait_until_at_least(&collector.spans, 15);
    assert_true(shown(x, "jumun_trace_retries_total") >= 2);
    exporter_stop(x);
    assert_int_equal(collector.spans, 15);
}

static void test_what_is_refused_is_given_up(void **state)
{
    (void)state;
    answers_now(400);
    struct exporter *x = given_exporter(collector.endpoint);
    when_spans_end(10);
    wait_until_at_least(&collector.requests, 1);
    answers_now(200);
    when_spans_end(1);
    wait_until_at_least(&collector.spans, 1);
    assert_true(shown(x, "jumun_trace_refused_total") >= 1);
    exporter_stop(x);
    assert_true(collector.spans >= 1 && collector.spans <= 10);
}

/* ── collectors that are none ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A port that takes connections, or (backlog < 0) nobody listens on. */
static int given_port(int backlog, char endpoint[64])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    if (backlog >= 0)
        assert_int_equal(listen(fd, backlog), 0);
    snprintf(endpoint, 64, "http://127.0.0.1:%u", ntohs(address.sin_port));
    return fd;
}

static void test_a_dead_collector_costs_nothing_but_dropped_spans(void **state)
{
    char endpoint[64];
    (void)state;
    int fd = given_port(-1, endpoint);
    struct exporter *x = given_exporter(endpoint);
    double dropped = shown(x, "jumun_trace_dropped_total");
    for (int i = 0; i < 1000 && shown(x, "jumun_trace_dropped_total") == dropped; i++)
        when_spans_end(ROOM);
    assert_true(shown(x, "jumun_trace_dropped_total") > dropped);
    duration began = clock_monotonic();
    exporter_stop(x);
    assert_true(clock_monotonic() - began < SECONDS(20));
    close(fd);
}

static void test_a_collector_that_never_answers_does_not_hold_up_the_stop(void **state)
{
    char endpoint[64];
    (void)state;
    int fd = given_port(8, endpoint);
    struct exporter *x = given_exporter(endpoint);
    when_spans_end(1);
    int asked = accept(fd, NULL, NULL);
    char byte;
    assert_int_equal(recv(asked, &byte, 1, 0), 1); /* the request is under way, with half a minute to go */
    duration began = clock_monotonic();
    exporter_stop(x);
    assert_true(clock_monotonic() - began < SECONDS(20));
    close(asked);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_collector, close_collector)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_collector_gets_the_spans),
        TEST(test_what_has_ended_before_the_stop_is_sent),
        TEST(test_a_collector_that_asks_to_be_spared_gets_them_later),
        TEST(test_what_is_refused_is_given_up),
        TEST(test_a_dead_collector_costs_nothing_but_dropped_spans),
        TEST(test_a_collector_that_never_answers_does_not_hold_up_the_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
