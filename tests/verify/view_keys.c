/* View keys: which generation is read. */
#include "view_keys.h"

#include <stdio.h>
#include <string.h>

bool generation_find(struct cache *c, struct generation *g)
{
    *g = (struct generation){.name = ""};
    if (!cache_connect(c))
        return false;
    cache_send(c, 2, (struct str[]){STR("GET"), STR(GENERATIONS_KEY)});
    const struct cache_reply *reply = cache_receive(c);
    if (!reply || cache_kind(reply) == CACHE_ERROR)
        return false;
    struct str reads = cache_text(reply), writes;
    if (!str_split(&reads, ' ', &writes) || str_is(reads, "-") || reads.n >= sizeof g->name)
        return true;
    snprintf(g->name, sizeof g->name, "%.*s", STR_ARG(reads));
    g->settled = str_equal(writes, reads);
    return true;
}
