/* Idempotency keys, and what else of a head is looked at before any handler: taken exactly when it is as the contract says. The input is
 * the key, a line, then the content type, a line, then its length. */
#include "fuzz.h"
#include "refusal.h"

#define BODY_MAX 1000

static const struct http_route post = {"POST", "/orders", NULL, HTTP_KEY_REQUIRED, NULL};

static bool is_key(struct str s)
{
    bool is = s.n >= 1 && s.n <= 255;
    for (size_t i = 0; is && i < s.n; i++)
        is = s.p[i] >= 0x21 && s.p[i] <= 0x7e;
    return is;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct http_request *rq = request_new();
    struct str rest = fuzz_text(data, n);
    rq->match.route = &post;
    rq->key = fuzz_part(&rest, '\n');
    rq->content_type = fuzz_part(&rest, '\n');
    rq->announced = rest.n > 0;
    rq->length = rest.n;
    refusal_check(rq, BODY_MAX);
    invariant(rq->refused == (rq->refusal.status != 0));
    if (!is_key(rq->key))
        invariant(rq->refused);
    else if (!rq->announced)
        invariant(!rq->refused);
    else if (rest.n > BODY_MAX)
        invariant(rq->refusal.status == 413 && rq->closing);
    else
        invariant(!rq->refused || rq->refusal.status == 415);
    request_free(rq);
    return 0;
}
