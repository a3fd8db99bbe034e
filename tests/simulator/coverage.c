/* Counts, their sum over processes, and the report. */
#include "coverage.h"

#include "world.h"
#include <stdio.h>

/* ── counting ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct coverage_state *state_of(struct coverage *c, int service, const char *name)
{
    static struct coverage_state nowhere;
    for (int i = 0; name && i < COVERAGE_STATES; i++) {
        if (!c->states[service][i].name)
            c->states[service][i].name = name;
        if (c->states[service][i].name == name)
            return &c->states[service][i];
    }
    return &nowhere;
}

void coverage_change(struct coverage *c, int service, const char *state)
{
    state_of(c, service, state)->count++;
}

void coverage_decision(struct coverage *c, int service, const char *state, int command)
{
    c->decisions++;
    state_of(c, service, state)->commands[command]++;
}

static void add_states(struct coverage *sum, const struct coverage *part, int service)
{
    for (int i = 0; i < COVERAGE_STATES && part->states[service][i].name; i++) {
        struct coverage_state *state = state_of(sum, service, part->states[service][i].name);
        state->count += part->states[service][i].count;
        for (int k = 0; k < COVERAGE_COMMANDS; k++)
            state->commands[k] += part->states[service][i].commands[k];
    }
}

void coverage_add(struct coverage *sum, const struct coverage *part)
{
    sum->runs += part->runs;
    sum->steps += part->steps;
    sum->decisions += part->decisions;
    for (int i = 0; i < COVERED_COUNT; i++)
        sum->happened[i] += part->happened[i];
    for (int s = 0; s < SERVICES; s++) {
        for (int i = 0; i < COVERAGE_EVENTS; i++)
            sum->events[s][i] += part->events[s][i];
        add_states(sum, part, s);
    }
}

/* ── telling ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *const words_of[COVERED_COUNT] = {
#define COVERED(what, words) [COVERED_##what] = words,
#include "coverage.def"
};

static void print_state(const struct side *side, const struct coverage_state *state)
{
    printf("  %12llu  %s, met by", (unsigned long long)state->count, state->name);
    for (int k = 0; k < COVERAGE_COMMANDS; k++)
        if (state->commands[k])
            printf(" %s %llu", side->command_name(k), (unsigned long long)state->commands[k]);
    printf("\n");
}

void coverage_print(const struct coverage *c)
{
    double runs = c->runs ? (double)c->runs : 1;
    printf("%llu runs, %.0f steps and %.0f decisions in each\n\nfaults and races\n", (unsigned long long)c->runs, (double)c->steps / runs,
           (double)c->decisions / runs);
    for (int i = 0; i < COVERED_COUNT; i++)
        printf("  %12llu  %s\n", (unsigned long long)c->happened[i], words_of[i]);
    for (int s = 0; s < SERVICES; s++) {
        printf("\n%s: its events; its states, how often reached, and the commands that met them\n", sides[s]->name);
        for (size_t i = 0; i < sides[s]->decider->event_count; i++)
            printf("  %12llu  %s\n", (unsigned long long)c->events[s][i], sides[s]->decider->events[i].name);
        for (int i = 0; i < COVERAGE_STATES && c->states[s][i].name; i++)
            print_state(sides[s], &c->states[s][i]);
    }
}

static int hole(const char *who, const char *what)
{
    printf("never happened: %s%s%s\n", who, *who ? ": " : "", what);
    return 1;
}

int coverage_holes(const struct coverage *c)
{
    int holes = 0;
    for (int i = 0; i < COVERED_COUNT; i++)
        holes += c->happened[i] ? 0 : hole("", words_of[i]);
    for (int s = 0; s < SERVICES; s++)
        for (size_t i = 0; i < sides[s]->decider->event_count; i++)
            holes += c->events[s][i] ? 0 : hole(sides[s]->name, sides[s]->decider->events[i].name);
    return holes;
}
