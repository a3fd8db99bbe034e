/* Rate: token buckets, each kept as one number, the time at which it will be full again (GCRA). */
#include "rate.h"
#include "clock.h"
#include "invariant.h"
#include "memory.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define SETS     4096 /* a power of two */
#define WAYS     8
#define A_SECOND INT64_C(1000000000) /* in here it is nanoseconds: a millionth of a second is too coarse for a million a second */

struct bucket {
    struct rate_key key;
    int64_t full_at; /* in the past: it is full, and the place is free */
};

struct rate {
    int64_t per_second;
    uint64_t seed; /* so that nobody can choose who shares a set */
    struct bucket buckets[SETS][WAYS];
};

struct rate_key rate_key_of_id(struct uuid id)
{
    struct rate_key key;
    _Static_assert(sizeof key == sizeof id, "all of it");
    memcpy(&key, &id, sizeof key);
    return key;
}

bool rate_key_of_address(struct str text, struct rate_key *key)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr six;
    struct in_addr four;
    if (text.n == 0 || text.n >= sizeof address)
        return false;
    memcpy(address, text.p, text.n);
    address[text.n] = '\0';
    *key = (struct rate_key){0};
    if (inet_pton(AF_INET, address, &four) == 1)
        memcpy(&key->low, &four, sizeof four);
    else if (inet_pton(AF_INET6, address, &six) != 1)
        return false;
    else if (IN6_IS_ADDR_V4MAPPED(&six)) /* as a socket for both families says it */
        memcpy(&key->low, &six.s6_addr[12], sizeof four);
    else
        memcpy(&key->high, &six, sizeof key->high);
    return true;
}

struct rate *rate_new(int64_t per_second)
{
    invariant(per_second >= 1 && per_second <= 1000000);
    struct rate *r = NEW(struct rate);
    r->per_second = per_second;
    clock_random(&r->seed, sizeof r->seed);
    return r;
}

void rate_free(struct rate *r)
{
    free(r);
}

int64_t rate_per_second(const struct rate *r)
{
    return r->per_second;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* The key's bucket; a new one takes the place of the fullest. */
static struct bucket *bucket_of(struct rate *r, struct rate_key key)
{
    struct bucket *set = r->buckets[mix(mix(key.high ^ r->seed) ^ key.low) & (SETS - 1)], *fullest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].full_at && set[i].key.high == key.high && set[i].key.low == key.low)
            return &set[i];
        if (set[i].full_at < fullest->full_at)
            fullest = &set[i];
    }
    *fullest = (struct bucket){.key = key};
    return fullest;
}

duration rate_take(struct rate *r, struct rate_key key, duration now)
{
    int64_t moment = now * 1000, one = A_SECOND / r->per_second;
    struct bucket *b = bucket_of(r, key);
    int64_t full_at = (b->full_at > moment ? b->full_at : moment) + one, early = full_at - moment - A_SECOND;
    if (early > 0)
        return (early + 999) / 1000;
    b->full_at = full_at;
    return 0;
}
