/*
 * crashing — the setting that arms a crash point (crash.h), in builds that have them. Private to common/service.
 */
#ifndef JUMUN_CRASHING_H
#define JUMUN_CRASHING_H

#include "setting.h"

extern const struct setting crashing_settings[]; /* none in other builds: there, who sets it is refused */
bool crashing_check(struct buf *problems);       /* arms it; false: a line for what is wrong */

#endif
