/* Look: every bucket, every dossier, every check; some threads at once. */
#include "look.h"

#include "clock.h"
#include "memory.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    int invariant;
    void (*check)(struct look *l, const struct dossier *d);
} checks[] = {
    {1, check_completed}, {2, check_refunds},   {3, check_pivot},    {4, check_ledgers},   {5, check_balance},
    {6, check_goods},     {7, check_total},     {8, check_ways},     {9, check_deadlines}, {10, check_published},
    {11, check_copies},   {12, check_order_of}, {13, check_inbox},   {14, check_causes},   {15, check_dead},
    {17, check_document}, {18, check_notices},  {19, check_answers}, {20, check_keys},     {21, check_replay},
};

void wrong(struct look *l, int invariant, const struct dossier *d, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *what = d->product ? "product" : uuid_is_nil(d->key) ? "nobody's" : "order";
    findings_add(&l->audit->findings, invariant, d->key, "%s %s: %s", what, id_text(d->key).p, text);
}

static void look_at(struct look *l, const struct dossier *d)
{
    duration before = clock_monotonic();
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        checks[i].check(l, d);
        duration after = clock_monotonic();
        l->tally.took[checks[i].invariant] += after - before;
        before = after;
    }
}

/* ── threads ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct looking {
    struct audit *audit;
    atomic_size_t *next; /* bucket */
};

static void join(struct look *l)
{
    struct audit *a = l->audit;
    findings_count(&a->findings, &l->tally);
    pthread_mutex_lock(&a->lock);
    for (int i = 0; i < DATABASES; i++) {
        ids_join(&a->relevant[i], &l->relevant[i]);
        a->received[i] += l->received[i];
        a->unasked[i] += l->unasked[i];
    }
    a->orders += l->orders;
    a->completed += l->completed;
    a->cancelled += l->cancelled;
    a->under_way += l->under_way;
    a->reviewed += l->reviewed;
    a->poison += l->poison;
    a->captured += l->captured;
    a->refunded += l->refunded;
    a->concluded += l->concluded;
    a->kept_under_way += l->kept_under_way;
    a->kept_reviewed += l->kept_reviewed;
    pthread_mutex_unlock(&a->lock);
}

static void look_at_product(struct look *l, const struct dossier *d)
{
    struct audit *a = l->audit;
    pthread_mutex_lock(&a->lock);
    struct stock_line stock = *stock_of(&a->stock, d->key);
    stock_of(&a->stock, d->key)->seen = true;
    pthread_mutex_unlock(&a->lock);
    const struct product_row *p = d->product;
    if (p->initial + p->restocked != p->on_hand + stock.shipped)
        wrong(l, 6, d, "%lld came in, %lld are there and %lld have left", (long long)p->initial + p->restocked, (long long)p->on_hand,
              (long long)stock.shipped);
    if (p->reserved != stock.prepared)
        wrong(l, 6, d, "%lld are reserved, preparations hold %lld", (long long)p->reserved, (long long)stock.prepared);
    if (p->on_hand < 0 || p->reserved < 0 || p->reserved > p->on_hand)
        wrong(l, 6, d, "%lld on hand, %lld reserved", (long long)p->on_hand, (long long)p->reserved);
}

static void *look_run(void *ctx)
{
    struct looking *looking = ctx;
    struct audit *a = looking->audit;
    struct look *l = NEW(struct look);
    struct bucket bucket;
    struct dossier d;
    l->audit = a;
    arena_init(&l->arena);
    bucket_init(&bucket);
    for (size_t i; (i = atomic_fetch_add(looking->next, 1)) < a->buckets;) {
        if (!bucket_load(&bucket, a->spills, READERS, i))
            audit_fault(a, "what was read cannot be read again: the disk at %s", a->scratch);
        while (bucket_next(&bucket, &d)) {
            look_at(l, &d);
            if (d.product)
                look_at_product(l, &d);
        }
    }
    bucket_release(&bucket);
    arena_release(&l->arena);
    join(l);
    free(l);
    return NULL;
}

void orders_look(struct audit *a, int threads)
{
    atomic_size_t next = 0;
    struct looking looking = {a, &next};
    pthread_t ids[16];
    int begun = 0;
    while (begun < threads - 1 && begun < 16 && pthread_create(&ids[begun], NULL, look_run, &looking) == 0)
        begun++;
    look_run(&looking);
    for (int i = 0; i < begun; i++)
        pthread_join(ids[i], NULL);
}
