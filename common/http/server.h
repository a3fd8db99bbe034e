/* server — what the parts of the server share. Fields without another note belong to the server's thread. */
#ifndef JUMUN_HTTP_SERVER_H
#define JUMUN_HTTP_SERVER_H

#include "request.h"
#include <pthread.h>

TAILQ_HEAD(request_list, http_request);
TAILQ_HEAD(peer_list, peer);
TAILQ_HEAD(stream_list, http_stream);

/* A connection. */
struct peer {
    TAILQ_ENTRY(peer) link;
    int fd;
    bool surplus;         /* came when the server was full: is told so and closed */
    bool quiet;           /* in the list of those that have no whole head yet */
    duration quiet_since; /* monotonic */
    char address[INET6_ADDRSTRLEN];
};

struct http_server {
    /* constant after start */
    struct MHD_Daemon *daemon;
    struct route_table *routes;
    void *ctx;
    size_t body_max;
    unsigned connection_max, connections_each;
    duration request_timeout;
    bool traced;
    int listener;
    unsigned port;
    pthread_t thread;
    int wake;    /* eventfd: the loop is to go round */
    int leaving; /* epoll: clients of streams that leave */

    /* the server's thread */
    struct peer_list quiet; /* longest quiet first */
    duration swept;
    struct request_list pool;
    size_t pool_count;

    /* any thread */
    atomic_bool seeing_off;
    atomic_bool draining;
    atomic_bool ending;
    atomic_bool woken;       /* wake is written already */
    atomic_bool deaf;        /* does not listen any more */
    _Atomic unsigned active; /* handed to a handler, not yet off the connection */
    pthread_mutex_t lock;    /* parked, and the moment of suspending or resuming */
    pthread_cond_t calm;     /* active or parked fell to zero, or the server went deaf */
    struct request_list parked;
    struct stream_list streams; /* under the lock, too */
    struct gauge parked_count;
    struct gauge connections;
    struct gauge stream_count;
    struct counter streams_cut;
    struct counter answered[6]; /* by hundreds of the status; [0]: broken off without an answer */
    struct histogram time;
};

/* listen.c: a bound, listening socket for "host:port"; -1 and *problem */
int listen_open(const char *address, char problem[200]);
unsigned listen_port(int fd);

/* peer.c: connections come and go */
void peer_notify(void *cls, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code);
struct peer *peer_of(struct MHD_Connection *connection);
void peer_quiet(struct http_server *s, struct peer *p, duration now); /* waits for the next request */
void peer_busy(struct http_server *s, struct peer *p);                /* its request's head is there */
#define PEER_SWEEP SECONDS(1)
void peer_sweep(struct http_server *s, duration now); /* cuts those whose head takes forever; looks no more often than that */
void peer_last_words(struct peer *p, const struct http_problem *problem);

/* exchange.c: a request's way through libmicrohttpd's callbacks */
void *exchange_first_line(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result exchange_step(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *data, size_t *size, void **context);
void exchange_end(void *cls, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code);
size_t exchange_keep(void *cls, struct MHD_Connection *connection, char *text); /* in place of unescaping */

/* park.c: requests that wait for their answer */
bool park(struct http_request *rq);                                        /* false: it was answered meanwhile */
void park_abandon(struct http_server *s);                                  /* all that are parked are given back, to be refused */
void park_deliver(struct http_request *rq, struct MHD_Response *response); /* any thread: its answer */

/* stream.c: answers that go on */
void stream_start(struct http_stream *st);                                       /* its head is about to be sent */
void stream_each_leaving(struct http_server *s);                                 /* breaks off those whose clients have left */
void stream_end_all(struct http_server *s, void (*end)(struct http_stream *st)); /* with the lock held */

/* server.c */
void server_wake(struct http_server *s);    /* any thread: something was resumed, or the server is to drain or end */
void server_go_deaf(struct http_server *s); /* in the server's thread */
void server_calm(struct http_server *s);    /* wakes who waits on calm */

#endif
