/* A whole server, and a client that sends anything at all: it answers as HTTP or closes, never by a fault of its own, and serves the next
 * client. */
#include "http.h"
#include "fuzz.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned port;

/* Touches all that a handler may ask for. */
static void tell(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct str id = http_param(rq, "id"), rest = http_param(rq, "rest"), q = http_query(rq, "q"), trace = http_trace(rq);
    struct str body = http_body(rq);
    struct http_answer a = {.status = 200, .content_type = STR("text/plain")};
    a.body =
        arena_printf(http_arena(rq), "%.*s %.*s %.*s %.*s %.*s", STR_ARG(id), STR_ARG(rest), STR_ARG(q), STR_ARG(trace), STR_ARG(body));
    http_answer_header(&a, STR("X-Echo"), http_header(rq, "X-Echo"));
    http_reply(rq, &a);
}

struct thing {
    int64_t quantity;
};
static const struct json_field fields[] = {JSON_FIELD_RANGE(struct thing, quantity, "quantity", JSON_INTEGER, JSON_REQUIRED, 1, 9)};
static const struct json_shape shape = JSON_SHAPE(struct thing, fields, JSON_REFUSE_UNKNOWN);

static void decode(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct thing thing;
    if (http_decode(rq, &shape, &thing))
        http_reply_json(rq, 201, STR("{}"));
}

static const struct http_route routes[] = {
    {"GET", "/tell/{id}", tell, 0, NULL},
    {"*", "/files/{rest*}", tell, HTTP_ANY_BODY, NULL},
    {"POST", "/things", decode, HTTP_KEY_REQUIRED, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

/* ── two clients: one that behaves, on a connection that lasts, and one that sends the input ─────────────────────────────────────────────
 */

static int open_connection(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct linger at_once = {.l_onoff = 1}; /* no port waits for a late packet */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    invariant(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return fd;
}

static int neighbour;

/* The neighbour is served; and as there is one thread, whatever came before has been looked at. */
static void neighbour_is_served(void)
{
    static const char good[] = "GET /tell/me HTTP/1.1\r\nHost: a\r\n\r\n";
    static const struct str end = STR_CONST("\r\n\r\nme    ");
    char answer[1000] = "";
    size_t got = 0;
    invariant(send(neighbour, good, sizeof good - 1, MSG_NOSIGNAL) == (ssize_t)sizeof good - 1);
    while (got < end.n || memcmp(answer + got - end.n, end.p, end.n) != 0) {
        ssize_t more = recv(neighbour, answer + got, sizeof answer - got, 0);
        invariant(more > 0); /* neither closed, nor another answer; a silence libFuzzer ends */
        got += (size_t)more;
    }
    invariant(memcmp(answer, "HTTP/1.1 200 OK\r\n", 17) == 0);
}

/* libFuzzer looks at the clock by a signal: what that interrupts goes on. */
static void be_patient(void)
{
    struct sigaction a;
    sigaction(SIGALRM, NULL, &a);
    a.sa_flags |= SA_RESTART;
    sigaction(SIGALRM, &a, NULL);
}

static void set_up(void)
{
    char problem[200];
    if (port)
        return;
    (void)signal(SIGPIPE, SIG_IGN);
    be_patient();
    struct http_server *s = http_start(
        &(struct http_config){.listen = "127.0.0.1:0", .routes = routes, .body_max = 1000, .request_timeout = SECONDS(60)}, problem);
    invariant(s);
    port = http_port(s);
    neighbour = open_connection();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char answer[256 * 1024];
    set_up();
    int fd = open_connection();
    if (n > 0)
        (void)send(fd, data, n, MSG_NOSIGNAL);
    neighbour_is_served();
    neighbour_is_served(); /* the first may have been ahead of the input */
    ssize_t got = recv(fd, answer, sizeof answer, MSG_DONTWAIT);
    close(fd);
    if (got > 0) {
        invariant(got > 12 && memcmp(answer, "HTTP/1.", 7) == 0);
        invariant((answer[9] >= '1' && answer[9] <= '4') || memcmp(answer + 9, "505", 3) == 0); /* HTTP/0.1 */
    }
    return 0;
}
