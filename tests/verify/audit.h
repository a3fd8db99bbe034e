/*
 * audit — one look at a whole system: where it is, what was read of it, what was found.
 *
 * First all is read, by a thread a store (databases.c, topics.c, view.c); each thing goes to the bucket of its order (spill.h). Then the
 * orders are looked at, one after the other, with all that any store knows of them (dossier.h, check_*.c).
 */
#ifndef VERIFY_AUDIT_H
#define VERIFY_AUDIT_H

#include "dead_letters.h"
#include "findings.h"
#include "id_text.h"
#include "ids.h"
#include "records.h"
#include "spill.h"
#include "stock.h"
#include <libpq-fe.h>

enum reader { READER_DATABASES, READER_MORE_DATABASES, READER_TOPICS, READER_MORE_TOPICS, READER_VIEW, READERS };

struct audit {
    /* where it is */
    const char *databases[DATABASES];
    const char *brokers, *redis, *scratch, *history;
    bool simulated_provider; /* the books are those of the simulated provider */
    duration patience;       /* to wait for quiet */
    duration provider_patience;

    /* what was read */
    struct spill *spills[READERS];
    size_t buckets;
    struct dead_letters dead;
    struct id_sums inbox[DATABASES], relevant[DATABASES];
    int64_t received[DATABASES];
    struct uuid forgotten[DATABASES]; /* ids below may have gone from the inbox, by its pruner: they are not looked for. Nil: none */
    int64_t unasked[DATABASES];       /* so many were read once, and were not */
    struct stock stock;
    struct client_history *told; /* NULL: none given */
    char pruned[200];            /* a topic that does not begin at its beginning; empty: none */

    /* what was found */
    struct findings findings;
    int64_t orders, completed, cancelled, under_way, reviewed, poison;
    int64_t captured, refunded, concluded, kept_under_way, kept_reviewed; /* money */
    char fault[300];                                                      /* something could not be read at all; empty: nothing */
    pthread_mutex_t lock;                                                 /* of the figures and the fault, while threads work */
};

void audit_fault(struct audit *a, const char *format, ...) __attribute__((format(printf, 2, 3))); /* the first stands */

PGconn *database_open(struct audit *a, enum context context); /* with one snapshot for all that is asked; NULL: a fault */

/* The readers. */
void databases_read(struct audit *a, struct spill *to, enum context first, enum context last);
bool dead_letters_read(struct audit *a);                                    /* before the others: they ask whose what they read is */
bool topics_read(struct audit *a, struct spill *to, int share, int shares); /* every `shares`-th partition, from `share` on */
void view_read(struct audit *a, struct spill *to);

/* Quiet: waits for it; false: it is not, and that is found (16). Afterwards: whether nothing has moved since. */
struct quiet;
struct quiet *quiet_await(struct audit *a);
bool quiet_still(struct audit *a, struct quiet *q);
void quiet_free(struct quiet *q);

/* All orders, one after the other, by every check. */
void orders_look(struct audit *a, int threads);

#endif
