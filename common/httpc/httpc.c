/*
 * The client's thread: takes calls from a queue, runs them on curl's multi interface, reports how they ended.
 *
 * curl keeps calls that find no free connection in its own list, but does not watch their deadlines there (7.88: MSTATE_PENDING has no
 * connection, and only those that have one are checked). So calls over the limit of a host wait here, without a handle, and curl sees only
 * what may start at once.
 */
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include "multi.h"
#include "transfer.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 64
#define RESPONSE_MAX    ((size_t)8 * 1024 * 1024)
#define POOL_MAX        256
#define HOSTS_KEPT      64

/* Scheme and authority, with the calls to it. A few are kept while nobody calls them. */
struct host {
    STAILQ_ENTRY(host) link;
    struct transfer_list waiting;
    unsigned running;
    duration next_deadline; /* no waiting call's is earlier */
    struct str origin;
};

struct httpc {
    struct multi multi;
    pthread_t thread;
    unsigned connections_max;
    size_t response_max;
    bool (*may_connect)(const struct sockaddr *address);

    pthread_mutex_t lock; /* of the queue, the pool and stopping */
    struct transfer_list queue;
    struct transfer_list pool;
    size_t pool_count;
    bool stopping;

    /* the client's thread */
    STAILQ_HEAD(, host) hosts;
    size_t host_count;
    struct transfer_list running;

    struct counter ended[3]; /* by enum httpc_result */
    struct histogram time;
    struct gauge under_way;
    struct gauge waiting;
};

/* ── sending ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct transfer *take(struct httpc *c)
{
    pthread_mutex_lock(&c->lock);
    struct transfer *t = TAILQ_FIRST(&c->pool);
    if (t) {
        TAILQ_REMOVE(&c->pool, t, link);
        c->pool_count--;
    }
    pthread_mutex_unlock(&c->lock);
    if (!t)
        t = transfer_new(c->response_max);
    t->may_connect = c->may_connect;
    return t;
}

static void give_back(struct httpc *c, struct transfer *t)
{
    transfer_reset(t);
    pthread_mutex_lock(&c->lock);
    bool keep = c->pool_count < POOL_MAX;
    if (keep) {
        TAILQ_INSERT_HEAD(&c->pool, t, link);
        c->pool_count++;
    }
    pthread_mutex_unlock(&c->lock);
    if (!keep)
        transfer_free(t);
}

void httpc_send(struct httpc *c, const struct httpc_call *call)
{
    struct transfer *t = take(c);
    transfer_fill(t, call, clock_monotonic());
    gauge_add(&c->under_way, 1);
    pthread_mutex_lock(&c->lock);
    bool wake = TAILQ_EMPTY(&c->queue);
    TAILQ_INSERT_TAIL(&c->queue, t, link);
    pthread_mutex_unlock(&c->lock);
    if (wake && !pthread_equal(pthread_self(), c->thread)) /* the client's own thread looks at the queue before it sleeps */
        multi_wake(&c->multi);
}

