/* Dead letters: sorted by where they came from. */
#include "dead_letters.h"

#include "memory.h"
#include <stdlib.h>
#include <string.h>

void dead_letters_add(struct dead_letters *d, const struct dead_letter *letter)
{
    if (d->count == d->room) {
        d->room = d->room ? d->room * 2 : 64;
        d->items = memory_resize(d->items, d->room * sizeof *d->items);
    }
    d->items[d->count++] = *letter;
}

static int compare(const void *a, const void *b)
{
    const struct dead_letter *x = a, *y = b;
    int by_topic = (x->topic > y->topic) - (x->topic < y->topic),
        by_partition = (x->partition > y->partition) - (x->partition < y->partition);
    return by_topic ? by_topic : by_partition ? by_partition : (x->offset > y->offset) - (x->offset < y->offset);
}

static int compare_ids(const void *a, const void *b)
{
    const struct dead_letter *x = a, *y = b;
    int by_context = (x->context > y->context) - (x->context < y->context);
    return by_context ? by_context : uuid_compare(x->id, y->id);
}

static int compare_letters(const void *a, const void *b)
{
    const struct dead_letter *x = a, *y = b;
    int by_place = compare(a, b), by_context = by_place ? by_place : (x->context > y->context) - (x->context < y->context);
    return by_context ? by_context : (x->mark > y->mark) - (x->mark < y->mark);
}

/* Copies of a letter, and its marks, stand behind it. */
static void join(struct dead_letters *d)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->count; i++) {
        struct dead_letter *last = kept ? &d->items[kept - 1] : NULL;
        if (last && compare(last, &d->items[i]) == 0 && last->context == d->items[i].context)
            last->redriven |= d->items[i].mark && d->items[i].redriven;
        else if (!d->items[i].mark)
            d->items[kept++] = d->items[i];
    }
    d->count = kept;
}

void dead_letters_sort(struct dead_letters *d)
{
    if (d->count == 0)
        return;
    qsort(d->items, d->count, sizeof *d->items, compare_letters);
    join(d);
    d->by_id = memory_resize(d->by_id, (d->count + 1) * sizeof *d->by_id);
    memcpy(d->by_id, d->items, d->count * sizeof *d->by_id);
    qsort(d->by_id, d->count, sizeof *d->by_id, compare_ids);
}

/* The first of those from there; d->count: none. */
static size_t first(const struct dead_letters *d, const struct dead_letter *from)
{
    size_t low = 0, high = d->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(&d->items[middle], from) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < d->count && compare(&d->items[low], from) == 0 ? low : d->count;
}

uint8_t dead_letters_at(struct dead_letters *d, uint8_t topic, int16_t partition, int64_t offset, uint64_t bytes)
{
    struct dead_letter from = {.topic = topic, .partition = partition, .offset = offset};
    uint8_t contexts = 0;
    if (d->count == 0)
        return 0;
    for (size_t i = first(d, &from); i < d->count && compare(&d->items[i], &from) == 0; i++) {
        d->items[i].found |= d->items[i].bytes == bytes;
        contexts |= (uint8_t)(1u << d->items[i].context);
    }
    return contexts;
}

const struct dead_letter *dead_letters_of(const struct dead_letters *d, uint8_t context, uint8_t topic, int16_t partition, int64_t offset)
{
    struct dead_letter from = {.topic = topic, .partition = partition, .offset = offset};
    for (size_t i = first(d, &from); i < d->count && compare(&d->items[i], &from) == 0; i++)
        if (d->items[i].context == context)
            return &d->items[i];
    return NULL;
}

bool dead_letters_have(const struct dead_letters *d, uint8_t context, struct uuid id)
{
    struct dead_letter wanted = {.context = context, .id = id};
    return d->count > 0 && bsearch(&wanted, d->by_id, d->count, sizeof *d->by_id, compare_ids) != NULL;
}

void dead_letters_release(struct dead_letters *d)
{
    free(d->items);
    free(d->by_id);
    *d = (struct dead_letters){0};
}
