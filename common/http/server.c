/* Starts and stops the server, and shows its numbers. */
#include "server.h"

#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MAX        ((size_t)64 * 1024)
#define CONNECTION_MAX  2000
#define REQUEST_TIMEOUT SECONDS(10)
#define SURPLUS         64 /* connections over the limit that are let in to be told so */
/* Up to 32 KiB libmicrohttpd takes that from the heap and zeroes it all, and what a thousand connections have touched stays with the
   process. More than that are pages of their own: only those that are used are there, and they go with the connection. */
#define MEMORY   ((size_t)36 * 1024) /* of a connection: bounds the head of a request, and of an answer */
#define FAREWELL SECONDS(1)          /* for the last answers to leave */

static void lock_init(struct http_server *s)
{
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->calm, NULL);
}

static struct http_server *server_new(const struct http_config *c)
{
    struct http_server *s = NEW(struct http_server);
    s->routes = route_table_new(c->routes);
    s->ctx = c->ctx;
    s->body_max = c->body_max ? c->body_max : BODY_MAX;
    s->connection_max = c->connection_max ? c->connection_max : CONNECTION_MAX;
    s->connections_each = c->connections_each;
    s->request_timeout = c->request_timeout ? c->request_timeout : REQUEST_TIMEOUT;
    s->traced = c->traced;
    TAILQ_INIT(&s->quiet);
    TAILQ_INIT(&s->pool);
    TAILQ_INIT(&s->parked);
    TAILQ_INIT(&s->streams);
    lock_init(s);
    s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    s->leaving = epoll_create1(EPOLL_CLOEXEC);
    invariant(s->wake >= 0 && s->leaving >= 0);
    return s;
}

static void server_free(struct http_server *s)
{
    struct http_request *rq;
    while ((rq = TAILQ_FIRST(&s->pool))) {
        TAILQ_REMOVE(&s->pool, rq, link);
        request_free(rq);
    }
    if (s->listener >= 0)
        close(s->listener);
    close(s->wake);
    close(s->leaving);
    route_table_free(s->routes);
    pthread_cond_destroy(&s->calm);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static struct MHD_Daemon *daemon_start(struct http_server *s)
{
    unsigned seconds = (unsigned)((s->request_timeout + SECONDS(1) - 1) / SECONDS(1));
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL, exchange_step, s, //
                            MHD_OPTION_LISTEN_SOCKET, s->listener,                                                   //
                            MHD_OPTION_CONNECTION_LIMIT, s->connection_max + SURPLUS,                                //
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->connections_each,                                 //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY,                                              //
                            MHD_OPTION_CONNECTION_TIMEOUT, seconds,                                                  //
                            MHD_OPTION_URI_LOG_CALLBACK, exchange_first_line, s,                                     //
                            MHD_OPTION_UNESCAPE_CALLBACK, exchange_keep, s,                                          //
                            MHD_OPTION_NOTIFY_COMPLETED, exchange_end, s,                                            //
                            MHD_OPTION_NOTIFY_CONNECTION, peer_notify, s,                                            //
                            MHD_OPTION_END);
}

/* ── the server's thread ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void server_wake(struct http_server *s)
{
    if (!atomic_exchange(&s->woken, true))
        invariant(eventfd_write(s->wake, 1) == 0);
}

static int patience_of(struct http_server *s)
{
    MHD_UNSIGNED_LONG_LONG milliseconds;
    bool limited = MHD_get_timeout(s->daemon, &milliseconds) == MHD_YES;
    if (!TAILQ_EMPTY(&s->quiet) && (!limited || milliseconds > PEER_SWEEP / MILLISECONDS(1)))
        return PEER_SWEEP / MILLISECONDS(1);
    if (!limited)
        return -1;
    return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

/*
 * A loop of our own, because that of libmicrohttpd 0.9.75 waits once more, for its whole timeout, before it serves exactly as many events
 * as fit its table (128 requests at once stood still for 10 s). MHD_run() never waits.
 */
static void *server_loop(void *argument)
{
    struct http_server *s = argument;
    int epoll = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct pollfd fds[3] = {{.fd = epoll, .events = POLLIN}, {.fd = s->wake, .events = POLLIN}, {.fd = s->leaving, .events = POLLIN}};
    while (!atomic_load(&s->ending)) {
        eventfd_t wakes;
        (void)poll(fds, 3, patience_of(s));
        if (fds[1].revents) {
            (void)eventfd_read(s->wake, &wakes);
            atomic_store(&s->woken, false); /* last: who found it set did so before MHD_run(), which sees what he resumed */
        }
        if (fds[2].revents)
            stream_each_leaving(s);
        if (atomic_load(&s->draining))
            server_go_deaf(s);
        peer_sweep(s, clock_monotonic());
        MHD_run(s->daemon);
    }
    return NULL;
}

