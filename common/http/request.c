/* What a handler may ask of a request. */
#include "request.h"

#include "memory.h"
#include <stdlib.h>
#include <string.h>

/* What a request may keep for the next one that uses its memory. */
#define KEEP_MAX ((size_t)32 * 1024)

struct http_request *request_new(void)
{
    struct http_request *rq = NEW(struct http_request);
    arena_init(&rq->arena);
    buf_init(&rq->body);
    return rq;
}

void request_reset(struct http_request *rq)
{
    if (rq->arena.used > KEEP_MAX)
        arena_release(&rq->arena);
    else
        arena_reset(&rq->arena);
    if (rq->body.room > KEEP_MAX)
        buf_release(&rq->body);
    else
        buf_clear(&rq->body);
    struct arena arena = rq->arena;
    struct buf body = rq->body;
    *rq = (struct http_request){.arena = arena, .body = body};
}

void request_free(struct http_request *rq)
{
    arena_release(&rq->arena);
    buf_release(&rq->body);
    free(rq);
}

struct arena *http_arena(struct http_request *rq)
{
    return &rq->arena;
}

const struct http_route *http_route(const struct http_request *rq)
{
    return rq->match.route;
}

struct str http_method(const struct http_request *rq)
{
    return rq->method;
}

struct str http_path(const struct http_request *rq)
{
    return rq->path;
}

struct str http_query_string(const struct http_request *rq)
{
    return rq->query;
}

struct str http_body(const struct http_request *rq)
{
    return rq->announced ? buf_str(&rq->body) : (struct str){0};
}

struct str http_remote(const struct http_request *rq)
{
    return str_of(rq->remote);
}

instant http_received(const struct http_request *rq)
{
    return rq->received;
}

struct str http_trace(const struct http_request *rq)
{
    return rq->trace;
}

struct str http_header(const struct http_request *rq, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < rq->header_count; i++)
        if (rq->headers[i].name.n == wanted.n && str_equal_ignoring_case(rq->headers[i].name, wanted))
            return rq->headers[i].value;
    return (struct str){0};
}

void http_each_header(const struct http_request *rq, void (*each)(void *ctx, struct str name, struct str value), void *ctx)
{
    for (size_t i = 0; i < rq->header_count; i++)
        each(ctx, rq->headers[i].name, rq->headers[i].value);
}

/* ── decoded on request: most are never asked for ────────────────────────────────────────────────────────────────────────────────── */

static int digit(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The escapes were checked when the head was read. A value without any is given out as it stands. */
static struct str unescape(const struct http_request *rq, struct str s, bool plus_is_space)
{
    if (!memchr(s.p, '%', s.n) && !(plus_is_space && memchr(s.p, '+', s.n)))
        return s;
    struct arena *arena = (struct arena *)&rq->arena; /* the request is constant, its memory is not */
    char *out = arena_alloc(arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            out[n++] = (char)(digit(s.p[i + 1]) * 16 + digit(s.p[i + 2]));
            i += 2;
        } else {
            out[n++] = plus_is_space && s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    return (struct str){out, n};
}

struct str http_param(const struct http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->match.param_count; i++) {
        const struct route_param *param = &rq->match.params[i];
        if (str_is((struct str){param->name, param->name_length}, name))
            return param->rest ? param->value : unescape(rq, param->value, false);
    }
    return (struct str){0};
}

struct str http_query(const struct http_request *rq, const char *name)
{
    struct str rest = rq->query, pair, key;
    while (str_split(&rest, '&', &pair)) {
        struct str value = pair;
        if (!str_split(&value, '=', &key) || !str_is(unescape(rq, key, true), name))
            continue;
        return value.p ? unescape(rq, value, true) : STR("");
    }
    return (struct str){0};
}
