/*
 * comparison — what two generations of the view say of the same order, field by field; and of a customer, how many orders they have.
 *
 * A look at an order is one step in Redis, so that it sees both documents at one moment. That one generation has heard a little more than
 * the other just then makes them differ; whoever compares looks again, until a difference stays as it is although both have moved on.
 */
#ifndef JUMUN_COMPARISON_H
#define JUMUN_COMPARISON_H

#include "arena.h"
#include "cache.h"
#include "generations.h"

struct comparison {
    const char *live, *rebuilt; /* generations */
};

enum subject_kind { SUBJECT_ORDER, SUBJECT_CUSTOMER };
struct subject {
    enum subject_kind kind;
    char id[UUID_TEXT + 1];
    char print[41]; /* of both sides, when they differed last; empty: not looked at */
};

/* Orders and customers of a generation, a step of SCAN: *cursor "0" begins, and is "0" again at the end; some may come twice. False: a
 * fault. */
#define SUBJECTS_MAX 4096 /* of one step */
bool comparison_scan(struct cache *c, const char *generation, char cursor[24], struct subject *subjects, size_t *n);

struct difference {
    struct str field, live, rebuilt; /* absent: not there. field "order": the whole document; "timeline", "list": what is beside it */
};
/* Looks at one; no differences: *n 0. Texts live in the arena. */
void comparison_send(struct cache *c, const struct comparison *between, const struct subject *s);
#define DIFFERENCES_MAX 64 /* of one order: fields of a document, and entries of its timeline */
bool comparison_receive(struct cache *c, struct arena *arena, struct subject *s, struct difference *differences, size_t *n);

struct str difference_json(struct arena *arena, const struct subject *s, const struct difference *d);

#endif
