/* What the client promises: every call ends exactly once, in time, and says whether the other side may have seen it. */
#include "buf.h"
#include "clock.h"
#include "http.h"
#include "httpc.h"

#include <arpa/inet.h>
#include <poll.h>
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

/* ── calls and how they end ──────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct outcome {
    int times;
    enum httpc_result result;
    int status;
    char content_type[100], body[1000], headers[1000], failure[300];
    size_t body_size;
    bool forbidden;
    duration took;
};

static struct httpc *client;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;

static void note(void *ctx, const struct httpc_response *r)
{
    struct outcome *o = ctx;
    pthread_mutex_lock(&lock);
    o->times++;
    o->result = r->result;
    o->status = r->status;
    o->took = r->took;
    o->forbidden = r->forbidden;
    o->body_size = r->body.n;
    snprintf(o->content_type, sizeof(o->content_type), "%.*s", STR_ARG(r->content_type));
    snprintf(o->body, sizeof(o->body), "%.*s", STR_ARG(r->body));
    snprintf(o->failure, sizeof(o->failure), "%s", r->failure ? r->failure : "");
    for (size_t i = 0, n = 0; i < r->header_count && n < sizeof(o->headers); i++)
        n += (size_t)snprintf(o->headers + n, sizeof(o->headers) - n, "%.*s=%.*s;", STR_ARG(r->headers[i].name),
                              STR_ARG(r->headers[i].value));
    pthread_cond_broadcast(&ended);
    pthread_mutex_unlock(&lock);
}

static void until_ended(struct outcome *o)
{
    pthread_mutex_lock(&lock);
    while (!o->times)
        pthread_cond_wait(&ended, &lock);
    pthread_mutex_unlock(&lock);
}

static const char *url_of(unsigned port, const char *path)
{
    static _Thread_local char url[200];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    return url;
}

static void send_call(struct httpc_call call, const char *url, struct outcome *o)
{
    *o = (struct outcome){0};
    call.url = str_of(url);
    call.deadline = call.deadline ? call.deadline : SECONDS(60);
    call.done = note;
    call.ctx = o;
    httpc_send(client, &call);
}

static struct outcome when_called(struct httpc_call call, const char *url)
{
    struct outcome o;
    send_call(call, url, &o);
    until_ended(&o);
    assert_int_equal(o.times, 1);
    return o;
}

static struct outcome when_got(const char *url)
{
    return when_called((struct httpc_call){.method = "GET"}, url);
}

/* ── a server that works ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct http_server *server;
static unsigned port;
static struct http_request *kept[1000];
static size_t kept_count;

static void greet(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct http_answer a = {.status = 201, .content_type = STR("text/plain; charset=utf-8"), .body = STR("안녕")};
    http_answer_header(&a, STR("X-One"), STR("1"));
    http_answer_header(&a, STR("X-One"), STR("2"));
    http_reply(rq, &a);
}

static void echo(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct http_answer a = {.status = 200, .body = http_body(rq)};
    http_answer_header(&a, STR("X-Method"), http_method(rq));
    http_answer_header(&a, STR("X-Length"),
                       str_absent(http_header(rq, "Content-Length")) ? STR("none") : http_header(rq, "Content-Length"));
    http_reply(rq, &a);
}

static void elsewhere(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct http_answer a = {.status = 302};
    http_answer_header(&a, STR("Location"), STR("/greet"));
    http_reply(rq, &a);
}

static void big(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct str body = {arena_alloc(http_arena(rq), 300000), 300000};
    memset((char *)body.p, 'x', body.n);
    http_reply_json(rq, 200, body);
}

static void keep(struct http_request *rq, void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&lock);
    kept[kept_count++] = rq;
    pthread_cond_broadcast(&ended);
    pthread_mutex_unlock(&lock);
}

static const struct http_route routes[] = {
    {"GET", "/greet", greet, 0, NULL}, {"*", "/echo", echo, HTTP_ANY_BODY, NULL}, {"GET", "/elsewhere", elsewhere, 0, NULL},
    {"GET", "/big", big, 0, NULL},     {"GET", "/keep", keep, 0, NULL},           {NULL, NULL, NULL, 0, NULL},
};

static int start_with(const struct httpc_config *config)
{
    char problem[200];
    server = http_start(&(struct http_config){.listen = "127.0.0.1:0", .routes = routes, .body_max = 4 * 1024 * 1024}, problem);
    assert_non_null(server);
    port = http_port(server);
    kept_count = 0;
    client = httpc_start(config);
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(&(struct httpc_config){0});
}

static int stop(void **state)
{
    (void)state;
    httpc_stop(client);
    http_stop(server, SECONDS(10));
    return 0;
}

static void until_kept(size_t n)
{
    pthread_mutex_lock(&lock);
    while (kept_count < n)
        pthread_cond_wait(&ended, &lock);
    pthread_mutex_unlock(&lock);
}

/* ── a server that does what the test says ───────────────────────────────────────────────────────────────────────────────────────── */

