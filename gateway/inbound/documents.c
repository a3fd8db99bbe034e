/* Documents: what the gateway answers itself — the demo issuer's tokens and the joined OpenAPI document. */
#include "clock.h"
#include "embed.h"
#include "inbound/inbound.h"
#include "token.h"
#include <stdlib.h>

extern const struct embedded openapi_document[];

#define DEMO_TOKEN_LIFE SECONDS(12 * 3600)

struct wish {
    struct str subject;
    struct json_list roles; /* of struct str */
};

static const struct json_field role_fields[] = {{.type = JSON_TEXT, .ranged = true, .min = 1, .max = 40}};
static const struct json_shape role_shape = {.size = sizeof(struct str), .fields = role_fields, .count = 1};
static const struct json_field wish_fields[] = {
    JSON_FIELD_RANGE(struct wish, subject, "sub", JSON_TEXT, JSON_REQUIRED, 1, 200),
    JSON_FIELD_ARRAY(struct wish, roles, "roles", JSON_REQUIRED, &role_shape, 1, 4),
};
static const struct json_shape wish_shape = JSON_SHAPE(struct wish, wish_fields, JSON_REFUSE_UNKNOWN);

void serve_demo_token(struct call *call)
{
    struct wish wish;
    if (!gateway_config.demo_issuer) {
        call_problem(call, &problem_not_found);
        return;
    }
    if (!admit_address(call) || !call_decode(call, &wish_shape, &wish))
        return;
    char *token = tokens_issue(gateway_tokens(), wish.subject, wish.roles.items, wish.roles.count, clock_now(), DEMO_TOKEN_LIFE);
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    json_put_text(&w, "access_token", str_of(token));
    json_put_text(&w, "token_type", STR("Bearer"));
    json_put_integer(&w, "expires_in", DEMO_TOKEN_LIFE / SECONDS(1));
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
    free(token);
}

void serve_openapi(struct call *call)
{
    if (admit_address(call))
        call_json(call, 200, (struct str){openapi_document[0].text, openapi_document[0].size});
}
