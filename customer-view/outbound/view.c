/* View: the script that applies a change, and the commands that read what it has made. */
#include "view.h"

#include "invariant.h"
#include "log.h"
#include <stdio.h>
#include <string.h>

struct str view_key(char key[VIEW_KEY_MAX], const char *generation, const char *rest)
{
    return (struct str){key, (size_t)snprintf(key, VIEW_KEY_MAX, "view:%s:%s", generation, rest)};
}

static struct str key_of(char key[VIEW_KEY_MAX], const char *generation, const char *space, struct uuid id)
{
    char text[UUID_TEXT + 1];
    uuid_format(id, text);
    return (struct str){key, (size_t)snprintf(key, VIEW_KEY_MAX, "view:%s:%s:%s", generation, space, text)};
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
 * ARGV: guard, version, at, status, entry, order, generations, then field, value, …
 * The guard makes it once; the rest of what is there already can only be exceeded: status and `updated` are maxima.
 * Whoever listens is told in the feed; with the event that makes the order theirs, also what came before it. Nobody is told by a rebuilding
 * (it knows no generations), nor while there is nothing to read (" -"); and nothing is done by who knows others than there are.
 */
#define KNOWN_LUA(document, otherwise)                                                                                                     \
    "local was = redis.call('HMGET', " document ", ARGV[1], 'status', 'updated', 'customer') "                                             \
    "if tonumber(ARGV[2]) <= tonumber(was[1] or 0) then return " otherwise " end "
#define CHANGE_LUA(document, timeline, list)                                                                                               \
    "local at, status = ARGV[3], ARGV[4] "                                                                                                 \
    "if tonumber(status) < tonumber(was[2] or 0) then status = was[2] end "                                                                \
    "if was[3] and at < was[3] then at = was[3] end "                                                                                      \
    "redis.call('HSET', " document ", ARGV[1], ARGV[2], 'status', status, 'updated', at, unpack(ARGV, 8)) "                                \
    "redis.call('RPUSH', " timeline ", ARGV[5]) "                                                                                          \
    "if " list " then redis.call('ZADD', " list ", 0, ARGV[6]) end "
#define APPLY_LUA                                                                                                                          \
    "local function apply(document, timeline, list) " KNOWN_LUA("document", "false")                                                       \
        CHANGE_LUA("document", "timeline", "list") "return status end "
#define TELL_LUA                                                                                                                           \
    "for _, entry in ipairs(redis.call('LRANGE', KEYS[2], placed and 0 or -1, -1)) do "                                                    \
    "  redis.call('XADD', '" VIEW_FEED_KEY "', 'MAXLEN', '~', " VIEW_FEED_KEPT_TEXT ", '*', "                                              \
    "             'customer', customer, 'order', ARGV[6], 'status', status, 'entry', entry) "                                              \
    "end "
static const char apply_script[] = KNOWN_LUA("KEYS[1]", "0") //
    "local placed, customer = KEYS[3], KEYS[3] and KEYS[3]:match('[^:]+$') or was[4] "
    "local listens = customer and ARGV[7] ~= '' and redis.call('EXISTS', '" VIEW_LISTENER_KEY "' .. customer) == 1 "
    "if listens and redis.call('GET', '" GENERATIONS_KEY "') ~= ARGV[7] then return -1 end " //
    CHANGE_LUA("KEYS[1]", "KEYS[2]", "placed")                                               //
    "if listens and ARGV[7]:sub(-2) ~= ' -' then " TELL_LUA "end "
    "return 1";

/*
 * The same for two generations at once: KEYS the documents, timelines and lists of the one that is read (1 to 3), and of the one that takes
 * its place; without lists 1, 2 and 3, 4. What is new in both is told; what only the latter did not know was told before it came to be.
 */
static const char apply_both_script[] = "local placed = #KEYS == 6 " APPLY_LUA //
                                        "local customer = placed and KEYS[3]:match('[^:]+$') or redis.call('HGET', KEYS[1], 'customer') "
                                        "local listens = customer and redis.call('EXISTS', '" VIEW_LISTENER_KEY "' .. customer) == 1 "
                                        "if listens and redis.call('GET', '" GENERATIONS_KEY "') ~= ARGV[7] then return -1 end "
                                        "local status, other "
                                        "if placed then status, other = apply(KEYS[1], KEYS[2], KEYS[3]), apply(KEYS[4], KEYS[5], KEYS[6]) "
                                        "else status, other = apply(KEYS[1], KEYS[2]), apply(KEYS[3], KEYS[4]) end "
                                        "if listens and status and other then " TELL_LUA "end "
                                        "return (status or other) and 1 or 0";

static size_t put_keys(struct str *args, char keys[3][VIEW_KEY_MAX], const char *generation, const struct view_change *change)
{
    size_t n = 0;
    args[n++] = key_of(keys[0], generation, "order", change->order);
    args[n++] = key_of(keys[1], generation, "timeline", change->order);
    if (!uuid_is_nil(change->customer))
        args[n++] = key_of(keys[2], generation, "customer", change->customer);
    return n;
}

void view_send(struct cache *c, const struct view_generations *g, const struct view_change *change)
{
    char keys[3][VIEW_KEY_MAX], other_keys[3][VIEW_KEY_MAX], order[UUID_TEXT + 1], version[24], status[12];
    struct str args[2 * 3 + 7 + 2 * VIEW_ASSIGNMENTS_MAX];
    bool both = generations_both(g);
    size_t n = put_keys(args, keys, both ? g->reads : g->writes, change);
    if (both)
        n += put_keys(args + n, other_keys, g->writes, change);
    size_t key_count = n;
    uuid_format(change->order, order);
    args[n++] = change->guard;
    args[n++] = (struct str){version, (size_t)snprintf(version, sizeof version, "%lld", (long long)change->version)};
    args[n++] = change->at;
    args[n++] = (struct str){status, (size_t)snprintf(status, sizeof status, "%d", (int)change->status)};
    args[n++] = change->entry;
    args[n++] = (struct str){order, UUID_TEXT};
    args[n++] = str_of(g->text);
    for (size_t i = 0; i < change->assignment_count; i++) {
        args[n++] = document_field_names[change->assignments[i].field];
        args[n++] = change->assignments[i].value;
    }
    cache_send_script(c, both ? apply_both_script : apply_script, key_count, n, args);
}

enum view_applied view_receive(struct cache *c)
{
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return VIEW_FAULT;
    return cache_integer(r) < 0 ? VIEW_MOVED : cache_integer(r) ? VIEW_APPLIED : VIEW_KNOWN_ALREADY;
}

/* ── positions ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct str position_name(struct arena *arena, const struct kafka_position *p)
{
    return arena_printf(arena, "%s:%d", p->topic, (int)p->partition);
}

static void positions_send(struct cache *c, struct arena *arena, const char *generation, const struct kafka_position *positions, size_t n)
{
    char key[VIEW_KEY_MAX];
    struct str *args = ARENA_ARRAY(arena, struct str, n + 2);
    args[0] = STR("HMGET");
    args[1] = view_key(key, generation, "positions");
    for (size_t i = 0; i < n; i++)
        args[i + 2] = position_name(arena, &positions[i]);
    cache_send(c, n + 2, args);
}

static bool positions_receive(struct cache *c, struct kafka_position *positions, size_t n)
{
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return false;
    invariant(cache_count(r) == n);
    for (size_t i = 0; i < n; i++)
        if (!str_to_int64(cache_text(cache_item(r, i)), &positions[i].next))
            positions[i].next = -1;
    return true;
}

bool view_positions_load(struct cache *c, const char *generation, struct kafka_position *positions, size_t n)
{
    if (n == 0)
        return true;
    struct arena arena;
    arena_init(&arena);
    positions_send(c, &arena, generation, positions, n);
    bool loaded = positions_receive(c, positions, n);
    arena_release(&arena);
    return loaded;
}

bool view_positions_look(struct cache *c, const char *generation, struct kafka_position *positions, size_t n, struct view_generations *g)
{
    struct arena arena;
    arena_init(&arena);
    positions_send(c, &arena, generation, positions, n);
    generations_send(c);
    bool loaded = positions_receive(c, positions, n) && generations_receive(c, g);
    arena_release(&arena);
    return loaded;
}

bool view_positions_save(struct cache *c, const char *generation, const struct kafka_position *positions, size_t n)
{
    char key[VIEW_KEY_MAX];
    struct arena arena;
    arena_init(&arena);
    struct str *args = ARENA_ARRAY(&arena, struct str, 2 * n + 2);
    args[0] = STR("HSET");
    args[1] = view_key(key, generation, "positions");
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

/* Asked behind the read, in the same pipeline: what was read of this generation was read while it was the one to be read. */
static enum view_read still_there(struct view_reader *r)
{
    struct view_generations g;
    if (!generations_receive(r->cache, &g))
        return VIEW_READ_FAULT;
    if (!g.reads[0])
        return r->generation[0] = '\0', VIEW_READ_NOWHERE;
    if (strcmp(g.reads, r->generation) == 0)
        return VIEW_READ;
    memcpy(r->generation, g.reads, sizeof r->generation);
    return VIEW_READ_ELSEWHERE;
}

static void send_load(const struct view_reader *r, const struct view_order *orders, size_t n, bool with_timeline)
{
    char key[VIEW_KEY_MAX];
    for (size_t i = 0; i < n; i++) {
        struct uuid id;
        invariant(uuid_parse(orders[i].id, &id));
        cache_send(r->cache, 2, (struct str[]){STR("HGETALL"), key_of(key, r->generation, "order", id)});
        if (with_timeline)
            cache_send(r->cache, 4, (struct str[]){STR("LRANGE"), key_of(key, r->generation, "timeline", id), STR("0"), STR("-1")});
    }
    generations_send(r->cache);
}

static bool take_document(struct cache *c, struct arena *arena, struct document *d)
{
    const struct cache_reply *r = view_reply(c);
    *d = (struct document){0};
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

enum view_read view_load(struct view_reader *r, struct arena *arena, struct view_order *orders, size_t n, bool with_timeline)
{
    send_load(r, orders, n, with_timeline);
    for (size_t i = 0; i < n; i++)
        if (!take_document(r->cache, arena, &orders[i].document) || (with_timeline && !take_timeline(r->cache, arena, &orders[i].timeline)))
            return VIEW_READ_FAULT;
    return still_there(r);
}

enum view_read view_list(struct view_reader *r, struct arena *arena, struct uuid customer, struct str after, struct str *ids, size_t *count)
{
    char key[VIEW_KEY_MAX];
    struct str from = str_absent(after) ? STR("+") : arena_printf(arena, "(%.*s", STR_ARG(after));
    cache_send(r->cache, 7,
               (struct str[]){STR("ZREVRANGEBYLEX"), key_of(key, r->generation, "customer", customer), from, STR("-"), STR("LIMIT"),
                              STR("0"), arena_printf(arena, "%zu", *count)});
    generations_send(r->cache);
    const struct cache_reply *reply = view_reply(r->cache);
    if (!reply)
        return VIEW_READ_FAULT;
    size_t n = cache_count(reply);
    for (size_t i = 0; i < n; i++)
        ids[i] = arena_str(arena, cache_text(cache_item(reply, i)));
    enum view_read read = still_there(r);
    if (read == VIEW_READ)
        *count = n;
    return read;
}
