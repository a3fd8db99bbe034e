/* What streams promise: pieces arrive as they are sent, nobody waits for anybody, and an end is told to both sides. */
#include "clock.h"
#include "http.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "client.h"

static struct http_server *server;
static unsigned port;

/* ── owners of streams ───────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct owner {
    struct http_request *request;
    struct http_stream *stream; /* NULL: ended */
    bool ended;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct owner owners[300];
static size_t owner_count;

static void ended(void *ctx)
{
    struct owner *o = ctx;
    pthread_mutex_lock(&lock);
    assert_false(o->ended);
    o->ended = true;
    o->stream = NULL;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void begin(struct owner *o)
{
    o->stream = http_stream_new(o->request, &(struct http_stream_config){.ended = ended, .ctx = o});
    http_stream_begin(o->stream, &(struct http_answer){.status = 200, .content_type = STR("text/event-stream")});
}

static struct owner *own(struct http_request *rq)
{
    pthread_mutex_lock(&lock);
    struct owner *o = &owners[owner_count];
    *o = (struct owner){.request = rq};
    pthread_mutex_unlock(&lock);
    return o;
}

static void owned(void)
{
    pthread_mutex_lock(&lock);
    owner_count++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void stream(struct http_request *rq, void *ctx)
{
    (void)ctx;
    begin(own(rq));
    owned();
}

static void keep(struct http_request *rq, void *ctx)
{
    (void)ctx;
    own(rq);
    owned();
}

static void hello(struct http_request *rq, void *ctx)
{
    (void)ctx;
    http_reply_json(rq, 200, STR("{}"));
}

static const struct http_route routes[] = {
    {"GET", "/stream", stream, 0, NULL},
    {"GET", "/keep", keep, 0, NULL},
    {"GET", "/hello", hello, 0, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static bool owner_send(struct owner *o, struct str piece)
{
    pthread_mutex_lock(&lock);
    bool sent = o->stream && http_stream_send(o->stream, piece);
    pthread_mutex_unlock(&lock);
    return sent;
}

static void owner_close(struct owner *o)
{
    pthread_mutex_lock(&lock);
    if (o->stream)
        http_stream_close(o->stream);
    pthread_mutex_unlock(&lock);
}

static struct owner *when_owned(size_t n)
{
    pthread_mutex_lock(&lock);
    while (owner_count < n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return &owners[n - 1];
}

static void when_ended(struct owner *o)
{
    pthread_mutex_lock(&lock);
    while (!o->ended)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* ── the two sides ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void given_server(struct http_config config)
{
    char problem[200] = "";
    config.listen = "127.0.0.1:0";
    config.routes = routes;
    server = http_start(&config, problem);
    assert_non_null(server);
    port = http_port(server);
    owner_count = 0;
}

static int start(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_stop(server, SECONDS(10));
    return 0;
}

#define GET_STREAM "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"
#define GET_HELLO  "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"

/* Reads until the text has come, and takes it all. */
static void client_expect(struct client *c, const char *text)
{
    char *at;
    while (!(at = c->n ? strstr(c->bytes, text) : NULL))
        assert_true(client_receive(c));
    c->n -= (size_t)(at + strlen(text) - c->bytes);
    memmove(c->bytes, at + strlen(text), c->n + 1);
}

static struct client *client_listen(void)
{
    struct client *c = client_connect(port);
    client_say(c, GET_STREAM);
    client_expect(c, "\r\n\r\n");
    return c;
}

/* ── stories ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void the_head_comes_at_once_and_each_piece_when_it_is_sent(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    client_say(c, GET_STREAM);
    client_expect(c, "HTTP/1.1 200 OK\r\n");
    client_expect(c, "Content-Type: text/event-stream\r\n");
    client_expect(c, "\r\n\r\n");
    struct owner *o = when_owned(1);
    assert_true(owner_send(o, STR("one")));
    client_expect(c, "3\r\none\r\n");
    assert_true(owner_send(o, STR("three")));
    client_expect(c, "5\r\nthree\r\n");
    owner_close(o);
    client_expect(c, "0\r\n\r\n");
    when_ended(o);
    assert_int_equal(client_ask(c, GET_HELLO)->status, 200); /* the connection goes on */
    client_close(c);
}

static void what_is_sent_before_the_begin_comes_first(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    client_say(c, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    struct owner *o = when_owned(1);
    o->stream = http_stream_new(o->request, &(struct http_stream_config){.ended = ended, .ctx = o});
    assert_true(http_stream_send(o->stream, STR("early")));
    http_stream_begin(o->stream, &(struct http_answer){.status = 200});
    client_expect(c, "5\r\nearly\r\n");
    owner_close(o);
    client_expect(c, "0\r\n\r\n");
    client_close(c);
}

static void an_old_client_reads_until_the_end_of_the_connection(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    client_say(c, "GET /stream HTTP/1.0\r\n\r\n");
    client_expect(c, "\r\n\r\n");
    struct owner *o = when_owned(1);
    assert_true(owner_send(o, STR("plain")));
    client_expect(c, "plain");
    owner_close(o);
    assert_true(client_at_end(c));
    client_close(c);
}

static void head_is_answered_without_a_stream(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    client_say(c, "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    client_expect(c, "\r\n\r\n");
    when_ended(when_owned(1));
    assert_int_equal(client_ask(c, GET_HELLO)->status, 200);
    client_close(c);
}

#define CROWD  200
#define PIECES 50

static void *send_pieces(void *from)
{
    for (int piece = 0; piece < PIECES; piece++)
        for (size_t i = *(size_t *)from; i < CROWD; i += 4) {
            char text[16];
            int n = snprintf(text, sizeof text, "[%02d]", piece);
            assert_true(owner_send(&owners[i], (struct str){text, (size_t)n}));
        }
    for (size_t i = *(size_t *)from; i < CROWD; i += 4)
        owner_close(&owners[i]);
    return NULL;
}

static void a_crowd_gets_all_its_pieces_in_order(void **state)
{
    (void)state;
    static struct client *clients[CROWD];
    for (size_t i = 0; i < CROWD; i++)
        clients[i] = client_listen();
    when_owned(CROWD);
    pthread_t threads[4];
    size_t from[4] = {0, 1, 2, 3};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_pieces, &from[i]), 0);
    for (size_t i = 0; i < CROWD; i++) {
        for (int piece = 0; piece < PIECES; piece++) {
            char text[16];
            snprintf(text, sizeof text, "[%02d]", piece);
            client_expect(clients[i], text);
        }
        client_expect(clients[i], "0\r\n\r\n");
        client_close(clients[i]);
    }
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void a_slow_client_is_cut_off_and_disturbs_nobody(void **state)
{
    (void)state;
    static char block[8 * 1024];
    memset(block, 'x', sizeof block);
    struct client *slow = client_listen();
    struct owner *to_slow = when_owned(1);
    struct client *other = client_listen();
    struct owner *to_other = when_owned(2);
    size_t taken = 0;
    while (owner_send(to_slow, (struct str){block, sizeof block})) {
        taken += sizeof block;
        assert_true(taken < 64 * 1024 * 1024); /* sockets hold some; but there is an end */
        assert_true(owner_send(to_other, STR("tick.")));
        client_expect(other, "tick.");
    }
    when_ended(to_slow);
    size_t got = 0;
    for (ssize_t n = 1; n > 0; got += n > 0 ? (size_t)n : 0)
        n = recv(slow->fd, slow->bytes, sizeof slow->bytes, 0);
    assert_true(got < taken + 100 * 1024);
    assert_true(owner_send(to_other, STR("still here")));
    client_expect(other, "still here");
    client_close(slow);
    client_close(other);
    when_ended(to_other);
}

static void who_leaves_is_noticed_at_once(void **state)
{
    (void)state;
    struct client *c = client_listen();
    struct owner *o = when_owned(1);
    client_close(c);
    when_ended(o); /* nothing was sent meanwhile */
    struct client *half = client_listen();
    o = when_owned(2);
    shutdown(half->fd, SHUT_WR);
    when_ended(o);
    client_close(half);
}

static void who_leaves_before_the_begin_is_noticed(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    client_say(c, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    struct owner *o = when_owned(1);
    client_close(c);
    begin(o);
    when_ended(o);
}

static void an_aborted_stream_has_no_end(void **state)
{
    (void)state;
    struct client *c = client_listen();
    struct owner *o = when_owned(1);
    assert_true(owner_send(o, STR("part")));
    client_expect(c, "part\r\n");
    pthread_mutex_lock(&lock);
    http_stream_abort(o->stream);
    pthread_mutex_unlock(&lock);
    when_ended(o);
    assert_true(client_at_end(c));
    client_close(c);
}

static void a_quiet_stream_outlives_the_time_allowed_to_requests(void **state)
{
    (void)state;
    given_server((struct http_config){.request_timeout = SECONDS(1)});
    struct client *c = client_listen(), *idle = client_connect(port);
    struct owner *o = when_owned(1);
    assert_true(client_at_end(idle)); /* the time is over, for those who ask nothing */
    assert_true(owner_send(o, STR("still here")));
    client_expect(c, "still here");
    client_close(idle);
    client_close(c);
    http_stop(server, SECONDS(10));
}

/* ── the end ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void draining_ends_streams_with_all_that_was_sent(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    struct client *c = client_listen();
    struct owner *o = when_owned(1);
    assert_true(owner_send(o, STR("last words")));
    http_drain(server);
    client_expect(c, "last words\r\n");
    client_expect(c, "0\r\n\r\n");
    when_ended(o);
    client_close(c);
    http_stop(server, SECONDS(10));
}

static void a_stream_that_begins_in_a_draining_server_ends(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    struct client *c = client_connect(port);
    client_say(c, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    struct owner *o = when_owned(1);
    http_drain(server);
    begin(o);
    client_expect(c, "0\r\n\r\n");
    when_ended(o);
    client_close(c);
    http_stop(server, SECONDS(10));
}

static void stopping_does_not_wait_for_a_slow_client(void **state)
{
    (void)state;
    static char block[8 * 1024];
    given_server((struct http_config){0});
    struct client *c = client_listen();
    struct owner *o = when_owned(1);
    for (int i = 0; i < 1000 && owner_send(o, (struct str){block, sizeof block}); i++)
        ;
    duration began = clock_monotonic();
    http_stop(server, MILLISECONDS(20));
    assert_true(clock_monotonic() - began < SECONDS(20));
    when_ended(o);
    client_close(c);
}

static void a_stream_may_begin_after_the_end(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    struct client *c = client_connect(port);
    client_say(c, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
    struct owner *o = when_owned(1);
    http_stop(server, 0);
    begin(o);
    when_ended(o);
    client_close(c);
}

static void *begin_and_send(void *ctx)
{
    struct owner *o = ctx;
    begin(o);
    while (owner_send(o, STR("x")))
        ;
    return NULL;
}

static void streams_may_race_with_the_end(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        given_server((struct http_config){0});
        struct client *c = client_connect(port);
        client_say(c, "GET /keep HTTP/1.1\r\nHost: x\r\n\r\n");
        struct owner *o = when_owned(1);
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, begin_and_send, o), 0);
        http_stop(server, round % 2 ? 0 : MILLISECONDS(1));
        pthread_join(thread, NULL);
        when_ended(o);
        client_close(c);
    }
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        WITH_SERVER(the_head_comes_at_once_and_each_piece_when_it_is_sent),
        WITH_SERVER(what_is_sent_before_the_begin_comes_first),
        WITH_SERVER(an_old_client_reads_until_the_end_of_the_connection),
        WITH_SERVER(head_is_answered_without_a_stream),
        WITH_SERVER(a_crowd_gets_all_its_pieces_in_order),
        WITH_SERVER(a_slow_client_is_cut_off_and_disturbs_nobody),
        WITH_SERVER(who_leaves_is_noticed_at_once),
        WITH_SERVER(who_leaves_before_the_begin_is_noticed),
        WITH_SERVER(an_aborted_stream_has_no_end),
        cmocka_unit_test(a_quiet_stream_outlives_the_time_allowed_to_requests),
        cmocka_unit_test(draining_ends_streams_with_all_that_was_sent),
        cmocka_unit_test(a_stream_that_begins_in_a_draining_server_ends),
        cmocka_unit_test(stopping_does_not_wait_for_a_slow_client),
        cmocka_unit_test(a_stream_may_begin_after_the_end),
        cmocka_unit_test(streams_may_race_with_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
