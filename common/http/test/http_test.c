/* What the server promises: routes, bodies, refusals, and requests that wait, whatever clients send and whoever answers when. */
#include "clock.h"
#include "http.h"
#include "route.h"

#include <curl/curl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

#include "client.h"

/* ── the server under test ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct http_server *server;
static unsigned port;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t kept_one = PTHREAD_COND_INITIALIZER;
static struct http_request *kept[1000];
static size_t kept_count;

static void hello(struct http_request *rq, void *ctx)
{
    (void)ctx;
    http_reply_json(rq, 200, STR("{\"hello\":\"world\"}"));
}

static void echo(struct http_request *rq, void *ctx)
{
    (void)ctx;
    http_reply_json(rq, 200, http_body(rq));
}

/* Holds the server's thread up, as no handler may, until a test lets it go on. */
static atomic_bool held, let_go;
static void hold(struct http_request *rq, void *ctx)
{
    (void)ctx;
    atomic_store(&held, true);
    while (!atomic_load(&let_go))
        poll(NULL, 0, 1);
    http_reply_json(rq, 200, STR("{}"));
}

static void keep(struct http_request *rq, void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&lock);
    kept[kept_count++] = rq;
    pthread_cond_signal(&kept_one);
    pthread_mutex_unlock(&lock);
}

/* Says what the request looks like to a handler. */
static void tell(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct http_answer a = {.status = 200, .content_type = STR("text/plain")};
    struct str id = http_param(rq, "id"), rest = http_param(rq, "rest"), q = http_query(rq, "q");
    a.body = arena_printf(http_arena(rq), "%s id=%.*s rest=%.*s q=%.*s x=%.*s from=%.*s", (const char *)http_route(rq)->route, STR_ARG(id),
                          STR_ARG(rest), STR_ARG(q), STR_ARG(http_header(rq, "X-Some")), STR_ARG(http_remote(rq)));
    http_answer_header(&a, STR("X-Method"), http_method(rq));
    http_answer_header(&a, STR("Content-Length"), STR("1"));
    http_reply(rq, &a);
}

struct thing {
    int64_t quantity;
};
static const struct json_field thing_fields[] = {JSON_FIELD_RANGE(struct thing, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, 9)};
static const struct json_shape thing_shape = JSON_SHAPE(struct thing, thing_fields, JSON_REFUSE_UNKNOWN);

static void decode(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct thing thing;
    struct uuid id;
    if (http_param_id(rq, "id", &id) && http_decode(rq, &thing_shape, &thing))
        http_reply_json(rq, 201, STR("{}"));
}

