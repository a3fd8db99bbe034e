/* GET /my/orders, /my/orders/{id}, /my/orders/events: what the view knows, asked of Redis alone. */
#include "inbound/inbound.h"
#include "inbound/live.h"
#include "memory.h"
#include "outbound/view.h"
#include "settings.h"
#include <stdlib.h>
#include <string.h>

#define LIMIT_MAX 100
#define ROUNDS    10 /* of LIMIT_MAX orders: how far one answer looks for those of the statuses wanted */

/* ── connections of the query workers ── */

void *view_worker_new(void)
{
    struct view_reader *r = NEW(struct view_reader);
    r->cache = cache_new(view_config.redis_url); /* projector_start() has found the address good */
    return r;
}

void view_worker_free(void *connection)
{
    struct view_reader *r = connection;
    cache_free(r->cache);
    free(r);
}

static void unavailable(struct call *call)
{
    call_problem(call, &(struct http_problem){.status = 503,
                                              .type = "/problems/unavailable",
                                              .title = "The history cannot be read now",
                                              .detail = STR("Repeat the request after a moment."),
                                              .retry_after = 1});
}

/* The history may be minutes from whole, and a part of it would be taken for all. */
static void being_filled(struct call *call)
{
    call_problem(call,
                 &(struct http_problem){.status = 503,
                                        .type = "/problems/history-is-being-read",
                                        .title = "The history is being put together anew",
                                        .detail = arena_printf(http_arena(call->http),
                                                               "%d %% of it is there. Until then, GET /api/orders/{id} tells of an order.",
                                                               view_filled_percent()),
                                        .retry_after = 5});
}

static enum view_read ask_once(struct view_reader *r, enum view_read (*read)(void *what, struct view_reader *r, struct arena *arena),
                               void *what, struct arena *arena)
{
    struct view_generations g;
    if (!r->generation[0]) {
        generations_send(r->cache);
        if (!generations_receive(r->cache, &g))
            return VIEW_READ_FAULT;
        memcpy(r->generation, g.reads, sizeof r->generation);
    }
    return r->generation[0] ? read(what, r, arena) : VIEW_READ_NOWHERE;
}

#define MOVES_MAX 5 /* that one request follows: generations change once in a rebuilding */

/*
 * A read that fails on a connection of long ago is done again on a new one: Redis may have been started anew in between. One of a
 * generation that is not the one to be read any more is done again there. False: answered.
 */
static bool ask(struct call *call, struct view_reader *r, enum view_read (*read)(void *what, struct view_reader *r, struct arena *arena),
                void *what)
{
    enum view_read outcome = VIEW_READ_ELSEWHERE;
    for (int i = 0; i < MOVES_MAX && outcome == VIEW_READ_ELSEWHERE; i++) {
        bool old = cache_connected(r->cache);
        outcome = cache_connect(r->cache) ? ask_once(r, read, what, http_arena(call->http)) : VIEW_READ_FAULT;
        if (outcome == VIEW_READ_FAULT && old && cache_connect(r->cache))
            outcome = ask_once(r, read, what, http_arena(call->http));
    }
    if (outcome == VIEW_READ_NOWHERE)
        being_filled(call);
    else if (outcome != VIEW_READ)
        unavailable(call);
    return outcome == VIEW_READ;
}

/* ── one order ── */

static enum view_read load_order(void *what, struct view_reader *r, struct arena *arena)
{
    return view_load(r, arena, what, 1, true);
}

