/* refusal — the requests that the server refuses before any handler sees them: head, route, limits, content type, idempotency key. */
#ifndef JUMUN_HTTP_REFUSAL_H
#define JUMUN_HTTP_REFUSAL_H

#include "request.h"

/* One table: name, status, type, title. */
#define REFUSALS(X)                                                                                                                        \
    X(MALFORMED, 400, "/problems/malformed-request", "The request is malformed")                                                           \
    X(KEY, 400, "/problems/idempotency-key", "Idempotency-Key is missing or malformed")                                                    \
    X(NO_PATH, 404, "/problems/not-found", "There is nothing here")                                                                        \
    X(METHOD, 405, "/problems/method-not-allowed", "The method is not allowed here")                                                       \
    X(SLOW, 408, "/problems/request-timeout", "The request took too long to arrive")                                                       \
    X(TOO_LARGE, 413, "/problems/too-large", "The body is too large")                                                                      \
    X(MEDIA_TYPE, 415, "/problems/unsupported-media-type", "The body must be JSON")                                                        \
    X(BUSY, 503, "/problems/unavailable", "The server cannot take the request now")

enum refusal {
#define X(name, status, type, title) REFUSAL_##name,
    REFUSALS(X)
#undef X
};

struct http_problem refusal(enum refusal which, struct str detail);

/* Looks at a request whose head was read and whose route was looked for; refuses what must not go on. */
void refusal_check(struct http_request *rq, size_t body_max);

#endif
