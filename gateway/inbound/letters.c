/*
 * Letters: what services could not take. Each has its own, and tells of them itself; an operator who looks at all of them asks once, and
 * gets what each has told, side by side.
 */
#include "inbound/inbound.h"
#include "inbound/passing.h"
#include "json_decode.h"
#include "json_encode.h"

/* The number'th of the services that may have some. False: there are no more. */
static bool service_at(size_t number, struct str *name, const char **url)
{
    static const char *const folders[UPSTREAMS] = {
#define X(name, setting, folder) [UPSTREAM_##name] = (folder),
        GATEWAY_UPSTREAMS(X)
#undef X
    };
    if (number >= UPSTREAMS)
        return further_at(number - UPSTREAMS, name, url);
    *name = str_of(folders[number]);
    *url = gateway_config.upstreams[number];
    return true;
}

void ask_letters(struct call *call)
{
    struct str wanted = http_param(call->http, "service"), name;
    const char *url;
    for (size_t i = 0; service_at(i, &name, &url); i++)
        if (str_equal(name, wanted)) {
            proxy_pass(call, url);
            return;
        }
    call_problem(call, &problem_not_found);
}

/* ── all of them ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* One question to all. It is asked from the server's thread, and then belongs to the client's, to which all answers come. */
struct round {
    struct call *call;
    size_t count, answered, pages;
    const struct httpc_response *refusal; /* the first; NULL: none. It is the answer when nobody tells: all judge who asks, and for what */
    struct told {
        struct round *round;
        struct str service, url;
        struct str letters; /* a page of them, JSON; absent: it has not told */
        bool has_none;      /* it does not know such letters */
    } services[];
};

static void answer_all(struct round *r)
{
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    json_begin_array(&w, "services");
    for (size_t i = 0; i < r->count; i++)
        if (!str_absent(r->services[i].letters))
            json_put_raw(&w, NULL, r->services[i].letters);
    json_end_array(&w);
    json_begin_array(&w, "unanswered");
    for (size_t i = 0; i < r->count; i++)
        if (str_absent(r->services[i].letters) && !r->services[i].has_none)
            json_put_text(&w, NULL, r->services[i].service);
    json_end_array(&w);
    json_end_object(&w);
    call_json(r->call, 200, buf_str(&body));
    buf_release(&body);
}

struct page {
    struct str service;
};

/* Whether it is a page of that service's letters. What becomes a part of our answer must be JSON, whoever has sent it. */
static bool is_page(const struct told *t, struct str body, struct arena *arena)
{
    static const struct json_field fields[] = {JSON_FIELD(struct page, service, "service", JSON_TEXT, JSON_REQUIRED)};
    static const struct json_shape shape = JSON_SHAPE(struct page, fields, JSON_IGNORE_UNKNOWN);
    struct page page;
    struct json_errors errors = {0};
    return json_decode(arena, body, &shape, &page, &errors) && str_equal(page.service, t->service);
}

static const struct httpc_response *kept(struct arena *arena, const struct httpc_response *response)
{
    struct httpc_response *copy = arena_copy(arena, response, sizeof *response);
    struct httpc_header *headers = ARENA_ARRAY(arena, struct httpc_header, response->header_count + 1);
    for (size_t i = 0; i < response->header_count; i++)
        headers[i] = (struct httpc_header){arena_str(arena, response->headers[i].name), arena_str(arena, response->headers[i].value)};
    copy->headers = headers;
    copy->content_type = arena_str(arena, response->content_type);
    copy->body = arena_str(arena, response->body);
    return copy;
}

static void told(void *ctx, const struct httpc_response *response)
{
    struct told *t = ctx;
    struct round *r = t->round;
    struct arena *arena = http_arena(r->call->http);
    int status = response->result == HTTPC_ANSWERED ? response->status : 0;
    if (status == 200 && is_page(t, response->body, arena))
        t->letters = arena_str(arena, response->body), r->pages++;
    else if (status == 404)
        t->has_none = true;
    else if (status >= 400 && status < 500 && !r->refusal)
        r->refusal = kept(arena, response);
    if (++r->answered < r->count)
        return;
    if (r->refusal && r->pages == 0)
        passing_on(r->call, r->refusal);
    else
        answer_all(r);
}

static struct round *round_new(struct call *call)
{
    struct arena *arena = http_arena(call->http);
    struct str name;
    const char *url;
    size_t count = 0;
    while (service_at(count, &name, &url))
        count++;
    struct round *r = arena_alloc(arena, sizeof *r + count * sizeof r->services[0]);
    r->call = call;
    r->count = count;
    for (size_t i = 0; service_at(i, &name, &url); i++) {
        struct str query = http_query_string(call->http);
        r->services[i] = (struct told){.round = r, .service = name};
        r->services[i].url =
            arena_printf(arena, "%s/ops/dead-letters/%.*s%s%.*s", url, STR_ARG(name), str_absent(query) ? "" : "?", STR_ARG(query));
    }
    return r;
}

static const struct http_problem one_service_only = {.status = 400,
                                                     .type = "/problems/invalid-cursor",
                                                     .title = "The cursor is one service's",
                                                     .detail = STR_CONST("Ask that service: /api/ops/dead-letters/{service}?cursor=…")};

void ask_all_letters(struct call *call)
{
    struct passing *p = passing_new(call);
    if (!p)
        return;
    if (!str_absent(http_query(call->http, "cursor"))) {
        call_problem(call, &one_service_only);
        return;
    }
    struct round *r = round_new(call);
    size_t count = r->count; /* the last answer may come, and take the round with it, before the loop looks again */
    for (size_t i = 0; i < count; i++)
        httpc_send(gateway_client(), &(struct httpc_call){.method = "GET",
                                                          .url = r->services[i].url,
                                                          .headers = p->headers,
                                                          .header_count = p->header_count,
                                                          .trace = p->trace,
                                                          .deadline = gateway_config.upstream_deadline,
                                                          .done = told,
                                                          .ctx = &r->services[i]});
}
