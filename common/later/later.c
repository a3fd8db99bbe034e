/* Later: a heap of what is to be called, and the thread that waits for the first of it. */
#include "later.h"
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include <stdlib.h>

struct later_entry {
    duration due;
    uint64_t number;
    later_function function;
    void *ctx;
};

/* ── the heap ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool before(const struct later_entry *a, const struct later_entry *b)
{
    return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void heap_add(struct later_heap *heap, struct later_entry entry)
{
    if (heap->count == heap->room) {
        heap->room = heap->room ? 2 * heap->room : 16;
        heap->items = memory_resize(heap->items, heap->room * sizeof *heap->items);
    }
    size_t i = heap->count++;
    for (size_t parent; i > 0 && before(&entry, &heap->items[parent = (i - 1) / 2]); i = parent)
        heap->items[i] = heap->items[parent];
    heap->items[i] = entry;
}

/* The first; the last one takes its place, and sinks to where it belongs. */
static struct later_entry heap_take(struct later_heap *heap)
{
    struct later_entry first = heap->items[0], last = heap->items[--heap->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < heap->count; i = child) {
        if (child + 1 < heap->count && before(&heap->items[child + 1], &heap->items[child]))
            child++;
        if (!before(&heap->items[child], &last))
            break;
        heap->items[i] = heap->items[child];
    }
    heap->items[i] = last;
    return first;
}

void later_at(struct later *later, duration due, later_function function, void *ctx)
{
    pthread_mutex_lock(&later->lock);
    uint64_t number = ++later->given;
    heap_add(&later->heap, (struct later_entry){due, number, function, ctx});
    if (later->heap.items[0].number == number)
        pthread_cond_signal(&later->wake);
    pthread_mutex_unlock(&later->lock);
}

/* ── the thread ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void call_first(struct later *later)
{
    struct later_entry first = heap_take(&later->heap);
    pthread_mutex_unlock(&later->lock);
    first.function(first.ctx, true);
    pthread_mutex_lock(&later->lock);
}

static void *serve(void *ctx)
{
    struct later *later = ctx;
    pthread_mutex_lock(&later->lock);
    while (!later->stopping) {
        if (later->heap.count == 0)
            pthread_cond_wait(&later->wake, &later->lock);
        else if (later->heap.items[0].due > clock_monotonic())
            (void)clock_wait(&later->wake, &later->lock, later->heap.items[0].due);
        else
            call_first(later);
    }
    pthread_mutex_unlock(&later->lock);
    return NULL;
}

void later_start(struct later *later)
{
    later->stopping = false;
    invariant(pthread_create(&later->thread, NULL, serve, later) == 0);
}

/* What the functions called here give to later_at() is not theirs to see: it goes into the next heap. */
void later_stop(struct later *later)
{
    pthread_mutex_lock(&later->lock);
    later->stopping = true;
    pthread_cond_signal(&later->wake);
    pthread_mutex_unlock(&later->lock);
    pthread_join(later->thread, NULL);
    pthread_mutex_lock(&later->lock);
    struct later_heap left = later->heap;
    later->heap = (struct later_heap){0};
    pthread_mutex_unlock(&later->lock);
    while (left.count > 0) {
        struct later_entry first = heap_take(&left);
        first.function(first.ctx, false);
    }
    free(left.items);
}
