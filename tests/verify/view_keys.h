/* view_keys — how customer-view names what it keeps in Redis; from its README: "view:generations" is "<written> <read>", "-" for none. */
#ifndef VERIFY_VIEW_KEYS_H
#define VERIFY_VIEW_KEYS_H

#include "cache.h"

#define GENERATIONS_KEY "view:generations"
#define GENERATION_ROOM 40

struct generation {
    char name[GENERATION_ROOM]; /* of the one that is read; empty: none is */
    bool settled;               /* it is also the one that is written */
};
bool generation_find(struct cache *c, struct generation *g); /* false: a fault */

#endif