static int given_listener(int backlog, unsigned *where)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *where = ntohs(a.sin_port);
    return fd;
}

/* Reads a request's head from the connection; its end is the end of the string. */
static void hear(int fd, char text[4096])
{
    size_t n = 0;
    text[0] = '\0';
    while (!strstr(text, "\r\n\r\n")) {
        ssize_t got = recv(fd, text + n, 4095 - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
        text[n] = '\0';
    }
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_answer_comes_back_whole(void **state)
{
    (void)state;
    struct outcome o = when_got(url_of(port, "/greet"));
    assert_int_equal(o.result, HTTPC_ANSWERED);
    assert_int_equal(o.status, 201);
    assert_string_equal(o.body, "안녕");
    assert_string_equal(o.content_type, "text/plain; charset=utf-8");
    assert_non_null(strstr(o.headers, "X-One=1;X-One=2;"));
    assert_true(o.took > 0);
    o = when_got(url_of(port, "/nowhere"));
    assert_int_equal(o.result, HTTPC_ANSWERED);
    assert_int_equal(o.status, 404);
}

static void every_method_and_body_arrives(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        struct str body;
        const char *length;
    } cases[] = {
        {"GET", {0}, "X-Length=none"},
        {"HEAD", {0}, "X-Length=none"},
        {"POST", STR_CONST("{\"a\":1}"), "X-Length=7"},
        {"GET", {0}, "X-Length=none"}, /* nothing of the call before is left */
        {"POST", {0}, "X-Length=0"},
        {"PUT", STR_CONST("abc"), "X-Length=3"},
        {"PATCH", STR_CONST(""), "X-Length=0"},
        {"DELETE", {0}, "X-Length=none"},
        {"DELETE", STR_CONST("why"), "X-Length=3"},
        {"OPTIONS", {0}, "X-Length=none"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome o = when_called((struct httpc_call){.method = cases[i].method, .body = cases[i].body}, url_of(port, "/echo"));
        char method[40];
        snprintf(method, sizeof(method), "X-Method=%s;", cases[i].method);
        assert_int_equal(o.status, 200);
        assert_non_null(strstr(o.headers, method));
        assert_non_null(strstr(o.headers, cases[i].length));
        assert_true(str_is(cases[i].body.p ? cases[i].body : STR(""), o.body));
    }
}

static void only_what_belongs_to_the_call_goes_and_comes(void **state)
{
    (void)state;
    unsigned where;
    char text[4096];
    struct outcome o;
    int listener = given_listener(10, &where);
    const struct httpc_header headers[] = {
        {STR("X-Request-Id"), STR("7")},
        {STR("X-Empty"), STR("")},
        {STR("Content-Length"), STR("999")},
        {STR("Connection"), STR("close")},
        {STR("Transfer-Encoding"), STR("chunked")},
        {STR("Host"), STR("jumun")},
    };
    send_call((struct httpc_call){.method = "POST", .body = STR("{}"), .headers = headers, .header_count = 6},
              url_of(where, "/a/../b?c=d%20e"), &o);
    int fd = accept(listener, NULL, NULL);
    hear(fd, text);
    say(fd, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-Empty:\r\nKeep-Alive: timeout=5\r\nX-Trim:  a b \r\n"
            "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
    until_ended(&o);
    assert_int_equal(o.status, 200);
    assert_string_equal(o.headers, "X-Empty=;X-Trim=a b;"); /* what belongs to the connection stays with it */
    assert_string_equal(o.body, "{}");
    assert_string_equal(text, "POST /a/../b?c=d%20e HTTP/1.1\r\nHost: jumun\r\nX-Request-Id: 7\r\nX-Empty:\r\nContent-Length: 2\r\n\r\n{}");
    close(fd);
    close(listener);
}

static void a_large_body_is_sent_without_asking(void **state)
{
    (void)state;
    struct str body = {calloc(1, 2 * 1024 * 1024), 2 * 1024 * 1024};
    struct outcome o = when_called((struct httpc_call){.method = "POST", .body = body}, url_of(port, "/echo"));
    assert_int_equal(o.status, 200);
    assert_int_equal(o.body_size, body.n);
    free((char *)body.p);
}

static void a_redirect_is_an_answer(void **state)
{
    (void)state;
    struct outcome o = when_got(url_of(port, "/elsewhere"));
    assert_int_equal(o.status, 302);
    assert_non_null(strstr(o.headers, "Location=/greet;"));
}

static void a_proxy_of_the_environment_is_not_used(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(when_got(url_of(port, "/greet")).status, 201);
    unsetenv("http_proxy");
}

static void too_large_an_answer_is_no_answer(void **state)
{
    (void)state;
    start_with(&(struct httpc_config){.response_max = 1000});
    struct outcome o = when_got(url_of(port, "/big"));
    assert_int_equal(o.result, HTTPC_SILENT);
    assert_string_equal(o.failure, "the answer is too large");
    stop(NULL);
    start_with(&(struct httpc_config){0});
    assert_int_equal(when_got(url_of(port, "/big")).body_size, 300000);
    stop(NULL);
}

/* ── not seen ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_refused_port_is_unreachable(void **state)
{
    (void)state;
    unsigned where;
    close(given_listener(1, &where));
    struct outcome o = when_got(url_of(where, "/"));
    assert_int_equal(o.result, HTTPC_UNREACHABLE);
    assert_true(o.failure[0] != '\0');
}

static bool nowhere(const struct sockaddr *address)
{
    (void)address;
    return false;
}

static bool loopback_only(const struct sockaddr *address)
{
    return address->sa_family == AF_INET && ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static void an_address_that_may_not_be_called_is_not_connected_to(void **state)
{
    (void)state;
    start_with(&(struct httpc_config){.may_connect = nowhere});
    struct outcome o = when_got(url_of(port, "/greet"));
    assert_int_equal(o.result, HTTPC_UNREACHABLE);
    assert_true(o.forbidden);
    stop(NULL);
    start_with(&(struct httpc_config){.may_connect = loopback_only});
    o = when_got(url_of(port, "/greet"));
    assert_int_equal(o.status, 201);
    assert_false(o.forbidden);
    stop(NULL);
}

static void hosts_that_nobody_calls_any_more_are_forgotten(void **state)
{
    (void)state;
    for (unsigned last = 1; last < 200; last++) { /* all of 127/8 is loopback */
        char url[100];
        struct outcome o = {0};
        snprintf(url, sizeof url, "http://127.0.1.%u:1/", last);
        send_call((struct httpc_call){.method = "GET"}, url, &o);
        until_ended(&o);
        assert_int_equal(o.result, HTTPC_UNREACHABLE);
    }
    assert_int_equal(when_got(url_of(port, "/greet")).status, 201);
    assert_int_equal(when_got(url_of(port, "/greet")).status, 201);
}

static void what_cannot_be_sent_is_unreachable(void **state)
{
    (void)state;
    const struct httpc_header header = {STR("X-Bad"), STR("a\r\nX-Other: b")};
    struct httpc_call call = {.method = "GET", .headers = &header, .header_count = 1};
    assert_int_equal(when_called(call, url_of(port, "/greet")).result, HTTPC_UNREACHABLE);
    static const char *const urls[] = {"",
                                       "greet",
                                       "http://",
                                       "http:///greet",
                                       "ftp://127.0.0.1/",
                                       "http://127.0.0.1/a b",
                                       "http://127.0.0.1/a\r\nb",
                                       "http://no-such-host.invalid/",
                                       "http://127.0.0.1:99999/"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        assert_int_equal(when_got(urls[i]).result, HTTPC_UNREACHABLE);
}

/* A listener whose queue is full drops what comes: the connection never stands. */
static void a_deadline_before_the_connection_stands_is_unreachable(void **state)
{
    (void)state;
    unsigned where;
    int listener = given_listener(0, &where), fill[8];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(0), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    a.sin_port = htons((uint16_t)where);
    for (int i = 0; i < 8; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fill[i], (struct sockaddr *)&a, sizeof(a));
    }
    struct outcome o = when_called((struct httpc_call){.method = "GET", .deadline = MILLISECONDS(100)}, url_of(where, "/"));
    assert_int_equal(o.result, HTTPC_UNREACHABLE);
    for (int i = 0; i < 8; i++)
        close(fill[i]);
    close(listener);
}

/* ── perhaps seen ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_server_that_says_nothing_is_silent_at_the_deadline(void **state)
{
    (void)state;
    unsigned where;
    int listener = given_listener(10, &where);
    struct outcome o = when_called((struct httpc_call){.method = "GET", .deadline = SECONDS(1)}, url_of(where, "/"));
    assert_int_equal(o.result, HTTPC_SILENT); /* time enough to have said something */
    assert_true(o.took >= SECONDS(1));
    close(listener);
}

