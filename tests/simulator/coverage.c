/* Counts, their sum over processes, and the report. */
#include "coverage.h"

#include "world.h"
#include <stdio.h>
#include <string.h>

void coverage_state(struct coverage *c, int service, const char *name)
{
    for (int i = 0; i < COVERAGE_STATES; i++) {
        if (!c->states[service][i].name)
            c->states[service][i].name = name;
        if (c->states[service][i].name == name) {
            c->states[service][i].count++;
            return;
        }
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
        for (int i = 0; i < COVERAGE_COMMANDS; i++)
            sum->commands[s][i] += part->commands[s][i];
        for (int i = 0; i < COVERAGE_STATES && part->states[s][i].name; i++) {
            coverage_state(sum, s, part->states[s][i].name);
            for (int k = 0; k < COVERAGE_STATES; k++)
                if (sum->states[s][k].name == part->states[s][i].name)
                    sum->states[s][k].count += part->states[s][i].count - 1;
        }
    }
}

static const char *const words[COVERED_COUNT] = {
#define COVERED(what, words) [COVERED_##what] = words,
#include "coverage.def"
};

void coverage_print(const struct coverage *c)
{
    double runs = c->runs ? (double)c->runs : 1;
    printf("%llu runs, %.0f steps and %.0f decisions in each\n\nfaults and races\n", (unsigned long long)c->runs, (double)c->steps / runs,
           (double)c->decisions / runs);
    for (int i = 0; i < COVERED_COUNT; i++)
        printf("  %12llu  %s\n", (unsigned long long)c->happened[i], words[i]);
    for (int s = 0; s < SERVICES; s++) {
        printf("\n%s: events, and states after a change\n", sides[s]->name);
        for (size_t i = 0; i < sides[s]->decider->event_count; i++)
            printf("  %12llu  %s\n", (unsigned long long)c->events[s][i], sides[s]->decider->events[i].name);
        for (int i = 0; i < COVERAGE_STATES && c->states[s][i].name; i++)
            printf("  %12llu  %s\n", (unsigned long long)c->states[s][i].count, c->states[s][i].name);
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
        holes += c->happened[i] ? 0 : hole("", words[i]);
    for (int s = 0; s < SERVICES; s++)
        for (size_t i = 0; i < sides[s]->decider->event_count; i++)
            holes += c->events[s][i] ? 0 : hole(sides[s]->name, sides[s]->decider->events[i].name);
    return holes;
}
