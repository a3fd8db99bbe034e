/* Load: places orders through the gateway, open-loop at a rate or as fast as they are answered, and prints what came back as JSON. */
#include "clock.h"
#include "httpc.h"
#include "invariant.h"
#include "json_decode.h"
#include "json_encode.h"
#include "memory.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct load_options {
    const char *gateway;
    const char *product;
    int64_t rate; /* orders a second; 0: as fast as `parallel` requests at a time allow */
    int64_t seconds;
    int64_t parallel;
    int64_t customers;
};

/* Latencies in buckets of 1/32 of a power of two: an error of at most 3 % (after HdrHistogram). */
#define BUCKETS (64 * 32)

static struct {
    struct load_options options;
    struct httpc *client;
    struct str *tokens; /* "Bearer …" of each customer */
    struct buf body;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t under_way, sent, confirmed, accepted, declined, refused, failed; /* under lock, as is the next */
    uint64_t latency[BUCKETS];
} load;

/* ── latencies ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static size_t bucket_of(int64_t microseconds)
{
    uint64_t v = microseconds > 0 ? (uint64_t)microseconds : 1;
    unsigned power = 63 - (unsigned)__builtin_clzll(v);
    unsigned fraction = power >= 5 ? (unsigned)(v >> (power - 5)) & 31 : (unsigned)(v << (5 - power)) & 31;
    return power * 32 + fraction;
}

static double bucket_top(size_t bucket)
{
    size_t power = bucket / 32, fraction = bucket % 32;
    return (double)(1ull << power) * (1.0 + (double)(fraction + 1) / 32.0);
}

static double percentile(double p)
{
    uint64_t total = 0, seen = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        total += load.latency[i];
    for (size_t i = 0; i < BUCKETS; i++) {
        seen += load.latency[i];
        if (total > 0 && (double)seen >= p * (double)total)
            return bucket_top(i) / 1000.0;
    }
    return 0;
}

/* ── one order ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct placed {
    duration due; /* when it should have been sent: waiting for our own client counts (coordinated omission) */
};

static void count(const struct httpc_response *r)
{
    switch (r->result == HTTPC_ANSWERED ? r->status : 0) {
    case 201: load.confirmed++; return;
    case 202: load.accepted++; return;
    case 402: load.declined++; return;
    case 429:
    case 503: load.refused++; return;
    default: load.failed++; return;
    }
}

static void answered(void *ctx, const struct httpc_response *r)
{
    struct placed *p = ctx;
    if (r->result != HTTPC_ANSWERED || r->status >= 500)
        (void)fprintf(stderr, "%s %d %.*s\n", r->failure ? r->failure : "", r->status, STR_ARG(r->body));
    pthread_mutex_lock(&load.lock);
    load.latency[bucket_of(clock_monotonic() - p->due)]++;
    load.under_way--;
    count(r);
    pthread_cond_signal(&load.changed);
    pthread_mutex_unlock(&load.lock);
    free(p);
}

static void place(duration due)
{
    struct placed *p = NEW(struct placed);
    char key[UUID_TEXT + 1], url[300];
    p->due = due;
    uuid_format(uuid_new(), key);
    (void)snprintf(url, sizeof url, "%s/api/orders", load.options.gateway);
    struct httpc_header headers[] = {{STR("Content-Type"), STR("application/json")},
                                     {STR("Authorization"), load.tokens[load.sent % load.options.customers]},
                                     {STR("Idempotency-Key"), {key, UUID_TEXT}}};
    pthread_mutex_lock(&load.lock);
    load.under_way++;
    load.sent++;
    pthread_mutex_unlock(&load.lock);
    httpc_send(load.client, &(struct httpc_call){.method = "POST",
                                                 .url = str_of(url),
                                                 .headers = headers,
                                                 .header_count = 3,
                                                 .body = buf_str(&load.body),
                                                 .deadline = SECONDS(20),
                                                 .done = answered,
                                                 .ctx = p});
}

