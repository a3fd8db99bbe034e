/* Numbers of a component, and the page that shows them (Prometheus text format 0.0.4). */
#include "metrics.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Upper bounds, and how they are written. Times are counted in microseconds and shown in seconds, as is the custom. */
struct bound {
    uint64_t most;
    const char *text;
};

static const struct bound time_bounds[HISTOGRAM_BUCKETS] = {
    {100, "0.0001"}, {200, "0.0002"}, {500, "0.0005"}, {1000, "0.001"}, {2000, "0.002"}, {5000, "0.005"}, {10000, "0.01"}, {20000, "0.02"},
    {50000, "0.05"}, {100000, "0.1"}, {200000, "0.2"}, {500000, "0.5"}, {1000000, "1"},  {2000000, "2"},  {5000000, "5"},  {10000000, "10"},
};

static const struct bound size_bounds[HISTOGRAM_BUCKETS] = {
    {1, "1"},     {2, "2"},     {4, "4"},       {8, "8"},       {16, "16"},     {32, "32"},     {64, "64"},       {128, "128"},
    {256, "256"}, {512, "512"}, {1024, "1024"}, {2048, "2048"}, {4096, "4096"}, {8192, "8192"}, {16384, "16384"}, {32768, "32768"},
};

/* No order between different numbers is needed: a page is a look in passing. */
void counter_add(struct counter *c, uint64_t n)
{
    atomic_fetch_add_explicit(&c->value, n, memory_order_relaxed);
}

void gauge_set(struct gauge *g, int64_t value)
{
    atomic_store_explicit(&g->value, value, memory_order_relaxed);
}

void gauge_add(struct gauge *g, int64_t n)
{
    atomic_fetch_add_explicit(&g->value, n, memory_order_relaxed);
}

static void observe(struct histogram *h, const struct bound bounds[HISTOGRAM_BUCKETS], uint64_t value)
{
    size_t i = 0;
    while (i < HISTOGRAM_BUCKETS && value > bounds[i].most)
        i++;
    atomic_fetch_add_explicit(&h->bucket[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum, value, memory_order_relaxed);
}

void histogram_time(struct histogram *h, int64_t microseconds)
{
    observe(h, time_bounds, microseconds > 0 ? (uint64_t)microseconds : 0);
}

void histogram_size(struct histogram *h, uint64_t n)
{
    observe(h, size_bounds, n);
}

static void put_head(struct metrics_page *page, const char *name, const char *help, const char *type)
{
    if (page->last && strcmp(page->last, name) == 0)
        return;
    buf_printf(page->out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    page->last = name;
}

/* Labels stand in braces; where there are none, no braces. */
static void put_name(struct metrics_page *page, const char *name, const char *suffix, const char *labels)
{
    buf_printf(page->out, "%s%s", name, suffix);
    if (labels && labels[0])
        buf_printf(page->out, "{%s}", labels);
    buf_add_char(page->out, ' ');
}

void metrics_counter(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct counter *c)
{
    put_head(page, name, help, "counter");
    put_name(page, name, "", labels);
    buf_printf(page->out, "%" PRIu64 "\n", atomic_load_explicit(&c->value, memory_order_relaxed));
}

void metrics_gauge(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct gauge *g)
{
    put_head(page, name, help, "gauge");
    put_name(page, name, "", labels);
    buf_printf(page->out, "%" PRId64 "\n", atomic_load_explicit(&g->value, memory_order_relaxed));
}

static void put_double(struct buf *out, double value)
{
    if (isnan(value))
        buf_add(out, STR("NaN\n"));
    else if (isinf(value))
        buf_add(out, value > 0 ? STR("+Inf\n") : STR("-Inf\n"));
    else
        buf_printf(out, "%.16g\n", value);
}

void metrics_value(struct metrics_page *page, const char *name, const char *help, const char *labels, double value)
{
    put_head(page, name, help, "gauge");
    put_name(page, name, "", labels);
    put_double(page->out, value);
}

static void put_bucket(struct metrics_page *page, const char *name, const char *labels, const char *bound, uint64_t below)
{
    bool labelled = labels && labels[0];
    buf_printf(page->out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labelled ? labels : "", labelled ? "," : "", bound, below);
}

/* The buckets cumulate. Their total is shown as the count, so that a page agrees with itself while others go on counting. */
static void put_histogram(struct metrics_page *page, const char *name, const char *labels, const struct bound bounds[HISTOGRAM_BUCKETS],
                          const struct histogram *h)
{
    uint64_t below = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        below += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
        put_bucket(page, name, labels, bounds[i].text, below);
    }
    below += atomic_load_explicit(&h->bucket[HISTOGRAM_BUCKETS], memory_order_relaxed);
    put_bucket(page, name, labels, "+Inf", below);
    put_name(page, name, "_count", labels);
    buf_printf(page->out, "%" PRIu64 "\n", below);
}

void metrics_histogram_time(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct histogram *h)
{
    uint64_t sum = atomic_load_explicit(&h->sum, memory_order_relaxed);
    put_head(page, name, help, "histogram");
    put_histogram(page, name, labels, time_bounds, h);
    put_name(page, name, "_sum", labels);
    buf_printf(page->out, "%" PRIu64 ".%06" PRIu64 "\n", sum / 1000000, sum % 1000000);
}

void metrics_histogram_size(struct metrics_page *page, const char *name, const char *help, const char *labels, const struct histogram *h)
{
    put_head(page, name, help, "histogram");
    put_histogram(page, name, labels, size_bounds, h);
    put_name(page, name, "_sum", labels);
    buf_printf(page->out, "%" PRIu64 "\n", atomic_load_explicit(&h->sum, memory_order_relaxed));
}
