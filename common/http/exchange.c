/*
 * Leads a request through libmicrohttpd's callbacks, all in the server's thread:
 *
 *   first line ─▶ step (head) ─▶ step (a piece of the body) … ─▶ step (whole: the handler) ─▶ [parked ─▶ step (answered)] ─▶ end
 *
 * A response queued at the head makes libmicrohttpd close the connection afterwards, so ordinary refusals wait until the body is through.
 */
#include "head.h"
#include "refusal.h"
#include "server.h"

#include "clock.h"
#include "invariant.h"
#include <stdio.h>
#include <string.h>

#define POOL_MAX      256
#define BODY_PATIENCE 3 /* a body may take so many times the time that is allowed without a byte */

/* ── first line ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct http_request *take(struct http_server *s)
{
    struct http_request *rq = TAILQ_FIRST(&s->pool);
    if (!rq)
        return request_new();
    TAILQ_REMOVE(&s->pool, rq, link);
    s->pool_count--;
    return rq;
}

static void give_back(struct http_server *s, struct http_request *rq)
{
    if (s->pool_count >= POOL_MAX) {
        request_free(rq);
        return;
    }
    request_reset(rq);
    TAILQ_INSERT_HEAD(&s->pool, rq, link);
    s->pool_count++;
}

void *exchange_first_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct http_server *s = cls;
    struct http_request *rq = take(s);
    rq->server = s;
    rq->connection = connection;
    rq->peer = peer_of(connection);
    rq->received = clock_now();
    rq->started = clock_monotonic();
    rq->target_at = target ? target : "";
    rq->target = arena_str(&rq->arena, str_of(rq->target_at)); /* now: libmicrohttpd cuts it up next */
    return rq;
}

