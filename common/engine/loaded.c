/* Loaded: a hash table of a batch's aggregates, in the batch's arena. */
#include "loaded.h"
#include <string.h>

void loaded_init(struct loaded *l, const struct decider *decider, struct arena *arena)
{
    *l = (struct loaded){.arena = arena, .decider = decider, .slot_count = 64};
    l->slots = ARENA_ARRAY(arena, struct loaded_entry *, l->slot_count);
}

static struct loaded_entry **slot_of(const struct loaded *l, int kind, struct uuid id)
{
    size_t i = (uuid_hash(id) + (size_t)kind) & (l->slot_count - 1);
    while (l->slots[i] && !(l->slots[i]->aggregate.kind == kind && uuid_equal(l->slots[i]->aggregate.id, id)))
        i = (i + 1) & (l->slot_count - 1);
    return &l->slots[i];
}

static void rehash(struct loaded *l)
{
    l->slot_count *= 2;
    l->slots = ARENA_ARRAY(l->arena, struct loaded_entry *, l->slot_count);
    for (size_t i = 0; i < l->count; i++)
        *slot_of(l, l->entries[i]->aggregate.kind, l->entries[i]->aggregate.id) = l->entries[i];
}

static void append(struct loaded *l, struct loaded_entry *entry)
{
    if (l->count == l->room) {
        size_t room = l->room ? l->room * 2 : 32;
        struct loaded_entry **larger = ARENA_ARRAY(l->arena, struct loaded_entry *, room);
        if (l->count > 0)
            memcpy(larger, l->entries, l->count * sizeof *larger);
        l->entries = larger;
        l->room = room;
    }
    l->entries[l->count++] = entry;
}

struct loaded_entry *loaded_find(const struct loaded *l, int kind, struct uuid id)
{
    return *slot_of(l, kind, id);
}

struct aggregate *loaded_name(struct loaded *l, struct key key)
{
    struct loaded_entry **slot = slot_of(l, key.kind, key.id);
    if (!*slot) {
        struct loaded_entry *entry = ARENA_NEW(l->arena, struct loaded_entry);
        entry->aggregate = (struct aggregate){
            .kind = key.kind,
            .id = key.id,
            .state = arena_alloc(l->arena, l->decider->aggregates[key.kind].state_size),
        };
        *slot = entry;
        append(l, entry);
        if (l->count * 2 > l->slot_count) {
            rehash(l);
            slot = slot_of(l, key.kind, key.id);
        }
    }
    if (!key.consulted)
        (*slot)->locked = true;
    return &(*slot)->aggregate;
}

struct loaded_timer *loaded_timer(struct loaded *l, struct loaded_entry *entry, int timer)
{
    if (!entry->timers)
        entry->timers = ARENA_ARRAY(l->arena, struct loaded_timer, l->decider->timer_count);
    return &entry->timers[timer];
}
