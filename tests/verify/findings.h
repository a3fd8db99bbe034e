/*
 * findings — what was looked at, how long that took, and every violation, by invariant.
 *
 *     findings_add(f, 6, id, "product %s: …", …);
 *
 * Safe from several threads. Kept are FINDINGS_KEPT texts of an invariant, and all are counted.
 */
#ifndef VERIFY_FINDINGS_H
#define VERIFY_FINDINGS_H

#include "buf.h"
#include "instant.h"
#include "uuid.h"
#include <pthread.h>

#define INVARIANTS_MAX 22 /* by their numbers, from 1 on */
#define FINDINGS_KEPT  10000

struct tally { /* one a thread: no locks where it is counted */
    int64_t looked[INVARIANTS_MAX];
    duration took[INVARIANTS_MAX];
};

struct finding {
    struct uuid id; /* the order's, product's, message's …; nil: of none */
    char *text;
};
struct invariant_findings {
    int64_t count;
    struct finding *kept;
    size_t kept_count;
    char missing[300]; /* why it could not be checked; empty: it was */
    bool optional;     /* not to be checked unless asked for: no failure */
    char note[300];    /* what else is to be said of it */
};
struct findings {
    pthread_mutex_t lock;
    struct tally sum;
    struct invariant_findings of[INVARIANTS_MAX];
};

void findings_init(struct findings *f);
void findings_release(struct findings *f);
void findings_add(struct findings *f, int invariant, struct uuid id, const char *format, ...) __attribute__((format(printf, 4, 5)));
void findings_missing(struct findings *f, int invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));
void findings_note(struct findings *f, int invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));
void findings_count(struct findings *f, const struct tally *t);
bool findings_none(const struct findings *f); /* all was checked that should be, and nothing found */

/* For a person: a line an invariant, and under it at most `most` violations. */
void findings_print(const struct findings *f, size_t most);
struct json_writer;
void findings_json(const struct findings *f, struct json_writer *w); /* a member "invariants" */

#endif