struct http_server *http_start(const struct http_config *config, char problem[200])
{
    struct http_server *s = server_new(config);
    s->listener = listen_open(config->listen, problem);
    if (s->listener < 0) {
        server_free(s);
        return NULL;
    }
    s->port = listen_port(s->listener);
    s->daemon = daemon_start(s);
    if (!s->daemon) {
        snprintf(problem, 200, "cannot serve on %s: %s", config->listen, strerror(errno));
        server_free(s);
        return NULL;
    }
    invariant(pthread_create(&s->thread, NULL, server_loop, s) == 0);
    return s;
}

unsigned http_port(const struct http_server *s)
{
    return s->port;
}

unsigned http_parked(const struct http_server *s)
{
    return (unsigned)atomic_load(&s->parked_count.value);
}

/* ── stopping ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void server_calm(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    pthread_cond_broadcast(&s->calm);
    pthread_mutex_unlock(&s->lock);
}

void server_go_deaf(struct http_server *s)
{
    if (atomic_load(&s->deaf))
        return;
    MHD_quiesce_daemon(s->daemon);
    shutdown(s->listener, SHUT_RD); /* who connects now is refused; libmicrohttpd wants the descriptor to live on */
    atomic_store(&s->deaf, true);
    server_calm(s);
}

void http_see_off(struct http_server *s)
{
    atomic_store(&s->seeing_off, true);
}

void http_drain(struct http_server *s)
{
    if (atomic_exchange(&s->draining, true))
        return;
    server_wake(s); /* libmicrohttpd may be quieted in its loop's thread only */
    duration until = clock_monotonic() + FAREWELL;
    pthread_mutex_lock(&s->lock);
    stream_end_all(s, http_stream_close);
    while (!atomic_load(&s->deaf) && clock_wait(&s->calm, &s->lock, until))
        ;
    pthread_mutex_unlock(&s->lock);
}

static void wait_for_requests(struct http_server *s, duration until)
{
    while ((atomic_load(&s->active) || !TAILQ_EMPTY(&s->parked)) && clock_wait(&s->calm, &s->lock, until))
        ;
}

void http_stop(struct http_server *s, duration patience)
{
    http_drain(s);
    pthread_mutex_lock(&s->lock);
    wait_for_requests(s, clock_monotonic() + patience);
    park_abandon(s);
    stream_end_all(s, http_stream_abort);
    while (!TAILQ_EMPTY(&s->parked)) /* somebody is just answering */
        pthread_cond_wait(&s->calm, &s->lock);
    wait_for_requests(s, clock_monotonic() + FAREWELL);
    pthread_mutex_unlock(&s->lock);
    atomic_store(&s->ending, true);
    server_wake(s);
    pthread_join(s->thread, NULL);
    MHD_stop_daemon(s->daemon);
    server_free(s);
}

/* ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void show_answers(const struct http_server *s, const char *labels, struct metrics_page *page)
{
    static const char *const classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        char all[200];
        bool more = labels && labels[0];
        snprintf(all, sizeof(all), "%s%sstatus=\"%s\"", more ? labels : "", more ? "," : "", classes[i]);
        if (i != 1)
            metrics_counter(page, "jumun_http_requests_total", "Requests, by the class of their answer; none: broken off.", all,
                            &s->answered[i]);
    }
}

void http_show(const struct http_server *s, const char *labels, struct metrics_page *page)
{
    show_answers(s, labels, page);
    metrics_histogram_time(page, "jumun_http_request_seconds", "From the request's first line to the end of the answer.", labels, &s->time);
    metrics_gauge(page, "jumun_http_parked", "Requests that wait for their answer.", labels, &s->parked_count);
    metrics_gauge(page, "jumun_http_streams", "Answers that go on.", labels, &s->stream_count);
    metrics_counter(page, "jumun_http_streams_cut_total", "Streams cut off because their clients were too slow.", labels, &s->streams_cut);
    metrics_gauge(page, "jumun_http_connections", "Open connections.", labels, &s->connections);
}
