/* What an order earns. */
#include "account.h"
#include "invariant.h"

#define POINTS_EACH  1
#define POINTS_TENTH 10
#define EVERY_TENTH  10

static void keys_of(const struct command *c, struct keys *keys)
{
    invariant(c->type == RECORD_COMPLETED);
    keys_add(keys, ACCOUNT, ((const struct record_completed *)c->data)->customer);
}

static void decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct account *account = a[0]->state;
    const struct record_completed *completed = c->data;
    bool tenth = (account->orders + 1) % EVERY_TENTH == 0;
    struct points_earned earned = {completed->order, POINTS_EACH + (tenth ? POINTS_TENTH : 0)};
    decision_event(d, a[0], POINTS_EARNED, &earned);
}

static void evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    struct account *account = a->state;
    (void)arena;
    invariant(event == POINTS_EARNED);
    account->orders++;
    account->points += ((const struct points_earned *)data)->points;
}

static const struct aggregate_type aggregates[ACCOUNT_AGGREGATES] = {[ACCOUNT] = {"account", sizeof(struct account)}};

/* Kept in the history only: nobody else listens. One that is published has EVENT_PUBLISHED, and a topic (in topics, and in
 * api/asyncapi.yaml). */
static const struct event_type events[ACCOUNT_EVENTS] = {
    [POINTS_EARNED] = {"PointsEarned", EVENT_INTERNAL, NULL, sizeof(struct points_earned)},
};

const struct decider account_decider = {
    .aggregates = aggregates,
    .aggregate_count = ACCOUNT_AGGREGATES,
    .events = events,
    .event_count = ACCOUNT_EVENTS,
    .keys = keys_of,
    .decide = decide,
    .evolve = evolve,
};
