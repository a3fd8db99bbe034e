/* The breaker's states, its window of ten buckets, and its limits. */
#include "breaker.h"

#include "invariant.h"
#include <stdio.h>
#include <string.h>

const char *const breaker_state_names[BREAKER_STATES] = {
    [BREAKER_CLOSED] = "CLOSED",
    [BREAKER_OPEN] = "OPEN",
    [BREAKER_HALF_OPEN] = "HALF_OPEN",
};

void breaker_init(struct breaker *b, const struct breaker_config *config)
{
    invariant(config->window >= BREAKER_BUCKETS && config->open_for > 0);
    invariant(config->minimum_calls > 0 && config->probes > 0 && config->calls_max > 0);
    invariant(config->failure_percent > 0 && config->failure_percent <= 100);
    *b = (struct breaker){.config = *config, .state = BREAKER_CLOSED};
}

/* ── the window ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int64_t bucket_number(const struct breaker *b, duration now)
{
    return now / (b->config.window / BREAKER_BUCKETS);
}

static void count(struct breaker *b, bool answered, duration now)
{
    int64_t number = bucket_number(b, now);
    struct breaker_bucket *bucket = &b->buckets[number % BREAKER_BUCKETS];
    if (bucket->number != number)
        *bucket = (struct breaker_bucket){.number = number};
    bucket->ended++;
    bucket->failed += !answered;
}

void breaker_recent(const struct breaker *b, duration now, int64_t *ended, int64_t *failed)
{
    int64_t oldest = bucket_number(b, now) - BREAKER_BUCKETS + 1;
    *ended = *failed = 0;
    for (size_t i = 0; i < BREAKER_BUCKETS; i++)
        if (b->buckets[i].number >= oldest) {
            *ended += b->buckets[i].ended;
            *failed += b->buckets[i].failed;
        }
}

/* ── the states ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void change(struct breaker *b, enum breaker_state state, duration now)
{
    b->state = state;
    b->since = now;
    b->period++;
    b->probing = b->passed = 0;
    memset(b->buckets, 0, sizeof b->buckets);
    counter_add(&b->changes[state], 1);
}

static bool lets_through(struct breaker *b, duration now)
{
    if (b->state == BREAKER_OPEN && now - b->since >= b->config.open_for)
        change(b, BREAKER_HALF_OPEN, now);
    switch (b->state) {
    case BREAKER_CLOSED: return true;
    case BREAKER_OPEN: return false;
    case BREAKER_HALF_OPEN: return b->probing + b->passed < b->config.probes;
    case BREAKER_STATES: break;
    }
    unreachable();
}

enum breaker_verdict breaker_ask(struct breaker *b, duration now, struct breaker_permit *permit)
{
    if (!lets_through(b, now)) {
        counter_add(&b->refused_open, 1);
        return BREAKER_REFUSED_OPEN;
    }
    if (b->under_way >= b->config.calls_max) {
        counter_add(&b->refused_full, 1);
        return BREAKER_REFUSED_FULL;
    }
    b->under_way++;
    b->probing += b->state == BREAKER_HALF_OPEN;
    permit->period = b->period;
    return BREAKER_ADMITTED;
}

static void told_while_closed(struct breaker *b, bool answered, duration now)
{
    int64_t ended, failed;
    count(b, answered, now);
    breaker_recent(b, now, &ended, &failed);
    if (!answered && ended >= b->config.minimum_calls && failed * 100 >= b->config.failure_percent * ended)
        change(b, BREAKER_OPEN, now);
}

static void told_of_a_probe(struct breaker *b, bool answered, duration now)
{
    b->probing--;
    if (!answered)
        change(b, BREAKER_OPEN, now);
    else if (++b->passed == b->config.probes)
        change(b, BREAKER_CLOSED, now);
}

void breaker_tell(struct breaker *b, struct breaker_permit permit, bool answered, duration now)
{
    invariant(b->under_way > 0);
    b->under_way--;
    if (permit.period != b->period)
        return;
    if (b->state == BREAKER_CLOSED)
        told_while_closed(b, answered, now);
    else
        told_of_a_probe(b, answered, now); /* none is admitted while OPEN */
}

/* ── metrics ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *labels_of(char labels[100], const char *name, const char *key, const char *value)
{
    (void)snprintf(labels, 100, "breaker=\"%s\",%s=\"%s\"", name, key, value);
    return labels;
}

void breaker_show(const struct breaker *b, const char *name, struct metrics_page *page)
{
    static const char *const states[BREAKER_STATES] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_OPEN] = "open", [BREAKER_HALF_OPEN] = "half-open"};
    static const char refused[] = "jumun_breaker_refused_total", refused_help[] = "Calls that were not made, and why.";
    char labels[100];
    for (int i = 0; i < BREAKER_STATES; i++)
        metrics_value(page, "jumun_breaker_state", "1: the breaker is in this state.", labels_of(labels, name, "state", states[i]),
                      (int)b->state == i);
    for (int i = 0; i < BREAKER_STATES; i++)
        metrics_counter(page, "jumun_breaker_changes_total", "Changes into this state.", labels_of(labels, name, "to", states[i]),
                        &b->changes[i]);
    metrics_counter(page, refused, refused_help, labels_of(labels, name, "why", "open"), &b->refused_open);
    metrics_counter(page, refused, refused_help, labels_of(labels, name, "why", "full"), &b->refused_full);
    (void)snprintf(labels, sizeof labels, "breaker=\"%s\"", name);
    metrics_value(page, "jumun_breaker_under_way", "Calls that were let through and have not ended.", labels, (double)b->under_way);
}
