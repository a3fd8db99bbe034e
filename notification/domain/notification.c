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
#define CHANNEL_FAILURE(failure, name, again) name,
const char *const channel_failure_names[] = {
#include "notification.def"
};
#define CHANNEL_FAILURE(failure, name, again) again,
static const bool is_worth_trying_again[] = {
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

static void keys_of_waiting(struct resumed dialogue, struct keys *keys)
{
    keys_add(keys, DIALOGUE, dialogue.id);
    keys_consult(keys, PREFERENCES, dialogue.customer);
    for (int kind = 0; kind < NOTICE_KINDS; kind++)
        if (may_wait[kind])
            keys_add(keys, NOTICE, notice_id(dialogue.id, kind));
}

static void keys_of_notice(struct uuid notice, struct uuid customer, struct keys *keys)
{
    keys_add(keys, NOTICE, notice);
    keys_consult(keys, PREFERENCES, customer);
}

static void keys_of_tell(const struct tell *t, struct keys *keys)
{
    keys_add(keys, DIALOGUE, t->order);
    keys_add(keys, NOTICE, notice_id(t->order, t->kind));
    if (!uuid_is_nil(t->customer))
        keys_consult(keys, PREFERENCES, t->customer);
}

static void notification_keys(const struct command *c, struct keys *keys)
{
    const struct timer_due *due = c->data;
    const struct resumed *resumed = c->data;
    const struct sending_outcome *outcome = c->data;
    switch (c->type) {
    case COMMAND_TIMER_DUE: keys_add(keys, due->aggregate_kind, due->id); break;
    case TELL: keys_of_tell(c->data, keys); break;
    case TELL_WAITING: keys_of_waiting(*resumed, keys); break;
    case SEND_AGAIN: keys_of_notice(resumed->id, resumed->customer, keys); break;
    case RECORD_SENT: keys_add(keys, NOTICE, outcome->notice); break;
    case RECORD_FAILED: keys_of_notice(outcome->notice, outcome->customer, keys); break;
    case PREFER: keys_add(keys, PREFERENCES, ((const struct prefer *)c->data)->customer); break;
    default: unreachable();
    }
}

/* ── decide ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void send(struct decision *d, const struct aggregate *a, const struct notice *n, const struct preferences *preferences)
{
    struct str address = preferences_address(preferences, n->channel);
    size_t size = sizeof(struct send) + n->text.n + address.n;
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
        .address_length = address.n,
    };
    memcpy(s->text, n->text.p, n->text.n);
    if (address.n > 0)
        memcpy(s->text + n->text.n, address.p, address.n);
    decision_effect(d, a, SEND, s, size);
}

/* The effect may be lost in a crash, so the timer stands beside it until it has come back. */
static void resume(const struct command *c, struct aggregate *a, int command, struct uuid customer, int timer, struct decision *d)
{
    decision_effect(d, a, RESUME, &(struct resume){command, {a->id, customer}}, sizeof(struct resume));
    decision_timer(d, a, timer, c->now + SENDING_PATIENCE);
}

/* ── an event is told ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void intend(struct aggregate *a, const struct tell *t, const struct preferences *preferences, struct uuid cause, instant now,
                   struct decision *d)
{
    const struct notice *before = a->state;
    if (before->status != NOTICE_NONE)
        return;
    struct notice n = {
        .order = t->order,
        .customer = t->customer,
        .cause = cause,
        .kind = t->kind,
        .channel = preferences_channel(preferences, 0),
        .language = preferences->language,
        .status = NOTICE_PENDING,
        .at = now,
    };
    struct text_facts facts = {t->first_item, t->item_count, t->amount, t->reason, t->carrier, t->tracking_number};
    n.text = notice_text(d->arena, t->kind, n.language, &facts);
    decision_event(d, a, NOTICE_INTENDED, &n);
    send(d, a, &n, preferences);
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
        resume(c, a, TELL_WAITING, whole->customer, CATCH_UP, d);
}

/* For the order to be known, or only, where the event does not say whose it is, for the customer's preferences to be loaded. */
static void wait(const struct command *c, struct aggregate *a, const struct tell *t, struct decision *d)
{
    const struct dialogue *dialogue = a->state;
    int64_t bit = (int64_t)1 << t->kind;
    if (!(dialogue->waiting & bit))
        decision_event(d, a, DIALOGUE_WAITS, &(struct dialogue_waits){bit, t->carrier, t->tracking_number, t->amount});
    if (!str_absent(dialogue->first_item))
        resume(c, a, TELL_WAITING, dialogue->customer, CATCH_UP, d);
}

static bool is_told(const struct aggregate *notice)
{
    return ((const struct notice *)notice->state)->status != NOTICE_NONE;
}

static void decide_tell(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct dialogue *known = a[0]->state;
    struct tell t = *(const struct tell *)c->data;
    bool named = !uuid_is_nil(t.customer);
    if (named && !uuid_is_nil(known->customer) && !uuid_equal(t.customer, known->customer)) {
        decision_refuse_with(d, 409, "/problems/other-customer", "The order is another customer's",
                             "Earlier events of this order name another customer.");
        return;
    }
    if (str_absent(t.first_item)) {
        t.first_item = known->first_item;
        t.item_count = known->item_count;
    }
    if (!named || (may_wait[t.kind] && str_absent(t.first_item))) {
        if (!is_told(a[1]))
            wait(c, a[0], &t, d);
        return;
    }
    learn(c, a[0], &t, d);
    intend(a[1], &t, a[2]->state, c->cause, c->now, d);
}

static void decide_waiting(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct dialogue *dialogue = a[0]->state;
    const struct preferences *preferences = a[1]->state;
    if (str_absent(dialogue->first_item) || !dialogue->waiting)
        return;
    int next = 2;
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
            intend(notice, &t, preferences, dialogue->cause, c->now, d);
    }
    decision_event(d, a[0], DIALOGUE_CAUGHT_UP, &(struct dialogue_caught_up){0});
    decision_timer(d, a[0], CATCH_UP, 0);
}

