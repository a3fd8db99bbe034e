/*
 * rate — how often each of many may come: a bucket for each that is full with one second's worth, and fills again at the same pace.
 *
 *     struct rate *r = rate_new(1000);                          // a second, for each
 *     duration wait = rate_take(r, rate_key_of_id(customer), clock_monotonic());     // 0: come in; else when there is room again
 *
 * The table has a fixed size, whoever comes: when a place is needed, the one that has taken least lately is forgotten, which is as if its
 * bucket were full. One thread.
 */
#ifndef JUMUN_GATEWAY_RATE_H
#define JUMUN_GATEWAY_RATE_H

#include "instant.h"
#include "str.h"
#include "uuid.h"

struct rate_key {
    uint64_t high, low;
};
struct rate_key rate_key_of_id(struct uuid id);
/* An IPv4 address; of an IPv6 one the first 64 bits, which is what one subscriber has. False: it is none. */
bool rate_key_of_address(struct str text, struct rate_key *key);

struct rate;
struct rate *rate_new(int64_t per_second); /* 1..1,000,000 */
void rate_free(struct rate *r);
int64_t rate_per_second(const struct rate *r);
duration rate_take(struct rate *r, struct rate_key key, duration now);

#endif
