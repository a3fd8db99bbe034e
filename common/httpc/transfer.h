/*
 * transfer — one call: what was asked, its curl handle while it runs, and what came back. Reused, with its memory and its handle.
 */
#ifndef JUMUN_HTTPC_TRANSFER_H
#define JUMUN_HTTPC_TRANSFER_H

#include "buf.h"
#include "httpc.h"
#include "trace.h"
#include <curl/curl.h>
#include <sys/queue.h>

struct host;
struct httpc_stream;

struct transfer {
    TAILQ_ENTRY(transfer) link;
    struct arena arena;
    CURL *easy; /* NULL until it first runs */
    struct host *host;

    /* asked */
    const char *method, *url;
    struct str origin;          /* scheme and authority; part of url */
    struct curl_slist *headers; /* nodes and texts in the arena; curl only reads them */
    struct str body;
    duration sent_at, deadline; /* monotonic */
    void (*done)(void *ctx, const struct httpc_response *response);
    void *ctx;
    const char *refusal;         /* why it cannot be sent at all */
    struct httpc_stream *stream; /* that the answer is handed on to, as it comes, without a deadline for the whole; NULL: it is kept */
    struct span span;
    bool (*may_connect)(const struct sockaddr *address); /* NULL: any; the same for all of its calls */

    /* came back */
    int attempts;
    struct buf answer;
    size_t answer_max;
    bool too_large, forbidden;
    struct httpc_header *answer_headers; /* the list is kept, the texts are in the arena */
    size_t answer_header_count, answer_header_room;
    struct str content_type;
    char failure[CURL_ERROR_SIZE];
};
TAILQ_HEAD(transfer_list, transfer);

struct transfer *transfer_new(size_t answer_max);
void transfer_fill(struct transfer *t, const struct httpc_call *call, duration now);
void transfer_reset(struct transfer *t);
void transfer_free(struct transfer *t);

bool transfer_start(struct transfer *t, CURLM *multi, duration now);                     /* false: t->failure */
void transfer_result(const struct transfer *t, CURLcode code, struct httpc_response *r); /* valid until reset */
void transfer_leave(struct transfer *t, CURLM *multi);
void transfer_span_end(struct transfer *t, const struct httpc_response *r); /* once; r->took is how long it took */
struct transfer *transfer_of(CURL *easy);
void transfer_library(void); /* before the first */

/* stream.c */
void stream_head(struct httpc_stream *st);
void stream_data(struct httpc_stream *st, struct str bytes);

#endif
