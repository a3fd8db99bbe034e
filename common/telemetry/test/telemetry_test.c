/* What telemetry promises: a log line is one line whatever is in it, and a page of metrics reads as Prometheus wants it. */
#include "clock.h"
#include "log.h"
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

/* --- log: standard output is a file while a test looks --- */

static int real_stdout = -1;
static char output[1 << 20];

static int capture(void **state)
{
    (void)state;
    fflush(stdout);
    real_stdout = dup(STDOUT_FILENO);
    char path[] = "/tmp/telemetry_test.XXXXXX";
    int file = mkstemp(path);
    unlink(path);
    dup2(file, STDOUT_FILENO);
    close(file);
    return 0;
}

/* What was written since capture(). */
static const char *captured(void)
{
    ssize_t n = pread(STDOUT_FILENO, output, sizeof output - 1, 0);
    output[n > 0 ? n : 0] = '\0';
    return output;
}

static int release(void **state)
{
    (void)state;
    fflush(stdout);
    dup2(real_stdout, STDOUT_FILENO);
    close(real_stdout);
    return 0;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static const char *member(json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static void a_line_is_an_object_with_its_fields_in_order(void **state)
{
    (void)state;
    struct uuid id;
    assert_true(uuid_parse(STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), &id));
    log_start("order", LOG_JSON, LOG_INFO);
    log_info("order confirmed", LOG_ID("order", id), LOG_INT("attempt", -2), LOG_STR("reason", "none"), LOG_STR("absent", NULL));
    const char *line = captured();
    assert_memory_equal(line, "{\"time\":\"20", 11);
    assert_string_equal(line + strlen("{\"time\":\"2026-11-22T18:55:10.123456Z\""),
                        ",\"severity\":\"INFO\",\"service\":\"order\",\"message\":\"order confirmed\","
                        "\"order\":\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\",\"attempt\":-2,\"reason\":\"none\",\"absent\":null}\n");
}

static void a_line_needs_no_fields(void **state)
{
    (void)state;
    log_start("order", LOG_JSON, LOG_INFO);
    log_error("broken");
    assert_non_null(strstr(captured(), "\"severity\":\"ERROR\",\"service\":\"order\",\"message\":\"broken\"}\n"));
}

static void what_varies_cannot_forge_a_line(void **state)
{
    (void)state;
    log_start("order", LOG_JSON, LOG_INFO);
    log_info("refused", LOG_STR("reason", "a\"}\n{\"severity\":\"ERROR\"\x1b[2J\xff"));
    const char *text = captured();
    assert_int_equal(lines_of(text), 1);
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(line);
    assert_string_equal(member(line, "reason"), "a\"}\n{\"severity\":\"ERROR\"\x1b[2J\xef\xbf\xbd");
    assert_string_equal(member(line, "severity"), "INFO");
    json_decref(line);
}

static void what_is_less_severe_is_not_written(void **state)
{
    (void)state;
    log_start("order", LOG_JSON, LOG_WARNING);
    log_debug("no");
    log_info("no");
    assert_string_equal(captured(), "");
    log_warning("yes");
    log_error("yes");
    assert_int_equal(lines_of(captured()), 2);
    log_start("order", LOG_JSON, LOG_DEBUG);
    log_debug("yes");
    assert_int_equal(lines_of(captured()), 3);
}

static void a_person_reads_lines_not_json(void **state)
{
    (void)state;
    log_start("order", LOG_TEXT, LOG_INFO);
    log_warning("slow answer", LOG_INT("ms", 1500), LOG_STR("peer", "payment:8080"), LOG_STR("why", "a b\x1b[2J"), LOG_STR("empty", ""));
    const char *line = captured();
    assert_true(line[2] == ':' && line[5] == ':' && line[8] == '.' && line[15] == ' ');
    assert_string_equal(line + 16, "WARNING slow answer ms=1500 peer=payment:8080 why=\"a b\\u001b[2J\" empty=\"\"\n");
}

static void what_is_no_terminal_gets_json(void **state)
{
    (void)state;
    log_start("order", LOG_AUTO, LOG_INFO);
    log_info("x");
    assert_true(captured()[0] == '{');
}

static void logging_leaves_errno_alone(void **state)
{
    (void)state;
    log_start("order", LOG_JSON, LOG_INFO);
    close(STDOUT_FILENO);
    errno = ETIMEDOUT;
    log_info("nobody reads this");
    assert_int_equal(errno, ETIMEDOUT);
}

#define LINES_OF_THREAD 200

static void *write_long_lines(void *letter)
{
    char text[5000];
    memset(text, *(char *)letter, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < LINES_OF_THREAD; i++)
        log_info("long", LOG_STR("text", text));
    return NULL;
}

/* Longer than PIPE_BUF, into a pipe that is read slowly: there the kernel alone would mix them. */
static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    log_start("order", LOG_JSON, LOG_INFO);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, write_long_lines, &"abcd"[i]);
    FILE *reader = fdopen(ends[0], "r");
    char *line = NULL;
    size_t room = 0;
    for (int i = 0; i < 4 * LINES_OF_THREAD; i++) {
        assert_true(getline(&line, &room, reader) > 0);
        json_t *parsed = json_loads(line, 0, NULL);
        assert_non_null(parsed);
        const char *text = member(parsed, "text");
        assert_int_equal(strspn(text, (char[]){text[0], '\0'}), 4999);
        json_decref(parsed);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    free(line);
    fclose(reader);
}

