/* For operators: GET and POST /ops/view/rebuild. */
#include "inbound/inbound.h"
#include "inbound/rebuild.h"
#include "outbound/view.h"

#define FIRST_MAX 100 /* differences, of an answer */

static void put_text(struct json_writer *w, const char *key, struct str value)
{
    if (!str_empty(value))
        json_put_text(w, key, value);
}

static void put_number(struct json_writer *w, const char *key, struct str digits)
{
    json_put_raw(w, key, str_empty(digits) ? STR("0") : digits);
}

static void put_status(struct json_writer *w, const struct rebuilding_status *s)
{
    json_begin_object(w, NULL);
    json_put_text(w, "id", s->id);
    json_put_text(w, "state", s->state);
    json_put_text(w, "generation", s->generation);
    json_put_text(w, "startedAt", s->started);
    put_text(w, "endedAt", s->ended);
    json_begin_object(w, "events");
    put_number(w, "read", s->read);
    put_number(w, "total", s->total);
    json_end_object(w);
    put_number(w, "ordersCompared", s->compared);
    json_begin_object(w, "differences");
    put_number(w, "count", s->differences);
    put_number(w, "undecided", s->unsettled);
    json_begin_array(w, "first");
    for (size_t i = 0; i < s->first_count; i++)
        json_put_raw(w, NULL, s->first[i]);
    json_end_array(w);
    json_end_object(w);
    put_text(w, "problem", s->problem);
    json_end_object(w);
}

static void unavailable(struct call *call)
{
    call_problem(call, &(struct http_problem){.status = 503,
                                              .type = "/problems/unavailable",
                                              .title = "The view cannot be reached now",
                                              .detail = STR("Repeat the request after a moment."),
                                              .retry_after = 1});
}

static bool read_status(struct cache *c, struct arena *arena, struct rebuilding_status *s)
{
    bool old = cache_connected(c);
    return (cache_connect(c) && rebuilding_read(c, arena, FIRST_MAX, s)) ||
           (old && cache_connect(c) && rebuilding_read(c, arena, FIRST_MAX, s));
}

static void answer_status(struct call *call, struct cache *c, int status)
{
    struct rebuilding_status s;
    if (!read_status(c, http_arena(call->http), &s)) {
        unavailable(call);
        return;
    }
    if (str_absent(s.id)) {
        call_problem(call, &problem_not_found);
        return;
    }
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    put_status(&w, &s);
    call_json(call, status, buf_str(&body));
    buf_release(&body);
}

void get_rebuild(struct call *call, void *connection)
{
    answer_status(call, ((struct view_reader *)connection)->cache, 200);
}

void post_rebuild(struct call *call, void *connection)
{
    static const struct http_problem under_way = {.status = 409,
                                                  .type = "/problems/rebuild-under-way",
                                                  .title = "The view is being rebuilt already",
                                                  .detail = STR_CONST("GET /api/ops/view/rebuild tells how far it is.")};
    static const struct http_problem too_early = {.status = 409,
                                                  .type = "/problems/view-not-settled",
                                                  .title = "The view is being filled, or taken over, just now",
                                                  .detail = STR_CONST("Repeat the request when that is done.")};
    struct cache *c = ((struct view_reader *)connection)->cache;
    cache_disconnect(c); /* a connection of long ago might fail, and what it did not answer would still be done */
    switch (cache_connect(c) ? rebuild_begin(c, http_header(call->http, "Idempotency-Key")) : REBUILDING_FAULT) {
    case REBUILDING_BEGUN:
    case REBUILDING_KNOWN: answer_status(call, c, 202); break;
    case REBUILDING_UNDER_WAY: call_problem(call, &under_way); break;
    case REBUILDING_TOO_EARLY: call_problem(call, &too_early); break;
    case REBUILDING_FAULT: unavailable(call); break;
    }
}
