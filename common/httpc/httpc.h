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
};
struct httpc;
struct httpc *httpc_start(const struct httpc_config *config);
void httpc_stop(struct httpc *c);                                /* calls under way end as HTTPC_SILENT */
void httpc_send(struct httpc *c, const struct httpc_call *call); /* any thread */
void httpc_show(const struct httpc *c, struct metrics_page *page);

#endif
