/* Call: a request on its way through a service — who asks, which route, and how its answer gets back. */
#include "clock.h"
#include "cursor.h"
#include "invariant.h"
#include "json_encode.h"
#include "log.h"
#include "state.h"
#include <string.h>

/* ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

const struct http_problem problem_not_found = {.status = 404,
                                               .type = "/problems/not-found",
                                               .title = "There is no such thing here",
                                               .detail = STR_CONST("It does not exist, or it is not yours.")};

void call_reply(struct call *call, const struct http_answer *a)
{
    http_reply(call->http, a);
}

void call_problem(struct call *call, const struct http_problem *p)
{
    http_reply_problem(call->http, p);
}

void call_json(struct call *call, int status, struct str body)
{
    http_reply_json(call->http, status, body);
}

void call_problem_unavailable(struct call *call)
{
    call_problem(call, &(struct http_problem){.status = 503,
                                              .type = "/problems/unavailable",
                                              .title = "The service cannot take the request now",
                                              .detail = STR("Nothing was done. Repeat the request after a moment."),
                                              .retry_after = 1});
}

/* ── what a call brings ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

bool call_decode(struct call *call, const struct json_shape *shape, void *out)
{
    return http_decode(call->http, shape, out);
}

bool call_id(struct call *call, const char *param, struct uuid *id)
{
    return http_param_id(call->http, param, id);
}

static void refuse_query(struct call *call, const char *type, const char *title, struct str detail)
{
    call_problem(call, &(struct http_problem){.status = 400, .type = type, .title = title, .detail = detail});
}

bool call_limit(struct call *call, int64_t *limit)
{
    struct str text = http_query(call->http, "limit");
    *limit = 20;
    if (str_absent(text) || (str_to_int64(text, limit) && *limit >= 1 && *limit <= 100))
        return true;
    refuse_query(call, "/problems/invalid-limit", "The limit is not valid",
                 STR("limit is a whole number from 1 to 100; left out it is 20."));
    return false;
}

/* ── cursors ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

bool call_cursor(struct call *call, struct str *position)
{
    struct str text = http_query(call->http, "cursor");
    *position = (struct str){0};
    if (str_absent(text) || cursor_read(call->service->cursor_secret, text, http_arena(call->http), position))
        return true;
    refuse_query(call, "/problems/invalid-cursor", "The cursor is not valid",
                 STR("Take it from nextCursor of the list's last answer, unchanged; or leave it out to begin anew."));
    return false;
}

void call_put_next_cursor(const struct call *call, struct json_writer *w, struct str position)
{
    char text[CURSOR_TEXT];
    json_put_text(w, "nextCursor", str_absent(position) ? position : cursor_write(call->service->cursor_secret, position, text));
}

/* ── who calls ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct {
    const char *name;
    enum role role;
} role_names[] = {{"customer", ROLE_CUSTOMER}, {"courier", ROLE_COURIER}, {"operator", ROLE_OPERATOR}, {"admin", ROLE_ADMIN}};
#define ROLES (sizeof role_names / sizeof role_names[0])

unsigned roles_parse(struct str list)
{
    unsigned roles = 0;
    struct str part;
    while (str_split(&list, ',', &part))
        for (size_t i = 0; i < ROLES; i++)
            if (str_is(str_trim(part), role_names[i].name))
                roles |= role_names[i].role;
    return roles;
}

void roles_format(unsigned roles, struct buf *out)
{
    const char *comma = "";
    for (size_t i = 0; i < ROLES; i++)
        if (roles & role_names[i].role) {
            buf_printf(out, "%s%s", comma, role_names[i].name);
            comma = ",";
        }
}

static bool identify(struct call *call)
{
    if (call->route->roles == ROLE_ANYONE)
        return true;
    if (!uuid_parse(http_header(call->http, "X-Jumun-Subject"), &call->who.subject)) {
        call_problem(call, &(struct http_problem){.status = 401,
                                                  .type = "/problems/unauthenticated",
                                                  .title = "Who is asking is not known",
                                                  .detail = STR("Send a valid token: Authorization: Bearer …")});
        return false;
    }
    call->who.roles = roles_parse(http_header(call->http, "X-Jumun-Roles"));
    if (call->who.roles & call->route->roles)
        return true;
    struct buf needed = BUF_INIT;
    roles_format(call->route->roles, &needed);
    struct str detail = arena_printf(http_arena(call->http), "This needs one of the roles: %.*s.", STR_ARG(buf_str(&needed)));
    buf_release(&needed);
    call_problem(call, &(struct http_problem){
                           .status = 403, .type = "/problems/forbidden", .title = "The token does not allow this", .detail = detail});
    return false;
}

/* ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void compose_problem(const struct call *call, const struct refusal *r, struct answer *out)
{
    struct json_error *errors = ARENA_ARRAY(http_arena(call->http), struct json_error, r->error_count + 1);
    for (size_t i = 0; i < r->error_count; i++)
        errors[i] = (struct json_error){.pointer = r->errors[i].pointer, .code = r->errors[i].code, .detail = r->errors[i].detail};
    out->status = r->status;
    out->content_type = STR("application/problem+json");
    http_problem_body(
        &(struct http_problem){
            .status = r->status, .type = r->type, .title = r->title, .detail = r->detail, .errors = errors, .error_count = r->error_count},
        &out->body);
}

static void compose(const struct asker *asker, const struct command *c, struct aggregate *const *a, const struct decision *d,
                    struct answer *out)
{
    const struct call *call = call_of(asker);
    if (d->refusal)
        compose_problem(call, d->refusal, out);
    else
        call->route->answer(call, c, a, d, out);
}

static void resume(struct asker *asker, const struct answer *answer)
{
    struct call *call = (struct call *)(void *)asker;
    struct http_answer a = {.status = answer->status, .content_type = answer->content_type, .body = buf_str(&answer->body)};
    if (!str_absent(answer->location))
        http_answer_header(&a, STR("Location"), answer->location);
    if (!str_absent(answer->etag))
        http_answer_header(&a, STR("ETag"), answer->etag);
    if (answer->retry_after)
        http_answer_header(&a, STR("Retry-After"), arena_printf(http_arena(call->http), "%d", answer->retry_after));
    if (answer->replayed)
        http_answer_header(&a, STR("Idempotent-Replayed"), STR("true"));
    call_reply(call, &a);
}

static void adopt(struct asker *asker, struct command *c, struct uuid resource)
{
    struct call *call = (struct call *)(void *)asker;
    if (call->route->adopt)
        call->route->adopt(call, c, resource);
}

/* The key's scope: who asks for what. Another customer's, or another path's, equal key is another key. */
static struct str key_scope(const struct call *call)
{
    char subject[UUID_TEXT + 1];
    uuid_format(call->who.subject, subject);
    return arena_printf(http_arena(call->http), "%s %.*s %.*s", subject, STR_ARG(http_method(call->http)), STR_ARG(http_path(call->http)));
}