/* ── running ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct host *host_of(struct httpc *c, struct str origin)
{
    struct host *h;
    STAILQ_FOREACH (h, &c->hosts, link)
        if (str_equal(h->origin, origin))
            return h;
    h = memory_new(sizeof(*h) + origin.n);
    h->origin = (struct str){memcpy(h + 1, origin.p, origin.n), origin.n};
    h->next_deadline = MULTI_NEVER;
    TAILQ_INIT(&h->waiting);
    STAILQ_INSERT_TAIL(&c->hosts, h, link);
    c->host_count++;
    return h;
}

static void finish(struct httpc *c, struct transfer *t, struct httpc_response *r)
{
    r->took = clock_monotonic() - t->sent_at;
    transfer_span_end(t, r);
    counter_add(&c->ended[r->result], 1);
    histogram_time(&c->time, r->took);
    gauge_add(&c->under_way, -1);
    t->done(t->ctx, r);
    give_back(c, t);
}

static void fail(struct httpc *c, struct transfer *t, enum httpc_result result, const char *failure)
{
    finish(c, t, &(struct httpc_response){.result = result, .failure = failure});
}

static void start(struct httpc *c, struct host *h, struct transfer *t, duration now)
{
    t->host = h;
    if (!transfer_start(t, c->multi.curl, now)) {
        fail(c, t, HTTPC_UNREACHABLE, t->failure);
        return;
    }
    h->running++;
    TAILQ_INSERT_TAIL(&c->running, t, link);
}

static void wait_for_connection(struct httpc *c, struct host *h, struct transfer *t)
{
    TAILQ_INSERT_TAIL(&h->waiting, t, link);
    gauge_add(&c->waiting, 1);
    if (t->deadline < h->next_deadline)
        h->next_deadline = t->deadline;
}

static void begin(struct httpc *c, struct transfer *t, duration now)
{
    if (t->refusal) {
        fail(c, t, HTTPC_UNREACHABLE, t->refusal);
    } else if (t->deadline <= now) {
        fail(c, t, HTTPC_UNREACHABLE, "the deadline passed before the call could start");
    } else {
        struct host *h = host_of(c, t->origin);
        if (h->running < c->connections_max)
            start(c, h, t, now);
        else
            wait_for_connection(c, h, t);
    }
}

static void wait_no_more(struct httpc *c, struct host *h, struct transfer *t)
{
    TAILQ_REMOVE(&h->waiting, t, link);
    gauge_add(&c->waiting, -1);
}

static void promote(struct httpc *c, struct host *h, duration now)
{
    struct transfer *t;
    while (h->running < c->connections_max && (t = TAILQ_FIRST(&h->waiting))) {
        wait_no_more(c, h, t);
        begin(c, t, now);
    }
}

static void expire(struct httpc *c, struct host *h, duration now)
{
    if (now < h->next_deadline)
        return;
    h->next_deadline = MULTI_NEVER;
    struct transfer *next;
    for (struct transfer *t = TAILQ_FIRST(&h->waiting); t; t = next) {
        next = TAILQ_NEXT(t, link);
        if (t->deadline <= now) {
            wait_no_more(c, h, t);
            fail(c, t, HTTPC_UNREACHABLE, "the deadline passed while the call waited for a connection");
        } else if (t->deadline < h->next_deadline) {
            h->next_deadline = t->deadline;
        }
    }
}

static void take_queue(struct httpc *c, struct transfer_list *calls, bool *stopping)
{
    TAILQ_INIT(calls);
    pthread_mutex_lock(&c->lock);
    TAILQ_CONCAT(calls, &c->queue, link);
    *stopping = c->stopping;
    pthread_mutex_unlock(&c->lock);
}

static void begin_all(struct httpc *c, struct transfer_list *calls)
{
    duration now = clock_monotonic();
    struct transfer *t;
    while ((t = TAILQ_FIRST(calls))) {
        TAILQ_REMOVE(calls, t, link);
        begin(c, t, now);
    }
}

/* Whose URLs are chosen by strangers may call any number of hosts. */
static void host_forget(struct httpc *c, struct host *h)
{
    if (c->host_count <= HOSTS_KEPT || h->running > 0 || !TAILQ_EMPTY(&h->waiting))
        return;
    STAILQ_REMOVE(&c->hosts, h, host, link);
    c->host_count--;
    free(h);
}

static void end(struct httpc *c, CURL *easy, CURLcode code)
{
    struct transfer *t = transfer_of(easy);
    struct host *h = t->host;
    struct httpc_response r;
    transfer_result(t, code, &r);
    transfer_leave(t, c->multi.curl);
    TAILQ_REMOVE(&c->running, t, link);
    h->running--;
    finish(c, t, &r);
    promote(c, h, clock_monotonic());
    host_forget(c, h);
}

static void end_all(struct httpc *c)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(c->multi.curl, &left)))
        if (message->msg == CURLMSG_DONE)
            end(c, message->easy_handle, message->data.result);
}

/* Until when a round may sleep for the sake of the waiting calls; curl knows the deadlines of the running ones. */
static duration next_deadline(struct httpc *c)
{
    duration now = clock_monotonic(), next = MULTI_NEVER;
    struct host *h;
    STAILQ_FOREACH (h, &c->hosts, link) {
        expire(c, h, now);
        if (h->next_deadline < next)
            next = h->next_deadline;
    }
    return next;
}

