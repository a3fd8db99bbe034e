/*
 * check — asks the process that runs with the same settings whether it is ready: a container's health check, where the image has no shell.
 *
 *     order --ready && echo "it takes requests"
 */
#ifndef JUMUN_CHECK_H
#define JUMUN_CHECK_H

/* Asks /readyz at this address:port, which may be the wildcard that the process listens at, and prints the answer. 0: ready, 1: not. */
int check_ready(const char *admin_listen);

#endif
