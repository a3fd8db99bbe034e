/*
 * http — a server on libmicrohttpd: routes, bodies, problem+json, and requests that are parked until somebody answers.
 *
 *     static const struct http_route routes[] = {
 *         {"GET",  "/orders/{id}", get_order, 0},
 *         {"POST", "/orders",      post_order, HTTP_KEY_REQUIRED},
 *         {NULL},
 *     };
 *     struct http_server *s = http_start(&(struct http_config){.listen = "127.0.0.1:8081", .routes = routes, .ctx = &service});
 *
 * A handler runs in the server's one thread, once the whole body is there. It answers at once, or keeps the request and answers later from
 * any thread; it must answer exactly once, and never wait itself. After the answer the request is gone.
 *
 * The server itself answers, as problem+json: 400 (malformed request), 404 (no such path), 405 (with Allow), 408 (head or body too slow),
 * 413 (body over the limit), 415 (a body that is not application/json), 503 (draining, or over the connection limit). A few faults are
 * found by libmicrohttpd's parser, which answers 400, 414 or 431 with a page of its own: a header without a colon, a Content-Length or a
 * chunk that is no number, a head over 36 KiB.
 *
 * The more literal of two routes is taken, whatever their order. HEAD is answered by the route of GET. When http_stop has lost patience,
 * clients get 503; an answer that comes after that is still accepted, and dropped.
 */
#ifndef JUMUN_HTTP_H
#define JUMUN_HTTP_H

#include "arena.h"
#include "json_decode.h"
#include "metrics.h"

struct http_request;
typedef void (*http_handler)(struct http_request *rq, void *ctx);

enum http_route_flags {
    HTTP_KEY_ACCEPTED = 1, /* Idempotency-Key: 1..255 visible ASCII, else 400 */
    HTTP_KEY_REQUIRED = 2, /* … and 400 without */
    HTTP_ANY_BODY = 4,     /* any content type */
};

struct http_route {
    const char *method; /* NULL ends a table; "*" any */
    const char *path;   /* "/orders/{id}/payment"; a last part "{rest*}" takes all that follows */
    http_handler handler;
    int flags;
    const void *route; /* the owner's own: what stands behind it */
};

struct http_config {
    const char *listen; /* "127.0.0.1:8081"; port 0: any, see http_port() */
    const struct http_route *routes;
    void *ctx;
    size_t body_max;           /* 0: 64 KiB */
    unsigned connection_max;   /* 0: 2000 */
    unsigned connections_each; /* from one address; 0: no limit */
    duration request_timeout;  /* 0: 10 s without a byte while head or body are read */
    bool traced;               /* a span for each request; else its trace goes through as it came */
};

struct http_server;
struct http_server *http_start(const struct http_config *config, char problem[200]); /* NULL: *problem says why (port taken …) */
unsigned http_port(const struct http_server *s);
void http_see_off(struct http_server *s); /* all goes on, but answers carry Connection: close: clients that keep connections move on */
void http_drain(struct http_server *s);   /* no new connections; what is parked may finish; answers carry Connection: close */
void http_stop(struct http_server *s, duration patience); /* waits for parked requests, at most so long, then closes and frees */
unsigned http_parked(const struct http_server *s);
void http_show(const struct http_server *s, const char *labels, struct metrics_page *page);

/* ── a request; all that is read from it lives as long as it ─────────────────────────────────────────────────────────────────────── */

struct arena *http_arena(struct http_request *rq);
const struct http_route *http_route(const struct http_request *rq);
struct str http_method(const struct http_request *rq);
struct str http_path(const struct http_request *rq);                     /* as sent, without the query */
struct str http_query_string(const struct http_request *rq);             /* as sent, without '?'; absent when none */
struct str http_param(const struct http_request *rq, const char *name);  /* of the path: decoded; "rest" as sent */
struct str http_query(const struct http_request *rq, const char *name);  /* decoded; absent when not there */
struct str http_header(const struct http_request *rq, const char *name); /* absent when not there */
void http_each_header(const struct http_request *rq, void (*each)(void *ctx, struct str name, struct str value), void *ctx);
struct str http_body(const struct http_request *rq);
struct str http_remote(const struct http_request *rq); /* the peer's address */
instant http_received(const struct http_request *rq);
struct str http_trace(const struct http_request *rq); /* for all that it causes, see trace.h; absent when it came without */

/* ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct http_answer {
    int status;
    struct str content_type; /* absent: application/json */
    struct str body;         /* copied */
    struct {
        struct str name, value;
    } headers[16];
    size_t header_count;
};
void http_answer_header(struct http_answer *a, struct str name, struct str value);
void http_reply(struct http_request *rq, const struct http_answer *a); /* any thread, exactly once; rq is gone after it */
void http_reply_json(struct http_request *rq, int status, struct str body);

/* ── answers that go on ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * In place of http_reply(): the head at once, then what is sent, when it is sent.
 *
 *     c->stream = http_stream_new(rq, &(struct http_stream_config){.ended = client_ended, .ctx = c});
 *     http_stream_begin(c->stream, &(struct http_answer){.status = 200, .content_type = STR("text/event-stream")});
 *     http_stream_send(c->stream, STR("data: 1\n\n"));      // any thread, never waits
 *     http_stream_close(c->stream);
 *
 * A stream lives until `ended` is called: exactly once, when all was sent after a close, or the client has left (noticed at once), was cut
 * off, or the server stops. So whoever sends and `ended` share a lock, under which `ended` takes the stream out of sight. It comes from the
 * server's thread, or out of http_stream_begin() itself when the request's client is gone already or asked for the head only: that one is
 * not called with the lock held.
 *
 * A client may be behind by buffer_max bytes; then it is cut off, without the end of the body, so that it knows. http_drain() ends all
 * streams as a close does.
 */
struct http_stream;
struct http_stream_config {
    size_t buffer_max; /* 0: 64 KiB */
    void (*ended)(void *ctx);
    void *ctx;
};
struct http_stream *http_stream_new(struct http_request *rq, const struct http_stream_config *config);
void http_stream_begin(struct http_stream *st, const struct http_answer *head); /* exactly once; no body; rq is gone after it */
bool http_stream_send(struct http_stream *st, struct str bytes); /* copied; may come before the begin. False: nobody will read it */
void http_stream_close(struct http_stream *st);
void http_stream_abort(struct http_stream *st); /* what was not sent is dropped; the client sees that the end is missing */

struct http_problem {
    int status;
    const char *type; /* "/problems/not-found" */
    const char *title;
    struct str detail;
    const struct json_error *errors;
    size_t error_count;
    int retry_after; /* seconds; 0: no such header */
};
void http_problem_body(const struct http_problem *p, struct buf *body); /* application/problem+json, RFC 9457 */
void http_reply_problem(struct http_request *rq, const struct http_problem *p);

/* The body by a shape; on faults answers 400 (malformed text) or 422 (fields) itself, and returns false: the request is gone. */
bool http_decode(struct http_request *rq, const struct json_shape *shape, void *out);

/* A path parameter that is a UUID; on false it has answered 404. */
bool http_param_id(struct http_request *rq, const char *name, struct uuid *id);

#endif