static void a_connection_that_ends_after_the_request_is_silent(void **state)
{
    (void)state;
    static const char *const words[] = {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "not HTTP at all\r\n\r\n"};
    unsigned where;
    char text[4096];
    int listener = given_listener(10, &where);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct outcome o;
        send_call((struct httpc_call){.method = "POST", .body = STR("{}")}, url_of(where, "/"), &o);
        int fd = accept(listener, NULL, NULL);
        hear(fd, text);
        say(fd, words[i]);
        close(fd);
        until_ended(&o);
        assert_int_equal(o.result, HTTPC_SILENT);
        assert_true(o.failure[0] != '\0');
    }
    close(listener);
}

/* curl by itself would send it again on a new connection. */
static void a_request_on_a_kept_connection_is_sent_once(void **state)
{
    (void)state;
    unsigned where;
    char text[4096];
    struct outcome o;
    int listener = given_listener(10, &where);
    send_call((struct httpc_call){.method = "POST", .body = STR("{}")}, url_of(where, "/first"), &o);
    int fd = accept(listener, NULL, NULL);
    hear(fd, text);
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    until_ended(&o);
    assert_int_equal(o.result, HTTPC_ANSWERED);
    send_call((struct httpc_call){.method = "POST", .body = STR("{}")}, url_of(where, "/second"), &o);
    hear(fd, text);
    assert_memory_equal(text, "POST /second ", 13);
    close(fd);
    until_ended(&o);
    assert_int_equal(o.result, HTTPC_SILENT);
    struct pollfd another = {.fd = listener, .events = POLLIN};
    if (poll(&another, 1, 0)) { /* a connection may have been opened, but nothing was said on it */
        fd = accept(listener, NULL, NULL);
        assert_int_equal(recv(fd, text, 1, 0), 0);
        close(fd);
    }
    close(listener);
}

