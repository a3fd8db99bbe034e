/* View: the script that applies a change, and the commands that read what it has made. */
#include "view.h"

#include "invariant.h"
#include "log.h"
#include <stdio.h>
#include <string.h>

#define KEY_MAX (sizeof VIEW_GENERATION + 16 + UUID_TEXT)

static struct str key_of(char key[KEY_MAX], const char *space, struct uuid id)
{
    char text[UUID_TEXT + 1];
    uuid_format(id, text);
    return (struct str){key, (size_t)snprintf(key, KEY_MAX, VIEW_GENERATION "%s:%s", space, text)};
}

/* ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* An error that a command answers (out of memory, read-only …) is a fault like a lost connection, and ends it: answers that are still under
 * way must not be taken for those of the next try. */
const struct cache_reply *view_reply(struct cache *c)
{
    static _Atomic int64_t last;
    const struct cache_reply *r = cache_receive(c);
    if (r && cache_kind(r) != CACHE_ERROR)
        return r;
    if (log_every(&last, SECONDS(5)))
        log_warning("the view cannot be used", LOG_TEXT_OF("fault", r ? cache_text(r) : str_of(cache_fault(c))));
    cache_disconnect(c);
    return NULL;
}

/*
 * KEYS: document, timeline, and the customer's list when the event makes the order somebody's.
 * ARGV: guard, version, at, status, entry, order, then field, value, …
 * The guard makes it once; the rest of what is there already can only be exceeded: status and `updated` are maxima.
 * Whoever listens is told in the feed; with the event that makes the order theirs, also what came before it.
 */
static const char apply_script[] = "local was = redis.call('HMGET', KEYS[1], ARGV[1], 'status', 'updated', 'customer') "
                                   "if tonumber(ARGV[2]) <= tonumber(was[1] or 0) then return 0 end "
                                   "local at, status, customer, untold = ARGV[3], ARGV[4], was[4], 1 "
                                   "if tonumber(status) < tonumber(was[2] or 0) then status = was[2] end "
                                   "if was[3] and at < was[3] then at = was[3] end "
                                   "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'status', status, 'updated', at, unpack(ARGV, 7)) "
                                   "local entries = redis.call('RPUSH', KEYS[2], ARGV[5]) "
                                   "if KEYS[3] then "
                                   "  redis.call('ZADD', KEYS[3], 0, ARGV[6]) "
                                   "  customer, untold = KEYS[3]:match('[^:]+$'), entries "
                                   "end "
                                   "if customer and redis.call('EXISTS', '" VIEW_LISTENER_KEY "' .. customer) == 1 then "
                                   "  for _, entry in ipairs(redis.call('LRANGE', KEYS[2], -untold, -1)) do "
                                   "    redis.call('XADD', '" VIEW_GENERATION "feed', 'MAXLEN', '~', " VIEW_FEED_KEPT_TEXT ", '*', "
                                   "               'customer', customer, 'order', ARGV[6], 'status', status, 'entry', entry) "
                                   "  end "
                                   "end "
                                   "return 1";

void view_send(struct cache *c, const struct view_change *change)
{
    char document[KEY_MAX], timeline[KEY_MAX], list[KEY_MAX], order[UUID_TEXT + 1], version[24], status[12];
    struct str args[3 + 6 + 2 * VIEW_ASSIGNMENTS_MAX];
    size_t n = 0;
    uuid_format(change->order, order);
    args[n++] = key_of(document, "order", change->order);
    args[n++] = key_of(timeline, "timeline", change->order);
    if (!uuid_is_nil(change->customer))
        args[n++] = key_of(list, "customer", change->customer);
    size_t keys = n;
    args[n++] = change->guard;
    args[n++] = (struct str){version, (size_t)snprintf(version, sizeof version, "%lld", (long long)change->version)};
    args[n++] = change->at;
    args[n++] = (struct str){status, (size_t)snprintf(status, sizeof status, "%d", (int)change->status)};
    args[n++] = change->entry;
    args[n++] = (struct str){order, UUID_TEXT};
    for (size_t i = 0; i < change->assignment_count; i++) {
        args[n++] = document_field_names[change->assignments[i].field];
        args[n++] = change->assignments[i].value;
    }
    cache_send_script(c, apply_script, keys, n, args);
}

enum view_applied view_receive(struct cache *c)
{
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return VIEW_FAULT;
    return cache_integer(r) ? VIEW_APPLIED : VIEW_KNOWN_ALREADY;
}