static void what_repeats_is_said_once_in_a_while(void **state)
{
    (void)state;
    static _Atomic int64_t last;
    assert_true(log_every(&last, MINUTES(10)));
    assert_false(log_every(&last, MINUTES(10)));
    assert_true(log_every(&last, 0));
    last = clock_monotonic() - MINUTES(11);
    assert_true(log_every(&last, MINUTES(10)));
    assert_false(log_every(&last, MINUTES(10)));
}

/* --- metrics --- */

static struct buf out;
static struct metrics_page page;

static int new_page(void **state)
{
    (void)state;
    buf_init(&out);
    page = (struct metrics_page){.out = &out};
    return 0;
}

static int drop_page(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

static void shows(const char *line)
{
    char whole[300];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(out.p, whole))
        fail_msg("no line '%s' in:\n%s", line, out.p);
}

static void a_name_is_explained_once(void **state)
{
    (void)state;
    struct counter a = {0}, b = {0};
    struct gauge backlog = {0};
    counter_add(&a, 2);
    counter_add(&a, 3);
    gauge_set(&backlog, 4);
    gauge_add(&backlog, -11);
    metrics_counter(&page, "jumun_produced_total", "Events that Kafka has taken.", "topic=\"jumun.order\"", &a);
    metrics_counter(&page, "jumun_produced_total", "Events that Kafka has taken.", "topic=\"jumun.payment\"", &b);
    metrics_gauge(&page, "jumun_backlog", "Events that wait.", NULL, &backlog);
    assert_string_equal(out.p, "# HELP jumun_produced_total Events that Kafka has taken.\n"
                               "# TYPE jumun_produced_total counter\n"
                               "jumun_produced_total{topic=\"jumun.order\"} 5\n"
                               "jumun_produced_total{topic=\"jumun.payment\"} 0\n"
                               "# HELP jumun_backlog Events that wait.\n"
                               "# TYPE jumun_backlog gauge\n"
                               "jumun_backlog -7\n");
}

static void a_value_is_written_as_prometheus_reads_it(void **state)
{
    (void)state;
    static const double values[] = {0.25, 1795373710.123456, NAN, INFINITY, -INFINITY, -3};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        metrics_value(&page, "v", "Any.", "", values[i]);
    assert_string_equal(out.p, "# HELP v Any.\n# TYPE v gauge\nv 0.25\nv 1795373710.123456\nv NaN\nv +Inf\nv -Inf\nv -3\n");
}