static const struct http_route routes[] = {
    {"GET", "/", hello, 0, NULL},
    {"GET", "/hello", hello, 0, NULL},
    {"GET", "/hold", hold, 0, NULL},
    {"POST", "/echo", echo, 0, NULL},
    {"POST", "/bytes", echo, HTTP_ANY_BODY, NULL},
    {"GET", "/keep", keep, 0, NULL},
    {"POST", "/keep", keep, 0, NULL},
    {"GET", "/tell/{id}", tell, 0, "param"},
    {"DELETE", "/tell/{id}", tell, 0, "param"},
    {"GET", "/tell/all", tell, 0, "literal"},
    {"*", "/tell/files/{rest*}", tell, 0, "rest"},
    {"POST", "/things/{id}", decode, 0, NULL},
    {"POST", "/key", hello, HTTP_KEY_REQUIRED, NULL},
    {"POST", "/may-key", hello, HTTP_KEY_ACCEPTED, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

static void given_server(struct http_config config)
{
    char problem[200] = "";
    config.listen = "127.0.0.1:0";
    config.routes = routes;
    server = http_start(&config, problem);
    assert_non_null(server);
    port = http_port(server);
    kept_count = 0;
}

static int start(void **state)
{
    (void)state;
    given_server((struct http_config){.body_max = 1000});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_stop(server, SECONDS(10));
    return 0;
}

/* The oldest request that a handler kept. */
static struct http_request *when_kept(void)
{
    pthread_mutex_lock(&lock);
    while (kept_count == 0)
        pthread_cond_wait(&kept_one, &lock);
    struct http_request *rq = kept[0];
    memmove(kept, kept + 1, --kept_count * sizeof(kept[0]));
    pthread_mutex_unlock(&lock);
    return rq;
}

static bool parked_is(void *n)
{
    return http_parked(server) == *(unsigned *)n;
}

static void wait_until(bool (*condition)(void *ctx), void *ctx)
{
    for (duration limit = clock_monotonic() + SECONDS(60); !condition(ctx); poll(NULL, 0, 1))
        assert_true(clock_monotonic() < limit);
}

#define HEAD "Host: a\r\n"
#define JSON "Content-Type: application/json\r\n"

/* ── routes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_handler_answers(void **state)
{
    (void)state;
    struct reply *r = ask(port, "GET /hello HTTP/1.1\r\n" HEAD "\r\n");
    assert_int_equal(r->status, 200);
    assert_string_equal(reply_header(r, "Content-Type"), "application/json");
    assert_string_equal(r->body, "{\"hello\":\"world\"}");
    assert_int_equal(ask(port, "GET / HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
}

static void a_handler_sees_the_request(void **state)
{
    (void)state;
    struct reply *r = ask(port, "GET /tell/%EC%B0%A8%2F1?p=1&q=a+b%26c&q=2 HTTP/1.1\r\n" HEAD "x-some:  v \r\n\r\n");
    assert_string_equal(r->body, "param id=차/1 rest= q=a b&c x=v from=127.0.0.1");
    assert_string_equal(reply_header(r, "X-Method"), "GET");
}

static void the_more_literal_route_is_taken(void **state)
{
    (void)state;
    assert_memory_equal(ask(port, "GET /tell/all HTTP/1.1\r\n" HEAD "\r\n")->body, "literal ", 8);
    assert_memory_equal(ask(port, "DELETE /tell/all HTTP/1.1\r\n" HEAD "\r\n")->body, "param id=all ", 13);
    assert_memory_equal(ask(port, "GET /tell/files HTTP/1.1\r\n" HEAD "\r\n")->body, "param id=files ", 15);
    assert_memory_equal(ask(port, "PUT /tell/files/a%20b/ HTTP/1.1\r\n" HEAD "\r\n")->body, "rest id= rest=a%20b/ ", 21);
}

static void what_is_not_there_is_404(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nowhere", "/hello/", "//hello", "/tell/", "/tell/a/b", "/hell"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" HEAD "\r\n", paths[i]);
        struct reply *r = ask(port, text);
        assert_int_equal(r->status, 404);
        assert_string_equal(reply_header(r, "Content-Type"), "application/problem+json");
        assert_non_null(strstr(r->body, "\"type\":\"/problems/not-found\""));
    }
}

static const struct http_route some_routes[] = {
    {"GET", "/a/b/{id}", hello, 0, "param"}, {"GET", "/a/c", hello, 0, "shorter"},       {"GET", "/a/b/c", hello, 0, "literal"},
    {"GET", "/a/{rest*}", hello, 0, "rest"}, {"GET", "/a/b/c/{id}", hello, 0, "longer"},
};
#define SOME (sizeof some_routes / sizeof some_routes[0])

static void assert_takes(const struct route_table *t, const char *path, const char *route)
{
    struct arena arena;
    struct route_match match;
    struct str allow;
    arena_init(&arena);
    assert_true(route_find(t, STR("GET"), str_of(path), &arena, &match, &allow));
    assert_string_equal(match.route->route, route);
    arena_release(&arena);
}

static void the_more_literal_route_is_taken_in_whatever_order_they_stand(void **state)
{
    (void)state;
    for (size_t order = 0; order < 120; order++) { /* all of them: 5! */
        struct http_route table[SOME + 1] = {{0}};
        size_t left = order, at[SOME] = {0, 1, 2, 3, 4};
        for (size_t i = 0; i < SOME; i++) {
            size_t pick = left % (SOME - i);
            left /= SOME - i;
            table[i] = some_routes[at[pick]];
            at[pick] = at[SOME - i - 1];
        }
        struct route_table *t = route_table_new(table);
        assert_takes(t, "/a/b/c", "literal");
        assert_takes(t, "/a/b/d", "param");
        assert_takes(t, "/a/c", "shorter");
        assert_takes(t, "/a/b/c/d", "longer");
        assert_takes(t, "/a/x/y", "rest");
        route_table_free(t);
    }
}

