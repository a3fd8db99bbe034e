/* The carrier: it keeps parcels in the delivery's memory, and says started and arrived, late, and sometimes twice. */
#include "sides.h"

struct parcel {
    struct uuid order, cause;
};

static void says_started(struct world *w, const struct happening *h)
{
    const struct parcel *p = h->what;
    delivery_start(w, p->order, false, p->cause);
}

static void says_arrived(struct world *w, const struct happening *h)
{
    const struct parcel *p = h->what;
    delivery_complete(w, p->order, false, p->cause);
}

static void way(struct world *w, struct parcel *p)
{
    duration start = wait_for(w, CARRIER, 18);
    announce(w, start, DELIVERY_SERVICE, says_started, p, 0);
    announce(w, start + wait_for(w, CARRIER, 18), DELIVERY_SERVICE, says_arrived, p, 0);
}

void carrier_handed(struct world *w, struct uuid order, struct uuid cause)
{
    struct parcel *p = ARENA_NEW(&w->arena, struct parcel);
    *p = (struct parcel){order, cause};
    way(w, p);
    if (fault(w, COVERED_CARRIER_TWICE, CARRIER, w->mood.carrier_twice))
        way(w, p);
}
