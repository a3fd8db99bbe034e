/* Spill: a buffer a bucket; the full ones go to the end of the file, and their places are noted. */
#include "spill.h"

#include "hash.h"
#include "invariant.h"
#include "memory.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 32768

struct chunk {
    uint64_t at;
    uint32_t size;
};
struct bucket {
    char *buffer;
    size_t used;
    struct chunk *chunks;
    size_t count, room;
};
struct spill {
    int file;
    bool broken;
    uint64_t end;
    size_t bucket_count;
    struct bucket *buckets;
};

struct spill *spill_new(const char *directory, size_t buckets)
{
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0)
        return NULL;
    struct spill *s = NEW(struct spill);
    *s = (struct spill){.file = file, .bucket_count = buckets, .buckets = memory_new(buckets * sizeof *s->buckets)};
    return s;
}

void spill_free(struct spill *s)
{
    for (size_t i = 0; i < s->bucket_count; i++) {
        free(s->buckets[i].buffer);
        free(s->buckets[i].chunks);
    }
    close(s->file);
    free(s->buckets);
    free(s);
}

static bool write_all(int file, const char *p, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(file, p, n, (off_t)at);
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
    return true;
}

static void bucket_flush(struct spill *s, struct bucket *b)
{
    if (b->used == 0)
        return;
    if (b->count == b->room) {
        b->room = b->room ? b->room * 2 : 16;
        b->chunks = memory_resize(b->chunks, b->room * sizeof *b->chunks);
    }
    b->chunks[b->count++] = (struct chunk){s->end, (uint32_t)b->used};
    s->broken |= !write_all(s->file, b->buffer, b->used, s->end);
    s->end += b->used;
    b->used = 0;
}

void spill_put(struct spill *s, unsigned source, struct uuid key, const void *data, size_t n, const void *more, size_t more_n)
{
    struct bucket *b = &s->buckets[hash_id(key) % s->bucket_count];
    struct record head = {.size = (uint32_t)((sizeof head + n + more_n + 7) & ~(size_t)7), .source = source, .key = key};
    invariant(head.size <= CHUNK);
    if (!b->buffer)
        b->buffer = memory_new(CHUNK);
    if (b->used + head.size > CHUNK)
        bucket_flush(s, b);
    char *to = b->buffer + b->used;
    memcpy(to, &head, sizeof head);
    memcpy(to + sizeof head, data, n);
    if (more_n > 0)
        memcpy(to + sizeof head + n, more, more_n);
    b->used += head.size;
}

bool spill_take(struct spill *s, size_t bucket, struct buf *to)
{
    struct bucket *b = &s->buckets[bucket];
    for (size_t i = 0; i < b->count; i++) {
        char *room = buf_extend(to, b->chunks[i].size);
        size_t got = 0;
        while (got < b->chunks[i].size) {
            ssize_t n = pread(s->file, room + got, b->chunks[i].size - got, (off_t)(b->chunks[i].at + got));
            if (n <= 0)
                return false;
            got += (size_t)n;
        }
    }
    buf_add_bytes(to, b->buffer, b->used); /* never written: it was not full */
    return true;
}

bool spill_whole(const struct spill *s)
{
    return !s->broken;
}

uint64_t spill_bytes(const struct spill *s)
{
    return s->end;
}
