/* provider — test/provider.py as a process: a real server that does as the test says. One at a time. */
#ifndef JUMUN_NOTIFICATION_PROVIDER_H
#define JUMUN_NOTIFICATION_PROVIDER_H

#include "channel_contract.h"

unsigned provider_start(const char *what, const char *key); /* its port */
void provider_stop(void);                                   /* does nothing when it is gone already */
void provider_behave(enum behaviour how);
const char *provider_received(void); /* valid until the next call */

#endif
