/*
 * multi — libcurl's multi interface on epoll, for one thread: what is quiet costs nothing, however much of it there is
 * (curl_multi_socket_action; curl_multi_perform walks through all transfers in every round).
 *
 *     multi_wait(&m, until);                             // curl goes on with what has come, or is due
 *     while ((message = curl_multi_info_read(m.curl, &left))) …
 */
#ifndef JUMUN_HTTPC_MULTI_H
#define JUMUN_HTTPC_MULTI_H

#include "clock.h"
#include <curl/curl.h>

#define MULTI_NEVER INT64_MAX

struct multi {
    CURLM *curl;
    int epoll, wake;
    duration timer; /* when curl is to look at the time */
};

void multi_open(struct multi *m);
void multi_close(struct multi *m);
void multi_wake(struct multi *m); /* any thread: ends the wait that is, or the next */

/* Sleeps until a socket has something, curl's timer is due, it is woken, or `until` (clock_monotonic(); MULTI_NEVER), and lets curl go on.
 */
void multi_wait(struct multi *m, duration until);

#endif
