/* What streams promise their reader: the head, then pieces as they come, and one end, whoever brings it about. */
#include "buf.h"
#include "clock.h"
#include "http.h"
#include "httpc.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CROWD 200

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* ── who writes: streams of a server ─────────────────────────────────────────────────────────────────────────────────────────────── */

struct writer {
    struct http_stream *stream; /* NULL: ended */
    int number;
};
static struct http_server *server;
static unsigned port;
static struct writer writers[CROWD + 1]; /* by number, which is the query */
static unsigned ended_writers;

static void writer_ended(void *ctx)
{
    struct writer *w = ctx;
    pthread_mutex_lock(&lock);
    w->stream = NULL;
    ended_writers++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void write_on(struct http_request *rq, void *ctx)
{
    (void)ctx;
    int64_t number;
    assert_true(str_to_int64(http_query(rq, "number"), &number));
    struct writer *w = &writers[number];
    struct http_answer head = {.status = 200, .content_type = STR("text/event-stream")};
    http_answer_header(&head, STR("X-Some"), STR("thing"));
    pthread_mutex_lock(&lock);
    struct http_stream *st = w->stream = http_stream_new(rq, &(struct http_stream_config){.ended = writer_ended, .ctx = w});
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    http_stream_begin(st, &head);
}

static void refuse(struct http_request *rq, void *ctx)
{
    (void)ctx;
    http_reply_problem(rq, &(struct http_problem){.status = 429, .type = "/problems/some", .title = "Some", .retry_after = 7});
}

static struct http_request *never_answered;
static void keep(struct http_request *rq, void *ctx)
{
    (void)ctx;
    never_answered = rq;
}

static const struct http_route routes[] = {
    {"GET", "/stream", write_on, 0, NULL},
    {"GET", "/refused", refuse, 0, NULL},
    {"GET", "/never", keep, 0, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static void writes(int number, const char *text)
{
    pthread_mutex_lock(&lock);
    while (!writers[number].stream)
        pthread_cond_wait(&changed, &lock);
    assert_true(http_stream_send(writers[number].stream, str_of(text)));
    pthread_mutex_unlock(&lock);
}

static void ends(int number, void (*end)(struct http_stream *st))
{
    pthread_mutex_lock(&lock);
    end(writers[number].stream);
    pthread_mutex_unlock(&lock);
}

/* ── who reads ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct reader {
    struct httpc_stream *stream; /* NULL: ended */
    int heads, ends, status;
    enum httpc_result result;
    char text[4096], failure[300], content_type[100];
    size_t n;
    bool some;
};
static struct httpc_streams *client;

static void head_came(void *ctx, const struct httpc_response *r)
{
    struct reader *to = ctx;
    pthread_mutex_lock(&lock);
    assert_int_equal(r->result, HTTPC_ANSWERED);
    assert_int_equal(to->n, 0);
    to->heads++;
    to->status = r->status;
    snprintf(to->content_type, sizeof to->content_type, "%.*s", STR_ARG(r->content_type));
    for (size_t i = 0; i < r->header_count; i++)
        to->some |= str_is(r->headers[i].name, "X-Some");
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void data_came(void *ctx, struct str bytes)
{
    struct reader *to = ctx;
    pthread_mutex_lock(&lock);
    assert_int_equal(to->heads, 1);
    assert_true(to->n + bytes.n < sizeof to->text);
    memcpy(to->text + to->n, bytes.p, bytes.n);
    to->n += bytes.n;
    to->text[to->n] = '\0';
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void reader_ended(void *ctx, const struct httpc_response *r)
{
    struct reader *to = ctx;
    pthread_mutex_lock(&lock);
    to->ends++;
    to->result = r->result;
    to->stream = NULL;
    snprintf(to->failure, sizeof to->failure, "%s", r->failure ? r->failure : "");
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void opens(struct reader *to, const char *path, struct httpc_stream_call call)
{
    char url[200];
    *to = (struct reader){0};
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
    call.method = "GET";
    call.url = str_of(url);
    call.deadline = call.deadline ? call.deadline : SECONDS(60);
    call.silence = call.silence ? call.silence : SECONDS(60);
    call.head = head_came;
    call.data = data_came;
    call.ended = reader_ended;
    call.ctx = to;
    pthread_mutex_lock(&lock);
    to->stream = httpc_stream_open(client, &call);
    pthread_mutex_unlock(&lock);
}

static void reads(struct reader *to, const char *text)
{
    pthread_mutex_lock(&lock);
    while (strcmp(to->text, text) != 0 && !to->ends)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    assert_string_equal(to->text, text);
}

static void until_ended(struct reader *to, enum httpc_result result)
{
    pthread_mutex_lock(&lock);
    while (!to->ends)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    assert_int_equal(to->ends, 1);
    assert_int_equal(to->result, result);
}

static int start(void **state)
{
    (void)state;
    char problem[200] = "";
    server = http_start(&(struct http_config){.listen = "127.0.0.1:0", .routes = routes}, problem);
    assert_non_null(server);
    port = http_port(server);
    client = httpc_streams_start();
    ended_writers = 0;
    never_answered = NULL;
    memset(writers, 0, sizeof writers);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    httpc_streams_stop(client);
    http_stop(server, 0);
    if (never_answered)
        http_reply_json(never_answered, 200, STR("{}"));
    return 0;
}

/* ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void the_head_comes_and_then_each_piece(void **state)
{
    (void)state;
    struct reader r;
    opens(&r, "/stream?number=1", (struct httpc_stream_call){0});
    writes(1, "one");
    reads(&r, "one");
    assert_int_equal(r.status, 200);
    assert_string_equal(r.content_type, "text/event-stream");
    assert_true(r.some);
    writes(1, " two");
    reads(&r, "one two");
    ends(1, http_stream_close);
    until_ended(&r, HTTPC_ANSWERED);
}

static void an_end_that_is_missing_is_told(void **state)
{
    (void)state;
    struct reader r;
    opens(&r, "/stream?number=1", (struct httpc_stream_call){0});
    writes(1, "half");
    reads(&r, "half");
    ends(1, http_stream_abort);
    until_ended(&r, HTTPC_SILENT);
    assert_true(r.failure[0]);
}

static void an_answer_that_is_none_comes_the_same_way(void **state)
{
    (void)state;
    struct reader r;
    opens(&r, "/refused", (struct httpc_stream_call){0});
    until_ended(&r, HTTPC_ANSWERED);
    assert_int_equal(r.status, 429);
    assert_non_null(strstr(r.text, "/problems/some"));
}

static void who_cancels_is_noticed_by_the_other_side(void **state)
{
    (void)state;
    struct reader r;
    opens(&r, "/stream?number=1", (struct httpc_stream_call){0});
    writes(1, "x");
    reads(&r, "x");
    pthread_mutex_lock(&lock);
    httpc_stream_cancel(r.stream);
    pthread_mutex_unlock(&lock);
    until_ended(&r, HTTPC_SILENT);
    assert_string_equal(r.failure, "it was cancelled");
    pthread_mutex_lock(&lock);
    while (ended_writers == 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void who_cancels_at_once_is_told_the_end_too(void **state)
{
    (void)state;
    struct reader r;
    opens(&r, "/never", (struct httpc_stream_call){0});
    pthread_mutex_lock(&lock);
    httpc_stream_cancel(r.stream);
    pthread_mutex_unlock(&lock);
    pthread_mutex_lock(&lock);
    while (!r.ends)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    assert_int_equal(r.heads, 0);
}

/* Until something has changed, or some milliseconds have passed. */
static void a_moment(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 10000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&lock);
    pthread_cond_timedwait(&changed, &lock, &until);
    pthread_mutex_unlock(&lock);
}

static void silence_ends_a_stream_and_heartbeats_keep_it(void **state)
{
    (void)state;
    struct reader silent, kept;
    char text[1000] = "";
    duration began = clock_monotonic();
    opens(&silent, "/stream?number=1", (struct httpc_stream_call){.silence = MILLISECONDS(100)});
    opens(&kept, "/stream?number=2", (struct httpc_stream_call){.silence = SECONDS(3)});
    writes(1, "x");
    for (size_t n = 0; clock_monotonic() - began < MILLISECONDS(3300) && n < sizeof text - 1; n++) {
        text[n] = '.';
        writes(2, ".");
        reads(&kept, text);
        a_moment();
    }
    until_ended(&silent, HTTPC_SILENT);
    assert_string_equal(silent.failure, "nothing came for too long");
    assert_int_equal(kept.ends, 0);
}

static void a_head_that_does_not_come_is_not_waited_for(void **state)
{
    (void)state;
    struct reader r;
    opens(&r, "/never", (struct httpc_stream_call){.deadline = SECONDS(1)});
    until_ended(&r, HTTPC_SILENT);
    assert_int_equal(r.heads, 0);
}

static void nobody_there_is_unreachable(void **state)
{
    (void)state;
    struct reader r;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0); /* bound, so that nobody else gets it; not listening */
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    unsigned real = port;
    port = ntohs(a.sin_port);
    opens(&r, "/", (struct httpc_stream_call){0});
    until_ended(&r, HTTPC_UNREACHABLE);
    port = real;
    close(fd);
}

static void a_crowd_reads_side_by_side(void **state)
{
    (void)state;
    static struct reader crowd[CROWD];
    for (int i = 0; i < CROWD; i++) {
        char path[40];
        snprintf(path, sizeof path, "/stream?number=%d", i + 1);
        opens(&crowd[i], path, (struct httpc_stream_call){0});
    }
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < CROWD; i++)
            writes(i + 1, "x");
    for (int i = 0; i < CROWD; i++)
        reads(&crowd[i], "xxxxxxxxxx");
    for (int i = 0; i < CROWD; i++)
        ends(i + 1, http_stream_close);
    for (int i = 0; i < CROWD; i++)
        until_ended(&crowd[i], HTTPC_ANSWERED);
}

static void stopping_the_client_ends_its_streams(void **state)
{
    (void)state;
    struct reader one, other;
    opens(&one, "/stream?number=1", (struct httpc_stream_call){0});
    writes(1, "x");
    reads(&one, "x");
    opens(&other, "/never", (struct httpc_stream_call){0});
    httpc_streams_stop(client);
    assert_int_equal(one.ends, 1);
    assert_int_equal(other.ends, 1);
    client = httpc_streams_start();
}

static void numbers_are_shown(void **state)
{
    (void)state;
    struct reader r;
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    opens(&r, "/stream?number=1", (struct httpc_stream_call){0});
    writes(1, "x");
    reads(&r, "x");
    httpc_streams_show(client, &page);
    assert_non_null(strstr(text.p, "jumun_httpc_streams 1\n"));
    ends(1, http_stream_close);
    until_ended(&r, HTTPC_ANSWERED);
    buf_release(&text);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        STORY(the_head_comes_and_then_each_piece),
        STORY(an_end_that_is_missing_is_told),
        STORY(an_answer_that_is_none_comes_the_same_way),
        STORY(who_cancels_is_noticed_by_the_other_side),
        STORY(who_cancels_at_once_is_told_the_end_too),
        STORY(silence_ends_a_stream_and_heartbeats_keep_it),
        STORY(a_head_that_does_not_come_is_not_waited_for),
        STORY(nobody_there_is_unreachable),
        STORY(a_crowd_reads_side_by_side),
        STORY(stopping_the_client_ends_its_streams),
        STORY(numbers_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
