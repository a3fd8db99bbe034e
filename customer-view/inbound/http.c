/* GET /my/orders, /my/orders/{id}, /my/orders/events: what the view knows, asked of Redis alone. */
#include "inbound/inbound.h"
#include "inbound/live.h"
#include "outbound/view.h"
#include "settings.h"

#define LIMIT_MAX 100
#define ROUNDS    10 /* of LIMIT_MAX orders: how far one answer looks for those of the statuses wanted */

/* ── connections of the query workers ── */

void *view_worker_new(void)
{
    return cache_new(view_config.redis_url); /* projector_start() has found the address good */
}

void view_worker_free(void *connection)
{
    cache_free(connection);
}

static void unavailable(struct call *call)
{
    call_problem(call, &(struct http_problem){.status = 503,
                                              .type = "/problems/unavailable",
                                              .title = "The history cannot be read now",
                                              .detail = STR("Repeat the request after a moment."),
                                              .retry_after = 1});
}

/* A read that fails on a connection of long ago is done again on a new one: Redis may have been started anew in between. */
static bool ask(struct cache *c, bool (*read)(void *what, struct cache *c, struct arena *arena), void *what, struct arena *arena)
{
    bool old = cache_connected(c);
    return (cache_connect(c) && read(what, c, arena)) || (old && cache_connect(c) && read(what, c, arena));
}

/* ── one order ── */

static bool load_order(void *what, struct cache *c, struct arena *arena)
{
    return view_load(c, arena, what, 1, true);
}

static void get_order(struct call *call, void *connection)
{
    struct arena *arena = http_arena(call->http);
    struct uuid id;
    char text[UUID_TEXT + 1];
    if (!call_id(call, "id", &id))
        return;
    uuid_format(id, text);
    struct view_order order = {.id = {text, UUID_TEXT}};
    if (!ask(connection, load_order, &order, arena)) {
        unavailable(call);
        return;
    }
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

/* Looks at the next orders of the list; one id more than is wanted tells whether more are behind. False: a fault. */
static bool search_on(struct search *s, struct cache *c, struct arena *arena)
{
    size_t wanted = s->statuses == 0 ? s->limit - s->count : LIMIT_MAX, n = wanted + 1;
    struct str ids[LIMIT_MAX + 1];
    if (!view_list(c, arena, s->customer, s->after, ids, &n))
        return false;
    size_t looked = n > wanted ? wanted : n;
    struct view_order *orders = ARENA_ARRAY(arena, struct view_order, looked + 1);
    for (size_t i = 0; i < looked; i++)
        orders[i].id = ids[i];
    if (!view_load(c, arena, orders, looked, false))
        return false;
    s->more = n > wanted;
    for (size_t i = 0; i < looked; i++) {
        if (s->count == s->limit) {
            s->more = true;
            return true;
        }
        s->after = orders[i].id;
        if (matches(s, &orders[i]))
            s->found[s->count++] = orders[i];
    }
    return true;
}

/* A second search, after a fault, goes on where the first one was. */
static bool search(void *what, struct cache *c, struct arena *arena)
{
    struct search *s = what;
    s->more = true;
    for (int round = 0; round < ROUNDS && s->more && s->count < s->limit; round++)
        if (!search_on(s, c, arena))
            return false;
    return true;
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
    if (!ask(connection, search, s, arena)) {
        unavailable(call);
        return;
    }
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

static bool go_on_listening(void *what, struct cache *c, struct arena *arena)
{
    struct listening *l = what;
    (void)arena;
    feed_listen_send(c, l->customer);
    return feed_listen_receive(c, &l->standing);
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
    } else if (!ask(connection, go_on_listening, &l, http_arena(call->http))) {
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
    {.method = NULL},
};
