/*
 * Streams: answers that go on. Any thread leaves bytes in a bounded buffer; libmicrohttpd fetches them when the socket takes more.
 *
 * A stream without anything to send is suspended in libmicrohttpd, like a parked request, and whoever sends resumes it. While it is
 * suspended its socket is not watched; so the server's loop watches it by an epoll of its own for the client's leaving. A client that has
 * closed its sending side has left: TCP does not tell the one from the other.
 *
 * Fields of the server are touched only between stream_start() and stream_freed(): an answer that comes too late may outlive the server.
 */
#include "server.h"

#include "invariant.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_MAX ((size_t)64 * 1024)
#define BLOCK      ((size_t)4 * 1024) /* as much as libmicrohttpd fetches at once; an empty buffer that is larger is given back */

struct http_stream {
    struct http_request *request;
    struct MHD_Connection *connection;
    void (*ended)(void *ctx);
    void *ctx;
    size_t buffer_max;

    /* the server's thread */
    TAILQ_ENTRY(http_stream) link; /* under the server's lock */
    bool watched;

    pthread_mutex_t lock;       /* of all that follows; inside of the server's */
    struct http_server *server; /* NULL before stream_start() */
    int fd;
    struct buf bytes;
    size_t fetched; /* of bytes */
    bool suspended; /* had nothing to send */
    bool closing;   /* what is in the buffer is the last */
    bool broken;    /* not even that is sent */
};

/* ── the owner's side ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct http_stream *http_stream_new(struct http_request *rq, const struct http_stream_config *config)
{
    struct http_stream *st = NEW(struct http_stream);
    st->request = rq;
    st->connection = rq->connection;
    st->ended = config->ended;
    st->ctx = config->ctx;
    st->buffer_max = config->buffer_max ? config->buffer_max : BUFFER_MAX;
    pthread_mutex_init(&st->lock, NULL);
    buf_init(&st->bytes);
    return st;
}

/* With the lock held. */
static void resume(struct http_stream *st)
{
    if (!st->suspended)
        return;
    st->suspended = false;
    MHD_resume_connection(st->connection);
    server_wake(st->server);
}

/* With the lock held. libmicrohttpd may be waiting for the socket to take more: its end wakes it up. */
static void break_off(struct http_stream *st)
{
    if (st->server && !st->broken && !st->suspended)
        shutdown(st->fd, SHUT_RDWR);
    st->broken = true;
    resume(st);
}

static void append(struct http_stream *st, struct str bytes)
{
    if (st->fetched > st->bytes.n / 2) {
        memmove(st->bytes.p, st->bytes.p + st->fetched, st->bytes.n - st->fetched);
        st->bytes.n -= st->fetched;
        st->fetched = 0;
    }
    buf_add(&st->bytes, bytes);
}

bool http_stream_send(struct http_stream *st, struct str bytes)
{
    pthread_mutex_lock(&st->lock);
    bool open = !st->closing && !st->broken;
    if (open && st->bytes.n - st->fetched + bytes.n > st->buffer_max) {
        open = false;
        if (st->server)
            counter_add(&st->server->streams_cut, 1);
        break_off(st);
    } else if (open) {
        append(st, bytes);
        resume(st);
    }
    pthread_mutex_unlock(&st->lock);
    return open;
}

void http_stream_close(struct http_stream *st)
{
    pthread_mutex_lock(&st->lock);
    st->closing = true;
    resume(st);
    pthread_mutex_unlock(&st->lock);
}

void http_stream_abort(struct http_stream *st)
{
    pthread_mutex_lock(&st->lock);
    break_off(st);
    pthread_mutex_unlock(&st->lock);
}

/* ── libmicrohttpd's side ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void watch(struct http_stream *st)
{
    struct epoll_event e = {.events = EPOLLRDHUP | EPOLLET, .data.ptr = st};
    if (!st->watched)
        invariant(epoll_ctl(st->server->leaving, EPOLL_CTL_ADD, st->fd, &e) == 0);
    st->watched = true;
}

static size_t fetch(struct http_stream *st, char *to, size_t max)
{
    size_t n = st->bytes.n - st->fetched;
    n = n < max ? n : max;
    memcpy(to, st->bytes.p + st->fetched, n);
    st->fetched += n;
    if (st->fetched < st->bytes.n)
        return n;
    st->fetched = 0;
    if (st->bytes.room > BLOCK)
        buf_release(&st->bytes);
    else
        buf_clear(&st->bytes);
    return n;
}

static ssize_t stream_read(void *cls, uint64_t position, char *to, size_t max)
{
    (void)position;
    struct http_stream *st = cls;
    ssize_t result = 0;
    pthread_mutex_lock(&st->lock);
    if (st->broken) {
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (st->fetched < st->bytes.n) {
        result = (ssize_t)fetch(st, to, max);
    } else if (st->closing) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        watch(st);
        st->suspended = true;
        MHD_suspend_connection(st->connection);
    }
    pthread_mutex_unlock(&st->lock);
    return result;
}

/* Before the socket is closed; or in place of an answer that came too late. */
static void stream_freed(void *cls)
{
    struct http_stream *st = cls;
    struct http_server *s = st->server;
    if (st->watched)
        (void)epoll_ctl(s->leaving, EPOLL_CTL_DEL, st->fd, NULL);
    if (s) {
        pthread_mutex_lock(&s->lock);
        TAILQ_REMOVE(&s->streams, st, link);
        pthread_mutex_unlock(&s->lock);
        gauge_add(&s->stream_count, -1);
    }
    st->ended(st->ctx);
    buf_release(&st->bytes);
    pthread_mutex_destroy(&st->lock);
    free(st);
}

void http_stream_begin(struct http_stream *st, const struct http_answer *head)
{
    struct http_request *rq = st->request;
    if (str_is(rq->method, "HEAD")) { /* libmicrohttpd would send the end of a body */
        http_reply(rq, head);
        stream_freed(st);
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, stream_read, st, stream_freed);
    invariant(response);
    answer_head(rq, head, response);
    rq->stream = st;
    park_deliver(rq, response);
}

/* ── the server's side ───────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void stream_start(struct http_stream *st)
{
    struct http_server *s = st->request->server;
    pthread_mutex_lock(&s->lock);
    pthread_mutex_lock(&st->lock);
    st->server = s;
    st->fd = st->request->peer->fd;
    st->closing |= atomic_load(&s->draining);
    TAILQ_INSERT_TAIL(&s->streams, st, link);
    pthread_mutex_unlock(&st->lock);
    pthread_mutex_unlock(&s->lock);
    gauge_add(&s->stream_count, 1);
}

void stream_each_leaving(struct http_server *s)
{
    struct epoll_event events[64];
    int n = epoll_wait(s->leaving, events, 64, 0);
    for (int i = 0; i < n; i++)
        http_stream_abort(events[i].data.ptr);
}

void stream_end_all(struct http_server *s, void (*end)(struct http_stream *st))
{
    struct http_stream *st;
    TAILQ_FOREACH (st, &s->streams, link)
        end(st);
}
