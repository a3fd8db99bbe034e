/*
 * Keeps the connections: who they are, and which of them have gone quiet.
 *
 * libmicrohttpd closes a connection that sends nothing for the time allowed. One that sends a byte now and then would stay for hours, and
 * enough of them fill the server; so a head must be whole within a few times that time. The server's loop looks for such connections once a
 * second, as long as there is one without a whole head.
 */
#include "server.h"

#include "clock.h"
#include "memory.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PATIENCE 3 /* times the time allowed without a byte */

static void address_write(const struct sockaddr *a, char text[INET6_ADDRSTRLEN])
{
    if (a && a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, INET6_ADDRSTRLEN);
    else if (a && a->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text, INET6_ADDRSTRLEN);
}

static void peer_come(struct http_server *s, struct MHD_Connection *connection, void **context)
{
    struct peer *p = NEW(struct peer);
    p->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    address_write(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr, p->address);
    gauge_add(&s->connections, 1);
    p->surplus = atomic_load(&s->connections.value) > s->connection_max;
    *context = p;
    peer_quiet(s, p, clock_monotonic());
    if (atomic_load(&s->draining))
        server_go_deaf(s);
}

static void peer_go(struct http_server *s, void **context)
{
    struct peer *p = *context;
    gauge_add(&s->connections, -1);
    peer_busy(s, p);
    free(p);
    *context = NULL;
}

void peer_notify(void *cls, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        peer_come(cls, connection, context);
    else if (*context)
        peer_go(cls, context);
}

struct peer *peer_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void peer_quiet(struct http_server *s, struct peer *p, duration now)
{
    peer_busy(s, p);
    p->quiet = true;
    p->quiet_since = now;
    TAILQ_INSERT_TAIL(&s->quiet, p, link);
}

void peer_busy(struct http_server *s, struct peer *p)
{
    if (p->quiet)
        TAILQ_REMOVE(&s->quiet, p, link);
    p->quiet = false;
}

void peer_sweep(struct http_server *s, duration now)
{
    if (TAILQ_EMPTY(&s->quiet) || now - s->swept < PEER_SWEEP)
        return;
    s->swept = now;
    struct peer *p;
    while ((p = TAILQ_FIRST(&s->quiet)) && now - p->quiet_since > PATIENCE * s->request_timeout) {
        peer_busy(s, p);
        shutdown(p->fd, SHUT_RDWR); /* libmicrohttpd sees the end of the stream, and closes */
    }
}

/* Where libmicrohttpd would close without a word: nothing of an answer was sent yet, so one can still be written past it. */
void peer_last_words(struct peer *p, const struct http_problem *problem)
{
    struct buf text = BUF_INIT;
    answer_write(problem, &text);
    (void)send(p->fd, text.p, text.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    buf_release(&text);
}
