/*
 * heard — what a carrier says to the engine, written down instead: the test's engine_submit() (linked in by --wrap).
 *
 *     parcel is handed over …
 *     const struct engine_command *c = heard_wait(0);   // the first thing it says, within 10 s
 */
#ifndef JUMUN_DELIVERY_HEARD_H
#define JUMUN_DELIVERY_HEARD_H

#include "engine.h"

const struct command *heard_wait(size_t i); /* the i-th that was said since heard_forget(); fails the test when it does not come */
size_t heard_count(void);
void heard_forget(void);

#endif