static bool queue_empty(struct httpc *c)
{
    pthread_mutex_lock(&c->lock);
    bool empty = TAILQ_EMPTY(&c->queue) && !c->stopping;
    pthread_mutex_unlock(&c->lock);
    return empty;
}

static void stop_list(struct httpc *c, struct transfer_list *calls)
{
    struct transfer *t;
    while ((t = TAILQ_FIRST(calls))) {
        TAILQ_REMOVE(calls, t, link);
        fail(c, t, HTTPC_SILENT, "the client was stopped");
    }
}

static void stop_all(struct httpc *c, struct transfer_list *calls)
{
    struct transfer *t;
    struct host *h;
    TAILQ_FOREACH (t, &c->running, link)
        transfer_leave(t, c->multi.curl);
    stop_list(c, &c->running);
    STAILQ_FOREACH (h, &c->hosts, link)
        stop_list(c, &h->waiting);
    gauge_set(&c->waiting, 0);
    bool stopping;
    do { /* whoever is told may have sent another */
        stop_list(c, calls);
        take_queue(c, calls, &stopping);
    } while (!TAILQ_EMPTY(calls));
}

static void *run(void *arg)
{
    struct httpc *c = arg;
    for (;;) {
        struct transfer_list calls;
        bool stopping;
        take_queue(c, &calls, &stopping);
        if (stopping) {
            stop_all(c, &calls);
            return NULL;
        }
        begin_all(c, &calls);
        duration until = next_deadline(c);
        multi_wait(&c->multi, queue_empty(c) ? until : 0);
        end_all(c);
    }
}

/* ── the client ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct httpc *httpc_start(const struct httpc_config *config)
{
    transfer_library();
    struct httpc *c = NEW(struct httpc);
    c->connections_max = config->connections_max ? config->connections_max : CONNECTIONS_MAX;
    c->response_max = config->response_max ? config->response_max : RESPONSE_MAX;
    c->may_connect = config->may_connect;
    TAILQ_INIT(&c->queue);
    TAILQ_INIT(&c->pool);
    TAILQ_INIT(&c->running);
    STAILQ_INIT(&c->hosts);
    pthread_mutex_init(&c->lock, NULL);
    multi_open(&c->multi);
    curl_multi_setopt(c->multi.curl, CURLMOPT_MAXCONNECTS, (long)c->connections_max * 4); /* kept while idle, over all hosts */
    invariant(pthread_create(&c->thread, NULL, run, c) == 0);
    pthread_setname_np(c->thread, "httpc");
    return c;
}

void httpc_stop(struct httpc *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_mutex_unlock(&c->lock);
    multi_wake(&c->multi);
    pthread_join(c->thread, NULL);
    struct transfer *t;
    while ((t = TAILQ_FIRST(&c->pool))) {
        TAILQ_REMOVE(&c->pool, t, link);
        transfer_free(t);
    }
    struct host *h;
    while ((h = STAILQ_FIRST(&c->hosts))) {
        STAILQ_REMOVE_HEAD(&c->hosts, link);
        free(h);
    }
    multi_close(&c->multi);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

void httpc_show(const struct httpc *c, struct metrics_page *page)
{
    static const char *const results[] = {
        [HTTPC_ANSWERED] = "result=\"answered\"",
        [HTTPC_UNREACHABLE] = "result=\"unreachable\"",
        [HTTPC_SILENT] = "result=\"silent\"",
    };
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
        metrics_counter(page, "jumun_httpc_calls_total", "Calls, by how they ended.", results[i], &c->ended[i]);
    metrics_histogram_time(page, "jumun_httpc_call_seconds", "From sending a call to its end, with the wait for a connection.", NULL,
                           &c->time);
    metrics_gauge(page, "jumun_httpc_under_way", "Calls that have not ended.", NULL, &c->under_way);
    metrics_gauge(page, "jumun_httpc_waiting", "Calls that wait for a connection.", NULL, &c->waiting);
}
