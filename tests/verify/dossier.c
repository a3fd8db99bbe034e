/* Dossier: a bucket's records, grouped by whose they are, and put in their order. */
#include "dossier.h"

#include "hash.h"
#include "invariant.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

/* Where a group's records of each source begin and end: offsets in the bucket, + 1. */
struct group {
    struct uuid key;
    uint64_t first[SOURCES], last[SOURCES];
    size_t count[SOURCES];
};

void bucket_init(struct bucket *b)
{
    *b = (struct bucket){.bytes = BUF_INIT};
    arena_init(&b->arena);
}

void bucket_release(struct bucket *b)
{
    buf_release(&b->bytes);
    arena_release(&b->arena);
    free(b->groups);
    free(b->slots);
}

/* ── grouping ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct record *record_at(const struct bucket *b, uint64_t offset)
{
    return (struct record *)(void *)(b->bytes.p + offset);
}

static void slots_make(struct bucket *b, size_t count)
{
    free(b->slots);
    b->slot_count = count;
    b->slots = memory_new(count * sizeof *b->slots);
    for (size_t i = 0; i < b->group_count; i++) {
        size_t slot = hash_bytes(2, b->groups[i].key.b, 16) & (count - 1);
        while (b->slots[slot])
            slot = (slot + 1) & (count - 1);
        b->slots[slot] = (uint32_t)(i + 1);
    }
}

static struct group *group_of(struct bucket *b, struct uuid key)
{
    if (b->group_count * 2 >= b->slot_count) {
        slots_make(b, b->slot_count ? b->slot_count * 2 : 4096);
        b->groups = memory_resize(b->groups, b->slot_count / 2 * sizeof *b->groups);
    }
    invariant(b->slots);
    size_t slot = hash_bytes(2, key.b, 16) & (b->slot_count - 1);
    for (; b->slots[slot]; slot = (slot + 1) & (b->slot_count - 1))
        if (uuid_equal(b->groups[b->slots[slot] - 1].key, key))
            return &b->groups[b->slots[slot] - 1];
    struct group *g = &b->groups[b->group_count++];
    *g = (struct group){.key = key};
    b->slots[slot] = (uint32_t)b->group_count;
    return g;
}

static void group_add(struct bucket *b, struct group *g, uint64_t offset)
{
    struct record *r = record_at(b, offset);
    r->next = 0;
    if (g->last[r->source])
        record_at(b, g->last[r->source] - 1)->next = offset + 1;
    else
        g->first[r->source] = offset + 1;
    g->last[r->source] = offset + 1;
    g->count[r->source]++;
}

bool bucket_load(struct bucket *b, struct spill *const *spills, size_t n, size_t number)
{
    buf_clear(&b->bytes);
    b->group_count = b->at = 0;
    if (b->slots)
        memset(b->slots, 0, b->slot_count * sizeof *b->slots);
    for (size_t i = 0; i < n; i++)
        if (!spill_take(spills[i], number, &b->bytes))
            return false;
    for (uint64_t offset = 0; offset < b->bytes.n; offset += record_at(b, offset)->size)
        group_add(b, group_of(b, record_at(b, offset)->key), offset);
    return true;
}

/* ── a group's records, by source ────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const void *one(const struct bucket *b, const struct group *g, enum source source)
{
    return g->first[source] ? record_at(b, g->first[source] - 1)->data : NULL;
}

static void *many(struct bucket *b, const struct group *g, enum source source, size_t *count)
{
    const void **items = ARENA_ARRAY(&b->arena, const void *, g->count[source] + 1);
    *count = 0;
    for (uint64_t at = g->first[source]; at; at = record_at(b, at - 1)->next)
        items[(*count)++] = record_at(b, at - 1)->data;
    return items;
}

/* ── events and messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int by_version(const void *a, const void *b)
{
    const struct history *x = ((const struct happened *)a)->h, *y = ((const struct happened *)b)->h;
    int kind = (x->kind > y->kind) - (x->kind < y->kind), aggregate = kind ? kind : uuid_compare(x->aggregate, y->aggregate);
    return aggregate ? aggregate : (x->version > y->version) - (x->version < y->version);
}

static int by_id(const void *a, const void *b)
{
    return uuid_compare((*(struct happened *const *)a)->h->id, (*(struct happened *const *)b)->h->id);
}

static int by_place(const void *a, const void *b)
{
    const struct message *x = ((const struct told_message *)a)->m, *y = ((const struct told_message *)b)->m;
    int topic = (x->topic > y->topic) - (x->topic < y->topic),
        partition = topic ? topic : (x->partition > y->partition) - (x->partition < y->partition);
    return partition ? partition : (x->offset > y->offset) - (x->offset < y->offset);
}

/* They come nearly in order: sorted only where they do not. */
static void sort(void *items, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    for (size_t i = 1; i < n; i++)
        if (compare((char *)items + (i - 1) * size, (char *)items + i * size) > 0) {
            qsort(items, n, size, compare);
            return;
        }
}

