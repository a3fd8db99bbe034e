/* digest — of what an event says, the same from a history's row and from a topic's message. (Of the trace nothing is in it.) */
#ifndef VERIFY_DIGEST_H
#define VERIFY_DIGEST_H

#include "hash.h"
#include "instant.h"

struct said {
    struct uuid id, subject, correlation, causation;
    struct str type, data;
    uint64_t data_hash; /* hash_str(data) */
    int64_t version;
    instant at;
};

static inline uint64_t digest_said(const struct said *s)
{
    uint64_t h = hash_mix(hash_id(s->id), hash_id(s->subject));
    h = hash_mix(h, hash_id(s->correlation));
    h = hash_mix(h, hash_id(s->causation));
    h = hash_mix(h, (uint64_t)s->version);
    h = hash_mix(h, (uint64_t)s->at);
    return hash_mix(hash_bytes(h, s->type.p, s->type.n), s->data_hash);
}

#endif