/* ── positions ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct str positions_key = STR_CONST(VIEW_GENERATION "positions");

static struct str position_name(struct arena *arena, const struct kafka_position *p)
{
    return arena_printf(arena, "%s:%d", p->topic, (int)p->partition);
}

static bool positions_ask(struct cache *c, struct arena *arena, struct kafka_position *positions, size_t n)
{
    struct str *args = ARENA_ARRAY(arena, struct str, n + 2);
    args[0] = STR("HMGET");
    args[1] = positions_key;
    for (size_t i = 0; i < n; i++)
        args[i + 2] = position_name(arena, &positions[i]);
    cache_send(c, n + 2, args);
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return false;
    invariant(cache_count(r) == n);
    for (size_t i = 0; i < n; i++)
        if (!str_to_int64(cache_text(cache_item(r, i)), &positions[i].next))
            positions[i].next = -1;
    return true;
}

bool view_positions_load(struct cache *c, struct kafka_position *positions, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    bool loaded = n == 0 || positions_ask(c, &arena, positions, n);
    arena_release(&arena);
    return loaded;
}

bool view_positions_exist(struct cache *c, bool *exist)
{
    cache_send(c, 2, (struct str[]){STR("EXISTS"), positions_key});
    const struct cache_reply *r = view_reply(c);
    *exist = r && cache_integer(r) == 1;
    return r != NULL;
}

bool view_positions_save(struct cache *c, const struct kafka_position *positions, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    struct str *args = ARENA_ARRAY(&arena, struct str, 2 * n + 2);
    args[0] = STR("HSET");
    args[1] = positions_key;
    for (size_t i = 0; i < n; i++) {
        args[2 * i + 2] = position_name(&arena, &positions[i]);
        args[2 * i + 3] = arena_printf(&arena, "%lld", (long long)positions[i].next);
    }
    cache_send(c, 2 * n + 2, args);
    bool saved = view_reply(c) != NULL;
    arena_release(&arena);
    return saved;
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void send_load(struct cache *c, const struct view_order *orders, size_t n, bool with_timeline)
{
    char key[KEY_MAX];
    for (size_t i = 0; i < n; i++) {
        struct uuid id;
        invariant(uuid_parse(orders[i].id, &id));
        cache_send(c, 2, (struct str[]){STR("HGETALL"), key_of(key, "order", id)});
        if (with_timeline)
            cache_send(c, 4, (struct str[]){STR("LRANGE"), key_of(key, "timeline", id), STR("0"), STR("-1")});
    }
}

static bool take_document(struct cache *c, struct arena *arena, struct document *d)
{
    const struct cache_reply *r = view_reply(c);
    for (size_t i = 0; r && i + 1 < cache_count(r); i += 2)
        document_set(d, cache_text(cache_item(r, i)), arena_str(arena, cache_text(cache_item(r, i + 1))));
    return r != NULL;
}

static bool take_timeline(struct cache *c, struct arena *arena, struct timeline *t)
{
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return false;
    *t = (struct timeline){ARENA_ARRAY(arena, struct str, cache_count(r) + 1), cache_count(r)};
    for (size_t i = 0; i < t->count; i++)
        t->entries[i] = arena_str(arena, cache_text(cache_item(r, i)));
    return true;
}

bool view_load(struct cache *c, struct arena *arena, struct view_order *orders, size_t n, bool with_timeline)
{
    send_load(c, orders, n, with_timeline);
    for (size_t i = 0; i < n; i++)
        if (!take_document(c, arena, &orders[i].document) || (with_timeline && !take_timeline(c, arena, &orders[i].timeline)))
            return false;
    return true;
}

bool view_list(struct cache *c, struct arena *arena, struct uuid customer, struct str after, struct str *ids, size_t *count)
{
    char key[KEY_MAX];
    struct str from = str_absent(after) ? STR("+") : arena_printf(arena, "(%.*s", STR_ARG(after));
    cache_send(c, 7,
               (struct str[]){STR("ZREVRANGEBYLEX"), key_of(key, "customer", customer), from, STR("-"), STR("LIMIT"), STR("0"),
                              arena_printf(arena, "%zu", *count)});
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return false;
    *count = cache_count(r);
    for (size_t i = 0; i < *count; i++)
        ids[i] = arena_str(arena, cache_text(cache_item(r, i)));
    return true;
}
