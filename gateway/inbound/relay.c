/*
 * Relay: an answer that goes on, from a service to a client. It ends when both sides have: whichever is first ends the other. A client that
 * does not keep up is cut off by the server (common/http), so the service is never held up.
 */
#include "inbound/inbound.h"
#include "inbound/passing.h"
#include "memory.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * A stream from a service to a client. It ends when both sides have: whichever is first ends the other. A client that does not keep up is
 * cut off by the server (common/http), so the service is never held up.
 */
struct relay {
    pthread_mutex_t lock;
    struct call *call;       /* NULL: it is answered */
    struct http_stream *out; /* NULL: not begun, or ended */
    struct httpc_stream *in; /* NULL: ended */
};

static _Atomic int64_t relays;

static void relay_free(struct relay *r)
{
    pthread_mutex_destroy(&r->lock);
    free(r);
    atomic_fetch_sub(&relays, 1);
}

/* With the lock held, which it gives back. */
static void relay_leave(struct relay *r)
{
    bool over = !r->in && !r->out && !r->call;
    pthread_mutex_unlock(&r->lock);
    if (over)
        relay_free(r);
}

static void out_ended(void *ctx)
{
    struct relay *r = ctx;
    pthread_mutex_lock(&r->lock);
    r->out = NULL;
    if (r->in)
        httpc_stream_cancel(r->in);
    relay_leave(r);
}

static void in_head(void *ctx, const struct httpc_response *response)
{
    struct relay *r = ctx;
    struct http_answer a;
    pthread_mutex_lock(&r->lock);
    struct http_stream *out = r->out = http_stream_new(r->call->http, &(struct http_stream_config){.ended = out_ended, .ctx = r});
    passing_head(r->call, response, &a);
    r->call = NULL;
    pthread_mutex_unlock(&r->lock);
    http_stream_begin(out, &a);
}

static void in_data(void *ctx, struct str bytes)
{
    struct relay *r = ctx;
    pthread_mutex_lock(&r->lock);
    if (r->out)
        http_stream_send(r->out, bytes);
    pthread_mutex_unlock(&r->lock);
}

static void in_ended(void *ctx, const struct httpc_response *response)
{
    struct relay *r = ctx;
    pthread_mutex_lock(&r->lock);
    r->in = NULL;
    if (r->call)
        passing_give_up(r->call, response);
    else if (r->out && response->result == HTTPC_ANSWERED)
        http_stream_close(r->out);
    else if (r->out)
        http_stream_abort(r->out);
    r->call = NULL;
    relay_leave(r);
}

static bool relay_room(struct call *call)
{
    if (atomic_fetch_add(&relays, 1) < gateway_config.streams_max)
        return true;
    atomic_fetch_sub(&relays, 1);
    call_problem(call, &(struct http_problem){.status = 503,
                                              .type = "/problems/too-many-listeners",
                                              .title = "Too many clients are listening",
                                              .detail = STR("Try again later; until then, ask for what you want to know."),
                                              .retry_after = 10});
    return false;
}

void proxy_stream(struct call *call, const char *service_url)
{
    struct passing *p = passing_new(call);
    if (!p || !relay_room(call))
        return;
    struct relay *r = NEW(struct relay);
    pthread_mutex_init(&r->lock, NULL);
    r->call = call;
    pthread_mutex_lock(&r->lock); /* until `in` is there */
    r->in = httpc_stream_open(gateway_streams(),
                              &(struct httpc_stream_call){.method = arena_str(http_arena(call->http), http_method(call->http)).p,
                                                          .url = passing_url(call, service_url),
                                                          .headers = p->headers,
                                                          .header_count = p->header_count,
                                                          .trace = p->trace,
                                                          .deadline = gateway_config.upstream_deadline,
                                                          .silence = gateway_config.stream_silence,
                                                          .head = in_head,
                                                          .data = in_data,
                                                          .ended = in_ended,
                                                          .ctx = r});
    pthread_mutex_unlock(&r->lock);
}
