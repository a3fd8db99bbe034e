/* Carrier: the chosen one gets the parcels, and what it says becomes commands. */
#include "carrier.h"
#include "../settings.h"
#include "delivery.h"
#include "invariant.h"
#include <stdio.h>
#include <string.h>

/* ── nobody ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void nothing(void)
{
}

static void leave_to_couriers(const struct parcel *parcel)
{
    (void)parcel;
}

static void show_nothing(struct metrics_page *page)
{
    (void)page;
}

const struct carrier manual_carrier = {
    .name = "manual",
    .start = nothing,
    .hand_over = leave_to_couriers,
    .stop = nothing,
    .show = show_nothing,
};

/* ── the chosen one ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct carrier *const carriers[] = {&simulated_carrier, &manual_carrier};

/* By name each time: the engine may hand over before carrier_start(). */
static const struct carrier *named(void)
{
    for (size_t i = 0; i < sizeof carriers / sizeof carriers[0]; i++)
        if (strcmp(carriers[i]->name, delivery_config.carrier) == 0)
            return carriers[i];
    return NULL;
}

/* Once it was started there is one. */
static const struct carrier *chosen(void)
{
    const struct carrier *carrier = named();
    invariant(carrier);
    return carrier;
}

bool carrier_start(struct engine *engine, char problem[200])
{
    (void)engine;
    const struct carrier *carrier = named();
    if (!carrier) {
        (void)snprintf(problem, 200, "JUMUN_CARRIER: \"%.50s\" is not simulated or manual", delivery_config.carrier);
        return false;
    }
    carrier->start();
    return true;
}

void carrier_stop(void)
{
    chosen()->stop();
}

void carrier_show(struct metrics_page *page)
{
    chosen()->show(page);
}

static void hand_to_carrier(void *ctx, struct engine *engine, const struct effect *effect)
{
    (void)ctx;
    const struct carrier *carrier = named();
    if (carrier)
        carrier->hand_over(&(struct parcel){engine, effect->aggregate, effect->cause, effect->traceparent});
}

const effect_start delivery_effects[] = {
#define DELIVERY_EFFECT(effect, starts) [effect] = (starts),
#include "delivery.def"
};

/* ── what it says ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void submit(const struct parcel *parcel, int type, const void *data, size_t size, struct engine_command *c)
{
    c->command = (struct command){
        .type = type,
        .data = arena_copy(&c->arena, data, size),
        .cause = parcel->cause,
        .correlation = parcel->order,
        .traceparent = arena_str(&c->arena, parcel->traceparent),
    };
    engine_submit(parcel->engine, c);
}

void carrier_says_started(const struct parcel *parcel, struct str carrier, struct str tracking_number)
{
    struct engine_command *c = engine_command_new();
    struct start_delivery start = {
        .order = parcel->order,
        .by = BY_CARRIER,
        .carrier = arena_str(&c->arena, carrier),
        .tracking_number = arena_str(&c->arena, tracking_number),
    };
    submit(parcel, START, &start, sizeof start, c);
}

void carrier_says_completed(const struct parcel *parcel)
{
    struct complete_delivery complete = {.order = parcel->order, .by = BY_CARRIER};
    submit(parcel, COMPLETE, &complete, sizeof complete, engine_command_new());
}