/* ── the schedule ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void sleep_until(duration when)
{
    duration now = clock_monotonic();
    if (when > now)
        nanosleep(&(struct timespec){.tv_sec = (when - now) / 1000000, .tv_nsec = (when - now) % 1000000 * 1000}, NULL);
}

static void run_open(duration start)
{
    int64_t total = load.options.rate * load.options.seconds;
    for (int64_t i = 0; i < total; i++) {
        duration due = start + i * 1000000 / load.options.rate;
        sleep_until(due);
        place(due);
    }
}

static void run_closed(duration start)
{
    while (clock_monotonic() < start + SECONDS(load.options.seconds)) {
        pthread_mutex_lock(&load.lock);
        while (load.under_way >= load.options.parallel)
            pthread_cond_wait(&load.changed, &load.lock);
        pthread_mutex_unlock(&load.lock);
        place(clock_monotonic());
    }
}

static void await_answers(void)
{
    pthread_mutex_lock(&load.lock);
    while (load.under_way > 0)
        pthread_cond_wait(&load.changed, &load.lock);
    pthread_mutex_unlock(&load.lock);
}

/* ── customers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct grant {
    struct str token;
};
static const struct json_field grant_fields[] = {JSON_FIELD(struct grant, token, "access_token", JSON_TEXT, JSON_REQUIRED)};
static const struct json_shape grant_shape = JSON_SHAPE(struct grant, grant_fields, JSON_IGNORE_UNKNOWN);

static void token_came(void *ctx, const struct httpc_response *r)
{
    struct str *token = ctx;
    struct arena arena;
    struct grant grant;
    struct json_errors errors = {0};
    arena_init(&arena);
    if (r->result != HTTPC_ANSWERED || r->status != 200 || !json_decode(&arena, r->body, &grant_shape, &grant, &errors)) {
        (void)fprintf(stderr, "no token: is the demo issuer of %s on? (%d)\n", load.options.gateway, r->status);
        exit(1);
    }
    char *text = NULL;
    invariant(asprintf(&text, "Bearer %.*s", STR_ARG(grant.token)) > 0);
    *token = str_of(text);
    arena_release(&arena);
    pthread_mutex_lock(&load.lock);
    load.under_way--;
    pthread_cond_signal(&load.changed);
    pthread_mutex_unlock(&load.lock);
}

static void get_tokens(void)
{
    char url[300], body[120], id[UUID_TEXT + 1];
    (void)snprintf(url, sizeof url, "%s/api/auth/demo", load.options.gateway);
    load.tokens = memory_new((size_t)load.options.customers * sizeof *load.tokens);
    for (int64_t i = 0; i < load.options.customers; i++) {
        uuid_format(uuid_new(), id);
        int n = snprintf(body, sizeof body, "{\"sub\":\"%s\",\"roles\":[\"customer\"]}", id);
        struct httpc_header header = {STR("Content-Type"), STR("application/json")};
        load.under_way++;
        httpc_send(load.client, &(struct httpc_call){.method = "POST",
                                                     .url = str_of(url),
                                                     .headers = &header,
                                                     .header_count = 1,
                                                     .body = {body, (size_t)n},
                                                     .deadline = SECONDS(20),
                                                     .done = token_came,
                                                     .ctx = &load.tokens[i]});
        await_answers();
    }
}

static void make_body(void)
{
    buf_printf(&load.body,
               "{\"items\":[{\"productId\":\"%s\",\"quantity\":2}],\"address\":{\"recipient\":\"김민지\",\"phone\":\"010-1234-5678\","
               "\"zip\":\"04524\",\"line1\":\"서울특별시 중구 세종대로 110\"},\"payment\":{\"method\":\"card\",\"token\":\"tok_ok\"}}",
               load.options.product);
}

/* ── the whole ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void print(duration took)
{
    double seconds = (double)took / 1e6;
    printf("{\"rate\":%lld,\"seconds\":%.3f,\"sent\":%lld,\"confirmed\":%lld,\"accepted\":%lld,\"declined\":%lld,\"refused\":%lld,"
           "\"failed\":%lld,\"confirmed_per_second\":%.1f,\"p50_ms\":%.2f,\"p90_ms\":%.2f,\"p99_ms\":%.2f,\"p999_ms\":%.2f}\n",
           (long long)load.options.rate, seconds, (long long)load.sent, (long long)load.confirmed, (long long)load.accepted,
           (long long)load.declined, (long long)load.refused, (long long)load.failed, (double)load.confirmed / seconds, percentile(0.5),
           percentile(0.9), percentile(0.99), percentile(0.999));
}

static int64_t number(const char *text, const char *what)
{
    int64_t n;
    if (str_to_int64(str_of(text), &n) && n >= 0)
        return n;
    (void)fprintf(stderr, "%s must be a whole number, not %s\n", what, text);
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        (void)fprintf(stderr,
                      "bench_load GATEWAY PRODUCT RATE SECONDS PARALLEL CUSTOMERS   (RATE 0: as fast as PARALLEL at a time allow)\n");
        return 2;
    }
    load.options = (struct load_options){.gateway = argv[1],
                                         .product = argv[2],
                                         .rate = number(argv[3], "RATE"),
                                         .seconds = number(argv[4], "SECONDS"),
                                         .parallel = number(argv[5], "PARALLEL"),
                                         .customers = number(argv[6], "CUSTOMERS")};
    pthread_mutex_init(&load.lock, NULL);
    pthread_cond_init(&load.changed, NULL);
    load.client = httpc_start(&(struct httpc_config){.connections_max = 256});
    make_body();
    get_tokens();
    duration start = clock_monotonic();
    if (load.options.rate > 0)
        run_open(start);
    else
        run_closed(start);
    await_answers();
    print(clock_monotonic() - start);
    httpc_stop(load.client);
    return load.failed > 0;
}