size_t exchange_keep(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

/* ── answering ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static enum MHD_Result send_answer(struct http_request *rq)
{
    struct MHD_Response *response = rq->response;
    rq->response = NULL;
    if (rq->stream)
        stream_start(rq->stream);
    if (atomic_load(&rq->server->seeing_off) || atomic_load(&rq->server->draining) || rq->peer->surplus)
        (void)MHD_add_response_header(response, "Connection", "close");
    enum MHD_Result queued = MHD_queue_response(rq->connection, (unsigned)rq->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result send_refusal(struct http_request *rq)
{
    rq->response = answer_problem(rq, &rq->refusal);
    atomic_store(&rq->state, REQUEST_ANSWERED);
    return send_answer(rq);
}

/* The owner still holds the request: the answer must not be made of its memory. */
static enum MHD_Result send_abandoned(struct http_request *rq)
{
    struct http_problem p = refusal(REFUSAL_BUSY, STR("The server is stopping; the request may or may not have been done."));
    struct buf body = BUF_INIT;
    http_problem_body(&p, &body);
    struct MHD_Response *response = MHD_create_response_from_buffer(body.n, body.p, MHD_RESPMEM_MUST_COPY);
    buf_release(&body);
    invariant(response);
    (void)MHD_add_response_header(response, "Content-Type", "application/problem+json");
    (void)MHD_add_response_header(response, "Connection", "close");
    enum MHD_Result queued = MHD_queue_response(rq->connection, (unsigned)p.status, response);
    MHD_destroy_response(response);
    return queued;
}

/* ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void refuse_when_busy(struct http_request *rq)
{
    bool draining = atomic_load(&rq->server->draining);
    if (!draining && !rq->peer->surplus)
        return;
    struct http_problem p = refusal(REFUSAL_BUSY, draining ? STR("The server is stopping. Send the request again, on a new connection.")
                                                           : STR("The server has too many connections. Send the request again later."));
    request_refuse(rq, &p);
}

static enum MHD_Result step_head(struct http_request *rq, const char *method, const char *version)
{
    struct http_server *s = rq->server;
    rq->begun = true;
    peer_busy(s, rq->peer);
    memcpy(rq->remote, rq->peer->address, sizeof(rq->remote));
    head_read(rq, method, version);
    if (!rq->refused) {
        refuse_when_busy(rq);
        route_find(s->routes, rq->method, rq->path, &rq->arena, &rq->match, &rq->allow);
        refusal_check(rq, s->body_max);
    }
    return rq->closing ? send_refusal(rq) : MHD_YES;
}

/* In the middle of a body libmicrohttpd takes no answer. */
static enum MHD_Result break_off(struct http_request *rq, enum refusal why, struct str detail)
{
    struct http_problem p = refusal(why, detail);
    rq->status = p.status;
    peer_last_words(rq->peer, &p);
    return MHD_NO;
}

static enum MHD_Result step_body(struct http_request *rq, const char *data, size_t *size)
{
    struct http_server *s = rq->server;
    if (rq->body.n + *size > s->body_max) /* chunked: a length was checked before */
        return break_off(rq, REFUSAL_TOO_LARGE, arena_printf(&rq->arena, "At most %zu bytes are taken.", s->body_max));
    if (clock_monotonic() - rq->started > BODY_PATIENCE * s->request_timeout)
        return break_off(rq, REFUSAL_SLOW, STR("The body came too slowly."));
    buf_add_bytes(&rq->body, data, *size);
    *size = 0;
    return MHD_YES;
}

static void span_open(struct http_request *rq)
{
    struct trace_headers came = {http_header(rq, "traceparent"), http_header(rq, "tracestate"), http_header(rq, "baggage")};
    rq->trace = trace_join(&rq->arena, &came);
    if (rq->server->traced)
        rq->trace = span_begin(&rq->span, &rq->arena, rq->trace, rq->received);
}

static void span_close(const struct http_request *rq, duration took)
{
    char name[200];
    const struct http_route *route = rq->match.route;
    int n = snprintf(name, sizeof name, "%.*s%s%s", STR_ARG(rq->method), route ? " " : "", route ? route->path : "");
    span_end(&rq->span, SPAN_SERVER, rq->status >= 500 ? SPAN_ERROR : SPAN_UNSET, rq->received + took,
             (struct str){name, (size_t)n < sizeof name ? (size_t)n : sizeof name - 1},
             LOG_FIELDS(LOG_TEXT_OF("http.request.method", rq->method), LOG_STR("http.route", route ? route->path : NULL),
                        LOG_TEXT_OF("url.path", rq->path), LOG_INT("http.response.status_code", rq->status)));
}

static enum MHD_Result step_whole(struct http_request *rq)
{
    struct http_server *s = rq->server;
    span_open(rq);
    if (rq->refused)
        return send_refusal(rq);
    rq->handed = true;
    atomic_fetch_add(&s->active, 1);
    atomic_store(&rq->state, REQUEST_OWED);
    rq->match.route->handler(rq, s->ctx);
    if (atomic_load(&rq->state) != REQUEST_ANSWERED && park(rq))
        return MHD_YES;
    return send_answer(rq);
}

enum MHD_Result exchange_step(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *data, size_t *size, void **context)
{
    (void)cls, (void)connection, (void)url;
    struct http_request *rq = *context;
    if (!rq->begun)
        return step_head(rq, method, version);
    if (*size)
        return step_body(rq, data, size);
    switch (atomic_load(&rq->state)) {
    case REQUEST_READING: return step_whole(rq);
    case REQUEST_ANSWERED: return send_answer(rq);
    case REQUEST_ABANDONED: return send_abandoned(rq);
    }
    unreachable();
}

/* ── end ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void leave(struct http_server *s)
{
    if (atomic_fetch_sub(&s->active, 1) == 1 && atomic_load(&s->draining))
        server_calm(s);
}

/* Of an abandoned request nothing may be touched after the exchange: whoever answers too late frees it. */
void exchange_end(void *cls, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    (void)connection;
    struct http_server *s = cls;
    struct http_request *rq = *context;
    *context = NULL;
    if (!rq)
        return;
    duration now = clock_monotonic(), took = now - rq->started;
    bool handed = rq->handed, streamed = false;
    peer_quiet(s, rq->peer, now);
    int status = 503, state = atomic_exchange(&rq->state, REQUEST_GONE);
    if (state != REQUEST_ABANDONED) {
        if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED && state == REQUEST_READING)
            (void)break_off(rq, REFUSAL_SLOW, STR("Nothing came for too long."));
        status = rq->status;
        streamed = rq->stream != NULL;
        if (span_recorded(&rq->span))
            span_close(rq, took);
        if (rq->response) /* came after the refusal of an abandoned request */
            MHD_destroy_response(rq->response);
        give_back(s, rq);
    }
    counter_add(&s->answered[status / 100], 1);
    if (!streamed) /* how long a client listens says nothing of how fast it is served */
        histogram_time(&s->time, took);
    if (handed)
        leave(s);
}
