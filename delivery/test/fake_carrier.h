/*
 * fake_carrier — a carrier in memory: parcels stay where they are until the test moves them.
 *
 *     fake_carrier.hand_over(&parcel);
 *     …the order is cancelled…
 *     fake_carrier_starts(order);     // it knows nothing of that, and says that the goods have left
 *
 * For tests of one thread. It keeps to carrier_contract.h, as every carrier does.
 */
#ifndef JUMUN_DELIVERY_FAKE_CARRIER_H
#define JUMUN_DELIVERY_FAKE_CARRIER_H

#include "../outbound/carrier.h"

extern const struct carrier fake_carrier;

void fake_carrier_starts(struct uuid order);
void fake_carrier_arrives(struct uuid order); /* and is not with the carrier any more */
void fake_carrier_moves_all(void);            /* each parcel starts, and arrives */

#endif
