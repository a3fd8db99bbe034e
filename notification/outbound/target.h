/*
 * target — which addresses a customer's webhook may be at.
 *
 * A URL that a stranger chooses makes this process a client in our own network. So only addresses of the public internet are called, unless
 * JUMUN_WEBHOOK_PRIVATE says otherwise: none that is private, loopback, link-local (where clouds keep their metadata), multicast, reserved,
 * or one of these dressed as IPv6.
 */
#ifndef JUMUN_NOTIFICATION_TARGET_H
#define JUMUN_NOTIFICATION_TARGET_H

#include "str.h"
#include <sys/socket.h>

bool target_is_public(const struct sockaddr *address);

/* The host of the URL is an address, or "localhost", and not a public one. False for names: what they mean is seen when they are called. */
bool target_is_plainly_private(struct str url);

#endif
