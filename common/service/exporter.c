/* Exporter: one loop, one request in hand. */
#include "exporter.h"

#include "clock.h"
#include "httpc.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX   16
#define PAUSE_FIRST   MILLISECONDS(500)
#define PAUSE_MOST    SECONDS(30)
#define STOP_PATIENCE SECONDS(1)

enum answer { ANSWER_NONE, ANSWER_TAKEN, ANSWER_LATER, ANSWER_REFUSED };

struct exporter {
    struct exporter_config config;
    struct str url;
    struct httpc_header headers[HEADERS_MAX];
    size_t header_count;
    struct arena arena; /* of the three above */
    struct httpc *client;

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;      /* under lock, as are the next two */
    duration give_up;   /* when it is stopping: monotonic */
    enum answer answer; /* to the request in hand */

    struct buf body; /* the request in hand … */
    size_t spans;    /* … and how many are in it; 0: none */
    duration pause;

    struct counter sent, refused, retried;
};

/* ── waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* False: it is to stop. */
static bool wait_for(struct exporter *x, duration d)
{
    return !clock_rest(&x->wake, &x->lock, &x->stopping, clock_monotonic() + d);
}

/* ── a request ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static enum answer answer_of(const struct httpc_response *r)
{
    if (r->result != HTTPC_ANSWERED || r->status == 429 || (r->status >= 502 && r->status <= 504))
        return ANSWER_LATER;
    return r->status >= 200 && r->status < 300 ? ANSWER_TAKEN : ANSWER_REFUSED;
}

/* In the client's thread. */
static void answered(void *ctx, const struct httpc_response *r)
{
    static _Atomic int64_t last;
    struct exporter *x = ctx;
    enum answer answer = answer_of(r);
    if (answer != ANSWER_TAKEN && log_every(&last, MINUTES(1)))
        log_warning("the collector does not take spans", LOG_TEXT_OF("url", x->url), LOG_INT("status", r->status),
                    LOG_STR("failure", r->failure ? r->failure : ""));
    pthread_mutex_lock(&x->lock);
    x->answer = answer;
    pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->lock);
}

static enum answer await_answer(struct exporter *x)
{
    pthread_mutex_lock(&x->lock);
    for (bool over = false; x->answer == ANSWER_NONE && !over;) {
        if (x->stopping)
            over = !clock_wait(&x->wake, &x->lock, x->give_up);
        else
            pthread_cond_wait(&x->wake, &x->lock);
    }
    enum answer answer = x->answer;
    pthread_mutex_unlock(&x->lock);
    return answer;
}

/* Its deadline is the client's to watch, so this ends; without an answer only when the exporter is to stop. */
static enum answer ask(struct exporter *x, duration timeout)
{
    x->answer = ANSWER_NONE;
    httpc_send(x->client, &(struct httpc_call){.method = "POST",
                                               .url = x->url,
                                               .headers = x->headers,
                                               .header_count = x->header_count,
                                               .body = buf_str(&x->body),
                                               .deadline = timeout,
                                               .done = answered,
                                               .ctx = x});
    return await_answer(x);
}

static void put_span(void *ctx, const struct finished_span *s)
{
    otlp_put_span(ctx, s);
}

/* Takes up the next request; false: there is nothing to send. */
static bool take_up(struct exporter *x)
{
    if (x->spans > 0)
        return true;
    buf_clear(&x->body);
    struct json_writer w = {.out = &x->body};
    otlp_begin(&w, &x->config.resource);
    x->spans = trace_drain(x->config.batch_max, put_span, &w);
    otlp_end(&w);
    return x->spans > 0;
}

/* False: the request stays in hand. */
static bool send_one(struct exporter *x, duration timeout)
{
    switch (ask(x, timeout)) {
    case ANSWER_TAKEN: counter_add(&x->sent, x->spans); break;
    case ANSWER_REFUSED: counter_add(&x->refused, x->spans); break;
    case ANSWER_LATER: counter_add(&x->retried, 1); return false;
    case ANSWER_NONE: return false;
    }
    x->spans = 0;
    x->pause = 0;
    return true;
}

static duration longer(duration pause)
{
    return pause == 0 ? PAUSE_FIRST : pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
}

static void *export_spans(void *argument)
{
    struct exporter *x = argument;
    pthread_setname_np(pthread_self(), "exporter");
    while (wait_for(x, x->pause ? x->pause : x->config.period))
        while (take_up(x))
            if (!send_one(x, x->config.timeout)) {
                x->pause = longer(x->pause);
                break;
            }
    for (bool good = x->answer != ANSWER_NONE; good && take_up(x);)
        good = clock_monotonic() < x->give_up && send_one(x, x->give_up - clock_monotonic());
    return NULL;
}

/* ── start and stop ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void set_headers(struct exporter *x, struct str list)
{
    struct str pair, name;
    x->headers[x->header_count++] = (struct httpc_header){STR("Content-Type"), STR("application/json")};
    while (str_split(&list, ',', &pair) && x->header_count < HEADERS_MAX) {
        struct str value = pair;
        if (str_split(&value, '=', &name) && name.n < pair.n)
            x->headers[x->header_count++] = (struct httpc_header){str_trim(name), str_trim(value)};
    }
}

static struct str traces_url(struct arena *arena, struct str endpoint)
{
    size_t n = endpoint.n;
    while (n > 0 && endpoint.p[n - 1] == '/')
        n--;
    return arena_printf(arena, "%.*s/v1/traces", (int)n, endpoint.p);
}

struct exporter *exporter_start(const struct exporter_config *config)
{
    struct exporter *x = NEW(struct exporter);
    x->config = *config;
    arena_init(&x->arena);
    x->url = traces_url(&x->arena, str_of(config->endpoint));
    set_headers(x, arena_str(&x->arena, str_of(config->headers)));
    x->answer = ANSWER_LATER;
    x->client = httpc_start(&(struct httpc_config){.connections_max = 1});
    pthread_cond_init(&x->wake, NULL);
    pthread_mutex_init(&x->lock, NULL);
    invariant(pthread_create(&x->thread, NULL, export_spans, x) == 0);
    return x;
}

void exporter_stop(struct exporter *x)
{
    pthread_mutex_lock(&x->lock);
    x->stopping = true;
    x->give_up = clock_monotonic() + STOP_PATIENCE;
    pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->lock);
    pthread_join(x->thread, NULL);
    httpc_stop(x->client);
    pthread_cond_destroy(&x->wake);
    pthread_mutex_destroy(&x->lock);
    buf_release(&x->body);
    arena_release(&x->arena);
    free(x);
}

void exporter_show(const struct exporter *x, struct metrics_page *page)
{
    metrics_counter(page, "jumun_trace_sent_total", "Spans that the collector has taken.", NULL, &x->sent);
    metrics_counter(page, "jumun_trace_refused_total", "Spans that the collector has refused for good.", NULL, &x->refused);
    metrics_counter(page, "jumun_trace_retries_total", "Requests to the collector that were sent again.", NULL, &x->retried);
    trace_show(page);
}
