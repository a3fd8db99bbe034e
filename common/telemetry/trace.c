/* Spans: their ids and their text, and who decides whether they are recorded. */
#include "trace.h"

#include "clock.h"
#include "trace_ring.h"
#include <string.h>

#define FLAG_SAMPLED 1

/* Written before other threads are there; `on` may be switched off later. */
static struct {
    atomic_bool on;
    uint64_t threshold; /* of 2^56: trace ids below it are recorded */
} tracing;

/* ── traceparent: 00-<trace>-<span>-<flags> ──────────────────────────────────────────────────────────────────────────────────────────── */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Lower case only, and not all zero (W3C Trace Context, 3.2.2). */
static bool hex_read(const char *text, uint8_t *bytes, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        any |= bytes[i] = (uint8_t)(high << 4 | low);
    }
    return any != 0;
}

struct str trace_id(struct str trace)
{
    struct str id = {0};
    if (trace.n >= TRACEPARENT_TEXT)
        id = (struct str){trace.p + 3, 32};
    return id;
}

void trace_hex(const uint8_t *bytes, size_t n, char *text)
{
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

/* A later version may have more behind the flags, after a dash. */
static bool parse(struct str text, struct span *s, bool *sampled)
{
    uint8_t version, flags = 0;
    if (text.n < TRACEPARENT_TEXT || text.p[2] != '-' || text.p[35] != '-' || text.p[52] != '-')
        return false;
    bool first = text.p[0] == '0' && text.p[1] == '0';
    if (!first && (!hex_read(text.p, &version, 1) || version == 0xff))
        return false;
    if (text.n > TRACEPARENT_TEXT && (first || text.p[TRACEPARENT_TEXT] != '-'))
        return false;
    if (!hex_read(text.p + 3, s->trace, sizeof s->trace) || !hex_read(text.p + 36, s->id, sizeof s->id))
        return false;
    if (!hex_read(text.p + 53, &flags, 1) && (text.p[53] != '0' || text.p[54] != '0'))
        return false;
    *sampled = flags & FLAG_SAMPLED;
    return true;
}

static void format(const struct span *s, bool sampled, char *text)
{
    const uint8_t version = 0, flags = sampled ? FLAG_SAMPLED : 0;
    trace_hex(&version, 1, text);
    trace_hex(s->trace, sizeof s->trace, text + 3);
    trace_hex(s->id, sizeof s->id, text + 36);
    trace_hex(&flags, 1, text + 53);
    text[2] = text[35] = text[52] = '-';
}

/* ── the text ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_worth_keeping(struct str s)
{
    return s.n > 0 && s.n <= TRACE_EXTRA && !memchr(s.p, '\n', s.n);
}

/* head, tracestate, baggage; the latter two only where there is one. */
static struct str put_together(struct arena *arena, struct str head, struct str tracestate, struct str baggage)
{
    if (str_empty(tracestate) && str_empty(baggage))
        return arena_str(arena, head);
    return arena_printf(arena, str_empty(baggage) ? "%.*s\n%.*s" : "%.*s\n%.*s\n%.*s", STR_ARG(head), STR_ARG(tracestate),
                        STR_ARG(baggage));
}

struct str trace_join(struct arena *arena, const struct trace_headers *h)
{
    struct span parent;
    bool sampled;
    if (str_absent(h->traceparent) || !parse(h->traceparent, &parent, &sampled))
        return (struct str){0};
    char head[TRACEPARENT_TEXT];
    format(&parent, sampled, head); /* in the version that we speak */
    return put_together(arena, (struct str){head, sizeof head}, is_worth_keeping(h->tracestate) ? h->tracestate : (struct str){0},
                        is_worth_keeping(h->baggage) ? h->baggage : (struct str){0});
}

struct trace_headers trace_split(struct str trace)
{
    struct trace_headers h = {0};
    struct str rest = trace;
    if (str_split(&rest, '\n', &h.traceparent) && str_split(&rest, '\n', &h.tracestate) && str_empty(h.tracestate))
        h.tracestate = (struct str){0};
    if (rest.p && rest.n > 0)
        h.baggage = rest;
    return h;
}

/* The last eight bytes of an id of version 7: 62 random bits behind a bit that is always set. */
static void new_span_id(struct span *s)
{
    memcpy(s->id, uuid_new().b + 8, sizeof s->id);
}

/* An id of version 7 will do for a trace: its last 56 bits are random, which is what samplers look at. */
static void new_trace_id(struct span *s)
{
    memcpy(s->trace, uuid_new().b, sizeof s->trace);
}

struct str trace_new(struct arena *arena)
{
    struct span s;
    char text[TRACEPARENT_TEXT];
    new_trace_id(&s);
    new_span_id(&s);
    format(&s, false, text);
    return arena_str(arena, (struct str){text, sizeof text});
}

/* ── spans ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

bool trace_on(void)
{
    return atomic_load_explicit(&tracing.on, memory_order_relaxed);
}

/* The same trace is judged the same way by everyone who has the same ratio (OpenTelemetry, TraceIdRatioBased). */
static bool is_chosen(const struct span *s)
{
    uint64_t random = 0;
    for (size_t i = 9; i < 16; i++)
        random = random << 8 | s->trace[i];
    return random < tracing.threshold;
}

static struct str put_under(const struct span *s, struct arena *arena, bool sampled, const struct trace_headers *came)
{
    if (!arena)
        return (struct str){0};
    char text[TRACEPARENT_TEXT];
    format(s, sampled, text);
    return put_together(arena, (struct str){text, sizeof text}, came->tracestate, came->baggage);
}

static struct str begin_trace(struct span *s, struct arena *arena)
{
    new_trace_id(s);
    new_span_id(s);
    bool chosen = is_chosen(s);
    if (!chosen)
        s->began = 0;
    return put_under(s, arena, chosen, &(struct trace_headers){0});
}

struct str span_begin(struct span *s, struct arena *arena, struct str parent, instant began)
{
    s->began = 0;
    if (!trace_on())
        return parent;
    bool sampled;
    struct trace_headers h = trace_split(parent);
    *s = (struct span){.began = began ? began : clock_now()};
    if (str_absent(h.traceparent) || !parse(h.traceparent, s, &sampled))
        return begin_trace(s, arena);
    if (!sampled) {
        s->began = 0;
        return parent;
    }
    memcpy(s->parent, s->id, sizeof s->parent);
    new_span_id(s);
    return put_under(s, arena, true, &h);
}

void span_end(const struct span *s, enum span_kind kind, enum span_status status, instant ended, struct str name,
              const struct log_field *fields)
{
    if (span_recorded(s) && trace_on())
        trace_ring_put(s, kind, status, ended ? ended : clock_now(), name, fields);
}

/* ── on and off ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void trace_start(double ratio, size_t queue_max)
{
    double whole = (double)(UINT64_C(1) << 56);
    tracing.threshold = ratio >= 1 ? UINT64_C(1) << 56 : ratio > 0 ? (uint64_t)(ratio * whole) : 0;
    trace_ring_open(queue_max);
    atomic_store(&tracing.on, true);
}

void trace_stop(void)
{
    atomic_store(&tracing.on, false);
}