static void a_connection_that_ended_while_idle_is_not_used(void **state)
{
    (void)state;
    unsigned where;
    char text[4096];
    int listener = given_listener(10, &where);
    for (int i = 0; i < 3; i++) {
        struct outcome o;
        send_call((struct httpc_call){.method = "POST", .body = STR("{}")}, url_of(where, "/"), &o);
        int fd = accept(listener, NULL, NULL);
        hear(fd, text);
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        close(fd);
        until_ended(&o);
        assert_int_equal(o.result, HTTPC_ANSWERED);
    }
    close(listener);
}

/* ── many ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum { MANY = 200 };

static void calls_run_side_by_side(void **state)
{
    (void)state;
    start_with(&(struct httpc_config){.connections_max = MANY});
    static struct outcome outcomes[MANY];
    for (int i = 0; i < MANY; i++)
        send_call((struct httpc_call){.method = "GET"}, url_of(port, "/keep"), &outcomes[i]);
    until_kept(MANY); /* all are there before any is answered */
    for (int i = 0; i < MANY; i++)
        http_reply_json(kept[i], 200, STR("{}"));
    for (int i = 0; i < MANY; i++) {
        until_ended(&outcomes[i]);
        assert_int_equal(outcomes[i].status, 200);
    }
    stop(NULL);
}

static unsigned connections_open(void)
{
    struct buf out = BUF_INIT;
    struct metrics_page page = {.out = &out};
    http_show(server, "s=\"1\"", &page);
    const char *line = strstr(out.p, "jumun_http_connections{s=\"1\"} ");
    assert_non_null(line);
    unsigned n = (unsigned)strtoul(strchr(line, ' '), NULL, 10);
    buf_release(&out);
    return n;
}

static void calls_over_the_limit_wait_for_a_connection(void **state)
{
    (void)state;
    start_with(&(struct httpc_config){.connections_max = 4});
    static struct outcome outcomes[MANY];
    for (int i = 0; i < MANY; i++)
        send_call((struct httpc_call){.method = "GET"}, url_of(port, "/keep"), &outcomes[i]);
    for (int i = 0; i < MANY; i += 4) {
        until_kept((size_t)i + 4);
        assert_int_equal(kept_count, i + 4);
        assert_true(connections_open() <= 4);
        for (int k = i; k < i + 4; k++)
            http_reply_json(kept[k], 200, STR("{}"));
    }
    for (int i = 0; i < MANY; i++) {
        until_ended(&outcomes[i]);
        assert_int_equal(outcomes[i].status, 200);
    }
    stop(NULL);
}

