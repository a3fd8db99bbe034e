/*
 * channel — a port: a way to reach a customer.
 *
 * send() must not wait: it answers by `done`, exactly once, at once or later and from any thread. `failure` NULL: taken. A message may be
 * sent twice; its notice id is the same then, for channels that can tell. Strings of the message live until send() returns.
 */
#ifndef JUMUN_NOTIFICATION_CHANNEL_H
#define JUMUN_NOTIFICATION_CHANNEL_H

#include "str.h"
#include "uuid.h"

struct channel_message {
    struct uuid notice, order, customer;
    const char *kind, *language;
    struct str text;
};

struct channel {
    void (*send)(const struct channel_message *m, void (*done)(void *ctx, const char *failure), void *ctx);
};

extern const struct channel log_channel; /* log_channel.c: a line in the service's log */

#endif
