/*
 * metrics — numbers that a component keeps of itself, and how they are shown (Prometheus text format 0.0.4).
 *
 * A component owns its counters, gauges and histograms as plain members, changes them from any thread, and shows them by one function:
 *
 *     struct relay { … struct counter produced; struct gauge backlog; };
 *     counter_add(&r->produced, 1);
 *     static void relay_show(void *ctx, struct metrics_page *page)
 *     {
 *         metrics_counter(page, "jumun_relay_produced_total", "Events that Kafka has taken.", NULL, &r->produced);
 *     }
 *
 * There is no registry: who composes the components calls their show functions, one after the other, on one page. Labels are given
 * ready-made, e.g. "topic=\"jumun.order\"". HELP and TYPE are written once per name; samples of one name must follow each other.
 */
#ifndef JUMUN_METRICS_H
#define JUMUN_METRICS_H

#include "buf.h"
#include <stdatomic.h>

struct counter {
    _Atomic uint64_t value;
};
struct gauge {
    _Atomic int64_t value;
};

/* Upper bounds in the unit of what is observed; the last bucket is +Inf. */
#define HISTOGRAM_BUCKETS 16
struct histogram {
    _Atomic uint64_t bucket[HISTOGRAM_BUCKETS + 1];
    _Atomic uint64_t count;
    _Atomic uint64_t sum; /* microseconds, or counts */
};

void counter_add(struct counter *c, uint64_t n);
void gauge_set(struct gauge *g, int64_t value);
void gauge_add(struct gauge *g, int64_t n);

/* Times: buckets 100 µs … 10 s; `microseconds` is shown in seconds. */
void histogram_time(struct histogram *h, int64_t microseconds);
/* Sizes: buckets 1, 2, 4 … 32768. */
void histogram_size(struct histogram *h, uint64_t n);

struct metrics_page {
    struct buf *out;
    const char *last; /* the name whose HELP and TYPE stand already */
};

void metrics_counter(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct counter *c);
void metrics_gauge(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct gauge *g);
void metrics_value(struct metrics_page *page, const char *name, const char *help, const char *labels,
                   double value); /* a gauge computed now */
void metrics_histogram_time(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct histogram *h);
void metrics_histogram_size(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct histogram *h);

/* Of this process: resident bytes, CPU seconds, open files, start time, build version. */
void metrics_process(struct metrics_page *page);

#endif
