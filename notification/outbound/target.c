/* Target: the blocks of addresses that are not on the public internet, from IANA's special-purpose registries (RFC 6890). */
#include "target.h"

#include "address.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct block {
    uint8_t first[16];
    int bits;
};

static bool is_in(const uint8_t *address, const struct block *b)
{
    int whole = b->bits / 8, rest = b->bits % 8;
    if (memcmp(address, b->first, (size_t)whole) != 0)
        return false;
    return rest == 0 || (address[whole] ^ b->first[whole]) >> (8 - rest) == 0;
}

static bool is_in_any(const uint8_t *address, const struct block *blocks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_in(address, &blocks[i]))
            return true;
    return false;
}

static bool is_public_v4(const uint8_t address[4])
{
    static const struct block special[] = {
        {{0}, 8},
        {{10}, 8},
        {{100, 64}, 10},
        {{127}, 8},
        {{169, 254}, 16},
        {{172, 16}, 12},
        {{192, 0, 0}, 24},
        {{192, 0, 2}, 24},
        {{192, 88, 99}, 24},
        {{192, 168}, 16},
        {{198, 18}, 15},
        {{198, 51, 100}, 24},
        {{203, 0, 113}, 24},
        {{224}, 3}, /* multicast, reserved, broadcast */
    };
    return !is_in_any(address, special, sizeof special / sizeof special[0]);
}

/* Those that carry an IPv4 address lead where that leads. */
static bool is_public_v6(const uint8_t address[16])
{
    static const struct block mapped = {{[10] = 0xff, [11] = 0xff}, 96}, translated = {{0, 0x64, 0xff, 0x9b}, 96},
                              six_to_four = {{0x20, 0x02}, 16};
    static const struct block global = {{0x20}, 3};
    static const struct block special[] = {
        {{0x20, 0x01}, 23},             /* protocol assignments, Teredo among them */
        {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
        {{0x3f, 0xff}, 20},             /* documentation */
    };
    if (is_in(address, &mapped) || is_in(address, &translated))
        return is_public_v4(address + 12);
    if (is_in(address, &six_to_four))
        return is_public_v4(address + 2);
    return is_in(address, &global) && !is_in_any(address, special, sizeof special / sizeof special[0]);
}

bool target_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return is_public_v4((const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return is_public_v6((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    return false;
}

bool target_is_plainly_private(struct str url)
{
    struct str host, port;
    char text[256];
    uint8_t address[16];
    if (!address_of_web_url(url, &host, &port) || host.n >= sizeof text)
        return false;
    (void)snprintf(text, sizeof text, "%.*s", STR_ARG(host));
    if (inet_pton(AF_INET, text, address) == 1)
        return !is_public_v4(address);
    if (inet_pton(AF_INET6, text, address) == 1)
        return !is_public_v6(address);
    return str_equal_ignoring_case(host, STR("localhost"));
}
