/*
 * Streams: answers that are handed on as they come, by a client of their own.
 *
 * curl allows no call to end from within its callbacks: who is cancelled, or silent for too long, is only marked, and ended by the loop.
 */
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include "multi.h"
#include "transfer.h"
#include <pthread.h>
#include <stdlib.h>

struct httpc_stream {
    TAILQ_ENTRY(httpc_stream) link; /* opened (under lock), then running */
    struct httpc_streams *client;
    struct transfer *transfer;
    struct httpc_stream_call call;
    bool cancelled; /* under lock */
    duration due;   /* monotonic: given up if nothing comes until then */
};
TAILQ_HEAD(httpc_stream_list, httpc_stream);

struct httpc_streams {
    struct multi multi;
    pthread_t thread;

    pthread_mutex_t lock;
    struct httpc_stream_list opened;
    bool cancels, stopping; /* there is something to look for */

    /* the thread's */
    struct httpc_stream_list running;
    duration sweep; /* when to look who was silent for too long */

    struct counter ended[3]; /* by enum httpc_result */
    struct gauge under_way;
};

/* ── any thread ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct httpc_stream *httpc_stream_open(struct httpc_streams *c, const struct httpc_stream_call *call)
{
    struct httpc_stream *st = NEW(struct httpc_stream);
    duration now = clock_monotonic();
    st->client = c;
    st->call = *call;
    st->due = now + call->deadline;
    st->transfer = transfer_new(0);
    transfer_fill(
        st->transfer,
        &(struct httpc_call){
            .method = call->method, .url = call->url, .headers = call->headers, .header_count = call->header_count, .trace = call->trace},
        now);
    st->transfer->stream = st;
    gauge_add(&c->under_way, 1);
    pthread_mutex_lock(&c->lock);
    TAILQ_INSERT_TAIL(&c->opened, st, link);
    pthread_mutex_unlock(&c->lock);
    multi_wake(&c->multi);
    return st;
}

void httpc_stream_cancel(struct httpc_stream *st)
{
    struct httpc_streams *c = st->client;
    pthread_mutex_lock(&c->lock);
    st->cancelled = c->cancels = true;
    pthread_mutex_unlock(&c->lock);
    multi_wake(&c->multi);
}

/* ── what comes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The sweep comes in time for it. That it comes too early, when the stream has gone on meanwhile, does no harm. */
static void expect_by(struct httpc_stream *st, duration due)
{
    st->due = due;
    if (due < st->client->sweep)
        st->client->sweep = due;
}

void stream_head(struct httpc_stream *st)
{
    struct httpc_response r;
    expect_by(st, clock_monotonic() + st->call.silence);
    transfer_result(st->transfer, CURLE_OK, &r);
    r.took = clock_monotonic() - st->transfer->sent_at;
    transfer_span_end(st->transfer, &r); /* how long it then goes on says nothing of who answers */
    st->call.head(st->call.ctx, &r);
}

void stream_data(struct httpc_stream *st, struct str bytes)
{
    st->due = clock_monotonic() + st->call.silence;
    st->call.data(st->call.ctx, bytes);
}

