/* Answers by the books: what most handlers say. */
#include "request.h"

void http_reply_json(struct http_request *rq, int status, struct str body)
{
    http_reply(rq, &(struct http_answer){.status = status, .body = body});
}

bool http_decode(struct http_request *rq, const struct json_shape *shape, void *out)
{
    struct json_errors errors = {0};
    struct str body = http_body(rq);
    if (json_decode(&rq->arena, str_absent(body) ? STR("") : body, shape, out, &errors))
        return true;
    if (str_is(str_of(errors.items[0].code), "malformed"))
        http_reply_problem(rq, &(struct http_problem){
                                   .status = 400,
                                   .type = "/problems/malformed-json",
                                   .title = "The body is not well-formed JSON",
                                   .detail = errors.items[0].detail,
                                   .errors = errors.items,
                                   .error_count = errors.count,
                               });
    else
        http_reply_problem(rq, &(struct http_problem){
                                   .status = 422,
                                   .type = "/problems/invalid-fields",
                                   .title = "Some fields are not as they should be",
                                   .detail = STR("Correct what 'errors' names, and send the request again."),
                                   .errors = errors.items,
                                   .error_count = errors.count,
                               });
    return false;
}

bool http_param_id(struct http_request *rq, const char *name, struct uuid *id)
{
    if (uuid_parse(http_param(rq, name), id))
        return true;
    http_reply_problem(rq, &(struct http_problem){
                               .status = 404,
                               .type = "/problems/not-found",
                               .title = "There is nothing here",
                               .detail = STR("The path has no id where one is expected."),
                           });
    return false;
}
