/* Comparison: the two looks, as scripts. */
#include "comparison.h"

#include "json_encode.h"
#include "view.h"
#include <stdio.h>
#include <string.h>

/* ── which there are ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* "view:<generation>:order:<id>" */
static bool subject_take(struct str key, size_t stem, struct subject *s)
{
    struct str rest = {key.p + stem, key.n - stem}, space;
    *s = (struct subject){0};
    if (!str_split(&rest, ':', &space) || rest.n > UUID_TEXT)
        return false;
    s->kind = str_is(space, "order") ? SUBJECT_ORDER : SUBJECT_CUSTOMER;
    (void)snprintf(s->id, sizeof s->id, "%.*s", STR_ARG(rest));
    return str_is(space, "order") || str_is(space, "customer");
}

bool comparison_scan(struct cache *c, const char *generation, char cursor[24], struct subject *subjects, size_t *n)
{
    char pattern[VIEW_KEY_MAX];
    struct str match = view_key(pattern, generation, "*");
    cache_send(c, 6, (struct str[]){STR("SCAN"), str_of(cursor), STR("MATCH"), match, STR("COUNT"), STR("300")});
    const struct cache_reply *r = view_reply(c);
    *n = 0;
    if (!r)
        return false;
    struct str next = cache_text(cache_item(r, 0));
    (void)snprintf(cursor, 24, "%.*s", STR_ARG(next));
    const struct cache_reply *keys = cache_item(r, 1);
    for (size_t i = 0; i < cache_count(keys) && *n < SUBJECTS_MAX; i++)
        *n += subject_take(cache_text(cache_item(keys, i)), match.n - 1, &subjects[*n]);
    return true;
}

/* ── a look ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * KEYS: document and timeline of the live one, of the rebuilt one. ARGV: what the lists' keys begin with, twice; order.
 * Timelines are compared as sets are, for the order of arrival is of no meaning, a document sorts them: each entry that only one has.
 * Returns a print of both sides, and field, live, rebuilt of each difference.
 */
static const char order_script[] =
    "local function read(document, timeline) "
    "  local flat, fields = redis.call('HGETALL', document), {} "
    "  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end "
    "  local entries = redis.call('LRANGE', timeline, 0, -1) "
    "  table.sort(entries) "
    "  return fields, entries, redis.sha1hex(table.concat(flat, '|') .. '|' .. table.concat(entries, '|')) "
    "end "
    "local live, live_entries, live_print = read(KEYS[1], KEYS[2]) "
    "local rebuilt, rebuilt_entries, rebuilt_print = read(KEYS[3], KEYS[4]) "
    "local out = {redis.sha1hex(live_print .. rebuilt_print)} "
    "local function differs(field, a, b) out[#out + 1] = field; out[#out + 1] = a or false; out[#out + 1] = b or false end "
    "if next(live) == nil or next(rebuilt) == nil then "
    "  if next(live) ~= nil then differs('order', 'there') elseif next(rebuilt) ~= nil then differs('order', nil, 'there') end "
    "  return out "
    "end "
    "for name, value in pairs(live) do if rebuilt[name] ~= value then differs(name, value, rebuilt[name]) end end "
    "for name, value in pairs(rebuilt) do if live[name] == nil then differs(name, nil, value) end end "
    "local i, k = 1, 1 "
    "while i <= #live_entries or k <= #rebuilt_entries do "
    "  local a, b = live_entries[i], rebuilt_entries[k] "
    "  if a == b then i = i + 1 k = k + 1 "
    "  elseif not b or (a and a < b) then differs('timeline', a, nil) i = i + 1 "
    "  else differs('timeline', nil, b) k = k + 1 end "
    "end "
    "local customer = rebuilt.customer or live.customer "
    "if customer then "
    "  local a = redis.call('ZSCORE', ARGV[1] .. customer, ARGV[3]) and 'there' "
    "  local b = redis.call('ZSCORE', ARGV[2] .. customer, ARGV[3]) and 'there' "
    "  if a ~= b then differs('list', a, b) end "
    "end "
    "return out";

/* KEYS: the lists. */
static const char customer_script[] = "local a, b = tostring(redis.call('ZCARD', KEYS[1])), tostring(redis.call('ZCARD', KEYS[2])) "
                                      "local print = redis.sha1hex(a .. ' ' .. b) "
                                      "if a == b then return {print} end "
                                      "return {print, 'list', a, b}";

void comparison_send(struct cache *c, const struct comparison *between, const struct subject *s)
{
    char keys[4][VIEW_KEY_MAX], lists[2][VIEW_KEY_MAX], rest[16 + UUID_TEXT];
    if (s->kind == SUBJECT_CUSTOMER) {
        (void)snprintf(rest, sizeof rest, "customer:%s", s->id);
        cache_send_script(c, customer_script, 2, 2,
                          (struct str[]){view_key(keys[0], between->live, rest), view_key(keys[1], between->rebuilt, rest)});
        return;
    }
    struct str args[7];
    const char *generations[] = {between->live, between->rebuilt};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(rest, sizeof rest, "order:%s", s->id);
        args[2 * i] = view_key(keys[2 * i], generations[i], rest);
        (void)snprintf(rest, sizeof rest, "timeline:%s", s->id);
        args[2 * i + 1] = view_key(keys[2 * i + 1], generations[i], rest);
        args[4 + i] = view_key(lists[i], generations[i], "customer:");
    }
    args[6] = str_of(s->id);
    cache_send_script(c, order_script, 4, 7, args);
}

bool comparison_receive(struct cache *c, struct arena *arena, struct subject *s, struct difference *differences, size_t *n)
{
    const struct cache_reply *r = view_reply(c);
    *n = 0;
    if (!r)
        return false;
    (void)snprintf(s->print, sizeof s->print, "%.*s", STR_ARG(cache_text(cache_item(r, 0))));
    for (size_t i = 1; i + 2 < cache_count(r) && *n < DIFFERENCES_MAX; i += 3)
        differences[(*n)++] = (struct difference){
            .field = arena_str(arena, cache_text(cache_item(r, i))),
            .live = arena_str(arena, cache_text(cache_item(r, i + 1))),
            .rebuilt = arena_str(arena, cache_text(cache_item(r, i + 2))),
        };
    return true;
}

struct str difference_json(struct arena *arena, const struct subject *s, const struct difference *d)
{
    struct buf text = BUF_INIT;
    struct json_writer w = {.out = &text};
    json_begin_object(&w, NULL);
    json_put_text(&w, s->kind == SUBJECT_ORDER ? "orderId" : "customerId", str_of(s->id));
    json_put_text(&w, "field", d->field);
    json_put_text(&w, "live", d->live);
    json_put_text(&w, "rebuilt", d->rebuilt);
    json_end_object(&w);
    struct str json = arena_str(arena, buf_str(&text));
    buf_release(&text);
    return json;
}
