/* The fake carrier: a table with the parcels on it. */
#include "fake_carrier.h"
#include "delivery.h"
#include "invariant.h"
#include <string.h>

#define TABLE_SIZE 16
static struct {
    struct parcel parcels[TABLE_SIZE];
    char traces[TABLE_SIZE][64];
    size_t count;
} table;

static void start(void)
{
}

/* A parcel that is here already is here once. */
static void hand_over(const struct parcel *parcel)
{
    for (size_t i = 0; i < table.count; i++)
        if (uuid_equal(table.parcels[i].order, parcel->order))
            return;
    invariant(table.count < TABLE_SIZE && parcel->traceparent.n <= sizeof table.traces[0]);
    if (parcel->traceparent.n > 0)
        memcpy(table.traces[table.count], parcel->traceparent.p, parcel->traceparent.n);
    table.parcels[table.count] = *parcel;
    table.parcels[table.count].traceparent = (struct str){table.traces[table.count], parcel->traceparent.n};
    table.count++;
}

static void stop(void)
{
    table.count = 0;
}

static void show(struct metrics_page *page)
{
    (void)page;
}

const struct carrier fake_carrier = {.name = "fake", .start = start, .hand_over = hand_over, .stop = stop, .show = show};

static struct parcel *parcel_of(struct uuid order)
{
    for (size_t i = 0; i < table.count; i++)
        if (uuid_equal(table.parcels[i].order, order))
            return &table.parcels[i];
    invariant(!"the parcel is with the carrier");
    return NULL;
}

void fake_carrier_starts(struct uuid order)
{
    carrier_says_started(parcel_of(order), STR("가짜 택배"), STR("FAKE1"));
}

void fake_carrier_arrives(struct uuid order)
{
    struct parcel *parcel = parcel_of(order);
    carrier_says_completed(parcel);
    table.count--;
    size_t hole = (size_t)(parcel - table.parcels);
    memmove(table.traces[hole], table.traces[table.count], sizeof table.traces[0]);
    *parcel = table.parcels[table.count];
    parcel->traceparent.p = table.traces[hole];
}

void fake_carrier_moves_all(void)
{
    while (table.count > 0) {
        struct uuid order = table.parcels[0].order;
        fake_carrier_starts(order);
        fake_carrier_arrives(order);
    }
}
