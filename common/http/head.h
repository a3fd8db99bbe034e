/*
 * head — is the head of a request well-formed, and what does it say?
 *
 * libmicrohttpd reads generously; we do not. A request that two programs in a row could read differently is how one is smuggled past the
 * first, so: lines end with CR LF, no folding, no space around names, one Host, one Content-Length, never together with
 * Transfer-Encoding, and no escapes in the target that hide a slash's neighbour ("..") or a NUL.
 */
#ifndef JUMUN_HTTP_HEAD_H
#define JUMUN_HTTP_HEAD_H

#include "request.h"

/* Fills in method, path, query, headers and what is announced; a fault refuses the request (rq->refused). */
void head_read(struct http_request *rq, const char *method, const char *version);

#endif
