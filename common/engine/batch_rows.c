/* Rows: the aggregates of a batch, named by its commands, loaded and saved with one statement a kind. */
#include "batch_inside.h"
#include "invariant.h"

void batch_name(struct batch *b, struct entry *e)
{
    keys_init(&e->keys, &b->arena);
    b->config->decider->keys(&e->c->command, &e->keys);
    e->aggregates = ARENA_ARRAY(&b->arena, struct aggregate *, e->keys.count + 1);
    for (size_t i = 0; i < e->keys.count; i++)
        e->aggregates[i] = loaded_name(&b->loaded, e->keys.items[i]);
}

/* ── load ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A SELECT under way: which kind, and whether its rows are locked. */
struct load {
    int kind;
    bool locked;
};

static bool send_load(struct batch *b, struct load load)
{
    struct key *keys = ARENA_ARRAY(&b->arena, struct key, b->loaded.count + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->loaded.count; i++) {
        struct loaded_entry *entry = b->loaded.entries[i];
        if (entry->fetched || entry->aggregate.kind != load.kind || entry->locked != load.locked)
            continue;
        entry->fetched = true;
        keys[n++] = (struct key){.kind = load.kind, .id = entry->aggregate.id};
    }
    if (n > 0)
        store_send_load(b->stores[load.kind], b->pg, keys, n, !load.locked);
    return n > 0;
}

void batch_send_loads(struct batch *b)
{
    size_t kinds = b->config->decider->aggregate_count;
    b->loads = ARENA_ARRAY(&b->arena, struct load, 2 * kinds);
    b->load_count = 0;
    for (size_t kind = 0; kind < kinds; kind++)
        for (int locked = 0; locked <= 1; locked++) {
            struct load load = {.kind = (int)kind, .locked = locked};
            if (send_load(b, load))
                b->loads[b->load_count++] = load;
        }
}

bool batch_take_loads(struct batch *b)
{
    for (size_t i = 0; i < b->load_count; i++) {
        const struct pg_rows *rows = pg_receive(b->pg);
        if (!rows)
            return false;
        for (int row = 0; row < pg_count(rows); row++) {
            struct loaded_entry *entry = loaded_find(&b->loaded, b->loads[i].kind, store_row_id(rows, row));
            invariant(entry);
            store_take_row(b->stores[b->loads[i].kind], rows, row, &b->arena, &entry->aggregate);
        }
    }
    return true;
}

/* ── save ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

size_t batch_send_saves(struct batch *b, size_t *expected)
{
    struct aggregate **changed = ARENA_ARRAY(&b->arena, struct aggregate *, b->loaded.count + 1);
    size_t statements = 0;
    for (size_t kind = 0; kind < b->config->decider->aggregate_count; kind++) {
        size_t n = 0;
        for (size_t i = 0; i < b->loaded.count; i++) {
            struct aggregate *a = &b->loaded.entries[i]->aggregate;
            if (a->changed && a->kind == (int)kind)
                changed[n++] = a;
        }
        if (n > 0)
            statements += store_send_save(b->stores[kind], b->pg, changed, n, expected + statements);
    }
    return statements;
}
