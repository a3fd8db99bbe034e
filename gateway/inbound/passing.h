/* passing — a request from outside on its way to a service: what both ways of passing it on share. */
#ifndef JUMUN_PASSING_H
#define JUMUN_PASSING_H

#include "gateway.h"
#include "httpc.h"

#define FORWARDED_MAX 64

struct passing {
    struct call *call;
    struct str trace; /* a request without one begins one, so that all that it causes can be found by it */
    struct httpc_header headers[FORWARDED_MAX];
    size_t header_count;
};

struct passing *passing_new(struct call *call); /* in the request's arena. NULL: refused (limit, token), and answered */
struct str passing_url(struct call *call, const char *service_url);

void passing_on(struct call *call, const struct httpc_response *r);      /* what was answered is the answer */
void passing_give_up(struct call *call, const struct httpc_response *r); /* 503 or 504 */
void passing_head(struct call *call, const struct httpc_response *r, struct http_answer *a);

#endif
