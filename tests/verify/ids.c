/* Ids: sums of their hashes, by bucket. */
#include "ids.h"

#include "hash.h"

unsigned ids_bucket(struct uuid id)
{
    return (unsigned)(hash_id(id) % ID_BUCKETS);
}

void ids_add(struct id_sums *s, struct uuid id)
{
    unsigned bucket = ids_bucket(id);
    s->count[bucket]++;
    s->sum[bucket] += hash_bytes(1, id.b, sizeof id.b);
}

void ids_join(struct id_sums *s, const struct id_sums *other)
{
    for (unsigned i = 0; i < ID_BUCKETS; i++) {
        s->count[i] += other->count[i];
        s->sum[i] += other->sum[i];
    }
}

int64_t ids_count(const struct id_sums *s)
{
    int64_t count = 0;
    for (unsigned i = 0; i < ID_BUCKETS; i++)
        count += (int64_t)s->count[i];
    return count;
}

bool ids_differ(const struct id_sums *a, const struct id_sums *b, unsigned bucket)
{
    return a->count[bucket] != b->count[bucket] || a->sum[bucket] != b->sum[bucket];
}
