/* Refuses what no handler should have to look at. */
#include "refusal.h"

static const struct http_problem problems[] = {
#define X(name, status_code, type_uri, title_text) [REFUSAL_##name] = {.status = (status_code), .type = (type_uri), .title = (title_text)},
    REFUSALS(X)
#undef X
};

struct http_problem refusal(enum refusal which, struct str detail)
{
    struct http_problem p = problems[which];
    p.detail = detail;
    if (which == REFUSAL_BUSY)
        p.retry_after = 1;
    return p;
}

void request_refuse(struct http_request *rq, const struct http_problem *problem)
{
    if (!rq->refused)
        rq->refusal = *problem;
    rq->refused = true;
}

void request_malformed(struct http_request *rq, struct str detail)
{
    struct http_problem p = refusal(REFUSAL_MALFORMED, detail);
    request_refuse(rq, &p);
    rq->closing = true;
}

static void refuse(struct http_request *rq, enum refusal which, struct str detail)
{
    struct http_problem p = refusal(which, detail);
    request_refuse(rq, &p);
}

static void route_check(struct http_request *rq)
{
    if (rq->match.route)
        return;
    if (str_absent(rq->allow))
        refuse(rq, REFUSAL_NO_PATH, arena_printf(&rq->arena, "No resource has the path %.*s.", STR_ARG(rq->path)));
    else
        refuse(rq, REFUSAL_METHOD, arena_printf(&rq->arena, "Allowed here: %.*s.", STR_ARG(rq->allow)));
}

static void key_check(struct http_request *rq, int flags)
{
    if (!(flags & (HTTP_KEY_ACCEPTED | HTTP_KEY_REQUIRED)))
        return;
    if (str_absent(rq->key)) {
        if (flags & HTTP_KEY_REQUIRED)
            refuse(rq, REFUSAL_KEY, STR("Send the header Idempotency-Key: a new one for each wish, the same one when you repeat it."));
        return;
    }
    bool fits = rq->key.n >= 1 && rq->key.n <= 255;
    for (size_t i = 0; fits && i < rq->key.n; i++)
        fits = rq->key.p[i] > ' ' && rq->key.p[i] <= '~';
    if (!fits)
        refuse(rq, REFUSAL_KEY, STR("Idempotency-Key must be 1 to 255 visible ASCII characters."));
}

/* application/json, with or without charset=utf-8. */
static bool is_json(struct str content_type)
{
    struct str type, parameter;
    if (!str_split(&content_type, ';', &type) || !str_equal_ignoring_case(str_trim(type), STR("application/json")))
        return false;
    while (str_split(&content_type, ';', &parameter)) {
        parameter = str_trim(parameter);
        if (!str_equal_ignoring_case(parameter, STR("charset=utf-8")) && !str_equal_ignoring_case(parameter, STR("charset=\"utf-8\"")))
            return false;
    }
    return true;
}

static void body_check(struct http_request *rq, int flags, size_t body_max)
{
    if (!rq->announced)
        return;
    if (rq->length != HTTP_LENGTH_UNKNOWN && rq->length > body_max) {
        refuse(rq, REFUSAL_TOO_LARGE, arena_printf(&rq->arena, "At most %zu bytes are taken.", body_max));
        rq->closing = true;
    }
    if (flags & HTTP_ANY_BODY)
        return;
    if (str_absent(rq->content_type) || !is_json(rq->content_type))
        refuse(rq, REFUSAL_MEDIA_TYPE, STR("Send the body as UTF-8 with Content-Type: application/json."));
    else if (!str_absent(rq->content_encoding) && !str_equal_ignoring_case(rq->content_encoding, STR("identity")))
        refuse(rq, REFUSAL_MEDIA_TYPE, STR("Send the body without Content-Encoding."));
}

void refusal_check(struct http_request *rq, size_t body_max)
{
    route_check(rq);
    int flags = rq->match.route ? rq->match.route->flags : HTTP_ANY_BODY;
    body_check(rq, flags, body_max);
    key_check(rq, flags);
    if (rq->refused && !str_empty(rq->expect)) /* the client waits to be told whether to send the body: it need not */
        rq->closing = true;
}
