/* Turns an answer into what libmicrohttpd sends. */
#include "request.h"

#include "invariant.h"
#include "json_encode.h"

/* What frames a message is the server's to say; an answer that was fetched elsewhere may still carry it. */
static bool is_framing(struct str name)
{
    static const struct str framing[] = {
        STR_CONST("content-length"),
        STR_CONST("transfer-encoding"),
        STR_CONST("connection"),
        STR_CONST("keep-alive"),
    };
    for (size_t i = 0; i < sizeof(framing) / sizeof(framing[0]); i++)
        if (str_equal_ignoring_case(name, framing[i]))
            return true;
    return false;
}

/* libmicrohttpd refuses a value with a line break; so do we, by leaving the header out. */
static void header_add(struct http_request *rq, struct MHD_Response *response, struct str name, struct str value)
{
    if (!is_framing(name))
        (void)MHD_add_response_header(response, arena_str(&rq->arena, name).p, arena_str(&rq->arena, value).p);
}

void answer_head(struct http_request *rq, const struct http_answer *a, struct MHD_Response *response)
{
    invariant(a->status >= 200 && a->status <= 599);
    if (!str_absent(a->content_type))
        (void)MHD_add_response_header(response, "Content-Type", arena_str(&rq->arena, a->content_type).p);
    for (size_t i = 0; i < a->header_count; i++)
        header_add(rq, response, a->headers[i].name, a->headers[i].value);
    rq->status = a->status;
}

struct MHD_Response *answer_build(struct http_request *rq, const struct http_answer *a)
{
    struct str body = str_empty(a->body) ? STR("") : arena_str(&rq->arena, a->body);
    struct MHD_Response *response = MHD_create_response_from_buffer(body.n, (void *)body.p, MHD_RESPMEM_PERSISTENT);
    invariant(response);
    if (str_absent(a->content_type) && body.n)
        (void)MHD_add_response_header(response, "Content-Type", "application/json");
    answer_head(rq, a, response);
    return response;
}

void http_answer_header(struct http_answer *a, struct str name, struct str value)
{
    invariant(a->header_count < sizeof(a->headers) / sizeof(a->headers[0]));
    a->headers[a->header_count].name = name;
    a->headers[a->header_count++].value = value;
}

void http_problem_body(const struct http_problem *p, struct buf *body)
{
    struct json_writer w = {.out = body};
    json_begin_object(&w, NULL);
    json_put_text(&w, "type", str_of(p->type));
    json_put_text(&w, "title", str_of(p->title));
    json_put_integer(&w, "status", p->status);
    if (!str_absent(p->detail))
        json_put_text(&w, "detail", p->detail);
    if (p->error_count) {
        json_begin_array(&w, "errors");
        for (size_t i = 0; i < p->error_count; i++) {
            json_begin_object(&w, NULL);
            json_put_text(&w, "pointer", p->errors[i].pointer);
            json_put_text(&w, "code", str_of(p->errors[i].code));
            json_put_text(&w, "detail", p->errors[i].detail);
            json_end_object(&w);
        }
        json_end_array(&w);
    }
    json_end_object(&w);
}

struct MHD_Response *answer_problem(struct http_request *rq, const struct http_problem *p)
{
    struct buf body = BUF_INIT;
    http_problem_body(p, &body);
    struct http_answer a = {.status = p->status, .content_type = STR("application/problem+json"), .body = buf_str(&body)};
    if (p->retry_after)
        http_answer_header(&a, STR("Retry-After"), arena_printf(&rq->arena, "%d", p->retry_after));
    if (p->status == MHD_HTTP_METHOD_NOT_ALLOWED && !str_absent(rq->allow))
        http_answer_header(&a, STR("Allow"), rq->allow);
    struct MHD_Response *response = answer_build(rq, &a);
    buf_release(&body);
    return response;
}

void answer_write(const struct http_problem *p, struct buf *out)
{
    struct buf body = BUF_INIT;
    http_problem_body(p, &body);
    buf_printf(out, "HTTP/1.1 %d %s\r\n", p->status, MHD_get_reason_phrase_for((unsigned)p->status));
    buf_printf(out, "Content-Type: application/problem+json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", body.n);
    buf_add(out, buf_str(&body));
    buf_release(&body);
}
