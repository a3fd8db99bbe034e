/*
 * httpc — an HTTP client that does not wait: one thread, libcurl multi, connections kept, a deadline for each call.
 *
 *     httpc_send(c, &(struct httpc_call){.method = "POST", .url = url, .body = body, .deadline = MILLISECONDS(2000),
 *                                        .done = answered, .ctx = ctx});
 *
 * `done` is called exactly once per call, from the client's thread; it must not wait. Nothing is retried here: who asks knows what may be
 * asked twice. What a result says about the other side:
 *   HTTPC_ANSWERED     it has answered (any status)
 *   HTTPC_UNREACHABLE  it has not seen the request: refused, no such host, or the deadline passed before any byte of it was sent
 *   HTTPC_SILENT       it may have: the deadline passed, or the connection broke, after that; or the client was stopped
 *
 * What belongs to a connection (Connection, Transfer-Encoding, Content-Length of a request …) is the client's: such headers of a call are
 * left out, and are not given out with a response.
 */
#ifndef JUMUN_HTTPC_H
#define JUMUN_HTTPC_H

#include "arena.h"
#include "instant.h"
#include "metrics.h"
#include <sys/socket.h>

enum httpc_result { HTTPC_ANSWERED, HTTPC_UNREACHABLE, HTTPC_SILENT };

struct httpc_header {
    struct str name, value;
};
struct httpc_response {
    enum httpc_result result;
    int status;
    struct str content_type;
    const struct httpc_header *headers; /* as received, without hop-by-hop ones */
    size_t header_count;
    struct str body;
    const char *failure; /* for the log, when not answered */
    bool forbidden;      /* UNREACHABLE, because config.may_connect said no */
    duration took;
};

struct httpc_call {
    const char *method;
    struct str url;
    const struct httpc_header *headers; /* all strings are copied */
    size_t header_count;
    struct str trace;  /* see trace.h; goes along in the standard headers, which `headers` then must not have; absent: none */
    struct str body;   /* absent: none */
    duration deadline; /* from now, whole call */
    void (*done)(void *ctx, const struct httpc_response *response);
    void *ctx;
};

struct httpc_config {
    unsigned connections_max; /* per host; 0: 64. Further calls wait inside their deadline */
    size_t response_max;      /* bytes; 0: 8 MiB. More is HTTPC_SILENT */

    /* For URLs that strangers choose: asked of every address before it is connected to, after its name was looked up. NULL: any. */
    bool (*may_connect)(const struct sockaddr *address);
};
struct httpc;
struct httpc *httpc_start(const struct httpc_config *config);
void httpc_stop(struct httpc *c);                                /* calls under way end as HTTPC_SILENT */
void httpc_send(struct httpc *c, const struct httpc_call *call); /* any thread */
void httpc_show(const struct httpc *c, struct metrics_page *page);

/* ── answers that go on ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * A client of its own, for answers that are handed on as they come and may last for hours.
 *
 *     st = httpc_stream_open(c, &(struct httpc_stream_call){.method = "GET", .url = url, .deadline = SECONDS(10), .silence = SECONDS(45),
 *                                                           .head = head_came, .data = data_came, .ended = ended, .ctx = ctx});
 *     httpc_stream_cancel(st);
 *
 * Callbacks come from the client's thread, none out of httpc_stream_open(), and must not wait: head at most once, then data, and `ended`
 * exactly once, last; after it the stream is gone. So who may cancel from another thread shares a lock with `ended`.
 */
struct httpc_stream_call {
    const char *method;
    struct str url;
    const struct httpc_header *headers; /* all strings are copied */
    size_t header_count;
    struct str trace;                                               /* as of a call */
    duration deadline;                                              /* from now until the head is there */
    duration silence;                                               /* the longest pause after it */
    void (*head)(void *ctx, const struct httpc_response *response); /* HTTPC_ANSWERED, without a body; any status */
    void (*data)(void *ctx, struct str bytes);
    void (*ended)(void *ctx, const struct httpc_response *response); /* HTTPC_ANSWERED: it came whole. Else see failure */
    void *ctx;
};
struct httpc_streams;
struct httpc_stream;
struct httpc_streams *httpc_streams_start(void);
void httpc_streams_stop(struct httpc_streams *c);                                                      /* streams under way end */
struct httpc_stream *httpc_stream_open(struct httpc_streams *c, const struct httpc_stream_call *call); /* any thread */
void httpc_stream_cancel(struct httpc_stream *st);                                                     /* any thread; `ended` follows */
void httpc_streams_show(const struct httpc_streams *c, struct metrics_page *page);

#endif
