/*
 * by_json — that the sides translate as the services do: each seed runs twice, once with facts as structs, once as the JSON that outbound/
 * writes and inbound/ reads, and both histories must be the same.
 */
#include "../../delivery/settings.h"
#include "delivery.h"
#include "intake.h"
#include "sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct intake_event order_intake[], payment_events[], product_events[], delivery_events[], notification_events[];
typedef void (*encode)(int event, const void *data, const struct aggregate *a, struct json_writer *w);
void order_event_data(int event, const void *data, const struct aggregate *a, struct json_writer *w);
void payment_event_data(int event, const void *data, const struct aggregate *a, struct json_writer *w);
void product_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);
void delivery_encode(int event, const void *data, const struct aggregate *a, struct json_writer *w);

static const struct {
    const struct side *side;
    const struct intake_event *intake;
    encode encode; /* NULL: nobody here listens to it */
} services[SERVICES] = {
    {&order_side, order_intake, order_event_data},   {&payment_side, payment_events, payment_event_data},
    {&product_side, product_events, product_encode}, {&delivery_side, delivery_events, delivery_encode},
    {&notification_side, notification_events, NULL},
};

static bool as_json;

/* ── outbound ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* The side's own is run too: it looks whether all is well. What it wrote is taken out again. */
static void tell_as(struct world *w, enum service service, const struct decided_event *e, struct fact *f)
{
    services[service].side->tell(w, e, f);
    if (!as_json || !services[service].encode)
        return;
    struct buf data = BUF_INIT;
    struct json_writer writer = {.out = &data};
    json_begin_object(&writer, NULL);
    services[service].encode(e->type, e->data, e->aggregate, &writer);
    json_end_object(&writer);
    *f = (struct fact){.type = f->type,
                       .topic = f->topic,
                       .id = f->id,
                       .subject = f->subject,
                       .correlation = f->correlation,
                       .causation = f->causation,
                       .at = f->at,
                       .json = arena_str(&w->arena, buf_str(&data))};
    buf_release(&data);
}

/* ── inbound ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *const types[FACT_TYPES] = {
#define FACT(name, topic) [FACT_##name] = "jumun." #topic "." #name ".v1",
#include "facts.def"
};

static bool decode(struct world *w, enum service service, const struct fact *f, struct command *c)
{
    const struct intake_event *known = services[service].intake;
    while (known->type && strcmp(known->type, types[f->type]) != 0)
        known++;
    if (!known->type)
        return false;
    struct str reason = {0};
    struct cloud_event event = {.id = f->id,
                                .type = str_of(known->type),
                                .time = f->at,
                                .subject = f->subject,
                                .correlation = f->correlation,
                                .causation = f->causation,
                                .data = f->json};
    if (!known->decode(&w->arena, &event, c, &reason))
        violated(w, "%s cannot read %s: %.*s: %.*s", sides[service]->name, known->type, STR_ARG(reason), STR_ARG(f->json));
    return true;
}

static bool take_as(struct world *w, enum service service, const struct fact *f, struct command *c)
{
    return as_json ? decode(w, service, f, c) : services[service].side->take(w, f, c);
}

/* ── the sides, each with these two ─────────────────────────────────────────────────────────────────────────────────────────────────── */

#define BOTH_WAYS(service, name)                                                                                                           \
    static void name##_tell(struct world *w, const struct decided_event *e, struct fact *f)                                                \
    {                                                                                                                                      \
        tell_as(w, service, e, f);                                                                                                         \
    }                                                                                                                                      \
    static bool name##_take(struct world *w, const struct fact *f, struct command *c)                                                      \
    {                                                                                                                                      \
        return take_as(w, service, f, c);                                                                                                  \
    }                                                                                                                                      \
    static struct side name;
BOTH_WAYS(ORDER_SERVICE, order)
BOTH_WAYS(PAYMENT_SERVICE, payment)
BOTH_WAYS(PRODUCT_SERVICE, product)
BOTH_WAYS(DELIVERY_SERVICE, delivery)
BOTH_WAYS(NOTIFICATION_SERVICE, notification)
const struct side *const sides[SERVICES] = {&order, &payment, &product, &delivery, &notification};

#define FILL(name)                                                                                                                         \
    name = name##_side;                                                                                                                    \
    name.tell = name##_tell;                                                                                                               \
    name.take = name##_take;

static uint64_t run(struct world *w, uint64_t seed, bool json)
{
    as_json = json;
    world_run(w, seed);
    if (w->violation[0]) {
        printf("seed %llu, facts as %s: %s\n", (unsigned long long)seed, json ? "JSON" : "structs", w->violation);
        exit(1);
    }
    return w->digest;
}

int main(int argc, char **argv)
{
    uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    struct world *w = calloc(1, sizeof *w);
    if (!w)
        return 1;
    arena_init(&w->arena);
    FILL(order)
    FILL(payment)
    FILL(product)
    FILL(delivery)
    FILL(notification)
    delivery_config.carrier_patience = LONGEST_CARRIER_PATIENCE; /* as the side has it */
    for (uint64_t seed = 1; seed <= seeds; seed++)
        if (run(w, seed, false) != run(w, seed, true)) {
            printf("seed %llu: the history differs when facts travel as JSON\n", (unsigned long long)seed);
            return 1;
        }
    printf("%llu seeds: the same histories, with facts as structs and as JSON\n", (unsigned long long)seeds);
    arena_release(&w->arena);
    free(w);
    return 0;
}
