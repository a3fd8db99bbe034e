/* Rebuilding: its hash, its lease, and the scripts that keep them one's own. */
#include "rebuilding.h"

#include "clock.h"
#include "view.h"
#include <stdio.h>

static const struct str status_key = STR_CONST("view:rebuild"), lease_key = STR_CONST("view:rebuild:lease"),
                        differences_key = STR_CONST("view:rebuild:differences");

static struct str now_text(char text[INSTANT_TEXT + 1])
{
    instant_format(clock_now(), text);
    return str_of(text);
}

static struct str lease_text(char text[24])
{
    (void)snprintf(text, 24, "%lld", (long long)(REBUILDING_LEASE / MILLISECONDS(1)));
    return str_of(text);
}

/* KEYS: status, lease, differences, generations. ARGV: id, generation, milliseconds of the lease, now, key, busy. */
static const char begin_script[] = "if ARGV[5] ~= '' and redis.call('HGET', KEYS[1], 'key') == ARGV[5] then return 1 end "
                                   "if ARGV[6] ~= '' or redis.call('EXISTS', KEYS[2]) == 1 then return 2 end "
                                   "local writes, reads = (redis.call('GET', KEYS[4]) or ''):match('^(%S+) (%S+)$') "
                                   "if not writes or writes ~= reads then return 3 end "
                                   "redis.call('DEL', KEYS[1], KEYS[3]) "
                                   "redis.call('HSET', KEYS[1], 'id', ARGV[1], 'generation', ARGV[2], 'state', 'BUILDING', 'key', ARGV[5], "
                                   "           'started', ARGV[4], 'differences', 0) "
                                   "redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3]) "
                                   "return 0";

enum rebuilding_begun rebuilding_begin(struct cache *c, const struct rebuilding *r, struct str key, bool busy)
{
    static const enum rebuilding_begun answers[] = {REBUILDING_BEGUN, REBUILDING_KNOWN, REBUILDING_UNDER_WAY, REBUILDING_TOO_EARLY};
    char now[INSTANT_TEXT + 1], lease[24];
    cache_send_script(c, begin_script, 4, 10,
                      (struct str[]){status_key, lease_key, differences_key, STR(GENERATIONS_KEY), str_of(r->id_text),
                                     str_of(r->generation), lease_text(lease), now_text(now), key, str_of(busy ? "busy" : "")});
    const struct cache_reply *reply = view_reply(c);
    return reply ? answers[cache_integer(reply)] : REBUILDING_FAULT;
}

/* All below is done only by whoever holds the lease. KEYS: lease, and what it is about. ARGV: id, … */
#define OURS_LUA "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
static const char renew_script[] = OURS_LUA "redis.call('PEXPIRE', KEYS[1], ARGV[2]) return 1";
static const char note_script[] = OURS_LUA "redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) return 1";
static const char difference_script[] =
    OURS_LUA "redis.call('HINCRBY', KEYS[2], 'differences', 1) "
             "if redis.call('LLEN', KEYS[3]) < tonumber(ARGV[3]) then redis.call('RPUSH', KEYS[3], ARGV[2]) end "
             "return 1";
static const char end_script[] = OURS_LUA "redis.call('HSET', KEYS[2], 'state', ARGV[2], 'ended', ARGV[3], 'problem', ARGV[4]) "
                                          "redis.call('DEL', KEYS[1]) return 1";

static bool was_ours(struct cache *c)
{
    const struct cache_reply *reply = view_reply(c);
    return reply && cache_integer(reply) == 1;
}

bool rebuilding_renew(struct cache *c, const struct rebuilding *r, bool *ours)
{
    char lease[24];
    cache_send_script(c, renew_script, 1, 3, (struct str[]){lease_key, str_of(r->id_text), lease_text(lease)});
    const struct cache_reply *reply = view_reply(c);
    *ours = reply && cache_integer(reply) == 1;
    return reply != NULL;
}

