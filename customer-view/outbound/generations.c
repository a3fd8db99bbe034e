/* Generations: one key, and the scripts that change it. */
#include "generations.h"

#include "clock.h"
#include "log.h"
#include "view.h"
#include <stdio.h>
#include <string.h>

#define NONE "-"

static const struct str key = STR_CONST(GENERATIONS_KEY);

/* ── names ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void generation_new(char name[GENERATION_MAX + 1])
{
    uint32_t bits;
    clock_random(&bits, sizeof bits);
    (void)snprintf(name, GENERATION_MAX + 1, "%08x", (unsigned)bits);
}

static bool take(struct str part, char name[GENERATION_MAX + 1])
{
    (void)snprintf(name, GENERATION_MAX + 1, "%.*s", STR_ARG(part));
    return !str_empty(part) && part.n <= GENERATION_MAX;
}

bool generations_parse(struct str text, struct view_generations *g)
{
    struct str rest = text, writes, reads;
    *g = (struct view_generations){0};
    if (str_absent(text))
        return true;
    if (text.n >= sizeof g->text || !str_split(&rest, ' ', &writes) || !take(writes, g->writes) || !str_split(&rest, ' ', &reads) ||
        !take(reads, g->reads))
        return false;
    (void)snprintf(g->text, sizeof g->text, "%.*s", STR_ARG(text));
    if (strcmp(g->reads, NONE) == 0)
        g->reads[0] = '\0';
    return true;
}

struct view_generations generation_rebuilding(const char *name)
{
    struct view_generations g = {0};
    (void)snprintf(g.writes, sizeof g.writes, "%s", name);
    return g;
}

bool generations_settled(const struct view_generations *g)
{
    return g->writes[0] && strcmp(g->writes, g->reads) == 0;
}

bool generations_both(const struct view_generations *g)
{
    return g->reads[0] && strcmp(g->writes, g->reads) != 0;
}

/* ── the key ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void generations_send(struct cache *c)
{
    cache_send(c, 2, (struct str[]){STR("GET"), key});
}

static bool generations_take(const struct cache_reply *r, struct view_generations *g)
{
    static _Atomic int64_t last;
    if (r && generations_parse(cache_text(r), g))
        return true;
    if (r && log_every(&last, SECONDS(5)))
        log_error(GENERATIONS_KEY " cannot be understood", LOG_TEXT_OF("value", cache_text(r)));
    return false;
}

bool generations_receive(struct cache *c, struct view_generations *g)
{
    return generations_take(view_reply(c), g);
}

/* "1" is what the first releases wrote, without this key. */
static const char load_script[] = "local now = redis.call('GET', KEYS[1]) "
                                  "if not now then "
                                  "  now = redis.call('EXISTS', 'view:1:positions') == 1 and '1 1' or ARGV[1] .. ' " NONE "' "
                                  "  redis.call('SET', KEYS[1], now) "
                                  "end "
                                  "return now";

bool generations_load(struct cache *c, struct view_generations *g)
{
    char name[GENERATION_MAX + 1];
    generation_new(name);
    cache_send_script(c, load_script, 1, 2, (struct str[]){key, str_of(name)});
    return generations_take(view_reply(c), g);
}

static const char hand_over_script[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
                                       "local reached = redis.call('HGETALL', KEYS[2]) "
                                       "for i = 1, #reached, 2 do "
                                       "  local live = redis.call('HGET', KEYS[3], reached[i]) "
                                       "  if tonumber(reached[i + 1]) > tonumber(live or 0) then return 0 end "
                                       "end "
                                       "redis.call('SET', KEYS[1], ARGV[2]) "
                                       "return 1";

bool generations_hand_over(struct cache *c, const struct view_generations *from, const char *to, bool *done)
{
    char reached[VIEW_KEY_MAX], live[VIEW_KEY_MAX], text[sizeof from->text];
    struct str args[] = {
        key, view_key(reached, to, "positions"), view_key(live, from->writes, "positions"), str_of(from->text), str_of(text),
    };
    (void)snprintf(text, sizeof text, "%s %s", to, from->writes);
    args[4] = str_of(text);
    cache_send_script(c, hand_over_script, 3, 5, args);
    const struct cache_reply *r = view_reply(c);
    *done = r && cache_integer(r) == 1;
    return r != NULL;
}

static const char settle_script[] = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end return 1";

bool generations_settle(struct cache *c, const struct view_generations *g)
{
    char text[sizeof g->text];
    (void)snprintf(text, sizeof text, "%s %s", g->writes, g->writes);
    cache_send_script(c, settle_script, 1, 3, (struct str[]){key, str_of(g->text), str_of(text)});
    return view_reply(c) != NULL;
}

/* ── how far ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

bool generation_reach(struct cache *c, const char *name, const struct kafka_extent *extents, size_t n, struct generation_reach *reach)
{
    struct arena arena;
    arena_init(&arena);
    struct kafka_position *positions = ARENA_ARRAY(&arena, struct kafka_position, n + 1);
    for (size_t i = 0; i < n; i++)
        positions[i] = (struct kafka_position){extents[i].topic, extents[i].partition, 0};
    bool known = view_positions_load(c, name, positions, n);
    *reach = (struct generation_reach){.all = true};
    for (size_t i = 0; known && i < n; i++) {
        const struct kafka_extent *e = &extents[i];
        int64_t next = positions[i].next < e->begin ? e->begin : positions[i].next > e->end ? e->end : positions[i].next;
        reach->read += next - e->begin;
        reach->total += e->end - e->begin;
        reach->all &= next == e->end;
    }
    arena_release(&arena);
    return known;
}

/* ── dropping ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * KEYS: the generations. ARGV: cursor, keep. "view:<generation>:" is followed by one of the spaces that a generation has; those of the feed
 * are of the first releases.
 */
static const char sweep_script[] =
    "local spaces = {order = true, timeline = true, customer = true, positions = true, feed = true, epoch = true} "
    "local writes, reads = (redis.call('GET', KEYS[1]) or ''):match('^(%S+) (%S+)$') "
    "local at = redis.call('SCAN', ARGV[1], 'MATCH', 'view:*', 'COUNT', 300) "
    "local dropped = 0 "
    "for _, key in ipairs(at[2]) do "
    "  local generation, space = key:match('^view:([^:]+):([^:]+)') "
    "  if writes and spaces[space] and generation ~= writes and generation ~= reads and generation ~= ARGV[2] then "
    "    dropped = dropped + redis.call('UNLINK', key) "
    "  end "
    "end "
    "return {at[1], dropped}";

bool generations_sweep(struct cache *c, const char *keep, struct sweeping *s)
{
    cache_send_script(c, sweep_script, 1, 3, (struct str[]){key, str_of(s->cursor), str_of(keep ? keep : "")});
    const struct cache_reply *r = view_reply(c);
    if (!r)
        return false;
    struct str cursor = cache_text(cache_item(r, 0));
    (void)snprintf(s->cursor, sizeof s->cursor, "%.*s", STR_ARG(cursor));
    s->dropped += cache_integer(cache_item(r, 1));
    return true;
}
