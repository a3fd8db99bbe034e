/* live — reads the feed and has the hub tell those who listen: one connection and one thread, from the service's start to its end. */
#ifndef JUMUN_LIVE_H
#define JUMUN_LIVE_H

#include "hub.h"

void live_start(void);
void live_stop(void);
struct hub *live_hub(void);

#endif
