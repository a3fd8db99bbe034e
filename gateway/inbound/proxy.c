/* Proxy: a request from outside becomes a request inside, and its answer goes back. */
#include "clock.h"
#include "inbound/inbound.h"
#include "inbound/passing.h"
#include "log.h"
#include "token.h"
#include "trace.h"
#include <string.h>

/* ── the request ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Hop-by-hop headers (RFC 9110, section 7.6.1), what the client library writes itself (the trace, too), the token, and what only we may
 * say. */
static bool stays_here(struct str name)
{
    static const char *const names[] = {"Connection",
                                        "Keep-Alive",
                                        "Proxy-Connection",
                                        "Proxy-Authenticate",
                                        "Proxy-Authorization",
                                        "TE",
                                        "Trailer",
                                        "Transfer-Encoding",
                                        "Upgrade",
                                        "Host",
                                        "Expect",
                                        "Forwarded",
                                        "Content-Length",
                                        "Authorization",
                                        "traceparent",
                                        "tracestate",
                                        "baggage"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_equal_ignoring_case(name, str_of(names[i])))
            return true;
    struct str own = STR("X-Jumun-");
    return name.n >= own.n && str_equal_ignoring_case((struct str){name.p, own.n}, own);
}

static void add(struct passing *p, struct str name, struct str value)
{
    if (p->header_count < FORWARDED_MAX)
        p->headers[p->header_count++] = (struct httpc_header){name, value};
}

static void forward_header(void *ctx, struct str name, struct str value)
{
    struct passing *p = ctx;
    if (!stays_here(name) && p->header_count < FORWARDED_MAX - 4) /* room for our own */
        add(p, name, value);
}

static struct str id_text(struct arena *arena, struct uuid id)
{
    char text[UUID_TEXT + 1];
    uuid_format(id, text);
    return arena_str(arena, (struct str){text, UUID_TEXT});
}

static void add_request_id(struct passing *p)
{
    struct http_request *rq = p->call->http;
    if (str_absent(http_header(rq, "x-request-id")))
        add(p, STR("x-request-id"), id_text(http_arena(rq), uuid_new()));
}

static struct str trace_of(struct http_request *rq)
{
    return str_absent(http_trace(rq)) ? trace_new(http_arena(rq)) : http_trace(rq);
}

static bool refuse_token(struct call *call, const char *why)
{
    call_problem(call, &(struct http_problem){
                           .status = 401,
                           .type = "/problems/invalid-token",
                           .title = "The token is not accepted",
                           .detail = arena_printf(http_arena(call->http), "The bearer token is refused: %s. Get a new one.", why)});
    return false;
}

/* Adds who asks; nothing when nobody says. False: refused, and answered. */
static bool add_identity(struct passing *p)
{
    struct call *call = p->call;
    struct str header = http_header(call->http, "Authorization"), scheme = STR("Bearer ");
    struct token_claims claims;
    if (str_absent(header))
        return true;
    if (header.n < scheme.n || !str_equal_ignoring_case((struct str){header.p, scheme.n}, scheme))
        return refuse_token(call, "the scheme must be Bearer");
    const char *why =
        tokens_verify(gateway_tokens(), str_trim((struct str){header.p + scheme.n, header.n - scheme.n}), clock_now(), &claims);
    if (why)
        return refuse_token(call, why);
    if (!admit_customer(call, claims.subject))
        return false;
    add(p, STR("X-Jumun-Subject"), id_text(http_arena(call->http), claims.subject));
    add(p, STR("X-Jumun-Roles"), arena_str(http_arena(call->http), str_of(claims.roles)));
    return true;
}

struct str passing_url(struct call *call, const char *service_url)
{
    struct str path = http_path(call->http), query = http_query_string(call->http), prefix = STR("/api");
    const char *mark = str_absent(query) ? "" : "?";
    return arena_printf(http_arena(call->http), "%s%.*s%s%.*s", service_url, (int)(path.n - prefix.n), path.p + prefix.n, mark,
                        STR_ARG(query));
}

