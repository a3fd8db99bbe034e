/* fake_channel — a channel in memory, for tests of what uses one. */
#ifndef JUMUN_NOTIFICATION_FAKE_CHANNEL_H
#define JUMUN_NOTIFICATION_FAKE_CHANNEL_H

#include "channel_contract.h"

extern const struct channel fake_channel;
void fake_channel_reset(void); /* it takes, and has nothing */
void fake_channel_leave(void);
void fake_channel_behave(enum behaviour how);
const char *fake_channel_received(void); /* "<notice id> <address> <text>", the oldest that was not asked for yet; "nothing" */

#endif