static void waiting_ends_at_the_deadline(void **state)
{
    (void)state;
    start_with(&(struct httpc_config){.connections_max = 1});
    struct outcome first, second, third;
    send_call((struct httpc_call){.method = "GET"}, url_of(port, "/keep"), &first);
    until_kept(1);
    send_call((struct httpc_call){.method = "GET"}, url_of(port, "/greet"), &third);
    send_call((struct httpc_call){.method = "GET", .deadline = MILLISECONDS(50)}, url_of(port, "/greet"), &second);
    until_ended(&second);
    assert_int_equal(second.result, HTTPC_UNREACHABLE);
    assert_true(second.took >= MILLISECONDS(50));
    http_reply_json(kept[0], 200, STR("{}"));
    until_ended(&first);
    until_ended(&third);
    assert_int_equal(first.status, 200);
    assert_int_equal(third.status, 201);
    stop(NULL);
}

static void *send_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 100; i++)
        if (when_called((struct httpc_call){.method = "POST", .body = STR("{}")}, url_of(port, "/echo")).status != 200)
            return "failed";
    return NULL;
}

static void any_thread_may_send(void **state)
{
    (void)state;
    pthread_t threads[4];
    void *fault;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, send_some, NULL);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &fault);
        assert_null(fault);
    }
}

struct chain {
    struct outcome last;
    int left;
    char url[200];
};

static void again(void *ctx, const struct httpc_response *r)
{
    struct chain *chain = ctx;
    struct httpc_call next = {.method = "GET", .url = str_of(chain->url), .deadline = SECONDS(10), .done = again, .ctx = chain};
    if (r->result == HTTPC_ANSWERED && chain->left-- > 0)
        httpc_send(client, &next);
    else
        note(&chain->last, r);
}

static void a_done_may_send_the_next(void **state)
{
    (void)state;
    struct chain chain = {.left = 50};
    snprintf(chain.url, sizeof(chain.url), "%s", url_of(port, "/greet"));
    again(&chain, &(struct httpc_response){.result = HTTPC_ANSWERED});
    until_ended(&chain.last);
    assert_int_equal(chain.last.status, 201);
    assert_int_equal(chain.left, -1);
}

static void stopping_ends_every_call(void **state)
{
    (void)state;
    start_with(&(struct httpc_config){.connections_max = 3});
    static struct outcome outcomes[10];
    for (int i = 0; i < 10; i++)
        send_call((struct httpc_call){.method = "GET"}, url_of(port, "/keep"), &outcomes[i]);
    until_kept(3); /* three run, seven wait */
    httpc_stop(client);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(outcomes[i].times, 1);
        assert_int_equal(outcomes[i].result, HTTPC_SILENT);
    }
    for (int i = 0; i < 3; i++)
        http_reply_json(kept[i], 200, STR("{}"));
    http_stop(server, SECONDS(10));
}

static void numbers_are_shown(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    struct metrics_page page = {.out = &out};
    when_got(url_of(port, "/greet"));
    httpc_show(client, &page);
    assert_non_null(strstr(out.p, "jumun_httpc_calls_total{result=\"answered\"} 1\n"));
    assert_non_null(strstr(out.p, "jumun_httpc_under_way 0\n"));
    buf_release(&out);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(an_answer_comes_back_whole),
        WITH_SERVER(every_method_and_body_arrives),
        WITH_SERVER(only_what_belongs_to_the_call_goes_and_comes),
        WITH_SERVER(a_large_body_is_sent_without_asking),
        WITH_SERVER(a_redirect_is_an_answer),
        WITH_SERVER(a_proxy_of_the_environment_is_not_used),
        cmocka_unit_test(too_large_an_answer_is_no_answer),
        WITH_SERVER(a_refused_port_is_unreachable),
        cmocka_unit_test(an_address_that_may_not_be_called_is_not_connected_to),
        WITH_SERVER(hosts_that_nobody_calls_any_more_are_forgotten),
        WITH_SERVER(what_cannot_be_sent_is_unreachable),
        WITH_SERVER(a_deadline_before_the_connection_stands_is_unreachable),
        WITH_SERVER(a_server_that_says_nothing_is_silent_at_the_deadline),
        WITH_SERVER(a_connection_that_ends_after_the_request_is_silent),
        WITH_SERVER(a_request_on_a_kept_connection_is_sent_once),
        WITH_SERVER(a_connection_that_ended_while_idle_is_not_used),
        cmocka_unit_test(calls_run_side_by_side),
        cmocka_unit_test(calls_over_the_limit_wait_for_a_connection),
        cmocka_unit_test(waiting_ends_at_the_deadline),
        WITH_SERVER(any_thread_may_send),
        WITH_SERVER(a_done_may_send_the_next),
        cmocka_unit_test(stopping_ends_every_call),
        WITH_SERVER(numbers_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
