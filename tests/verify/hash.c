/* Hash: multiplications of 64 by 64 bits, folded; after wyhash. */
#include "hash.h"

#include <string.h>

#define PRIME_A 0x9e3779b97f4a7c15ull
#define PRIME_B 0xd6e8feb86659fd93ull

uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)(a ^ PRIME_A) * (b ^ PRIME_B);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word(const unsigned char *p, size_t n)
{
    uint64_t w = 0;
    memcpy(&w, p, n);
    return w;
}

uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    uint64_t h = hash_mix(seed, n);
    for (; n > 16; p += 16, n -= 16)
        h = hash_mix(word(p, 8), h ^ word(p + 8, 8)) + PRIME_B;
    if (n > 8)
        return hash_mix(word(p, 8), h ^ word(p + 8, n - 8));
    return n > 0 ? hash_mix(h, word(p, n)) : h;
}

uint64_t hash_str(struct str s)
{
    return hash_bytes(PRIME_A, s.p, s.n);
}

uint64_t hash_id(struct uuid id)
{
    return hash_mix(word(id.b, 8), word(id.b + 8, 8));
}