/* ── a notice is sent ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static unsigned failed_channels(const struct channel_failures *failures)
{
    unsigned failed = 0;
    for (int i = 0; i < failures->count; i++)
        failed |= 1U << failures->items[i].channel;
    return failed;
}

static struct notice_told told(const struct notice *n, int channel)
{
    return (struct notice_told){n->order, n->customer, n->kind, channel, n->failures};
}

static void decide_sent(const struct sending_outcome *o, struct aggregate *a, struct decision *d)
{
    const struct notice *n = a->state;
    if (n->status != NOTICE_PENDING)
        return;
    struct notice_told sent = told(n, o->channel);
    decision_event(d, a, NOTIFICATION_SENT, &sent);
    if (n->attempts > 0 || n->failures.count > 0)
        decision_timer(d, a, RETRY, 0);
}

static void give_up(struct aggregate *a, const struct channel_failures *failures, struct decision *d)
{
    struct notice_told given_up = told(a->state, ((const struct notice *)a->state)->channel);
    given_up.failures = *failures;
    decision_event(d, a, NOTIFICATION_GIVEN_UP, &given_up);
    decision_timer(d, a, RETRY, 0);
}

static void move(const struct command *c, struct aggregate *a, const struct preferences *preferences, const struct notice_moved *moved,
                 struct decision *d)
{
    struct notice n = *(const struct notice *)a->state;
    n.channel = moved->channel;
    decision_event(d, a, NOTICE_MOVED, moved);
    send(d, a, &n, preferences);
    decision_timer(d, a, RETRY, c->now + SENDING_PATIENCE);
}

static void report(const struct aggregate *a, const struct sending_outcome *o, bool given_up, struct decision *d)
{
    const struct notice *n = a->state;
    decision_effect(d, a, REPORT, &(struct report){a->id, n->order, n->kind, o->channel, o->failure, given_up}, sizeof(struct report));
}

static void decide_failed(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct sending_outcome *o = c->data;
    const struct notice *n = a[0]->state;
    if (n->status != NOTICE_PENDING || n->channel != o->channel) /* or it is another channel's turn already */
        return;
    struct notice_moved moved = {.failures = n->failures};
    moved.failures.items[moved.failures.count].channel = o->channel;
    moved.failures.items[moved.failures.count++].failure = o->failure;
    moved.channel = preferences_channel(a[1]->state, failed_channels(&moved.failures));
    int64_t attempts = n->attempts + 1;
    if (is_worth_trying_again[o->failure] && attempts < (moved.channel < 0 ? NOTICE_ATTEMPTS_MAX : NOTICE_ATTEMPTS_BEFORE_FALLBACK)) {
        decision_event(d, a[0], NOTICE_DELAYED, &(struct notice_delayed){attempts});
        decision_timer(d, a[0], RETRY, c->now + notice_pause(attempts));
        return;
    }
    if (moved.channel < 0)
        give_up(a[0], &moved.failures, d);
    else
        move(c, a[0], a[1]->state, &moved, d);
    report(a[0], o, moved.channel < 0, d);
}

