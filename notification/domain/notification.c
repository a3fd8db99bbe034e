/* Notification: who is told what about an order, and that it is told once. */
#include "notification.h"

#include "invariant.h"
#include "text.h"
#include <string.h>

#define NOTICE_KIND(kind, ...) #kind,
const char *const notice_kind_names[] = {
#include "notification.def"
};
#define CANCEL_REASON(reason, name, korean, english) name,
const char *const cancel_reason_names[] = {
#include "notification.def"
};
#define NOTICE_STATUS(status) #status,
const char *const notice_status_names[] = {
#include "notification.def"
};
#define NOTICE_CHANNEL(channel) #channel,
const char *const notice_channel_names[] = {
#include "notification.def"
};
#define NOTICE_LANGUAGE(language) #language,
const char *const notice_language_names[] = {
#include "notification.def"
};

/* The order's time stands in front, as in the order's own id: so that new notices are neighbours in the indexes. */
struct uuid notice_id(struct uuid order, enum notice_kind kind)
{
    struct uuid id = uuid_named(order, str_of(notice_kind_names[kind]));
    memcpy(id.b, order.b, 6);
    return id;
}

duration notice_pause(int64_t failed_attempts)
{
    return SECONDS((int64_t)1 << failed_attempts);
}

/* ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Kinds that may have to wait: those that other contexts bring. What order says comes after the order was placed, and names its customer.
 */
#define WAITS_ORDER                          0
#define WAITS_CUSTOMER                       0
#define WAITS_REASON                         0
#define WAITS_CANCELLED                      0
#define WAITS_REFUNDED                       1
#define WAITS_CARRIER                        1
#define WAITS_NOTHING                        1
#define NOTICE_KIND(kind, type, brings, ...) [kind] = WAITS_##brings,
static const bool may_wait[NOTICE_KINDS] = {
#include "notification.def"
};

static void keys_of_timer(const struct timer_due *due, struct keys *keys)
{
    keys_add(keys, due->aggregate_kind, due->id);
    if (due->timer != CATCH_UP)
        return;
    for (int kind = 0; kind < NOTICE_KINDS; kind++)
        if (may_wait[kind])
            keys_add(keys, NOTICE, notice_id(due->id, kind));
}

static void notification_keys(const struct command *c, struct keys *keys)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: keys_of_timer(c->data, keys); break;
    case TELL: {
        const struct tell *t = c->data;
        keys_add(keys, DIALOGUE, t->order);
        keys_add(keys, NOTICE, notice_id(t->order, t->kind));
        break;
    }
    case SEND_AGAIN:
    case RECORD_SENT:
    case RECORD_FAILED: keys_add(keys, NOTICE, ((const struct notice_ref *)c->data)->notice); break;
    default: unreachable();
    }
}

/* ── decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void send(struct decision *d, const struct aggregate *a, const struct notice *n)
{
    size_t size = sizeof(struct send) + n->text.n;
    struct send *s = arena_alloc(d->arena, size);
    *s = (struct send){
        .notice = a->id,
        .order = n->order,
        .customer = n->customer,
        .cause = n->cause,
        .kind = n->kind,
        .channel = n->channel,
        .language = n->language,
        .text_length = n->text.n,
    };
    memcpy(s->text, n->text.p, n->text.n);
    decision_effect(d, a, SEND, s, size);
}

static void intend(struct aggregate *a, const struct tell *t, struct uuid cause, instant now, struct decision *d)
{
    const struct notice *before = a->state;
    if (before->status != NOTICE_NONE)
        return;
    struct notice n = {
        .order = t->order,
        .customer = t->customer,
        .cause = cause,
        .kind = t->kind,
        .channel = CHANNEL_log,
        .language = LANGUAGE_ko,
        .status = NOTICE_PENDING,
        .at = now,
    };
    struct text_facts facts = {t->first_item, t->item_count, t->amount, t->reason, t->carrier, t->tracking_number};
    n.text = notice_text(d->arena, t->kind, n.language, &facts);
    decision_event(d, a, NOTICE_INTENDED, &n);
    send(d, a, &n);
}

static void learn(const struct command *c, struct aggregate *a, const struct tell *whole, struct decision *d)
{
    const struct dialogue *dialogue = a->state;
    bool news = (uuid_is_nil(dialogue->customer) && !uuid_is_nil(whole->customer)) ||
                (str_absent(dialogue->first_item) && !str_absent(whole->first_item));
    if (!news)
        return;
    decision_event(d, a, DIALOGUE_LEARNT, &(struct dialogue_learnt){whole->customer, c->cause, whole->first_item, whole->item_count});
    if (dialogue->waiting && !str_absent(whole->first_item))
        decision_timer(d, a, CATCH_UP, c->now); /* rather than naming every notice that might wait in every command that names a customer */
}

static void wait_for_order(struct aggregate *a, const struct tell *t, struct decision *d)
{
    const struct dialogue *dialogue = a->state;
    int64_t bit = (int64_t)1 << t->kind;
    if (!(dialogue->waiting & bit))
        decision_event(d, a, DIALOGUE_WAITS, &(struct dialogue_waits){bit, t->carrier, t->tracking_number, t->amount});
}

static void decide_tell(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct dialogue *known = a[0]->state;
    struct tell t = *(const struct tell *)c->data;
    if (uuid_is_nil(t.customer))
        t.customer = known->customer;
    if (!uuid_is_nil(known->customer) && !uuid_equal(t.customer, known->customer)) {
        decision_refuse_with(d, 409, "/problems/other-customer", "The order is another customer's",
                             "Earlier events of this order name another customer.");
        return;
    }
    if (str_absent(t.first_item)) {
        t.first_item = known->first_item;
        t.item_count = known->item_count;
    }
    if (may_wait[t.kind] && str_absent(t.first_item)) {
        wait_for_order(a[0], &t, d);
        return;
    }
    learn(c, a[0], &t, d);
    intend(a[1], &t, c->cause, c->now, d);
}

