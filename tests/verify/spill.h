/*
 * spill — records on their way from where they were read to the order they belong to: sorted by hash into buckets of a file without a name.
 *
 * A Grace hash join: whoever reads a source puts each record into the bucket of its order (or product); when all is read, one bucket after
 * the other comes into memory, with all that any source has of its orders. So memory depends on the number of buckets, not on that of the
 * orders.
 *
 *     struct spill *s = spill_new(directory, buckets);
 *     spill_put(s, SOURCE_MESSAGE, order, &message, sizeof message, change, change_size);
 *     size_t n = spill_take(s, bucket, &bytes);      // appends all of it to bytes
 *
 * One thread at a time per spill: each reader has its own.
 */
#ifndef VERIFY_SPILL_H
#define VERIFY_SPILL_H

#include "buf.h"
#include "uuid.h"

struct record {
    uint32_t size; /* with this head; a multiple of 8 */
    uint32_t source;
    uint64_t next; /* free for who reads */
    struct uuid key;
    uint8_t data[] __attribute__((aligned(8)));
};

struct spill;
struct spill *spill_new(const char *directory, size_t buckets); /* NULL: errno says why */
void spill_free(struct spill *s);
void spill_put(struct spill *s, unsigned source, struct uuid key, const void *data, size_t n, const void *more, size_t more_n);
bool spill_take(struct spill *s, size_t bucket, struct buf *to); /* false: the disk */
bool spill_whole(const struct spill *s);                         /* false: something could not be written: the disk is full */
uint64_t spill_bytes(const struct spill *s);

#endif