/* As the customer prefers now: since it failed they may have named another channel, or corrected an address. */
static void decide_again(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    const struct notice *n = a[0]->state;
    if (n->status != NOTICE_PENDING)
        return;
    int channel = preferences_channel(a[1]->state, failed_channels(&n->failures));
    if (channel < 0)
        give_up(a[0], &n->failures, d);
    else if (channel == n->channel)
        send(d, a[0], n, a[1]->state);
    else
        move(c, a[0], a[1]->state, &(struct notice_moved){channel, n->failures}, d);
}

static void decide_timer(const struct command *c, struct aggregate *a, struct decision *d)
{
    const struct dialogue *dialogue = a->state;
    const struct notice *notice = a->state;
    if (a->kind == NOTICE && notice->status == NOTICE_PENDING)
        resume(c, a, SEND_AGAIN, notice->customer, RETRY, d);
    if (a->kind == DIALOGUE && dialogue->waiting && !str_absent(dialogue->first_item))
        resume(c, a, TELL_WAITING, dialogue->customer, CATCH_UP, d);
}

static void notification_decide(const struct command *c, struct aggregate *const *a, struct decision *d)
{
    switch (c->type) {
    case COMMAND_TIMER_DUE: decide_timer(c, a[0], d); break;
    case TELL: decide_tell(c, a, d); break;
    case TELL_WAITING: decide_waiting(c, a, d); break;
    case SEND_AGAIN: decide_again(c, a, d); break;
    case RECORD_SENT: decide_sent(c->data, a[0], d); break;
    case RECORD_FAILED: decide_failed(c, a, d); break;
    case PREFER: decide_prefer(c->data, a[0], d); break;
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
    case NOTICE_MOVED:
        state->channel = ((const struct notice_moved *)data)->channel;
        state->failures = ((const struct notice_moved *)data)->failures;
        state->attempts = 0;
        break;
    case NOTICE_DELAYED: state->attempts = ((const struct notice_delayed *)data)->attempts; break;
    case NOTIFICATION_SENT:
        state->status = NOTICE_SENT;
        state->channel = ((const struct notice_told *)data)->channel;
        break;
    case NOTIFICATION_GIVEN_UP:
        state->status = NOTICE_GIVEN_UP;
        state->failures = ((const struct notice_told *)data)->failures;
        break;
    default: unreachable();
    }
}

static void notification_evolve(struct aggregate *a, int event, const void *data, struct arena *arena)
{
    (void)arena; /* what the events point to lives as long as the batch, as the states do */
    switch (a->kind) {
    case DIALOGUE: evolve_dialogue(a->state, event, data); break;
    case NOTICE: evolve_notice(a->state, event, data); break;
    case PREFERENCES: *(struct preferences *)a->state = *(const struct preferences *)data; break;
    default: unreachable();
    }
}

/* ── the tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct aggregate_type aggregates[] = {
    [DIALOGUE] = {"dialogue", sizeof(struct dialogue)},
    [NOTICE] = {"notice", sizeof(struct notice)},
    [PREFERENCES] = {"preferences", sizeof(struct preferences)},
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