static void take_events(struct bucket *b, const struct group *g, struct dossier *d)
{
    size_t n;
    const struct history **all = many(b, g, SOURCE_HISTORY, &n);
    d->events = ARENA_ARRAY(&b->arena, struct happened, n + 1);
    d->by_id = ARENA_ARRAY(&b->arena, struct happened *, n + 1);
    d->event_count = n;
    for (size_t i = 0; i < n; i++)
        d->events[i].h = all[i];
    sort(d->events, n, sizeof *d->events, by_version);
    for (size_t i = 0; i < n; i++)
        d->by_id[i] = &d->events[i];
    sort(d->by_id, n, sizeof *d->by_id, by_id);
}

static int id_of(const void *id, const void *happened)
{
    return uuid_compare(*(const struct uuid *)id, (*(struct happened *const *)happened)->h->id);
}

struct happened *dossier_event(const struct dossier *d, struct uuid id)
{
    struct happened **found = d->event_count > 0 ? bsearch(&id, d->by_id, d->event_count, sizeof *d->by_id, id_of) : NULL;
    return found ? *found : NULL;
}

bool dossier_happened(const struct dossier *d, enum event event)
{
    for (size_t i = 0; i < d->event_count; i++)
        if (d->events[i].h->event == event)
            return true;
    return false;
}

/* Who puts on a topic what no history says is found out by that, unless it is known already. */
static void meet(struct dossier *d, struct told_message *t)
{
    t->event = uuid_is_nil(t->m->id) ? NULL : dossier_event(d, t->m->id);
    bool foreign = !t->event || t->event->h->content != t->m->content;
    t->excused = foreign && (t->m->dead || t->m->drill);
    if (t->excused)
        t->event = NULL;
    if (!t->event)
        return;
    t->copy = t->event->first != NULL;
    if (!t->copy)
        t->event->first = t;
}

static void take_messages(struct bucket *b, const struct group *g, struct dossier *d)
{
    size_t n;
    const struct message **all = many(b, g, SOURCE_MESSAGE, &n);
    d->messages = ARENA_ARRAY(&b->arena, struct told_message, n + 1);
    d->message_count = n;
    for (size_t i = 0; i < n; i++)
        d->messages[i] = (struct told_message){.m = all[i], .change = all[i]->shown ? (const void *)(all[i] + 1) : NULL};
    sort(d->messages, n, sizeof *d->messages, by_place);
    for (size_t i = 0; i < n; i++)
        meet(d, &d->messages[i]);
}

bool bucket_next(struct bucket *b, struct dossier *d)
{
    if (b->at == b->group_count)
        return false;
    const struct group *g = &b->groups[b->at++];
    arena_reset(&b->arena);
    *d = (struct dossier){.key = g->key};
    take_events(b, g, d);
    take_messages(b, g, d);
    d->order = one(b, g, SOURCE_ORDER);
    d->payment = one(b, g, SOURCE_PAYMENT);
    d->attempts = d->payment ? (const void *)(d->payment + 1) : NULL;
    d->preparation = one(b, g, SOURCE_PREPARATION);
    d->delivery = one(b, g, SOURCE_DELIVERY);
    d->product = one(b, g, SOURCE_PRODUCT);
    d->document = one(b, g, SOURCE_DOCUMENT);
    d->notices = many(b, g, SOURCE_NOTICE, &d->notice_count);
    d->charges = many(b, g, SOURCE_CHARGE, &d->charge_count);
    d->refunds = many(b, g, SOURCE_REFUND, &d->refund_count);
    d->listed = many(b, g, SOURCE_LISTED, &d->listed_count);
    d->answers = many(b, g, SOURCE_ANSWER, &d->answer_count);
    return true;
}
