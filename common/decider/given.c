/* Deciders told as stories: a little world of aggregates in which commands are decided and applied, one by one. */
#include "given.h"

#include "buf.h"
#include "invariant.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ── failing, with the story's last page ────────────────────────────────────────────────────────────────────────────────────────── */

static void tell_decision(struct buf *b, const struct decision *d)
{
    if (d->refusal) {
        buf_printf(b, "\n  refused: %d %s: %.*s", d->refusal->status, d->refusal->type, STR_ARG(d->refusal->detail));
        return;
    }
    for (size_t i = 0; i < d->event_count; i++)
        buf_printf(b, "\n  event: %s", d->decider->events[d->events[i].type].name);
    for (size_t i = 0; i < d->timer_count; i++)
        buf_printf(b, "\n  timer: %s %s", d->decider->timers[d->timers[i].timer], d->timers[i].due ? "set" : "cleared");
    for (size_t i = 0; i < d->effect_count; i++)
        buf_printf(b, "\n  effect: %d", d->effects[i].effect);
    if (!d->event_count && !d->timer_count && !d->effect_count)
        buf_add(b, STR("\n  nothing"));
}

__attribute__((format(printf, 2, 3))) static void story_fail(struct story *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct str sentence = arena_vprintf(&s->arena, format, args);
    va_end(args);
    struct buf b = BUF_INIT;
    tell_decision(&b, &s->decision);
    print_error("%s\nThe last command was of type %d; decided was:%s\n", sentence.p, s->last.type, b.p);
    buf_release(&b);
    fail();
}

static const char *event_name(const struct story *s, int event)
{
    return event >= 0 && (size_t)event < s->decider->event_count ? s->decider->events[event].name : "an unknown event";
}

/* ── the world ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void story_init(struct story *s, const struct decider *decider)
{
    *s = (struct story){.decider = decider, .now = 1700000000000000}; /* some day in 2023; 0 would mean "none" */
    arena_init(&s->arena);
    decision_init(&s->decision, decider, &s->arena);
}

void story_release(struct story *s)
{
    arena_release(&s->arena);
}

struct aggregate *story_aggregate(struct story *s, int kind, struct uuid id)
{
    for (size_t i = 0; i < s->aggregate_count; i++)
        if (s->aggregates[i]->kind == kind && uuid_equal(s->aggregates[i]->id, id))
            return s->aggregates[i];
    invariant(kind >= 0 && (size_t)kind < s->decider->aggregate_count);
    invariant(s->aggregate_count < STORY_AGGREGATES);
    struct aggregate *a = ARENA_NEW(&s->arena, struct aggregate);
    *a = (struct aggregate){.kind = kind, .id = id, .state = arena_alloc(&s->arena, s->decider->aggregates[kind].state_size)};
    return s->aggregates[s->aggregate_count++] = a;
}

const void *story_state(struct story *s, int kind, struct uuid id)
{
    return story_aggregate(s, kind, id)->state;
}

/* ── deciding ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct page { /* what one command touches */
    struct keys keys;
    struct aggregate **aggregates;
    void **before; /* copies of their states */
};

static struct page touched(struct story *s, const struct command *c)
{
    struct page page = {0};
    keys_init(&page.keys, &s->arena);
    s->decider->keys(c, &page.keys);
    page.aggregates = ARENA_ARRAY(&s->arena, struct aggregate *, page.keys.count + 1);
    page.before = ARENA_ARRAY(&s->arena, void *, page.keys.count + 1);
    for (size_t i = 0; i < page.keys.count; i++) {
        struct aggregate *a = story_aggregate(s, page.keys.items[i].kind, page.keys.items[i].id);
        page.aggregates[i] = a;
        page.before[i] = arena_copy(&s->arena, a->state, s->decider->aggregates[a->kind].state_size);
    }
    return page;
}

static void check_states_untouched(struct story *s, const struct page *page)
{
    for (size_t i = 0; i < page->keys.count; i++) {
        const struct aggregate *a = page->aggregates[i];
        if (memcmp(a->state, page->before[i], s->decider->aggregates[a->kind].state_size) != 0)
            story_fail(s, "decide() changed the state of a %s itself; only evolve() may.", s->decider->aggregates[a->kind].name);
    }
}

