/*
 * carrier_contract — what delivery relies on, whoever the carrier is: one suite, which every adapter of the port passes, and the fake too.
 *
 *     failed += carrier_contract("fake carrier", &fake_carrier, fake_carrier_moves_all);
 */
#ifndef JUMUN_DELIVERY_CARRIER_CONTRACT_H
#define JUMUN_DELIVERY_CARRIER_CONTRACT_H

#include "../outbound/carrier.h"

/* `move` lets a carrier go on that does not by itself; NULL: it does. Returns how many tests failed. */
int carrier_contract(const char *name, const struct carrier *carrier, void (*move)(void));

#endif
