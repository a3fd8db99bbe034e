/* Timers: those that fell due and are commands of the batch, and those that its decisions set and clear. */
#include "batch_inside.h"

static struct journal_timer timer_of(const struct batch *b, const struct timer_due *due, struct uuid correlation)
{
    const struct decider *decider = b->config->decider;
    return (struct journal_timer){.aggregate = due->id,
                                  .aggregate_kind = decider->aggregates[due->aggregate_kind].name,
                                  .timer = decider->timers[due->timer],
                                  .correlation = correlation};
}

/* Named, and so locked, whether the decider names it or not: two engines never decide the same timer at once. */
static struct loaded_entry *timer_owner(struct batch *b, const struct timer_due *due)
{
    (void)loaded_name(&b->loaded, (struct key){.kind = due->aggregate_kind, .id = due->id});
    return loaded_find(&b->loaded, due->aggregate_kind, due->id);
}

/* ── due ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void batch_note_due(struct batch *b, struct entry *e)
{
    b->due[b->due_count] = timer_of(b, e->c->command.data, e->c->command.correlation);
    b->due_entries[b->due_count++] = e;
    e->fate = FATE_STALE; /* until the database says that it is still due */
    (void)timer_owner(b, e->c->command.data);
}

bool batch_take_due_timers(struct batch *b)
{
    const struct pg_rows *rows = pg_receive(b->pg);
    if (!rows)
        return false;
    for (int row = 0; row < pg_count(rows); row++)
        b->due_entries[pg_int8(rows, row, 0) - 1]->fate = FATE_OPEN;
    return true;
}

/* ── decided ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void note_timer(struct batch *b, struct loaded_entry *owner, int timer, instant due, struct uuid correlation)
{
    b->timer_count++;
    *loaded_timer(&b->loaded, owner, timer) = (struct loaded_timer){.decided = true, .due = due, .correlation = correlation};
    if (due && (!b->next_timer || due < b->next_timer))
        b->next_timer = due;
}

bool batch_timer_fires(struct batch *b, const struct command *c)
{
    const struct timer_due *due = c->data;
    struct loaded_entry *owner = timer_owner(b, due);
    if (loaded_timer(&b->loaded, owner, due->timer)->decided)
        return false;
    note_timer(b, owner, due->timer, 0, c->correlation);
    return true;
}

void batch_note_timers(struct batch *b, const struct entry *e)
{
    const struct decision *d = &e->decision;
    for (size_t i = 0; i < d->timer_count; i++) {
        const struct aggregate *a = d->timers[i].aggregate;
        note_timer(b, loaded_find(&b->loaded, a->kind, a->id), d->timers[i].timer, d->timers[i].due, e->c->command.correlation);
    }
}

static void part_timers(const struct batch *b, const struct loaded_entry *owner, struct journal_timer *part, size_t *set, size_t *cleared)
{
    for (size_t i = 0; owner->timers && i < b->config->decider->timer_count; i++) {
        if (!owner->timers[i].decided)
            continue;
        struct timer_due due = {.timer = (int)i, .aggregate_kind = owner->aggregate.kind, .id = owner->aggregate.id};
        struct journal_timer *timer = &part[owner->timers[i].due ? (*set)++ : --*cleared];
        *timer = timer_of(b, &due, owner->timers[i].correlation);
        timer->due = owner->timers[i].due;
    }
}

/* Sends set and cleared timers apart; returns how many statements. */
size_t batch_send_timers(struct batch *b)
{
    size_t most = b->timer_count, set = 0, cleared = most;
    if (most == 0)
        return 0;
    struct journal_timer *part = ARENA_ARRAY(&b->arena, struct journal_timer, most);
    for (size_t i = 0; i < b->loaded.count; i++)
        part_timers(b, b->loaded.entries[i], part, &set, &cleared);
    if (set > 0)
        journal_send_timers_set(b->pg, part, set);
    if (cleared < most)
        journal_send_timers_clear(b->pg, part + cleared, most - cleared);
    return (set > 0) + (cleared < most);
}

void batch_postpone(struct batch *b, const struct engine_command *timer, duration wait)
{
    struct journal_timer t = timer_of(b, timer->command.data, timer->command.correlation);
    journal_send_timer_postpone(b->pg, &t, wait);
    pg_sync(b->pg);
    pg_end(b->pg);
}
