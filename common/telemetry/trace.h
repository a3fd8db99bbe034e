/*
 * trace — spans: what was done, from when to when, for whom (W3C Trace Context; OpenTelemetry's notion of a span).
 *
 * What ties the spans of a trace together travels as one text, the "trace", beside what it belongs to (a request, a command, an event, a
 * message): the traceparent, and where they came along, behind a line feed each, tracestate and baggage. Whoever begins a span under a
 * trace gets the trace for all that it causes:
 *
 *     struct span span;
 *     struct str trace = span_begin(&span, arena, parent, 0);
 *     … what is done here takes `trace` along …
 *     if (span_recorded(&span))
 *         span_end(&span, SPAN_CLIENT, SPAN_UNSET, 0, STR("POST"), LOG_FIELDS(LOG_STR("server.address", host), LOG_INT(…)));
 *
 * Off (no trace_start), a span costs one comparison, and the trace goes through as it came. On, a span that ends is put into a bounded
 * ring, without a lock and without waiting; when that is full, the span is dropped, and counted. An exporter drains the ring. Whether a
 * trace is recorded is decided where it begins, by ratio, and goes along as its sampled flag; others follow that flag.
 */
#ifndef JUMUN_TRACE_H
#define JUMUN_TRACE_H

#include "arena.h"
#include "log.h"
#include "metrics.h"

/* ── the text ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct trace_headers {
    struct str traceparent, tracestate, baggage; /* absent: none */
};

/* Absent when the traceparent is absent or malformed: the rest means nothing without it. What is longer than TRACE_EXTRA is left out. */
struct str trace_join(struct arena *arena, const struct trace_headers *h);
struct trace_headers trace_split(struct str trace); /* views into it */
#define TRACEPARENT_TEXT 55
#define TRACE_EXTRA      512

/* The beginning of a trace that is not recorded: ids to find things by, in logs and events. */
struct str trace_new(struct arena *arena);

/* The trace's id, 32 characters, a view into it; absent when there is none. */
struct str trace_id(struct str trace);

void trace_hex(const uint8_t *bytes, size_t n, char *text); /* lower case; 2n characters, not terminated */

/* ── spans ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* As numbered by OTLP. */
enum span_kind { SPAN_INTERNAL = 1, SPAN_SERVER, SPAN_CLIENT, SPAN_PRODUCER, SPAN_CONSUMER };
enum span_status { SPAN_UNSET, SPAN_OK, SPAN_ERROR };

struct span {
    uint8_t trace[16], id[8], parent[8]; /* parent all zero: none */
    instant began;                       /* 0: this span is not recorded */
};

static inline bool span_recorded(const struct span *s)
{
    return s->began != 0;
}

/* `began` 0: now. Under an absent parent it begins a trace of its own. The answer is the parent itself when nothing is recorded, else in
   the arena; absent without an arena, for whoever causes nothing further. */
struct str span_begin(struct span *s, struct arena *arena, struct str parent, instant began);

/* `ended` 0: now. Copies what it needs; of fields at most SPAN_FIELDS, and of texts what has room; absent texts are left out. Any thread.
 */
void span_end(const struct span *s, enum span_kind kind, enum span_status status, instant ended, struct str name,
              const struct log_field *fields);
#define SPAN_FIELDS 10

/* ── the ring ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Once, before other threads. ratio: of the traces that begin here, 0..1; queue_max: spans, a power of two is made of it. */
void trace_start(double ratio, size_t queue_max);
void trace_stop(void); /* nothing is recorded any more; what is in the ring stays until it is drained */
bool trace_on(void);

struct finished_span {
    struct span span;
    enum span_kind kind;
    enum span_status status;
    instant ended;
    struct str name;
    struct log_field fields[SPAN_FIELDS];
    size_t field_count;
};

/* Hands out and removes at most so many, the oldest first. One thread. Returns how many there were. */
size_t trace_drain(size_t most, void (*each)(void *ctx, const struct finished_span *s), void *ctx);
void trace_show(struct metrics_page *page);

#endif
