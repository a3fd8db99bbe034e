/*
 * carrier — the port to whoever takes an order's goods to the door.
 *
 *     hand_over    takes note of the parcel, and returns at once
 *     … later, from any thread …
 *     carrier_says_started(parcel, STR("한빛택배"), STR("6012…"));
 *     carrier_says_completed(parcel);
 *
 * A parcel may be handed over more than once (after a crash, or when it takes long), and a carrier may say the same more than once: the
 * delivery changes once. What a carrier forgets in a crash is handed over again by the delivery's timer.
 */
#ifndef JUMUN_DELIVERY_CARRIER_H
#define JUMUN_DELIVERY_CARRIER_H

#include "engine.h"

struct parcel {
    struct engine *engine;
    struct uuid order;
    struct uuid cause;      /* the event behind the hand-over */
    struct str traceparent; /* valid during hand_over() only: who needs it later copies it */
};

struct carrier {
    const char *name; /* as JUMUN_CARRIER says it */
    void (*start)(void);
    void (*hand_over)(const struct parcel *parcel); /* on the engine's thread, perhaps before start() */
    void (*stop)(void);                             /* the engine decides nothing any more; what is pending may be forgotten */
    void (*show)(struct metrics_page *page);
};
extern const struct carrier simulated_carrier; /* simulated_carrier.c */
extern const struct carrier manual_carrier;    /* carrier.c: nobody; couriers and operators say it by REST */

void carrier_says_started(const struct parcel *parcel, struct str carrier, struct str tracking_number);
void carrier_says_completed(const struct parcel *parcel);

/* For main.c: the carrier that JUMUN_CARRIER names. */
extern const effect_start delivery_effects[];
bool carrier_start(struct engine *engine, char problem[200]);
void carrier_stop(void);
void carrier_show(struct metrics_page *page);

#endif
