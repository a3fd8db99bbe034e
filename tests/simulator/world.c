/* The world's clock: what is to come, one thing after the other, until all is quiet. */
#include "world.h"

#include "invariant.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const fact_names[FACT_TYPES] = {
#define FACT(name, topic) [FACT_##name] = #name,
#include "facts.def"
};

/* ── names ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Its number stands in the last bytes and, scattered, in the first, where hashes and sorted ids look. */
struct uuid world_id(struct world *w)
{
    uint64_t number = ++w->next_id, scattered = number * 0x9e3779b97f4a7c15;
    struct uuid id;
    memcpy(id.b, &scattered, 8);
    memcpy(id.b + 8, &number, 8);
    return id;
}

int order_number(const struct world *w, struct uuid order)
{
    for (int i = 0; i < w->order_count; i++)
        if (uuid_equal(w->orders[i].id, order) || uuid_equal(w->orders[i].resource, order))
            return i;
    return -1;
}

int product_number(const struct world *w, struct uuid product)
{
    for (int i = 0; i < w->product_count; i++)
        if (uuid_equal(w->products[i].id, product))
            return i;
    return -1;
}

/* ── the agenda: a heap ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool before(const struct happening *a, const struct happening *b)
{
    return a->at != b->at ? a->at < b->at : a->number < b->number;
}

static void sink(struct world *w, struct happening h)
{
    size_t i = 0, child;
    while ((child = 2 * i + 1) < w->agenda_count) {
        if (child + 1 < w->agenda_count && before(&w->agenda[child + 1], &w->agenda[child]))
            child++;
        if (!before(&w->agenda[child], &h))
            break;
        w->agenda[i] = w->agenda[child];
        i = child;
    }
    w->agenda[i] = h;
}

static struct happening take_next(struct world *w)
{
    struct happening next = w->agenda[0];
    if (--w->agenda_count > 0)
        sink(w, w->agenda[w->agenda_count]);
    return next;
}

void announce(struct world *w, duration wait, int service, action act, void *what, int64_t number_of)
{
    invariant(w->agenda_count < AGENDA_MAX);
    struct happening h = {
        .at = w->now + wait, .number = ++w->announced, .service = (int16_t)service, .act = act, .what = what, .number_of = number_of};
    h.life = service >= 0 ? w->contexts[service].life : 0;
    size_t i = w->agenda_count++;
    for (; i > 0 && before(&h, &w->agenda[(i - 1) / 2]); i = (i - 1) / 2)
        w->agenda[i] = w->agenda[(i - 1) / 2];
    w->agenda[i] = h;
}

/* ── what may go wrong ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void cover(struct world *w, enum covered which)
{
    if (w->coverage)
        w->coverage->happened[which]++;
}

bool fault(struct world *w, enum covered which, int stream, uint32_t of_thousand)
{
    if (!chance(&w->choices, stream, of_thousand) || w->calm || w->now < BEGINNING + OPENING)
        return false;
    cover(w, which);
    return true;
}

duration wait_for(struct world *w, int stream, uint32_t doublings)
{
    return wait_chosen(&w->choices, stream, w->calm && doublings > 6 ? 6 : doublings);
}

static void choose_mood(struct world *w)
{
    static const uint32_t rates[] = {0, 0, 5, 20, 60}, lags[] = {4, 4, 6, 9, 13, 17, 20, 22};
    static const duration deadlines[] = {MILLISECONDS(1500), MILLISECONDS(1500), SECONDS(5), SECONDS(60)};
#define RATE()    rates[choose(&w->choices, MOOD, sizeof rates / sizeof rates[0])]
#define LAG(most) lags[choose(&w->choices, MOOD, most)]
    struct mood *m = &w->mood;
    *m = (struct mood){.crash = RATE(),
                       .http_lost = 2 * RATE(),
                       .answer_lost = 2 * RATE(),
                       .copies = RATE(),
                       .provider_lost = 2 * RATE(),
                       .channel_fails = choose(&w->choices, MOOD, 20) == 19 ? 990 : 2 * RATE(),
                       .reread = RATE() / 4,
                       .carrier_twice = 4 * RATE(),
                       .courier = RATE(),
                       .slow_batch = LAG(4),
                       .slow_relay = LAG(6),
                       .slow_timers = LAG(4),
                       .slow_http = LAG(4),
                       .down = LAG(8),
                       .provider_deadline = deadlines[choose(&w->choices, MOOD, 4)]};
    uint32_t most = 2 + choose(&w->choices, MOOD, 7);
    for (int s = 0; s < SERVICES; s++)
        for (int t = 0; t < TOPICS; t++)
            m->lag[s][t] = LAG(most);
}

/* ── the run ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void tell(struct world *w, const char *format, ...)
{
    instant passed = w->now - BEGINNING;
    va_list args;
    if (w->steps < w->tells_from)
        return;
    printf("%5u  %4lld:%02lld.%04lld  ", w->steps, (long long)(passed / MINUTES(1)), (long long)(passed % MINUTES(1) / SECONDS(1)),
           (long long)(passed % SECONDS(1) / 100));
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void violated(struct world *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(w->violation, sizeof w->violation, format, args);
    va_end(args);
    TELL_HISTORY(w, "VIOLATED: %s", w->violation);
    longjmp(w->end, 1);
}

/* In place of base's: a bug that the code itself sees ends the run, not the program. */
static struct world *running;
void invariant_broken(const char *file, int line, const char *function, const char *condition)
{
    const char *slash = strrchr(file, '/');
    if (!running) {
        fprintf(stderr, "invariant broken at %s:%d in %s: %s\n", file, line, function, condition);
        __builtin_trap();
    }
    violated(running, "the code's own invariant, %s:%d in %s: %s", slash ? slash + 1 : file, line, function, condition);
}

static void begin(struct world *w, uint64_t seed)
{
    choices_begin(&w->choices, seed);
    arena_reset(&w->arena);
    w->now = BEGINNING;
    w->calm = false;
    w->steps = w->announced = 0;
    w->next_id = 0;
    w->agenda_count = 0;
    w->order_count = w->product_count = w->charge_count = 0;
    w->digest = 0;
    w->violation[0] = '\0';
    memset(w->received, 0, sizeof w->received);
    for (int t = 0; t < TOPICS; t++)
        for (int p = 0; p < PARTITIONS; p++)
            w->logs[t][p].count = 0;
    for (int s = 0; s < SERVICES; s++)
        context_begin(w, (enum service)s);
    choose_mood(w);
    people_begin(w);
}

static void become_calm(struct world *w)
{
    w->calm = true;
    TELL_HISTORY(w, "from here on nothing fails any more");
}

static void step(struct world *w)
{
    struct happening h = take_next(w);
    if (h.service >= 0 && h.life != w->contexts[h.service].life)
        return; /* the process that was to do it is gone */
    if (++w->steps > STEPS_MAX)
        violated(w, "9: no end in sight after %d steps", STEPS_MAX);
    w->now = h.at > w->now ? h.at : w->now;
    if (!w->calm && w->now >= BEGINNING + FAULTS_END)
        become_calm(w);
    h.act(w, &h);
}

void world_run(struct world *w, uint64_t seed)
{
    running = w;
    if (setjmp(w->end) == 0) {
        begin(w, seed);
        while (w->agenda_count > 0 && w->agenda[0].at < BEGINNING + RUN_END)
            step(w);
        invariants_check(w);
    }
    running = NULL;
    if (w->coverage) {
        w->coverage->runs++;
        w->coverage->steps += w->steps;
    }
}