static void serve_command(struct call *call)
{
    struct engine_command *c = engine_command_new();
    struct uuid fresh = uuid_new();
    c->command = (struct command){.correlation = fresh, .fresh = fresh, .traceparent = http_trace(call->http)};
    call->asker = (struct asker){.compose = compose,
                                 .resume = resume,
                                 .adopt = adopt,
                                 .deadline = clock_monotonic() + call->service->request_deadline,
                                 .resource = fresh};
    if (call->route->flags & (HTTP_KEY_ACCEPTED | HTTP_KEY_REQUIRED)) {
        call->asker.key = http_header(call->http, "Idempotency-Key");
        call->asker.scope = key_scope(call);
        call->asker.body = http_body(call->http);
    }
    if (!call->route->command(call, &c->command)) {
        engine_command_free(c); /* it has answered */
        return;
    }
    c->asker = &call->asker;
    if (!engine_offer(call->service->engine, c)) {
        engine_command_free(c);
        call_problem_unavailable(call);
    }
}

/* ── a request comes in ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void call_serve(struct http_request *rq, void *state)
{
    struct call *call = ARENA_NEW(http_arena(rq), struct call);
    call->http = rq;
    call->service = state;
    call->route = http_route(rq)->route;
    if (!identify(call))
        return;
    if (call->route->command)
        serve_command(call);
    else if (call->route->direct)
        call->route->direct(call);
    else if (!workers_offer(call->service->workers, call))
        call_problem_unavailable(call);
}
