/*
 * shrink — the shortest history that a failing seed has in it.
 *
 * A run is its choices; all that are not kept become 0, the plainest. Chunks of what is kept are dropped as long as the same invariant
 * stays violated, large chunks first (delta debugging: Zeller & Hildebrandt, 2002), then the values of the rest are lowered.
 */
#ifndef SIMULATOR_SHRINK_H
#define SIMULATOR_SHRINK_H

#include "world.h"

void shrink_and_tell(struct world *w, uint64_t seed); /* of a seed that fails; prints */

#endif
