/*
 * The ring of finished spans: many put in, one takes out, nobody waits (Vyukov's bounded queue).
 *
 * Each slot counts its turns. A slot is free for the position p when its turn is p, and full for the reader when it is p + 1. Who wants to
 * put moves the tail by one compare-and-swap, and then has the slot for itself; a slot whose turn is of the round before is still full, and
 * so is the ring: the span is dropped.
 */
#include "trace_ring.h"

#include "memory.h"
#include <string.h>

#define SPAN_TEXT 320 /* for name and texts of a span; what is more is cut */

struct slot {
    _Atomic size_t turn;
    struct finished_span span; /* its texts point into the next */
    char text[SPAN_TEXT];
};

static struct {
    struct slot *slots;
    size_t mask;
    _Atomic size_t tail;
    _Atomic size_t head; /* moved by the reader alone */
    struct counter dropped;
} ring;

void trace_ring_open(size_t room)
{
    if (ring.slots)
        return;
    size_t n = 2;
    while (n < room)
        n *= 2;
    ring.slots = memory_new(n * sizeof *ring.slots);
    ring.mask = n - 1;
    for (size_t i = 0; i < n; i++)
        atomic_init(&ring.slots[i].turn, i);
}

/* ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct slot *slot_claim(size_t *position)
{
    size_t at = atomic_load_explicit(&ring.tail, memory_order_relaxed);
    for (;;) {
        struct slot *slot = &ring.slots[at & ring.mask];
        ptrdiff_t ahead = (ptrdiff_t)(atomic_load_explicit(&slot->turn, memory_order_acquire) - at);
        if (ahead < 0)
            return NULL;
        if (ahead > 0)
            at = atomic_load_explicit(&ring.tail, memory_order_relaxed);
        else if (atomic_compare_exchange_weak_explicit(&ring.tail, &at, at + 1, memory_order_relaxed, memory_order_relaxed))
            return *position = at, slot;
    }
}

static struct str text_keep(struct slot *slot, size_t *used, struct str text)
{
    size_t room = SPAN_TEXT - *used, n = text.n < room ? text.n : room;
    if (n > 0)
        memcpy(slot->text + *used, text.p, n);
    struct str kept = {slot->text + *used, n};
    *used += n;
    return kept;
}

static void slot_fill(struct slot *slot, struct str name, const struct log_field *fields)
{
    size_t used = 0;
    slot->span.name = text_keep(slot, &used, name);
    slot->span.field_count = 0;
    for (; fields->name && slot->span.field_count < SPAN_FIELDS; fields++) {
        if (fields->kind == LOG_FIELD_TEXT && str_absent(fields->text))
            continue;
        struct log_field *kept = &slot->span.fields[slot->span.field_count++];
        *kept = *fields;
        if (fields->kind == LOG_FIELD_TEXT)
            kept->text = text_keep(slot, &used, fields->text);
    }
}

void trace_ring_put(const struct span *s, enum span_kind kind, enum span_status status, instant ended, struct str name,
                    const struct log_field *fields)
{
    size_t position;
    struct slot *slot = slot_claim(&position);
    if (!slot) {
        counter_add(&ring.dropped, 1);
        return;
    }
    slot->span.span = *s;
    slot->span.kind = kind;
    slot->span.status = status;
    slot->span.ended = ended;
    slot_fill(slot, name, fields);
    atomic_store_explicit(&slot->turn, position + 1, memory_order_release);
}

/* ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

size_t trace_drain(size_t most, void (*each)(void *ctx, const struct finished_span *s), void *ctx)
{
    size_t n = 0, at = atomic_load_explicit(&ring.head, memory_order_relaxed);
    for (; n < most && ring.slots; n++, at++) {
        struct slot *slot = &ring.slots[at & ring.mask];
        if (atomic_load_explicit(&slot->turn, memory_order_acquire) != at + 1)
            break;
        each(ctx, &slot->span);
        atomic_store_explicit(&slot->turn, at + ring.mask + 1, memory_order_release);
        atomic_store_explicit(&ring.head, at + 1, memory_order_relaxed);
    }
    return n;
}

void trace_show(struct metrics_page *page)
{
    size_t head = atomic_load(&ring.head), tail = atomic_load(&ring.tail);
    metrics_counter(page, "jumun_trace_dropped_total", "Finished spans that found the queue to the exporter full.", NULL, &ring.dropped);
    metrics_value(page, "jumun_trace_queue_length", "Finished spans that wait for the exporter.", NULL, (double)(tail - head));
}