static void a_histogram_of_times_cumulates_in_seconds(void **state)
{
    (void)state;
    struct histogram h = {0};
    histogram_time(&h, -5); /* a clock that stepped */
    histogram_time(&h, 100);
    histogram_time(&h, 101);
    histogram_time(&h, 10000000);
    histogram_time(&h, 10000001);
    metrics_histogram_time(&page, "jumun_commit_seconds", "How long a commit takes.", NULL, &h);
    assert_non_null(strstr(out.p, "# TYPE jumun_commit_seconds histogram\n"));
    shows("jumun_commit_seconds_bucket{le=\"0.0001\"} 2");
    shows("jumun_commit_seconds_bucket{le=\"0.0002\"} 3");
    shows("jumun_commit_seconds_bucket{le=\"5\"} 3");
    shows("jumun_commit_seconds_bucket{le=\"10\"} 4");
    shows("jumun_commit_seconds_bucket{le=\"+Inf\"} 5");
    shows("jumun_commit_seconds_count 5");
    shows("jumun_commit_seconds_sum 20.000202");
}

static void a_histogram_of_sizes_keeps_its_labels(void **state)
{
    (void)state;
    struct histogram h = {0};
    histogram_size(&h, 0);
    histogram_size(&h, 3);
    histogram_size(&h, 32769);
    metrics_histogram_size(&page, "jumun_batch", "Commands of a batch.", "service=\"order\"", &h);
    shows("jumun_batch_bucket{service=\"order\",le=\"1\"} 1");
    shows("jumun_batch_bucket{service=\"order\",le=\"2\"} 1");
    shows("jumun_batch_bucket{service=\"order\",le=\"4\"} 2");
    shows("jumun_batch_bucket{service=\"order\",le=\"32768\"} 2");
    shows("jumun_batch_bucket{service=\"order\",le=\"+Inf\"} 3");
    shows("jumun_batch_count{service=\"order\"} 3");
    shows("jumun_batch_sum{service=\"order\"} 32772");
}

static void *count_up(void *c)
{
    for (int i = 0; i < 100000; i++)
        counter_add(c, 1);
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    (void)state;
    struct counter c = {0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, count_up, &c);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c.value, 400000);
}

static double shown(const char *name)
{
    char start[100];
    snprintf(start, sizeof start, "\n%s ", name);
    const char *line = strstr(out.p, start);
    assert_non_null(line);
    return strtod(line + strlen(start), NULL);
}

static void a_process_knows_itself(void **state)
{
    (void)state;
    metrics_process(&page);
    double now = (double)clock_now() / 1e6;
    assert_true(shown("process_resident_memory_bytes") > 100000);
    assert_true(shown("process_cpu_seconds_total") > 0);
    assert_true(shown("process_open_fds") >= 3);
    assert_true(shown("process_start_time_seconds") <= now && shown("process_start_time_seconds") > now - 600);
    shows("jumun_build_info{version=\"" JUMUN_VERSION "\"} 1");
    assert_true(out.p[out.n - 1] == '\n');
}

#define logging(test)   cmocka_unit_test_setup_teardown(test, capture, release)
#define measuring(test) cmocka_unit_test_setup_teardown(test, new_page, drop_page)

int main(void)
{
    const struct CMUnitTest tests[] = {
        logging(a_line_is_an_object_with_its_fields_in_order),
        logging(a_line_needs_no_fields),
        logging(what_varies_cannot_forge_a_line),
        logging(what_is_less_severe_is_not_written),
        logging(a_person_reads_lines_not_json),
        logging(what_is_no_terminal_gets_json),
        logging(logging_leaves_errno_alone),
        logging(lines_of_threads_do_not_mix),
        cmocka_unit_test(what_repeats_is_said_once_in_a_while),
        measuring(a_name_is_explained_once),
        measuring(a_value_is_written_as_prometheus_reads_it),
        measuring(a_histogram_of_times_cumulates_in_seconds),
        measuring(a_histogram_of_sizes_keeps_its_labels),
        measuring(threads_lose_no_count),
        measuring(a_process_knows_itself),
    };
    return cmocka_run_group_tests_name("telemetry", tests, NULL, NULL);
}
