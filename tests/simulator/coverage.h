/* coverage — how often each fault, race, event and state came about over the seeds of a run: for --report, and the test that none is 0. */
#ifndef SIMULATOR_COVERAGE_H
#define SIMULATOR_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

enum covered {
#define COVERED(what, words) COVERED_##what,
#include "coverage.def"
    COVERED_COUNT
};

#define COVERAGE_SERVICES 5
#define COVERAGE_EVENTS   32
#define COVERAGE_STATES   48
#define COVERAGE_COMMANDS 24

struct coverage {
    uint64_t runs, steps, decisions;
    uint64_t happened[COVERED_COUNT];
    uint64_t events[COVERAGE_SERVICES][COVERAGE_EVENTS];
    struct coverage_state {
        const char *name;
        uint64_t count;                       /* changes that led into it */
        uint64_t commands[COVERAGE_COMMANDS]; /* that met it */
    } states[COVERAGE_SERVICES][COVERAGE_STATES];
};

/* Names are compared by their address. NULL: has no states, and is not counted. */
void coverage_change(struct coverage *c, int service, const char *state);
void coverage_decision(struct coverage *c, int service, const char *state, int command);
void coverage_add(struct coverage *sum, const struct coverage *part);
void coverage_print(const struct coverage *c);
int coverage_holes(const struct coverage *c); /* prints and counts what never happened and should have */

#endif