bool rebuilding_note(struct cache *c, const struct rebuilding *r, const char *field, struct str value)
{
    cache_send_script(c, note_script, 2, 5, (struct str[]){lease_key, status_key, str_of(r->id_text), str_of(field), value});
    return was_ours(c);
}

bool rebuilding_note_number(struct cache *c, const struct rebuilding *r, const char *field, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    return rebuilding_note(c, r, field, str_of(text));
}

bool rebuilding_difference(struct cache *c, const struct rebuilding *r, struct str json)
{
    char kept[24];
    (void)snprintf(kept, sizeof kept, "%d", DIFFERENCES_KEPT);
    cache_send_script(c, difference_script, 3, 6,
                      (struct str[]){lease_key, status_key, differences_key, str_of(r->id_text), json, str_of(kept)});
    return was_ours(c);
}

void rebuilding_end(struct cache *c, const struct rebuilding *r, const char *state, struct str problem)
{
    char now[INSTANT_TEXT + 1];
    cache_send_script(c, end_script, 2, 6,
                      (struct str[]){lease_key, status_key, str_of(r->id_text), str_of(state), now_text(now), problem});
    (void)was_ours(c);
}

static int64_t line_number(struct str text, struct str name)
{
    int64_t value = 0;
    struct str line;
    while (str_split(&text, '\n', &line))
        if (str_starts_with(line, name))
            (void)str_to_int64((struct str){line.p + name.n, line.n - name.n - 1}, &value); /* without "\r" */
    return value;
}

bool rebuilding_room(struct cache *c, int64_t *used, int64_t *most)
{
    cache_send(c, 2, (struct str[]){STR("INFO"), STR("memory")});
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return false;
    *used = line_number(cache_text(r), STR("used_memory:"));
    *most = line_number(cache_text(r), STR("maxmemory:"));
    return true;
}

/* ── for who asks ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct str *status_field(struct rebuilding_status *s, struct str name)
{
    return str_is(name, "id")            ? &s->id
           : str_is(name, "generation")  ? &s->generation
           : str_is(name, "state")       ? &s->state
           : str_is(name, "started")     ? &s->started
           : str_is(name, "ended")       ? &s->ended
           : str_is(name, "read")        ? &s->read
           : str_is(name, "total")       ? &s->total
           : str_is(name, "compared")    ? &s->compared
           : str_is(name, "differences") ? &s->differences
           : str_is(name, "unsettled")   ? &s->unsettled
           : str_is(name, "problem")     ? &s->problem
                                         : NULL;
}

/* KEYS: status, lease, differences. ARGV: how many differences, the last. One that ended without saying so was interrupted. */
static const char read_script[] =
    "local status = redis.call('HGETALL', KEYS[1]) "
    "if #status > 0 and redis.call('HEXISTS', KEYS[1], 'ended') == 0 and redis.call('EXISTS', KEYS[2]) == 0 then "
    "  for i = 1, #status, 2 do if status[i] == 'state' then status[i + 1] = 'INTERRUPTED' end end "
    "end "
    "return {status, redis.call('LRANGE', KEYS[3], 0, ARGV[1])}";

bool rebuilding_read(struct cache *c, struct arena *arena, size_t first_max, struct rebuilding_status *s)
{
    *s = (struct rebuilding_status){0};
    cache_send_script(c, read_script, 3, 4,
                      (struct str[]){status_key, lease_key, differences_key, arena_printf(arena, "%zd", (ssize_t)first_max - 1)});
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return false;
    const struct cache_reply *fields = cache_item(r, 0), *first = cache_item(r, 1);
    for (size_t i = 0; i + 1 < cache_count(fields); i += 2) {
        struct str *to = status_field(s, cache_text(cache_item(fields, i)));
        if (to)
            *to = arena_str(arena, cache_text(cache_item(fields, i + 1)));
    }
    s->first_count = cache_count(first);
    s->first = ARENA_ARRAY(arena, struct str, s->first_count + 1);
    for (size_t i = 0; i < s->first_count; i++)
        s->first[i] = arena_str(arena, cache_text(cache_item(first, i)));
    return true;
}