static void another_method_is_405_and_names_those_allowed(void **state)
{
    (void)state;
    struct reply *r = ask(port, "PATCH /keep HTTP/1.1\r\n" HEAD "\r\n");
    assert_int_equal(r->status, 405);
    assert_string_equal(reply_header(r, "Allow"), "GET, HEAD, POST");
}

static void head_is_get_without_the_body(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    struct reply *r = client_ask(c, "HEAD /hello HTTP/1.1\r\n" HEAD "\r\n");
    assert_int_equal(r->status, 200);
    assert_string_equal(reply_header(r, "Content-Length"), "17");
    assert_string_equal(client_ask(c, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->body, "{\"hello\":\"world\"}");
    client_close(c);
}

/* ── bodies ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_body_comes_whole(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    client_say(c, "POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 7\r\n\r\n{\"a\"");
    assert_string_equal(client_ask(c, ":1}")->body, "{\"a\":1}");
    struct reply *r =
        client_ask(c, "POST /echo HTTP/1.1\r\n" HEAD JSON "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":2}\r\n0\r\n\r\n");
    assert_string_equal(r->body, "{\"a\":2}");
    r = client_ask(c, "POST /echo HTTP/1.1\r\n" HEAD "Content-Length: 0\r\n\r\n");
    assert_int_equal(r->status, 200);
    client_close(c);
}

static void a_body_must_be_json(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int status;
    } cases[] = {
        {"", 415},
        {"Content-Type: text/plain\r\n", 415},
        {"Content-Type: application/x-www-form-urlencoded\r\n", 415},
        {"Content-Type: application/json; charset=latin1\r\n", 415},
        {"Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 415},
        {"Content-Type: Application/JSON ; Charset=UTF-8\r\n", 200},
    };
    struct client *c = client_connect(port); /* a refusal does not cost the connection */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[400];
        snprintf(text, sizeof(text), "POST /echo HTTP/1.1\r\n" HEAD "%sContent-Length: 2\r\n\r\n{}", cases[i].type);
        assert_int_equal(client_ask(c, text)->status, cases[i].status);
    }
    assert_string_equal(client_ask(c, "POST /bytes HTTP/1.1\r\n" HEAD "Content-Length: 3\r\n\r\nabc")->body, "abc");
    client_close(c);
}

static void too_large_a_body_is_refused_unread(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    struct reply *r = client_ask(c, "POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 1001\r\n\r\n");
    assert_int_equal(r->status, 413);
    assert_string_equal(reply_header(r, "Connection"), "close");
    assert_true(client_at_end(c));
    client_close(c);
    assert_int_equal(ask(port, "POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 99999999999999999999\r\n\r\n")->status, 413);
}

static void an_endless_body_is_cut(void **state)
{
    (void)state;
    char chunk[600];
    int n = snprintf(chunk, sizeof(chunk), "200\r\n%0512d\r\n", 0);
    struct client *c = client_connect(port);
    client_say(c, "POST /echo HTTP/1.1\r\n" HEAD JSON "Transfer-Encoding: chunked\r\n\r\n");
    client_say_bytes(c, chunk, (size_t)n);
    struct reply *r = client_ask(c, chunk);
    assert_int_equal(r->status, 413);
    assert_non_null(strstr(r->body, "/problems/too-large"));
    client_close(c);
}