static void decide_catch_up(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct dialogue *dialogue = a[0]->state;
    if (str_absent(dialogue->first_item) || !dialogue->waiting)
        return;
    int next = 1;
    for (int kind = 0; kind < NOTICE_KINDS; kind++) {
        if (!may_wait[kind])
            continue;
        struct aggregate *notice = a[next++];
        struct tell t = {
            .order = a[0]->id,
            .kind = kind,
            .customer = dialogue->customer,
            .first_item = dialogue->first_item,
            .item_count = dialogue->item_count,
            .amount = dialogue->amount,
            .carrier = dialogue->carrier,
            .tracking_number = dialogue->tracking_number,
        };
        if (dialogue->waiting & (int64_t)1 << kind)
            intend(notice, &t, dialogue->cause, c->now, d);
    }
    decision_event(d, a[0], DIALOGUE_CAUGHT_UP, &(struct dialogue_caught_up){0});
}

static void decide_sent(struct aggregate *a, struct decision *d)
{
    const struct notice *n = a->state;
    if (n->status != NOTICE_PENDING)
        return;
    decision_event(d, a, NOTIFICATION_SENT, &(struct notice_told){n->order, n->customer, n->kind, n->channel});
    if (n->attempts > 0)
        decision_timer(d, a, RETRY, 0);
}

static void decide_failed(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct notice *n = a->state;
    if (n->status != NOTICE_PENDING)
        return;
    int64_t attempts = n->attempts + 1;
    if (attempts < NOTICE_ATTEMPTS_MAX) {
        decision_event(d, a, NOTICE_DELAYED, &(struct notice_delayed){attempts});
        decision_timer(d, a, RETRY, c->now + notice_pause(attempts));
    } else {
        decision_event(d, a, NOTIFICATION_GIVEN_UP, &(struct notice_told){n->order, n->customer, n->kind, n->channel});
        decision_timer(d, a, RETRY, 0);
    }
}

static void decide_again(struct aggregate *a, struct decision *d)
{
    const struct notice *n = a->state;
    if (n->status == NOTICE_PENDING)
        send(d, a, n);
}

/* The timer is set again at once: a crash before the channel's answer must not leave a notice that nobody looks after. */
static void decide_retry(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct notice *n = a->state;
    decide_again(a, d);
    if (n->status == NOTICE_PENDING)
        decision_timer(d, a, RETRY, c->now + notice_pause(n->attempts));
}

static void decide_timer(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct timer_due *due = c->data;
    if (due->timer == CATCH_UP)
        decide_catch_up(c, a, d);
    else
        decide_retry(c, a[0], d);
}

static void notification_decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: decide_timer(c, a, d); break;
    case TELL: decide_tell(c, a, d); break;
    case SEND_AGAIN: decide_again(a[0], d); break;
    case RECORD_SENT: decide_sent(a[0], d); break;
    case RECORD_FAILED: decide_failed(c, a[0], d); break;
    default: unreachable();
    }
}

/* ── evolve ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void evolve_dialogue(struct dialogue *state, int event, const void *data)
{
    const struct dialogue_learnt *learnt = data;
    const struct dialogue_waits *waits = data;
    switch (event) {
    case DIALOGUE_LEARNT:
        state->customer = learnt->customer;
        state->cause = learnt->cause;
        state->first_item = learnt->first_item;
        state->item_count = learnt->item_count;
        break;
    case DIALOGUE_WAITS:
        state->waiting |= waits->waiting;
        if (!str_absent(waits->carrier)) {
            state->carrier = waits->carrier;
            state->tracking_number = waits->tracking_number;
        }
        if (waits->amount.currency[0])
            state->amount = waits->amount;
        break;
    case DIALOGUE_CAUGHT_UP:
        state->waiting = 0;
        state->carrier = state->tracking_number = (struct str){0};
        state->amount = (struct money){0};
        break;
    default: unreachable();
    }
}

static void evolve_notice(struct notice *state, int event, const void *data)
{
    switch (event) {
    case NOTICE_INTENDED: *state = *(const struct notice *)data; break;
    case NOTICE_DELAYED: state->attempts = ((const struct notice_delayed *)data)->attempts; break;
    case NOTIFICATION_SENT: state->status = NOTICE_SENT; break;
    case NOTIFICATION_GIVEN_UP: state->status = NOTICE_GIVEN_UP; break;
    default: unreachable();
    }
}

static void notification_evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    (void)arena; /* what the events point to lives as long as the batch, as the states do */
    if (a->kind == DIALOGUE)
        evolve_dialogue(a->state, event, data);
    else
        evolve_notice(a->state, event, data);
}

/* ── the tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct aggregate_type aggregates[] = {
    [DIALOGUE] = {"dialogue", sizeof(struct dialogue)},
    [NOTICE] = {"notice", sizeof(struct notice)},
};
#define NOTIFICATION_EVENT(event, name, reach, data) [event] = {name, EVENT_##reach, "jumun.notification", sizeof(data)},
static const struct event_type events[] = {
#include "notification.def"
};
static const char *const timers[] = {[CATCH_UP] = "catch_up", [RETRY] = "retry"};

const struct decider notification_decider = {
    .aggregates = aggregates,
    .aggregate_count = NOTIFICATION_AGGREGATES,
    .events = events,
    .event_count = NOTIFICATION_EVENTS,
    .timers = timers,
    .timer_count = NOTIFICATION_TIMERS,
    .keys = notification_keys,
    .decide = notification_decide,
    .evolve = notification_evolve,
};
