/*
 * golden — messages as they were really sent, one of every type of every release (tests/golden): whoever takes a type still reads them.
 *
 *     int main(void)
 *     {
 *         return golden_test(order_intake, &order_decider);
 *     }
 *
 * Two tests: every golden message of a type in the intake's table becomes a command, and there is one of each; every type that the decider
 * publishes has one of this release. New ones are recorded by tests/golden/record.
 */
#ifndef JUMUN_GOLDEN_H
#define JUMUN_GOLDEN_H

#include "intake.h"

int golden_test(const struct intake_event *takes, const struct decider *publishes);

/* For a consumer without an intake: each golden message, in the order of the files' names. What is given lives during the call. */
struct golden {
    const char *file;
    struct kafka_record record;
};
void golden_each(void (*look)(const struct golden *golden, void *ctx), void *ctx);

#endif