/* ── the thread ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void finish(struct httpc_streams *c, struct httpc_stream *st, struct httpc_response *r)
{
    r->took = clock_monotonic() - st->transfer->sent_at;
    transfer_span_end(st->transfer, r);
    counter_add(&c->ended[r->result], 1);
    gauge_add(&c->under_way, -1);
    st->call.ended(st->call.ctx, r);
    transfer_free(st->transfer);
    free(st);
}

static void end(struct httpc_streams *c, struct httpc_stream *st, CURLcode code, const char *failure)
{
    struct httpc_response r;
    transfer_result(st->transfer, code, &r);
    if (failure)
        r.failure = failure;
    transfer_leave(st->transfer, c->multi.curl);
    TAILQ_REMOVE(&c->running, st, link);
    finish(c, st, &r);
}

static void begin(struct httpc_streams *c, struct httpc_stream *st)
{
    struct transfer *t = st->transfer;
    if (t->refusal || !transfer_start(t, c->multi.curl, clock_monotonic())) {
        finish(c, st, &(struct httpc_response){.result = HTTPC_UNREACHABLE, .failure = t->refusal ? t->refusal : t->failure});
        return;
    }
    TAILQ_INSERT_TAIL(&c->running, st, link);
    expect_by(st, st->due);
}

static bool is_cancelled(struct httpc_streams *c, const struct httpc_stream *st)
{
    pthread_mutex_lock(&c->lock);
    bool cancelled = st->cancelled;
    pthread_mutex_unlock(&c->lock);
    return cancelled;
}

static void end_cancelled(struct httpc_streams *c)
{
    struct httpc_stream *st, *next;
    for (st = TAILQ_FIRST(&c->running); st; st = next) {
        next = TAILQ_NEXT(st, link);
        if (is_cancelled(c, st))
            end(c, st, CURLE_ABORTED_BY_CALLBACK, "it was cancelled");
    }
}

/* What was asked for since the last round. */
static void take_orders(struct httpc_streams *c, bool *stopping)
{
    struct httpc_stream_list opened = TAILQ_HEAD_INITIALIZER(opened);
    struct httpc_stream *st;
    pthread_mutex_lock(&c->lock);
    TAILQ_CONCAT(&opened, &c->opened, link);
    bool cancels = c->cancels;
    c->cancels = false;
    *stopping = c->stopping;
    pthread_mutex_unlock(&c->lock);
    while ((st = TAILQ_FIRST(&opened))) {
        TAILQ_REMOVE(&opened, st, link);
        begin(c, st);
    }
    if (cancels)
        end_cancelled(c);
}

static void give_up_silent(struct httpc_streams *c, duration now)
{
    struct httpc_stream *st, *next;
    if (now < c->sweep)
        return;
    c->sweep = MULTI_NEVER;
    for (st = TAILQ_FIRST(&c->running); st; st = next) {
        next = TAILQ_NEXT(st, link);
        if (st->due <= now)
            end(c, st, CURLE_OPERATION_TIMEDOUT, "nothing came for too long");
        else if (st->due < c->sweep)
            c->sweep = st->due;
    }
}

static void end_finished(struct httpc_streams *c)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(c->multi.curl, &left)))
        if (message->msg == CURLMSG_DONE)
            end(c, transfer_of(message->easy_handle)->stream, message->data.result, NULL);
}

static void *run(void *arg)
{
    struct httpc_streams *c = arg;
    struct httpc_stream *st;
    for (bool stopping = false; !stopping;) {
        multi_wait(&c->multi, c->sweep);
        end_finished(c);
        take_orders(c, &stopping);
        give_up_silent(c, clock_monotonic());
    }
    while ((st = TAILQ_FIRST(&c->running)))
        end(c, st, CURLE_ABORTED_BY_CALLBACK, "the client was stopped");
    return NULL;
}

/* ── the client ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct httpc_streams *httpc_streams_start(void)
{
    transfer_library();
    struct httpc_streams *c = NEW(struct httpc_streams);
    TAILQ_INIT(&c->opened);
    TAILQ_INIT(&c->running);
    pthread_mutex_init(&c->lock, NULL);
    c->sweep = MULTI_NEVER;
    multi_open(&c->multi);
    invariant(pthread_create(&c->thread, NULL, run, c) == 0);
    pthread_setname_np(c->thread, "httpc-streams");
    return c;
}

void httpc_streams_stop(struct httpc_streams *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_mutex_unlock(&c->lock);
    multi_wake(&c->multi);
    pthread_join(c->thread, NULL);
    multi_close(&c->multi);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void httpc_streams_show(const struct httpc_streams *c, struct metrics_page *page)
{
    static const char *const results[] = {
        [HTTPC_ANSWERED] = "result=\"answered\"",
        [HTTPC_UNREACHABLE] = "result=\"unreachable\"",
        [HTTPC_SILENT] = "result=\"silent\"",
    };
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        metrics_counter(page, "jumun_httpc_streams_total", "Streams, by how they ended; silent: also those that were cancelled.",
                        results[i], &c->ended[i]);
    metrics_gauge(page, "jumun_httpc_streams", "Streams that have not ended.", NULL, &c->under_way);
}
