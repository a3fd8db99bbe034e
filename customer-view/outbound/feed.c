/* Feed: who listens, and what was written for them. */
#include "feed.h"

#include "clock.h"
#include "invariant.h"
#include "view.h"
#include <stdio.h>

#define FEED_KEY  VIEW_FEED_KEY
#define EPOCH_KEY "view:epoch"
#define RUN_ID    8 /* so much of Redis's run id begins an epoch; as much by chance follows */

/* ── ids ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

int feed_id_compare(struct feed_id a, struct feed_id b)
{
    if (a.time != b.time)
        return a.time < b.time ? -1 : 1;
    return a.number == b.number ? 0 : a.number < b.number ? -1 : 1;
}

bool feed_id_parse(struct str text, struct feed_id *id)
{
    struct str time;
    int64_t a, b;
    if (!str_split(&text, '-', &time) || !str_to_int64(time, &a) || !str_to_int64(text, &b) || a < 0 || b < 0)
        return false;
    *id = (struct feed_id){(uint64_t)a, (uint64_t)b};
    return true;
}

/* ── listening ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* KEYS: epoch, and of who listens: their key, the feed. ARGV: run id, chance; customer, milliseconds that the key is kept. */
#define EPOCH_LUA                                                                                                                          \
    "local epoch = redis.call('GET', KEYS[1]) "                                                                                            \
    "if not epoch or epoch:sub(1, #ARGV[1]) ~= ARGV[1] then "                                                                              \
    "  epoch = ARGV[1] .. ARGV[2] "                                                                                                        \
    "  redis.call('SET', KEYS[1], epoch) "                                                                                                 \
    "end "
static const char epoch_script[] = EPOCH_LUA "return epoch";
static const char listen_script[] =
    EPOCH_LUA "local since = redis.call('GET', KEYS[2]) "
              "if not since then since = redis.call('XADD', KEYS[3], 'MAXLEN', '~', " VIEW_FEED_KEPT_TEXT ", '*', 'listener', ARGV[3]) end "
              "redis.call('SET', KEYS[2], since, 'PX', ARGV[4]) "
              "local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1) "
              "return {epoch, since, last[1] and last[1][1] or since}";

static struct str chance(char text[RUN_ID + 1])
{
    uint32_t bits;
    clock_random(&bits, sizeof bits);
    return (struct str){text, (size_t)snprintf(text, RUN_ID + 1, "%08x", (unsigned)bits)};
}

static struct str run_id(const struct cache *c)
{
    struct str id = cache_run_id(c);
    return (struct str){id.p, id.n < RUN_ID ? id.n : RUN_ID};
}

static bool epoch_take(const struct cache_reply *r, char epoch[EPOCH_TEXT + 1])
{
    struct str text = cache_text(r);
    (void)snprintf(epoch, EPOCH_TEXT + 1, "%.*s", STR_ARG(text));
    return text.n <= EPOCH_TEXT;
}

void feed_listen_send(struct cache *c, struct uuid customer)
{
    char key[sizeof VIEW_LISTENER_KEY + UUID_TEXT], random[RUN_ID + 1], kept[24];
    char *id = key + sizeof VIEW_LISTENER_KEY - 1;
    (void)snprintf(key, sizeof key, "%s", VIEW_LISTENER_KEY);
    uuid_format(customer, id);
    struct str args[] = {
        STR(EPOCH_KEY), str_of(key), STR(FEED_KEY), run_id(c), chance(random), str_of(id), str_of(kept),
    };
    (void)snprintf(kept, sizeof kept, "%lld", (long long)(LISTENER_KEPT / MILLISECONDS(1)));
    args[6] = str_of(kept);
    cache_send_script(c, listen_script, 3, sizeof args / sizeof args[0], args);
}

bool feed_listen_receive(struct cache *c, struct feed_standing *standing)
{
    const struct cache_reply *r = view_reply(c);
    return r && cache_count(r) == 3 && epoch_take(cache_item(r, 0), standing->epoch) &&
           feed_id_parse(cache_text(cache_item(r, 1)), &standing->since) && feed_id_parse(cache_text(cache_item(r, 2)), &standing->last);
}

bool feed_epoch(struct cache *c, char epoch[EPOCH_TEXT + 1])
{
    char random[RUN_ID + 1];
    cache_send_script(c, epoch_script, 1, 3, (struct str[]){STR(EPOCH_KEY), run_id(c), chance(random)});
    const struct cache_reply *r = view_reply(c);
    return r && epoch_take(r, epoch);
}

/* ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void entry_take(struct arena *arena, const struct cache_reply *r, struct feed_entry *e)
{
    const struct cache_reply *fields = cache_item(r, 1);
    *e = (struct feed_entry){0};
    invariant(feed_id_parse(cache_text(cache_item(r, 0)), &e->id));
    for (size_t i = 0; i + 1 < cache_count(fields); i += 2) {
        struct str name = cache_text(cache_item(fields, i)), value = cache_text(cache_item(fields, i + 1));
        struct str *to = str_is(name, "customer") ? &e->customer
                         : str_is(name, "order")  ? &e->order
                         : str_is(name, "status") ? &e->status
                         : str_is(name, "entry")  ? &e->entry
                                                  : NULL;
        if (to)
            *to = arena_str(arena, value);
    }
}

bool feed_read(struct cache *c, struct arena *arena, struct feed_id after, duration wait, struct feed_entry *entries, size_t *count)
{
    struct str args[8] = {
        STR("XREAD"),
        STR("COUNT"),
        arena_printf(arena, "%zu", *count),
        STR("BLOCK"),
        arena_printf(arena, "%lld", (long long)(wait > MILLISECONDS(1) ? wait / MILLISECONDS(1) : 1)), /* 0 would be for ever */
        STR("STREAMS"),
        STR(FEED_KEY),
        arena_printf(arena, "%llu-%llu", (unsigned long long)after.time, (unsigned long long)after.number),
    };
    cache_send(c, 8, args);
    const struct cache_reply *r = view_reply(c);
    *count = 0;
    if (!r || cache_kind(r) != CACHE_LIST)
        return r != NULL;
    const struct cache_reply *list = cache_item(cache_item(r, 0), 1);
    *count = cache_count(list);
    for (size_t i = 0; i < *count; i++)
        entry_take(arena, cache_item(list, i), &entries[i]);
    return true;
}
