/*
 * look — one thread's way through the dossiers: what it counts until the end, and the checks.
 *
 * A check looks at one dossier, says how much it looked at, and names what is wrong:
 *
 *     static void check_totals(struct look *l, const struct dossier *d)
 *     {
 *         looked(l, 7, 1);
 *         if (…) wrong(l, 7, d, "its lines make %lld", …);
 *     }
 */
#ifndef VERIFY_LOOK_H
#define VERIFY_LOOK_H

#include "audit.h"
#include "dossier.h"

/* The messages of an order, folded: what its document must be. */
struct fold {
    uint64_t values[FIELDS];
    bool has[FIELDS];
    int32_t versions[FIELDS]; /* of the guards */
    int64_t updated;
    uint8_t status;
    uint64_t *entries;
    size_t entry_count;
    struct uuid customer;
    bool begun;
};

struct look {
    struct audit *audit;
    struct tally tally;
    struct arena arena; /* of the fold */
    struct fold fold;
    struct id_sums relevant[DATABASES];
    int64_t received[DATABASES], unasked[DATABASES];
    int64_t orders, completed, cancelled, under_way, reviewed, poison;
    int64_t captured, refunded, concluded, kept_under_way, kept_reviewed;
};

#define looked(l, invariant, n) ((void)((l)->tally.looked[invariant] += (int64_t)(n)))
/* "order 0193…: its lines make …" */
void wrong(struct look *l, int invariant, const struct dossier *d, const char *format, ...) __attribute__((format(printf, 4, 5)));

static inline bool is_state(uint8_t state, enum state s)
{
    return state == s;
}

/* check_money.c */
void check_completed(struct look *l, const struct dossier *d); /* 1 */
void check_refunds(struct look *l, const struct dossier *d);   /* 2 */
void check_ledgers(struct look *l, const struct dossier *d);   /* 4 */
void check_balance(struct look *l, const struct dossier *d);   /* 5 */
/* check_order.c */
void check_pivot(struct look *l, const struct dossier *d);     /* 3 */
void check_goods(struct look *l, const struct dossier *d);     /* 6 */
void check_total(struct look *l, const struct dossier *d);     /* 7 */
void check_deadlines(struct look *l, const struct dossier *d); /* 9 */
/* check_way.c */
void check_ways(struct look *l, const struct dossier *d); /* 8 */
/* check_topics.c */
void check_published(struct look *l, const struct dossier *d); /* 10 */
void check_copies(struct look *l, const struct dossier *d);    /* 11 */
void check_order_of(struct look *l, const struct dossier *d);  /* 12 */
void check_inbox(struct look *l, const struct dossier *d);     /* 13 */
void check_causes(struct look *l, const struct dossier *d);    /* 14 */
void check_dead(struct look *l, const struct dossier *d);      /* 15 */
/* check_view.c */
void check_document(struct look *l, const struct dossier *d); /* 17 */
void check_replay(struct look *l, const struct dossier *d);   /* 21 */
/* check_told.c */
void check_notices(struct look *l, const struct dossier *d); /* 18 */
void check_answers(struct look *l, const struct dossier *d); /* 19 */
void check_keys(struct look *l, const struct dossier *d);    /* 20 */

#endif
