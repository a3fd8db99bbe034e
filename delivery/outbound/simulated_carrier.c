/*
 * The simulated carrier: goods leave, and arrive, after delays that are settings. A delay of 0 takes no thread: it is said at once.
 */
#include "../settings.h"
#include "carrier.h"
#include "clock.h"
#include "delivery.h"
#include "later.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

static struct later carrier = LATER_INIT;
static struct gauge waiting; /* starts and arrivals */

static void say_started(const struct parcel *parcel)
{
    struct arena arena;
    arena_init(&arena);
    carrier_says_started(parcel, STR("시뮬레이션 택배"), delivery_tracking_number(&arena, "SIM", parcel->order));
    arena_release(&arena);
}

/* ── the parcels ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct waiting {
    struct parcel parcel;
    void (*say)(const struct parcel *parcel);
};

static struct waiting *waiting_new(const struct parcel *parcel, void (*say)(const struct parcel *parcel))
{
    struct str trace = parcel->traceparent;
    struct waiting *w = memory_new(sizeof *w + trace.n); /* the trace stands behind it */
    *w = (struct waiting){*parcel, say};
    if (trace.n > 0)
        w->parcel.traceparent = (struct str){memcpy(w + 1, trace.p, trace.n), trace.n};
    return w;
}

/* Not due: it is forgotten, and the timer in the database has the parcel handed over again. */
static void say_waiting(void *ctx, bool due)
{
    struct waiting *w = ctx;
    if (due)
        w->say(&w->parcel);
    free(w);
    gauge_add(&waiting, -1);
}

static void say_after(const struct parcel *parcel, duration delay, void (*say)(const struct parcel *parcel))
{
    if (delay == 0) {
        say(parcel);
        return;
    }
    gauge_add(&waiting, 1);
    later_at(&carrier, clock_monotonic() + delay, say_waiting, waiting_new(parcel, say));
}

static void hand_over(const struct parcel *parcel)
{
    say_after(parcel, delivery_config.carrier_start_delay, say_started);
    say_after(parcel, delivery_config.carrier_start_delay + delivery_config.carrier_complete_delay, carrier_says_completed);
}

static void start(void)
{
    later_start(&carrier);
}

static void stop(void)
{
    later_stop(&carrier);
}

static void show(struct metrics_page *page)
{
    metrics_gauge(page, "jumun_carrier_waiting", "Starts and arrivals that the simulated carrier still has to say.", NULL, &waiting);
}

const struct carrier simulated_carrier = {.name = "simulated", .start = start, .hand_over = hand_over, .stop = stop, .show = show};