static bool page_may_change(const struct page *page, const struct aggregate *a)
{
    for (size_t i = 0; i < page->keys.count; i++)
        if (page->aggregates[i] == a && !page->keys.items[i].consulted)
            return true;
    return false;
}

static void check_only_keyed_changed(struct story *s, const struct page *page)
{
    for (size_t i = 0; i < s->decision.event_count; i++) {
        const struct decided_event *e = &s->decision.events[i];
        if (!page_may_change(page, e->aggregate))
            story_fail(s, "%s happens to an aggregate that keys() did not name, or named as only consulted.", event_name(s, e->type));
    }
}

/* The end of a batch, which here is the end of each command. */
static void settle(struct story *s, struct aggregate *a)
{
    struct decision settled;
    decision_init(&settled, s->decider, &s->arena);
    s->decider->settle(a, &settled);
    if (settled.refusal || settled.timer_count || settled.effect_count)
        story_fail(s, "settle() may only add events.");
    decision_apply(&settled, &s->arena);
    for (size_t i = 0; i < settled.event_count; i++) {
        if (settled.events[i].aggregate != a)
            story_fail(s, "settle() may only add events of the aggregate it was called for.");
        decision_event(&s->decision, a, settled.events[i].type, settled.events[i].data);
    }
}

static void apply(struct story *s, const struct page *page)
{
    check_only_keyed_changed(s, page);
    decision_apply(&s->decision, &s->arena);
    for (size_t i = 0; i < s->aggregate_count; i++) {
        if (s->aggregates[i]->changed && s->decider->settle)
            settle(s, s->aggregates[i]);
        s->aggregates[i]->changed = false;
    }
}

void when(struct story *s, struct command c)
{
    if (!c.now)
        c.now = s->now;
    s->last = c;
    s->next_event = 0;
    decision_init(&s->decision, s->decider, &s->arena);
    struct page page = touched(s, &c);
    s->decider->decide(&c, page.aggregates, &s->decision);
    check_states_untouched(s, &page);
    if (!s->decision.refusal)
        apply(s, &page);
}

void given(struct story *s, struct command c)
{
    when(s, c);
    if (s->decision.refusal)
        story_fail(s, "What is given was refused.");
}

/* ── expecting ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void expect_not_refused(struct story *s)
{
    if (s->decision.refusal)
        story_fail(s, "Refused, and expected not to be.");
}

const void *then_event(struct story *s, int event)
{
    expect_not_refused(s);
    if (s->next_event == s->decision.event_count)
        story_fail(s, "Expected %s, but there is no further event.", event_name(s, event));
    const struct decided_event *e = &s->decision.events[s->next_event++];
    if (e->type != event)
        story_fail(s, "Expected %s as event %zu, but it is %s.", event_name(s, event), s->next_event, event_name(s, e->type));
    return e->data;
}

void then_no_more(struct story *s)
{
    expect_not_refused(s);
    if (s->next_event < s->decision.event_count)
        story_fail(s, "Expected no further event, but there is %s.", event_name(s, s->decision.events[s->next_event].type));
}

void then_nothing(struct story *s)
{
    expect_not_refused(s);
    if (s->decision.event_count || s->decision.timer_count || s->decision.effect_count)
        story_fail(s, "Expected that nothing is decided.");
}

const struct refusal *then_refused(struct story *s, int status, const char *type)
{
    const struct refusal *r = s->decision.refusal;
    if (!r || r->status != status || strcmp(r->type, type) != 0)
        story_fail(s, "Expected to be refused with %d %s.", status, type);
    return r;
}

const void *then_effect(struct story *s, int effect)
{
    expect_not_refused(s);
    for (size_t i = 0; i < s->decision.effect_count; i++)
        if (s->decision.effects[i].effect == effect)
            return s->decision.effects[i].data;
    story_fail(s, "Expected effect %d to be started.", effect);
    unreachable();
}

instant then_timer(struct story *s, int timer)
{
    expect_not_refused(s);
    invariant(timer >= 0 && (size_t)timer < s->decider->timer_count);
    for (size_t i = 0; i < s->decision.timer_count; i++)
        if (s->decision.timers[i].timer == timer)
            return s->decision.timers[i].due;
    story_fail(s, "Expected the timer %s to be set or cleared.", s->decider->timers[timer]);
    unreachable();
}
