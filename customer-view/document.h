/*
 * document — an order as its customer reads it: the fields that Redis keeps, and the timeline, as JSON. Pure.
 *
 *     struct document d = {0};
 *     document_set(&d, name, value);                  // each field of the hash
 *     if (document_belongs(&d, customer))             // placed, and theirs
 *         document_write(&w, id, &d, &timeline);      // timeline NULL: without, for lists
 */
#ifndef JUMUN_DOCUMENT_H
#define JUMUN_DOCUMENT_H

#include "json_encode.h"
#include "projection.h"

struct document {
    struct str fields[DOCUMENT_FIELDS]; /* absent: not known */
};

struct timeline {
    struct str *entries; /* JSON, in the order of arrival */
    size_t count;
};

void document_set(struct document *d, struct str name, struct str value); /* fields of other names are passed over */
bool document_belongs(const struct document *d, struct uuid customer);
enum order_status document_status(const struct document *d);
bool order_status_parse(struct str name, enum order_status *status); /* not UNKNOWN */

/* Several, separated by commas: a bit 1 << status for each. False: one of them is none, or there is none. */
bool order_statuses_parse(struct str names, unsigned *statuses);

/* Sorts the timeline: by time; at the same time by service; one service's in the order of arrival, which is that of its versions. */
void document_write(struct json_writer *w, struct str id, const struct document *d, struct timeline *timeline);

#endif
