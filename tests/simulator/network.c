/* The network: topics of ordered partitions, relays that fill them, consumers that read them, and processes that crash in between. */
#include "world.h"

#include "invariant.h"

#define READ_AT_ONCE 8

static void read_some(struct world *w, const struct happening *h);
static void relay(struct world *w, const struct happening *h);

/* ── consumers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void plan_poll(struct world *w, enum service service, int topic, int partition)
{
    struct context *x = &w->contexts[service];
    struct poll *poll = &x->polls[topic][partition];
    if (!x->up || !(x->side->topics & 1u << topic) || poll->planned || poll->under_way || poll->position == w->logs[topic][partition].count)
        return;
    poll->planned = true;
    announce(w, wait_for(w, POLLING + (int)service * 8 + topic, w->mood.lag[service][topic]), service, read_some, poll,
             topic * PARTITIONS + partition);
}

void network_listen(struct world *w, enum service service)
{
    for (int topic = 0; topic < TOPICS; topic++)
        for (int partition = 0; partition < PARTITIONS; partition++)
            plan_poll(w, service, topic, partition);
}

static void read_one(struct world *w, enum service service, struct poll *poll, struct fact *f)
{
    struct entry e = {.fact = f, .poll = poll};
    e.c = (struct command){.cause = f->id, .correlation = f->correlation, .fresh = world_id(w)};
    if (!sides[service]->take(w, f, &e.c))
        return;
    poll->under_way++;
    context_submit(w, service, &e);
}

static void read_some(struct world *w, const struct happening *h)
{
    enum service service = (enum service)h->service;
    struct poll *poll = h->what;
    int topic = (int)h->number_of / PARTITIONS, partition = (int)h->number_of % PARTITIONS;
    const struct log *log = &w->logs[topic][partition];
    poll->planned = false;
    if (fault(w, COVERED_READ_FROM_BEGINNING, POLLING + (int)service * 8 + topic, w->mood.reread)) {
        TELL_HISTORY(w, "%-12s reads topic %d from the beginning", sides[service]->name, topic);
        poll->position = poll->committed = 0;
    }
    for (int n = 0; n < READ_AT_ONCE && poll->position < log->count; n++)
        read_one(w, service, poll, log->facts[poll->position++]);
    if (poll->under_way == 0) {
        poll->committed = poll->position;
        plan_poll(w, service, topic, partition);
    }
}

/* The last of a reading is decided: the position moves on, unless the process ends just now. */
void network_decided(struct world *w, enum service service, struct poll *poll)
{
    if (--poll->under_way > 0)
        return;
    if (poll->committed < poll->position && fault(w, COVERED_CRASH_BEFORE_POSITION, CRASHING + (int)service, w->mood.crash)) {
        crash(w, service, COVERED_CRASH_BEFORE_POSITION);
        return;
    }
    poll->committed = poll->position;
    ptrdiff_t index = poll - &w->contexts[service].polls[0][0];
    plan_poll(w, service, (int)index / PARTITIONS, (int)index % PARTITIONS);
}

/* ── relays ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void network_relay(struct world *w, enum service service)
{
    struct context *x = &w->contexts[service];
    if (x->relay_planned || !x->up)
        return;
    x->relay_planned = true;
    announce(w, wait_for(w, RELAYING + (int)service, w->mood.slow_relay), service, relay, NULL, service);
}

static void produce(struct world *w, struct fact *f)
{
    int partition = (int)(uuid_hash(f->correlation) % PARTITIONS);
    struct log *log = &w->logs[f->topic][partition];
    invariant(log->count < LOG_MAX);
    log->facts[log->count++] = f;
    for (int s = 0; s < SERVICES; s++)
        plan_poll(w, (enum service)s, (int)f->topic, partition);
}

static void relay(struct world *w, const struct happening *h)
{
    enum service service = (enum service)h->number_of;
    struct context *x = &w->contexts[service];
    x->relay_planned = false;
    for (uint32_t i = x->outbox_first; i != x->outbox_last; i++) {
        produce(w, x->outbox[i % OUTBOX_MAX]);
        if (fault(w, COVERED_CRASH_BEFORE_REMOVAL, CRASHING + (int)service, w->mood.copies)) {
            cover(w, COVERED_PRODUCED_TWICE);
            crash(w, service, COVERED_CRASH_BEFORE_REMOVAL);
            return;
        }
    }
    x->outbox_first = x->outbox_last;
}

/* ── processes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void restart(struct world *w, const struct happening *h)
{
    enum service service = (enum service)h->number_of;
    struct context *x = &w->contexts[service];
    x->up = true;
    TELL_HISTORY(w, "%-12s is up again", x->side->name);
    for (size_t i = 0; i < SLOTS; i++)
        for (int timer = 0; x->slots[i] && timer < TIMERS_MAX; timer++)
            if (x->slots[i]->due[timer])
                context_plan_timer(w, service, x->slots[i], timer);
    network_listen(w, service);
    if (x->outbox_first != x->outbox_last)
        network_relay(w, service);
    if (x->side->restart)
        x->side->restart(w);
}

void crash(struct world *w, enum service service, enum covered where)
{
    struct context *x = &w->contexts[service];
    static const char *const moments[COVERED_COUNT] = {
        [COVERED_CRASH_BEFORE_BATCH] = "before it decided",
        [COVERED_CRASH_BEFORE_EFFECTS] = "after the commit, before effects and answers",
        [COVERED_CRASH_BEFORE_POSITION] = "after the commit, before the consumer's position was kept",
        [COVERED_CRASH_BEFORE_REMOVAL] = "after it had produced, before the outbox was emptied",
    };
    TELL_HISTORY(w, "%-12s CRASHES %s", x->side->name, moments[where]);
    x->up = false;
    x->life++; /* what it had in mind is forgotten */
    x->queued = 0;
    x->batch_planned = x->relay_planned = false;
    for (int i = 0; i < TOPICS * PARTITIONS; i++) {
        struct poll *poll = &x->polls[0][0] + i;
        poll->position = poll->committed;
        poll->under_way = 0;
        poll->planned = false;
    }
    announce(w, MILLISECONDS(5) + wait_for(w, CRASHING + (int)service, w->mood.down), -1, restart, NULL, service);
}
