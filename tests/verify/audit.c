/* Audit: all is read at once, by a thread a store, and then looked at. */
#include "run.h"

#include "clock.h"
#include "dossier.h"
#include "sums.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ORDERS_A_BUCKET 4000
#define BUCKETS_MOST    1024

void audit_fault(struct audit *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&a->lock);
    if (!a->fault[0])
        vsnprintf(a->fault, sizeof a->fault, format, args);
    pthread_mutex_unlock(&a->lock);
    va_end(args);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void *read_databases(void *audit)
{
    struct audit *a = audit;
    databases_read(a, a->spills[READER_DATABASES], CONTEXT_ORDER, CONTEXT_PAYMENT);
    return NULL;
}

static void *read_more_databases(void *audit)
{
    struct audit *a = audit;
    databases_read(a, a->spills[READER_MORE_DATABASES], CONTEXT_DELIVERY, CONTEXT_NOTIFICATION);
    return NULL;
}

static void *read_topics(void *audit)
{
    struct audit *a = audit;
    topics_read(a, a->spills[READER_TOPICS], 0, 2);
    return NULL;
}

static void *read_more_topics(void *audit)
{
    struct audit *a = audit;
    topics_read(a, a->spills[READER_MORE_TOPICS], 1, 2);
    return NULL;
}

static void *read_view(void *audit)
{
    struct audit *a = audit;
    view_read(a, a->spills[READER_VIEW]);
    return NULL;
}

static size_t buckets_for(struct audit *a)
{
    PGconn *connection = database_open(a, CONTEXT_ORDER);
    int64_t orders = 0;
    if (connection) {
        PGresult *rows = PQexec(connection, "select count(*) from orders");
        str_to_int64(str_of(PQgetvalue(rows, 0, 0)), &orders);
        PQclear(rows);
        PQfinish(connection);
    }
    size_t buckets = 16;
    while (buckets < (size_t)orders / ORDERS_A_BUCKET && buckets < BUCKETS_MOST)
        buckets *= 2;
    return buckets;
}

static bool spills_make(struct audit *a)
{
    for (int i = 0; i < READERS; i++)
        if (!(a->spills[i] = spill_new(a->scratch, a->buckets))) {
            audit_fault(a, "%s: %s", a->scratch, strerror(errno));
            return false;
        }
    return true;
}

/* What clients were told goes to its orders; what nobody knows the order of is looked at in sums.c. */
static void spill_answers(struct audit *a)
{
    for (size_t i = 0; a->told && i < a->told->count; i++)
        if (!uuid_is_nil(a->told->items[i].order))
            spill_put(a->spills[READER_DATABASES], SOURCE_ANSWER, a->told->items[i].order, &a->told->items[i], sizeof a->told->items[i],
                      NULL, 0);
}

void audit_read(struct audit *a)
{
    void *(*const readers[READERS])(void *) = {read_databases, read_more_databases, read_topics, read_more_topics, read_view};
    pthread_t threads[READERS];
    int begun = 0;
    a->buckets = buckets_for(a);
    if (a->fault[0] || !spills_make(a) || !dead_letters_read(a))
        return;
    while (begun < READERS && pthread_create(&threads[begun], NULL, readers[begun], a) == 0)
        begun++;
    if (begun < READERS)
        audit_fault(a, "no thread can be started");
    for (int i = 0; i < begun; i++)
        pthread_join(threads[i], NULL);
    spill_answers(a);
    for (int i = 0; i < READERS; i++)
        if (!spill_whole(a->spills[i]))
            audit_fault(a, "%s: what was read could not be kept: is the disk full?", a->scratch);
}

/* ── what cannot be checked ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void say_what_is_missing(struct audit *a)
{
    static const int by_topics[] = {10, 11, 12, 13, 14, 15, 17, 21}, by_books[] = {2, 4, 5};
    for (size_t i = 0; a->pruned[0] && i < sizeof by_topics / sizeof by_topics[0]; i++)
        findings_missing(&a->findings, by_topics[i], "%s", a->pruned);
    for (size_t i = 0; !a->simulated_provider && i < sizeof by_books / sizeof by_books[0]; i++)
        findings_missing(&a->findings, by_books[i], "the provider's books are not those of the simulated provider");
    for (int i = 19; i <= 20 && !a->told; i++) {
        findings_missing(&a->findings, i, "no history given");
        a->findings.of[i].optional = true;
    }
    findings_note(&a->findings, 18, "what a channel's far end has received is recorded nowhere here, and was not looked at");
}

void audit_look(struct audit *a, int threads)
{
    orders_look(a, threads);
    sums_compare(a);
    say_what_is_missing(a);
}

void audit_init(struct audit *a)
{
    findings_init(&a->findings);
    pthread_mutex_init(&a->lock, NULL);
}

void audit_release(struct audit *a)
{
    for (int i = 0; i < READERS; i++)
        if (a->spills[i])
            spill_free(a->spills[i]);
    history_free(a->told);
    dead_letters_release(&a->dead);
    stock_release(&a->stock);
    findings_release(&a->findings);
    pthread_mutex_destroy(&a->lock);
}

uint64_t audit_spilled(const struct audit *a)
{
    uint64_t bytes = 0;
    for (int i = 0; i < READERS; i++)
        bytes += a->spills[i] ? spill_bytes(a->spills[i]) : 0;
    return bytes;
}
