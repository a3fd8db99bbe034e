/* View: every document, timeline and list that Redis keeps of the live generation. */
#include "audit.h"
#include "cache.h"
#include "hash.h"
#include "memory.h"
#include "view_keys.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_ONCE "200"
#define KEY_MAX 128

struct view_reading {
    struct audit *audit;
    struct spill *to;
    struct generation generation;
    struct cache *keys, *values; /* two connections: what is scanned stands while its values are asked for */
};

static const struct cache_reply *answer(struct view_reading *r, struct cache *c)
{
    const struct cache_reply *reply = cache_receive(c);
    if (reply && cache_kind(reply) != CACHE_ERROR)
        return reply;
    audit_fault(r->audit, "redis: %.*s", STR_ARG(reply ? cache_text(reply) : str_of(cache_fault(c))));
    return NULL;
}

/* ── a document and its timeline ─────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define PARTS_MOST 1000
struct document_taking {
    struct document_row row;
    uint16_t pad[2];
    uint64_t parts[3 * PARTS_MOST];
    size_t count;
};

static void take_fields(struct document_taking *d, const struct cache_reply *hash)
{
    for (size_t i = 0; i + 1 < cache_count(hash) && d->count + 2 <= 2 * PARTS_MOST; i += 2) {
        d->parts[d->count++] = (uint64_t)field_named(cache_text(cache_item(hash, i)));
        d->parts[d->count++] = hash_str(cache_text(cache_item(hash, i + 1)));
        d->row.fields++;
    }
}

static void take_entries(struct document_taking *d, const struct cache_reply *list)
{
    for (size_t i = 0; i < cache_count(list) && d->row.entries < PARTS_MOST; i++) {
        d->parts[d->count++] = hash_str(cache_text(cache_item(list, i)));
        d->row.entries++;
    }
}

static void take_documents(struct view_reading *r, const struct cache_reply *keys, struct str prefix)
{
    char key[KEY_MAX];
    for (size_t i = 0; i < cache_count(keys); i++) {
        struct str document = cache_text(cache_item(keys, i)), id = {document.p + prefix.n, document.n - prefix.n};
        int n = snprintf(key, sizeof key, "view:%s:timeline:%.*s", r->generation.name, STR_ARG(id));
        cache_send(r->values, 2, (struct str[]){STR("HGETALL"), document});
        cache_send(r->values, 4, (struct str[]){STR("LRANGE"), {key, (size_t)n}, STR("0"), STR("-1")});
    }
    for (size_t i = 0; i < cache_count(keys); i++) {
        struct document_taking d = {.count = 0};
        struct str document = cache_text(cache_item(keys, i));
        struct uuid id = {{0}};
        const struct cache_reply *hash = answer(r, r->values);
        if (!hash)
            return;
        take_fields(&d, hash);
        const struct cache_reply *list = answer(r, r->values);
        if (!list)
            return;
        take_entries(&d, list);
        if (uuid_parse((struct str){document.p + prefix.n, document.n - prefix.n}, &id))
            spill_put(r->to, SOURCE_DOCUMENT, id, &d.row, offsetof(struct document_taking, parts), d.parts, d.count * sizeof d.parts[0]);
    }
}

/* ── a customer's list ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void take_list(struct view_reading *r, struct uuid customer, const struct cache_reply *orders)
{
    struct uuid order;
    for (size_t i = 0; i < cache_count(orders); i++)
        if (uuid_parse(cache_text(cache_item(orders, i)), &order))
            spill_put(r->to, SOURCE_LISTED, order, &customer, sizeof customer, NULL, 0);
}

static void take_lists(struct view_reading *r, const struct cache_reply *keys, struct str prefix)
{
    for (size_t i = 0; i < cache_count(keys); i++)
        cache_send(r->values, 4, (struct str[]){STR("ZRANGE"), cache_text(cache_item(keys, i)), STR("0"), STR("-1")});
    for (size_t i = 0; i < cache_count(keys); i++) {
        struct str key = cache_text(cache_item(keys, i));
        struct uuid customer = {{0}};
        const struct cache_reply *orders = answer(r, r->values);
        if (!orders)
            return;
        if (uuid_parse((struct str){key.p + prefix.n, key.n - prefix.n}, &customer))
            take_list(r, customer, orders);
    }
}

/* ── all of a kind ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* SCAN may name a key twice: who looks at the dossier takes the first. */
static void scan(struct view_reading *r, const char *space,
                 void (*take)(struct view_reading *r, const struct cache_reply *keys, struct str prefix))
{
    char cursor[24] = "0", match[KEY_MAX];
    int n = snprintf(match, sizeof match, "view:%s:%s:*", r->generation.name, space);
    struct str pattern = {match, (size_t)n}, prefix = {match, (size_t)n - 1};
    do {
        cache_send(r->keys, 6, (struct str[]){STR("SCAN"), str_of(cursor), STR("MATCH"), pattern, STR("COUNT"), STR(AT_ONCE)});
        const struct cache_reply *reply = answer(r, r->keys);
        if (!reply)
            return;
        snprintf(cursor, sizeof cursor, "%.*s", STR_ARG(cache_text(cache_item(reply, 0))));
        take(r, cache_item(reply, 1), prefix);
    } while (strcmp(cursor, "0") != 0 && !r->audit->fault[0]);
}

void view_read(struct audit *a, struct spill *to)
{
    struct view_reading r = {.audit = a, .to = to, .keys = cache_new(a->redis), .values = cache_new(a->redis)};
    if (!r.keys || !r.values)
        audit_fault(a, "redis: not of the form redis://[:password@]host:port/database");
    else if (!cache_connect(r.keys) || !cache_connect(r.values) || !generation_find(r.keys, &r.generation))
        audit_fault(a, "redis: %s", cache_fault(cache_connected(r.keys) ? r.values : r.keys));
    else if (r.generation.name[0]) { /* else there is no view, and every order lacks its document */
        scan(&r, "order", take_documents);
        scan(&r, "customer", take_lists);
    }
    cache_free(r.keys);
    cache_free(r.values);
}
