/*
 * ids — a set of ids as sums: in which of ID_BUCKETS parts two sets differ is told without keeping either.
 */
#ifndef VERIFY_IDS_H
#define VERIFY_IDS_H

#include "uuid.h"

#define ID_BUCKETS 4096
struct id_sums {
    uint64_t count[ID_BUCKETS], sum[ID_BUCKETS];
};

unsigned ids_bucket(struct uuid id);
void ids_add(struct id_sums *s, struct uuid id);
void ids_join(struct id_sums *s, const struct id_sums *other);
int64_t ids_count(const struct id_sums *s);
bool ids_differ(const struct id_sums *a, const struct id_sums *b, unsigned bucket);

#endif
