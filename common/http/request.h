/*
 * request — one request inside the server, from its first line until both its connection and its owner have let go of it.
 *
 * It has two holders: the connection (the server's thread) and, once its handler was called, whoever owes the answer. `state` says who is
 * next, and changes hands atomically; what a holder wrote before a change, the next one sees.
 *
 *   READING ─ handler called ─▶ OWED ─ handler returned ─▶ PARKED ─ patience over at stop ─▶ ABANDONED
 *      │ refused by the server    │ answered                  │ answered                        │ connection gone
 *      ▼                          ▼                           ▼                                 ▼
 *   ANSWERED ◀────────────────────┴───────────────────────────┴── answered, too late ──────── GONE: the late answer frees it
 */
#ifndef JUMUN_HTTP_REQUEST_H
#define JUMUN_HTTP_REQUEST_H

#include "buf.h"
#include "http.h"
#include "route.h"
#include "trace.h"
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/queue.h>

struct http_server;
struct http_stream;
struct peer;

enum request_state {
    REQUEST_READING,
    REQUEST_OWED,
    REQUEST_PARKED,
    REQUEST_ANSWERED,
    REQUEST_ABANDONED,
    REQUEST_GONE,
};

struct request_header {
    struct str name, value;
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct peer *peer;
    struct arena arena;
    TAILQ_ENTRY(http_request) link; /* parked, or in the pool */

    /* as received: copies, because a request may outlive its connection */
    struct str method, target, path, query;
    const char *target_at; /* where the target stood in libmicrohttpd's buffer */
    struct request_header *headers;
    size_t header_count;
    struct str content_type, content_encoding, key, expect;
    struct buf body;
    char remote[INET6_ADDRSTRLEN];
    instant received;
    duration started; /* monotonic */
    bool begun;       /* its head is complete */
    bool announced;   /* a body was announced; length says how much, HTTP_LENGTH_UNKNOWN when chunked */
    uint64_t length;
    struct route_match match;
    struct span span;
    struct str trace;

    /* what the server itself answers, in place of a handler */
    bool refused;
    bool closing; /* what follows on this connection cannot be trusted, or is not worth reading: answer at once and close */
    struct http_problem refusal;
    struct str allow;

    bool handed; /* to a handler */
    _Atomic int state;
    int status;
    struct MHD_Response *response;
    struct http_stream *stream; /* the answer is one; valid until it is sent */
};

#define HTTP_LENGTH_UNKNOWN UINT64_MAX

struct http_request *request_new(void);
void request_reset(struct http_request *rq); /* ready for the next one; keeps some memory */
void request_free(struct http_request *rq);

/* The first refusal stands. */
void request_refuse(struct http_request *rq, const struct http_problem *problem);
void request_malformed(struct http_request *rq, struct str detail); /* 400, and closes */

/* Status and headers, into a response that has its body. */
void answer_head(struct http_request *rq, const struct http_answer *a, struct MHD_Response *response);

/* The answer as libmicrohttpd wants it; the body is copied to the request's arena. */
struct MHD_Response *answer_build(struct http_request *rq, const struct http_answer *a);
struct MHD_Response *answer_problem(struct http_request *rq, const struct http_problem *p);
/* The same as bytes, for when libmicrohttpd takes no answer any more. */
void answer_write(const struct http_problem *p, struct buf *out);

#endif
