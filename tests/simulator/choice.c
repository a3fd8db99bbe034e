/* Choices by a counter, not by a sequence: a hash of seed, stream and number (SplitMix64's finish). */
#include "choice.h"

#include <string.h>

void choices_begin(struct choices *c, uint64_t seed)
{
    c->seed = seed;
    c->recorded = 0;
    memset(c->drawn, 0, sizeof c->drawn);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint32_t by_seed(const struct choices *c, int stream, uint32_t number, uint32_t n)
{
    uint64_t name = (uint64_t)stream << 32 | number;
    uint64_t bits = mix(c->seed * 0x9e3779b97f4a7c15 + mix(name + 0x632be59bd9b4e019));
    return (uint32_t)((bits >> 32) * n >> 32);
}

static uint32_t as_kept(const struct choices *c, int stream, uint32_t number, uint32_t n)
{
    uint32_t value = number < STREAM_CHOICES ? c->kept[stream][number] : 0;
    return value < n ? value : n - 1;
}

uint32_t choose(struct choices *c, int stream, uint32_t n)
{
    uint32_t number = c->drawn[stream]++;
    uint32_t value = c->kept ? as_kept(c, stream, number, n) : by_seed(c, stream, number, n);
    if (c->record && value > 0 && number < STREAM_CHOICES && c->recorded < c->room)
        c->record[c->recorded++] = (struct chosen){(uint8_t)stream, (uint16_t)number, (uint16_t)value};
    return value;
}

bool chance(struct choices *c, int stream, uint32_t of_thousand)
{
    return choose(c, stream, 1000) >= 1000 - of_thousand;
}

duration wait_chosen(struct choices *c, int stream, uint32_t doublings)
{
    uint32_t x = choose(c, stream, (doublings + 1) * 8);
    return ((duration)100 << (x / 8 & 31)) * (8 + x % 8) / 8;
}
