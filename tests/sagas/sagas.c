/* Prints the tables of docs/sagas.md: each context's commands, and what its decider does with them in every state. */
#include "invariant.h"
#include "table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct uuid saga_order = {{11}};

#define STATES_MAX 32
#define NOTHING    "–"

static const struct saga_table *const tables[] = {&order_table, &delivery_table, &preparation_table, &payment_table};

/* A story at the state, with the command decided. */
static void tell(struct story *s, const struct saga_table *t, const struct saga_state *state, const struct command *command)
{
    story_init(s, t->decider);
    s->now = SAGA_BEGINS;
    if (t->prepare)
        t->prepare(s);
    for (size_t i = 0; i < WAY_MAX && state->way[i]; i++)
        given(s, *state->way[i]);
    int there = t->status(story_state(s, t->kind, saga_order));
    if (there != state->status) {
        fprintf(stderr, "%s: the way to \"%s\" leads to %s\n", t->title, state->name, t->status_names[there]);
        exit(1);
    }
    when(s, *command);
}

/* The events, the next state when it is another, and whether somebody is asked for something; or the refusal. */
static struct str outcome(struct story *s, const struct saga_table *t, const struct saga_state *from)
{
    const struct decision *d = &s->decision;
    if (d->refusal)
        return arena_printf(&s->arena, "*refused*: %d `%s`", d->refusal->status, d->refusal->type + strlen("/problems/"));
    struct str text = {0};
    for (size_t i = 0; i < d->event_count; i++) {
        const struct event_type *type = &t->decider->events[d->events[i].type];
        if (d->events[i].aggregate->kind != t->kind)
            continue; /* the stock's, of the preparation's */
        text = arena_printf(&s->arena, type->reach == EVENT_PUBLISHED ? "%.*s%s**%s**" : "%.*s%s%s", STR_ARG(text), text.n ? ", " : "",
                            type->name);
    }
    int to = t->status(story_state(s, t->kind, saga_order));
    if (to != from->status)
        text = arena_printf(&s->arena, "%.*s → %s", STR_ARG(text), t->status_names[to]);
    if (d->effect_count)
        text = arena_printf(&s->arena, "%.*s%s%s", STR_ARG(text), text.n ? "; " : "", t->effect);
    return text.n ? text : STR(NOTHING);
}

struct row {
    struct str outcomes[STATES_MAX]; /* of the table's states */
    size_t n;
};

/* Do all ways to be in this status have the same outcome? */
static bool status_alike(const struct saga_table *t, const struct row *row, size_t state)
{
    for (size_t i = 0; i < row->n; i++)
        if (t->states[i].status == t->states[state].status && !str_equal(row->outcomes[i], row->outcomes[state]))
            return false;
    return true;
}

static bool status_is_first(const struct saga_table *t, size_t state)
{
    for (size_t i = 0; i < state; i++)
        if (t->states[i].status == t->states[state].status)
            return false;
    return true;
}

/* All states that have the outcome of `first`, those of one status as one where they are alike. */
static void print_states(const struct saga_table *t, const struct row *row, size_t first)
{
    const char *comma = "";
    for (size_t i = first; i < row->n; i++) {
        if (!str_equal(row->outcomes[i], row->outcomes[first]))
            continue;
        bool alike = status_alike(t, row, i);
        if (alike && !status_is_first(t, i))
            continue;
        printf("%s%s", comma, alike && t->states[i].status ? t->status_names[t->states[i].status] : t->states[i].name);
        comma = "; ";
    }
}

/* One line for each outcome, in the states' order; nothing comes last, for all states that are left. */
static void print_row(const struct saga_table *t, const char *name, struct row *row)
{
    bool told[STATES_MAX] = {false}, nothing = false, something = false;
    for (size_t i = 0; i < row->n; i++) {
        nothing = nothing || str_is(row->outcomes[i], NOTHING);
        if (told[i] || str_is(row->outcomes[i], NOTHING))
            continue;
        printf("| %s | ", something ? "" : name);
        print_states(t, row, i);
        printf(" | %.*s |\n", STR_ARG(row->outcomes[i]));
        for (size_t j = i; j < row->n; j++)
            told[j] = told[j] || str_equal(row->outcomes[i], row->outcomes[j]);
        something = true;
    }
    if (nothing)
        printf("| %s | %s | " NOTHING " |\n", something ? "" : name, something ? "else" : "always");
}

static void print_command(const struct saga_table *t, const struct saga_command *command)
{
    struct arena arena;
    arena_init(&arena);
    struct row row = {.n = 0};
    for (const struct saga_state *state = t->states; state->name; state++) {
        struct story s;
        tell(&s, t, state, command->command);
        invariant(row.n < STATES_MAX);
        row.outcomes[row.n++] = arena_str(&arena, outcome(&s, t, state));
        story_release(&s);
    }
    print_row(t, command->name, &row);
    arena_release(&arena);
}

static bool whole(const struct saga_table *t)
{
    bool good = true;
    for (int status = 0; status < t->status_count; status++) {
        const struct saga_state *state = t->states;
        while (state->name && state->status != status)
            state++;
        if (state->name)
            continue;
        fprintf(stderr, "%s: no way leads to %s\n", t->title, t->status_names[status]);
        good = false;
    }
    for (int type = 0; type < t->command_count; type++) {
        const struct saga_command *command = t->commands;
        while (command->name && command->command->type != type)
            command++;
        if (command->name || !t->concerns(type))
            continue;
        fprintf(stderr, "%s: no row is command %d\n", t->title, type);
        good = false;
    }
    return good;
}

int main(void)
{
    bool good = true;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        good = whole(tables[i]) && good;
        printf("### %s\n\n| on | in | what follows |\n|---|---|---|\n", tables[i]->title);
        for (const struct saga_command *command = tables[i]->commands; command->name; command++)
            print_command(tables[i], command);
        printf("\n");
    }
    return good ? 0 : 1;
}