static void who_asks_first_is_told_first(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    client_say(c, "POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    struct reply r;
    client_read(c, &r, false);
    assert_int_equal(r.status, 100);
    assert_int_equal(client_ask(c, "{}")->status, 200);
    client_close(c);
    assert_int_equal(ask(port, "POST /hello HTTP/1.1\r\n" HEAD JSON "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")->status, 405);
}

static void a_shape_is_asked_for(void **state)
{
    (void)state;
#define THING "/things/0193a4c0-0000-7000-8000-000000000000"
    struct client *c = client_connect(port);
    assert_int_equal(client_ask(c, "POST " THING " HTTP/1.1\r\n" HEAD JSON "Content-Length: 14\r\n\r\n{\"quantity\":3}")->status, 201);
    struct reply *r = client_ask(c, "POST " THING " HTTP/1.1\r\n" HEAD JSON "Content-Length: 15\r\n\r\n{\"quantity\":30}");
    assert_int_equal(r->status, 422);
    assert_non_null(strstr(r->body, "\"pointer\":\"/quantity\""));
    r = client_ask(c, "POST " THING " HTTP/1.1\r\n" HEAD JSON "Content-Length: 5\r\n\r\n{\"qua");
    assert_int_equal(r->status, 400);
    assert_non_null(strstr(r->body, "/problems/malformed-json"));
    assert_int_equal(client_ask(c, "POST " THING " HTTP/1.1\r\n" HEAD "\r\n")->status, 400);
    assert_int_equal(client_ask(c, "POST /things/7 HTTP/1.1\r\n" HEAD "\r\n")->status, 404);
    client_close(c);
}

static void an_idempotency_key_is_checked(void **state)
{
    (void)state;
    char text[600];
    assert_int_equal(ask(port, "POST /key HTTP/1.1\r\n" HEAD "\r\n")->status, 400);
    assert_int_equal(ask(port, "POST /key HTTP/1.1\r\n" HEAD "Idempotency-Key: k-1\r\n\r\n")->status, 200);
    assert_int_equal(ask(port, "POST /may-key HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    assert_int_equal(ask(port, "POST /may-key HTTP/1.1\r\n" HEAD "Idempotency-Key: a b\r\n\r\n")->status, 400);
    assert_int_equal(ask(port, "POST /may-key HTTP/1.1\r\n" HEAD "Idempotency-Key:\r\n\r\n")->status, 400);
    snprintf(text, sizeof(text), "POST /key HTTP/1.1\r\n" HEAD "Idempotency-Key: %0255d\r\n\r\n", 0);
    assert_int_equal(ask(port, text)->status, 200);
    snprintf(text, sizeof(text), "POST /key HTTP/1.1\r\n" HEAD "Idempotency-Key: %0256d\r\n\r\n", 0);
    assert_int_equal(ask(port, text)->status, 400);
}

/* ── bad input ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define BAD(text)                                                                                                                          \
    {                                                                                                                                      \
        text, sizeof(text) - 1                                                                                                             \
    }

static void malformed_requests_are_400_and_end_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {
        /* two readers, two readings */
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 2, 2\r\n\r\n{}"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: +2\r\n\r\n{}"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: -2\r\n\r\n{}"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length:\r\n\r\n{}"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Transfer-Encoding: identity\r\n\r\n"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        BAD("POST /echo HTTP/1.0\r\n" HEAD JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length : 2\r\n\r\n{}"),
        BAD("POST /echo HTTP/1.1\r\n" HEAD JSON "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        /* lines */
        BAD("GET /hello HTTP/1.1\nHost: a\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX: b\n\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX: b\r\n\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\nY: d\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX: b\x01\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\n: no name\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nX(Y): b\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\n\r\n"),
        BAD("GET /hello HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"),
        /* the request line */
        BAD("GET  /hello HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /hello  HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /hello HTTP/1.1 \r\n" HEAD "\r\n"),
        BAD("GET\t/hello HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GE(T /hello HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET hello HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET http://a/hello HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("OPTIONS * HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /hello\r\n" HEAD "\r\n"),
        BAD("GET /hello HTTP/one\r\n" HEAD "\r\n"),
        /* the target */
        BAD("GET /tell/%zz HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/% HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/%4 HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /hello?q=%f HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/a%00 HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/a\0b HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /hello?q=%00 HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/%ff HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/%c0%80 HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/%ed%a0%80 HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/%e2%82 HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/\xec\xb0\xa8 HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/a#b HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/../hello HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/%2e%2E HTTP/1.1\r\n" HEAD "\r\n"),
        BAD("GET /tell/files/. HTTP/1.1\r\n" HEAD "\r\n"),
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct client *c = client_connect(port);
        struct reply r;
        client_say_bytes(c, cases[i].text, cases[i].n);
        client_read(c, &r, true);
        if (r.status != 400)
            fail_msg("status %d for %s", r.status, cases[i].text);
        if (!client_gets_nothing_more(c))
            fail_msg("something followed after %s", cases[i].text);
        client_close(c);
    }
}

static void what_looks_odd_but_is_right_is_taken(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "GET /tell/.a HTTP/1.1\r\n" HEAD "\r\n",
        "GET /tell/... HTTP/1.1\r\n" HEAD "\r\n",
        "GET /tell/a..b?x=.. HTTP/1.1\r\n" HEAD "\r\n",
        "GET /tell/%f0%9f%8d%b5 HTTP/1.1\r\n" HEAD "\r\n",
        "GET /tell/a?a[]={b}|c HTTP/1.1\r\n" HEAD "\r\n",
        "GET /tell/a HTTP/1.1\r\nHost:a\r\nX: \r\nY:\t\tb\t\r\nCookie: a=b; c\r\n\r\n",
        "\r\nGET /tell/a HTTP/1.1\r\n" HEAD "\r\n",
        "GET /tell/a HTTP/1.0\r\n\r\n",
        "POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 002\r\n\r\n{}",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (ask(port, cases[i])->status != 200)
            fail_msg("refused: %s", cases[i]);
}

static void too_long_a_head_is_refused(void **state)
{
    (void)state;
    static char text[60 * 1024];
    snprintf(text, sizeof(text), "GET /hello HTTP/1.1\r\n" HEAD "X: %050000d\r\n\r\n", 0);
    assert_int_equal(ask(port, text)->status, 431);
    snprintf(text, sizeof(text), "GET /hello?%050000d HTTP/1.1\r\n" HEAD "\r\n", 0);
    assert_int_equal(ask(port, text)->status, 414);
}

static void slow_senders_are_told_and_cut(void **state)
{
    (void)state;
    given_server((struct http_config){.request_timeout = SECONDS(1)});
    struct client *c = client_connect(port);
    struct reply *r = client_ask(c, "POST /echo HTTP/1.1\r\n" HEAD JSON "Content-Length: 9\r\n\r\n{");
    assert_int_equal(r->status, 408);
    assert_true(client_at_end(c));
    client_close(c);
    c = client_connect(port);
    assert_int_equal(client_ask(c, "GET /hello HTTP/1.1\r\nHost:")->status, 408);
    client_close(c);
    c = client_connect(port);
    assert_true(client_at_end(c)); /* said nothing: nothing is said */
    client_close(c);
    http_stop(server, 0);
}

/* One byte, again and again, keeps a connection from falling silent, but not for ever. */
static void a_head_that_drips_is_cut(void **state)
{
    (void)state;
    given_server((struct http_config){.request_timeout = SECONDS(1)});
    int dripping = client_try(port);
    struct pollfd end = {.fd = dripping, .events = POLLIN};
    for (duration limit = clock_monotonic() + SECONDS(20); poll(&end, 1, 200) == 0;) {
        assert_true(clock_monotonic() < limit);
        (void)send(dripping, "G", 1, MSG_NOSIGNAL);
    }
    close(dripping);
    http_stop(server, 0);
}

static void who_comes_when_it_is_full_is_told(void **state)
{
    (void)state;
    given_server((struct http_config){.connection_max = 1});
    struct client *first = client_connect(port), *second = client_connect(port);
    assert_int_equal(client_ask(first, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    struct reply *r = client_ask(second, "GET /hello HTTP/1.1\r\n" HEAD "\r\n");
    assert_int_equal(r->status, 503);
    assert_non_null(reply_header(r, "Retry-After"));
    assert_true(client_at_end(second));
    assert_int_equal(client_ask(first, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    client_close(first);
    client_close(second);
    http_stop(server, 0);
}

static void one_address_may_have_so_many_connections(void **state)
{
    (void)state;
    given_server((struct http_config){.connections_each = 2});
    struct client *c[3];
    for (int i = 0; i < 3; i++)
        c[i] = client_connect(port);
    assert_int_equal(client_ask(c[0], "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    assert_int_equal(client_ask(c[1], "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    assert_true(client_at_end(c[2]));
    for (int i = 0; i < 3; i++)
        client_close(c[i]);
    http_stop(server, 0);
}

/* ── parked requests ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_answer_may_come_later(void **state)
{
    (void)state;
    unsigned one = 1;
    struct client *c = client_connect(port), *other = client_connect(port);
    client_say(c, "POST /keep HTTP/1.1\r\n" HEAD JSON "Content-Length: 2\r\n\r\n{}");
    struct http_request *rq = when_kept();
    wait_until(parked_is, &one);
    assert_int_equal(client_ask(other, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200); /* waits for nobody */
    http_reply(rq, &(struct http_answer){.status = 201, .body = http_body(rq)});
    struct reply r;
    client_read(c, &r, true);
    assert_int_equal(r.status, 201);
    assert_string_equal(r.body, "{}");
    assert_int_equal(http_parked(server), 0);
    assert_int_equal(client_ask(c, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200); /* the connection lives on */
    client_close(c);
    client_close(other);
}

static void requests_in_a_row_are_answered_in_order(void **state)
{
    (void)state;
    struct client *c = client_connect(port);
    struct reply r;
    client_say(c, "GET /keep HTTP/1.1\r\n" HEAD "\r\nPOST /echo HTTP/1.1\r\n" HEAD JSON
                  "Content-Length: 2\r\n\r\n{}GET /nowhere HTTP/1.1\r\n" HEAD "\r\nGET /hello HTTP/1.1\r\n" HEAD "\r\n");
    http_reply_json(when_kept(), 202, STR("{\"first\":true}"));
    client_read(c, &r, true);
    assert_string_equal(r.body, "{\"first\":true}");
    client_read(c, &r, true);
    assert_string_equal(r.body, "{}");
    client_read(c, &r, true);
    assert_int_equal(r.status, 404);
    client_read(c, &r, true);
    assert_string_equal(r.body, "{\"hello\":\"world\"}");
    client_close(c);
}

static void a_client_may_leave_while_it_waits(void **state)
{
    (void)state;
    unsigned none = 0, one = 1;
    struct client *c = client_connect(port);
    client_say(c, "GET /keep HTTP/1.1\r\n" HEAD "\r\n");
    struct http_request *rq = when_kept();
    wait_until(parked_is, &one);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    client_close(c);
    http_reply_json(rq, 200, STR("{}"));
    wait_until(parked_is, &none);
    assert_int_equal(ask(port, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
}

struct storm {
    atomic_int left; /* answers still to give */
};

static void *answer_all(void *arg)
{
    struct storm *storm = arg;
    while (atomic_fetch_sub(&storm->left, 1) > 0)
        http_reply_json(when_kept(), 200, STR("{}"));
    return NULL;
}

static void *ask_many(void *arg)
{
    (void)arg;
    struct client *c = client_connect(port);
    struct reply *r = calloc(1, sizeof(*r));
    for (int i = 0; i < 200; i++) {
        client_say(c, "GET /keep HTTP/1.1\r\n" HEAD "\r\n");
        client_read(c, r, true);
        assert_int_equal(r->status, 200);
    }
    free(r);
    client_close(c);
    return NULL;
}

/* Answers race with parking: some come before the handler has returned, some after. */
static void answers_from_many_threads_find_their_requests(void **state)
{
    (void)state;
    enum { CLIENTS = 8, ANSWERERS = 3 };
    struct storm storm = {.left = CLIENTS * 200};
    pthread_t clients[CLIENTS], answerers[ANSWERERS];
    for (int i = 0; i < ANSWERERS; i++)
        pthread_create(&answerers[i], NULL, answer_all, &storm);
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, ask_many, NULL);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    for (int i = 0; i < ANSWERERS; i++)
        pthread_join(answerers[i], NULL);
    assert_int_equal(http_parked(server), 0);
}

static bool is_held(void *ctx)
{
    (void)ctx;
    return atomic_load(&held);
}

/* As many at once as one look at epoll can bring (128), and one fewer and more: none is left waiting for the next event. */
static void a_crowd_is_served_at_once(void **state)
{
    (void)state;
    enum { CROWD = 257 };
    static const int sizes[] = {127, 128, 129, 256, CROWD};
    given_server((struct http_config){.request_timeout = SECONDS(60)});
    struct client *clients[CROWD], *holder = client_connect(port);
    for (int i = 0; i < CROWD; i++) {
        clients[i] = client_connect(port);
        assert_int_equal(client_ask(clients[i], "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    }
    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
        struct reply r;
        atomic_store(&held, false);
        atomic_store(&let_go, false);
        client_say(holder, "GET /hold HTTP/1.1\r\n" HEAD "\r\n");
        wait_until(is_held, NULL);
        for (int i = 0; i < sizes[k]; i++)
            client_say(clients[i], "GET /hello HTTP/1.1\r\n" HEAD "\r\n");
        atomic_store(&let_go, true);
        for (int i = 0; i < sizes[k]; i++) {
            client_read(clients[i], &r, true);
            assert_int_equal(r.status, 200);
        }
        client_read(holder, &r, true);
    }
    for (int i = 0; i < CROWD; i++)
        client_close(clients[i]);
    client_close(holder);
    http_stop(server, SECONDS(10));
}

/* ── ending ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_server_that_sees_off_serves_all_and_ends_their_connections(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    struct client *known = client_connect(port);
    assert_int_equal(client_ask(known, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    http_see_off(server);
    struct client *fresh = client_connect(port), *each[] = {known, fresh};
    for (int i = 0; i < 2; i++) {
        struct reply *r = client_ask(each[i], "GET /hello HTTP/1.1\r\n" HEAD "\r\n");
        assert_int_equal(r->status, 200);
        assert_string_equal(reply_header(r, "Connection"), "close");
        assert_true(client_at_end(each[i]));
        client_close(each[i]);
    }
    http_stop(server, SECONDS(10));
}

static void draining_finishes_what_is_there_and_takes_nothing_new(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    struct client *waiting = client_connect(port), *idle = client_connect(port);
    assert_int_equal(client_ask(idle, "GET /hello HTTP/1.1\r\n" HEAD "\r\n")->status, 200);
    client_say(waiting, "GET /keep HTTP/1.1\r\n" HEAD "\r\n");
    struct http_request *rq = when_kept();
    http_drain(server);
    assert_int_equal(client_try(port), -1);
    struct reply *r = client_ask(idle, "GET /hello HTTP/1.1\r\n" HEAD "\r\n");
    assert_int_equal(r->status, 503);
    assert_string_equal(reply_header(r, "Connection"), "close");
    assert_true(client_at_end(idle));
    http_reply_json(rq, 200, STR("{}"));
    client_read(waiting, r, true);
    assert_int_equal(r->status, 200);
    assert_string_equal(reply_header(r, "Connection"), "close");
    assert_true(client_at_end(waiting));
    http_stop(server, SECONDS(10));
    client_close(waiting);
    client_close(idle);
}

static void *stop_patiently(void *arg)
{
    http_stop(arg, SECONDS(10));
    return NULL;
}

static bool refuses_connections(void *ctx)
{
    (void)ctx;
    int fd = client_try(port);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static void stopping_waits_for_answers(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    struct client *c = client_connect(port);
    struct reply r;
    pthread_t stopper;
    client_say(c, "GET /keep HTTP/1.1\r\n" HEAD "\r\n");
    struct http_request *rq = when_kept();
    pthread_create(&stopper, NULL, stop_patiently, server);
    wait_until(refuses_connections, NULL);
    http_reply_json(rq, 200, STR("{\"in\":\"time\"}"));
    client_read(c, &r, true);
    assert_string_equal(r.body, "{\"in\":\"time\"}");
    pthread_join(stopper, NULL);
    client_close(c);
}

static void stopping_does_not_wait_for_ever(void **state)
{
    (void)state;
    given_server((struct http_config){0});
    struct client *c = client_connect(port);
    struct reply r;
    client_say(c, "GET /keep HTTP/1.1\r\n" HEAD "\r\n");
    struct http_request *rq = when_kept();
    http_stop(server, MILLISECONDS(20));
    client_read(c, &r, true);
    assert_int_equal(r.status, 503);
    assert_true(client_at_end(c));
    assert_true(str_is(http_path(rq), "/keep"));
    http_reply_json(rq, 200, STR("{}")); /* too late, and harmless */
    client_close(c);
}

/* Some answers come just when patience ends. */
static void answers_may_race_with_the_end(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        enum { CLIENTS = 5 };
        struct client *c[CLIENTS];
        struct storm storm = {.left = CLIENTS};
        pthread_t answerer;
        given_server((struct http_config){0});
        for (int i = 0; i < CLIENTS; i++) {
            c[i] = client_connect(port);
            client_say(c[i], "GET /keep HTTP/1.1\r\n" HEAD "\r\n");
        }
        unsigned all = CLIENTS;
        wait_until(parked_is, &all);
        pthread_create(&answerer, NULL, answer_all, &storm);
        http_stop(server, round % 2 ? 0 : MILLISECONDS(1));
        pthread_join(answerer, NULL);
        for (int i = 0; i < CLIENTS; i++) {
            struct reply r;
            client_read(c[i], &r, true);
            assert_true(r.status == 200 || r.status == 503);
            client_close(c[i]);
        }
    }
}

/* ── the rest ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_port_that_is_taken_is_said(void **state)
{
    (void)state;
    char problem[200] = "", listen[64];
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
    assert_null(http_start(&(struct http_config){.listen = listen, .routes = routes}, problem));
    assert_non_null(strstr(problem, "Address already in use"));
    assert_null(http_start(&(struct http_config){.listen = "nonsense", .routes = routes}, problem));
    assert_non_null(strstr(problem, "host:port"));
}

static size_t collect(char *data, size_t one, size_t n, void *arg)
{
    (void)one;
    buf_add_bytes(arg, data, n);
    return n;
}

static void curl_is_served(void **state)
{
    (void)state;
    struct buf body = BUF_INIT;
    char url[100];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/echo", port);
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json; charset=utf-8");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "{\"by\":\"curl\"}");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    long connections = 0;
    for (int i = 0; i < 3; i++) {
        buf_clear(&body);
        assert_int_equal(curl_easy_perform(curl), CURLE_OK);
        assert_true(str_is(buf_str(&body), "{\"by\":\"curl\"}"));
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connections);
    }
    assert_int_equal(connections, 0); /* the third used the connection of the first */
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    buf_release(&body);
}

static void numbers_are_shown(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    struct metrics_page page = {.out = &out};
    struct client *c = client_connect(port);
    client_ask(c, "GET /hello HTTP/1.1\r\n" HEAD "\r\n");
    client_ask(c, "GET /nowhere HTTP/1.1\r\n" HEAD "\r\n"); /* its arrival: the first one is counted */
    http_show(server, "server=\"api\"", &page);
    assert_non_null(strstr(out.p, "jumun_http_requests_total{server=\"api\",status=\"2xx\"}"));
    assert_non_null(strstr(out.p, "jumun_http_connections{server=\"api\"} "));
    buf_release(&out);
    client_close(c);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)
    const struct CMUnitTest tests[] = {
        WITH_SERVER(a_handler_answers),
        WITH_SERVER(a_handler_sees_the_request),
        WITH_SERVER(the_more_literal_route_is_taken),
        WITH_SERVER(what_is_not_there_is_404),
        cmocka_unit_test(the_more_literal_route_is_taken_in_whatever_order_they_stand),
        WITH_SERVER(another_method_is_405_and_names_those_allowed),
        WITH_SERVER(head_is_get_without_the_body),
        WITH_SERVER(a_body_comes_whole),
        WITH_SERVER(a_body_must_be_json),
        WITH_SERVER(too_large_a_body_is_refused_unread),
        WITH_SERVER(an_endless_body_is_cut),
        WITH_SERVER(who_asks_first_is_told_first),
        WITH_SERVER(a_shape_is_asked_for),
        WITH_SERVER(an_idempotency_key_is_checked),
        WITH_SERVER(malformed_requests_are_400_and_end_the_connection),
        WITH_SERVER(what_looks_odd_but_is_right_is_taken),
        WITH_SERVER(too_long_a_head_is_refused),
        cmocka_unit_test(slow_senders_are_told_and_cut),
        cmocka_unit_test(a_head_that_drips_is_cut),
        cmocka_unit_test(who_comes_when_it_is_full_is_told),
        cmocka_unit_test(one_address_may_have_so_many_connections),
        WITH_SERVER(an_answer_may_come_later),
        WITH_SERVER(requests_in_a_row_are_answered_in_order),
        WITH_SERVER(a_client_may_leave_while_it_waits),
        WITH_SERVER(answers_from_many_threads_find_their_requests),
        cmocka_unit_test(a_crowd_is_served_at_once),
        cmocka_unit_test(a_server_that_sees_off_serves_all_and_ends_their_connections),
        cmocka_unit_test(draining_finishes_what_is_there_and_takes_nothing_new),
        cmocka_unit_test(stopping_waits_for_answers),
        cmocka_unit_test(stopping_does_not_wait_for_ever),
        cmocka_unit_test(answers_may_race_with_the_end),
        WITH_SERVER(a_port_that_is_taken_is_said),
        WITH_SERVER(curl_is_served),
        WITH_SERVER(numbers_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
