/* What a span costs whoever begins and ends it: off, not sampled, sampled, sampled with a full queue; and what encoding costs the exporter.
 */
#include "clock.h"
#include "otlp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUNDS 2000000
#define BATCH  1000

static const char *const PARENT_SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
static const char *const PARENT_UNSAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

static double cpu_nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void one_span(struct arena *arena, struct str parent)
{
    struct span span;
    struct str trace = span_begin(&span, arena, parent, 0);
    __asm__ volatile("" : : "r"(trace.p) : "memory"); /* whoever takes it along */
    if (span_recorded(&span))
        span_end(&span, SPAN_SERVER, SPAN_UNSET, 0, STR("POST /orders"),
                 LOG_FIELDS(LOG_STR("http.request.method", "POST"), LOG_STR("http.route", "/orders"), LOG_STR("url.path", "/orders"),
                            LOG_INT("http.response.status_code", 201)));
}

static void forget(void *ctx, const struct finished_span *s)
{
    (void)ctx, (void)s;
}

static void encode(void *ctx, const struct finished_span *s)
{
    otlp_put_span(ctx, s);
}

/* Draining is not counted. */
static double measure(const char *parent, bool drained)
{
    struct arena arena;
    double spent = 0;
    arena_init(&arena);
    for (int round = 0; round < ROUNDS; round += BATCH) {
        double before = cpu_nanoseconds();
        for (int i = 0; i < BATCH; i++)
            one_span(&arena, str_of(parent));
        spent += cpu_nanoseconds() - before;
        arena_reset(&arena);
        if (drained)
            trace_drain(BATCH, forget, NULL);
    }
    arena_release(&arena);
    return spent / ROUNDS;
}

static double measure_encoding(size_t *bytes)
{
    struct arena arena;
    struct buf out = BUF_INIT;
    double spent = 0;
    size_t spans = 0;
    arena_init(&arena);
    for (int round = 0; round < ROUNDS / 10; round += BATCH) {
        for (int i = 0; i < BATCH; i++)
            one_span(&arena, str_of(PARENT_SAMPLED));
        arena_reset(&arena);
        buf_clear(&out);
        struct json_writer w = {.out = &out};
        double before = cpu_nanoseconds();
        spans += trace_drain(BATCH, encode, &w);
        spent += cpu_nanoseconds() - before;
        *bytes = out.n / BATCH;
    }
    buf_release(&out);
    arena_release(&arena);
    return spent / (double)spans;
}

int main(void)
{
    size_t bytes = 0;
    printf("%-34s %8.1f ns\n", "off", measure(PARENT_SAMPLED, false));
    trace_start(1, BATCH);
    printf("%-34s %8.1f ns\n", "on, the trace is not sampled", measure(PARENT_UNSAMPLED, false));
    printf("%-34s %8.1f ns\n", "on, recorded", measure(PARENT_SAMPLED, true));
    printf("%-34s %8.1f ns\n", "on, recorded, the queue is full", measure(PARENT_SAMPLED, false));
    trace_drain((size_t)-1, forget, NULL);
    double encoding = measure_encoding(&bytes);
    printf("%-34s %8.1f ns  (%zu bytes)\n", "encoding, in the exporter's thread", encoding, bytes);
    return 0;
}