static void get_order(struct call *call, void *connection)
{
    struct uuid id;
    char text[UUID_TEXT + 1];
    if (!call_id(call, "id", &id))
        return;
    uuid_format(id, text);
    struct view_order order = {.id = {text, UUID_TEXT}};
    if (!ask(call, connection, load_order, &order))
        return;
    if (!document_belongs(&order.document, call->who.subject)) {
        call_problem(call, &problem_not_found);
        return;
    }
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    document_write(&w, order.id, &order.document, &order.timeline);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

/* ── the list ── */

struct search {
    struct uuid customer;
    unsigned statuses; /* a bit for each; 0: any */
    size_t limit;
    struct str after; /* the last order looked at */
    bool more;        /* there may be more behind it */
    struct view_order found[LIMIT_MAX];
    size_t count;
};

static bool matches(const struct search *s, const struct view_order *o)
{
    return document_belongs(&o->document, s->customer) && (s->statuses == 0 || (s->statuses & 1u << document_status(&o->document)));
}

/* Looks at the next orders of the list; one id more than is wanted tells whether more are behind. */
static enum view_read search_on(struct search *s, struct view_reader *r, struct arena *arena)
{
    size_t wanted = s->statuses == 0 ? s->limit - s->count : LIMIT_MAX, n = wanted + 1;
    struct str ids[LIMIT_MAX + 1];
    enum view_read read = view_list(r, arena, s->customer, s->after, ids, &n);
    if (read != VIEW_READ)
        return read;
    size_t looked = n > wanted ? wanted : n;
    struct view_order *orders = ARENA_ARRAY(arena, struct view_order, looked + 1);
    for (size_t i = 0; i < looked; i++)
        orders[i].id = ids[i];
    read = view_load(r, arena, orders, looked, false);
    if (read != VIEW_READ)
        return read;
    s->more = n > wanted;
    for (size_t i = 0; i < looked; i++) {
        if (s->count == s->limit) {
            s->more = true;
            return VIEW_READ;
        }
        s->after = orders[i].id;
        if (matches(s, &orders[i]))
            s->found[s->count++] = orders[i];
    }
    return VIEW_READ;
}

/* A second search, after a fault or in another generation, goes on where the first one was. */
static enum view_read search(void *what, struct view_reader *r, struct arena *arena)
{
    struct search *s = what;
    enum view_read read = VIEW_READ;
    s->more = true;
    for (int round = 0; round < ROUNDS && s->more && s->count < s->limit && read == VIEW_READ; round++)
        read = search_on(s, r, arena);
    return read;
}

static bool read_statuses(struct call *call, unsigned *statuses)
{
    struct str text = http_query(call->http, "status");
    *statuses = 0;
    if (str_absent(text) || order_statuses_parse(text, statuses))
        return true;
    call_problem(
        call, &(struct http_problem){.status = 400,
                                     .type = "/problems/invalid-status",
                                     .title = "There is no such status",
                                     .detail = STR("status is one or more, separated by commas, of PENDING_PAYMENT, CONFIRMED, PREPARED, "
                                                   "SHIPPED, COMPLETED, CANCELLING, CANCELLED.")});
    return false;
}

static void list_orders(struct call *call, void *connection)
{
    struct arena *arena = http_arena(call->http);
    struct search *s = ARENA_NEW(arena, struct search);
    int64_t limit;
    if (!call_limit(call, &limit) || !call_cursor(call, &s->after) || !read_statuses(call, &s->statuses))
        return;
    s->customer = call->who.subject;
    s->limit = (size_t)limit;
    if (!ask(call, connection, search, s))
        return;
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    json_begin_array(&w, "items");
    for (size_t i = 0; i < s->count; i++)
        document_write(&w, s->found[i].id, &s->found[i].document, NULL);
    json_end_array(&w);
    call_put_next_cursor(call, &w, s->more ? s->after : (struct str){0});
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

/* ── what happens to them, live ── */

struct listening {
    struct uuid customer;
    struct feed_standing standing;
};

/* Also while there is nothing to read. */
static bool go_on_listening(struct cache *c, struct listening *l)
{
    bool old = cache_connected(c);
    for (int i = 0; i < 1 + old; i++)
        if (cache_connect(c)) {
            feed_listen_send(c, l->customer);
            if (feed_listen_receive(c, &l->standing))
                return true;
        }
    return false;
}

static void refuse_listener(struct call *call, enum hub_room room)
{
    static const struct http_problem full = {.status = 503,
                                             .type = "/problems/too-many-listeners",
                                             .title = "Too many clients are listening",
                                             .detail = STR_CONST("Try again later; until then, GET /api/my/orders tells as much."),
                                             .retry_after = 10};
    static const struct http_problem own = {.status = 429,
                                            .type = "/problems/too-many-own-listeners",
                                            .title = "You are listening too often at once",
                                            .detail = STR_CONST("Close one of your other streams of /api/my/orders/events first."),
                                            .retry_after = 10};
    call_problem(call, room == HUB_FULL ? &full : &own);
}

/* A client that comes back says what it has; EventSource by the header, others may by the query. */
static struct str last_event_id(struct call *call)
{
    struct str last = http_header(call->http, "Last-Event-ID");
    return str_empty(last) ? http_query(call->http, "lastEventId") : last;
}

static void listen_to_orders(struct call *call, void *connection)
{
    struct listening l = {.customer = call->who.subject};
    struct listener *listener;
    enum hub_room room = hub_enter(live_hub(), l.customer, &listener);
    if (room != HUB_ROOM) {
        refuse_listener(call, room);
    } else if (!go_on_listening(((struct view_reader *)connection)->cache, &l)) {
        hub_leave(listener);
        unavailable(call);
    } else {
        hub_join(listener, call->http, &l.standing, last_event_id(call));
    }
}

const struct service_route view_routes[] = {
    {.method = "GET", .path = "/my/orders", .roles = ROLE_CUSTOMER, .query = list_orders},
    {.method = "GET", .path = "/my/orders/events", .roles = ROLE_CUSTOMER, .query = listen_to_orders},
    {.method = "GET", .path = "/my/orders/{id}", .roles = ROLE_CUSTOMER, .query = get_order},
    {.method = "GET", .path = "/ops/view/rebuild", .roles = ROLE_OPERATOR, .query = get_rebuild},
    {.method = "POST", .path = "/ops/view/rebuild", .roles = ROLE_OPERATOR, .flags = HTTP_KEY_ACCEPTED, .query = post_rebuild},
    {.method = NULL},
};