/* ── the answer ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void passing_give_up(struct call *call, const struct httpc_response *r)
{
    static _Atomic int64_t last;
    bool unreachable_service = r->result == HTTPC_UNREACHABLE;
    if (log_every(&last, SECONDS(1)))
        log_warning("a service did not answer", LOG_TEXT_OF("path", http_path(call->http)), LOG_STR("failure", r->failure));
    call_problem(call, unreachable_service
                           ? &(struct http_problem){.status = 503,
                                                    .type = "/problems/unavailable",
                                                    .title = "The service cannot take the request now",
                                                    .detail = STR("Nothing was done. Repeat the request after a moment."),
                                                    .retry_after = 1}
                           : &(struct http_problem){.status = 504,
                                                    .type = "/problems/no-answer",
                                                    .title = "The service did not answer in time",
                                                    .detail = STR("Whether it was done is not known. Repeat the request with "
                                                                  "the same Idempotency-Key to find out."),
                                                    .retry_after = 1});
}

/* Written by the server itself. */
static bool is_servers(struct str name)
{
    return str_equal_ignoring_case(name, STR("Content-Type")) || str_equal_ignoring_case(name, STR("Content-Length")) ||
           str_equal_ignoring_case(name, STR("Date")) || str_equal_ignoring_case(name, STR("Connection"));
}

/* Services know their paths without /api; a customer knows them with it. */
static struct str outer_location(struct call *call, struct str location)
{
    return str_starts_with(location, STR("/")) ? arena_printf(http_arena(call->http), "/api%.*s", STR_ARG(location)) : location;
}

void passing_head(struct call *call, const struct httpc_response *r, struct http_answer *a)
{
    *a = (struct http_answer){.status = r->status, .content_type = r->content_type};
    for (size_t i = 0; i < r->header_count; i++) {
        struct str name = r->headers[i].name, value = r->headers[i].value;
        if (is_servers(name) || a->header_count == sizeof a->headers / sizeof a->headers[0])
            continue;
        http_answer_header(a, name, str_equal_ignoring_case(name, STR("Location")) ? outer_location(call, value) : value);
    }
}

void passing_on(struct call *call, const struct httpc_response *r)
{
    struct http_answer a;
    passing_head(call, r, &a);
    a.body = r->body;
    call_reply(call, &a);
}

static void answered(void *ctx, const struct httpc_response *r)
{
    struct passing *p = ctx;
    if (r->result != HTTPC_ANSWERED) {
        passing_give_up(p->call, r);
        return;
    }
    log_debug("passed", LOG_TEXT_OF("trace", trace_id(p->trace)), LOG_TEXT_OF("method", http_method(p->call->http)),
              LOG_TEXT_OF("path", http_path(p->call->http)), LOG_INT("status", r->status));
    passing_on(p->call, r);
}

struct passing *passing_new(struct call *call)
{
    if (!admit_address(call)) /* first: a token costs a signature */
        return NULL;
    struct passing *p = ARENA_NEW(http_arena(call->http), struct passing);
    p->call = call;
    p->trace = trace_of(call->http);
    http_each_header(call->http, forward_header, p);
    if (!add_identity(p))
        return NULL;
    add_request_id(p);
    return p;
}

void proxy_pass(struct call *call, const char *service_url)
{
    struct passing *p = passing_new(call);
    if (!p)
        return;
    struct str body = http_body(call->http);
    httpc_send(gateway_client(), &(struct httpc_call){.method = arena_str(http_arena(call->http), http_method(call->http)).p,
                                                      .url = passing_url(call, service_url),
                                                      .headers = p->headers,
                                                      .header_count = p->header_count,
                                                      .trace = p->trace,
                                                      .body = body,
                                                      .deadline = gateway_config.upstream_deadline,
                                                      .done = answered,
                                                      .ctx = p});
}
