/* A client that says exactly what a test wants said, byte for byte, and reads what comes back. */
#ifndef JUMUN_HTTP_TEST_CLIENT_H
#define JUMUN_HTTP_TEST_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

struct client {
    int fd;
    size_t n; /* received, not yet read */
    char bytes[128 * 1024];
};

struct reply {
    int status; /* 0: the connection ended without an answer */
    char head[8192];
    char body[64 * 1024];
};

static inline int client_try(unsigned port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 60};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline struct client *client_connect(unsigned port)
{
    struct client *c = calloc(1, sizeof(*c));
    c->fd = client_try(port);
    assert_true(c->fd >= 0);
    return c;
}

static inline void client_close(struct client *c)
{
    close(c->fd);
    free(c);
}

static inline void client_say_bytes(struct client *c, const char *bytes, size_t n)
{
    while (n) {
        ssize_t sent = send(c->fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* the server may have had enough; what it answered tells */
        bytes += sent;
        n -= (size_t)sent;
    }
}

static inline void client_say(struct client *c, const char *text)
{
    client_say_bytes(c, text, strlen(text));
}

static inline bool client_receive(struct client *c)
{
    assert_true(c->n < sizeof(c->bytes) - 1);
    ssize_t n = recv(c->fd, c->bytes + c->n, sizeof(c->bytes) - 1 - c->n, 0);
    assert_false(n < 0 && errno == EAGAIN); /* nothing for a minute */
    if (n <= 0)
        return false;
    c->n += (size_t)n;
    c->bytes[c->n] = '\0';
    return true;
}

static inline const char *reply_header(const struct reply *r, const char *name)
{
    static _Thread_local char value[1024];
    size_t n = strlen(name);
    for (const char *line = strstr(r->head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') {
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + n + 4, "\r"), line + n + 4);
            return value;
        }
    return NULL;
}

static inline void client_read(struct client *c, struct reply *r, bool has_body)
{
    char *end;
    r->status = 0;
    r->head[0] = r->body[0] = '\0';
    while (!(end = c->n ? strstr(c->bytes, "\r\n\r\n") : NULL))
        if (!client_receive(c))
            return;
    size_t head = (size_t)(end - c->bytes) + 4;
    snprintf(r->head, sizeof(r->head), "%.*s", (int)head, c->bytes);
    assert_int_equal(strncmp(r->head, "HTTP/1.1 ", 9), 0);
    r->status = (int)strtol(r->head + 9, NULL, 10);
    const char *length = reply_header(r, "Content-Length");
    size_t body = has_body && length ? strtoul(length, NULL, 10) : 0;
    while (c->n < head + body)
        assert_true(client_receive(c));
    assert_true(body < sizeof(r->body));
    memcpy(r->body, c->bytes + head, body);
    r->body[body] = '\0';
    c->n -= head + body;
    memmove(c->bytes, c->bytes + head + body, c->n + 1);
}

/* Nothing more comes, and the connection ends. */
static inline bool client_at_end(struct client *c)
{
    return c->n == 0 && !client_receive(c);
}

/* Whatever still comes, it is not an answer to another request. */
static inline bool client_gets_nothing_more(struct client *c)
{
    while (client_receive(c))
        ;
    return c->n == 0 || !strstr(c->bytes, " 200 OK");
}

static inline struct reply *client_ask(struct client *c, const char *text)
{
    static _Thread_local struct reply r;
    client_say(c, text);
    client_read(c, &r, strncmp(text, "HEAD", 4) != 0);
    return &r;
}

/* One request on a connection of its own. */
static inline struct reply *ask(unsigned port, const char *text)
{
    struct client *c = client_connect(port);
    struct reply *r = client_ask(c, text);
    client_close(c);
    return r;
}

#endif
