/* webhook_channel — what a customer needs for checking our webhooks. */
#ifndef JUMUN_NOTIFICATION_WEBHOOK_CHANNEL_H
#define JUMUN_NOTIFICATION_WEBHOOK_CHANNEL_H

#include "arena.h"
#include "uuid.h"

/* "whsec_…": their key, as the libraries of Standard Webhooks take it. */
struct str webhook_secret(struct arena *arena, struct uuid customer);

/* "v1,…": over "id.timestamp.body", by that key. */
struct str webhook_signature(struct arena *arena, struct uuid customer, struct str id, struct str timestamp, struct str body);

#endif
