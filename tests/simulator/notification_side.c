/* Notification in the world: what is to be told of each order, and the channel that takes it, or not. */
#include "sides.h"

#include "notification.h"
#include <string.h>

/* ── inbound/events.c ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

#define NOTICE_KIND(kind, type, ...) [kind] = type,
static const char *const types[NOTICE_KINDS] = {
#include "notification.def"
};

#define LINES_ORDER                          true
#define LINES_CUSTOMER                       false
#define LINES_REASON                         false
#define LINES_CANCELLED                      false
#define LINES_REFUNDED                       false
#define LINES_CARRIER                        false
#define LINES_NOTHING                        false
#define NOTICE_KIND(kind, type, brings, ...) [kind] = LINES_##brings,
static const bool brings_lines[NOTICE_KINDS] = {
#include "notification.def"
};

/* "jumun.order.OrderPlaced.v1" is OrderPlaced's. */
static bool is_type_of(const char *type, const char *name)
{
    const char *dot = strrchr(type, '.');
    size_t n = strlen(name);
    return (size_t)(dot - type) > n && strncmp(dot - n, name, n) == 0 && dot[-(ptrdiff_t)n - 1] == '.';
}

static int kind_of(enum fact_type type)
{
    static int8_t kinds[FACT_TYPES]; /* 0: not looked for yet, -1: none, else the kind + 1 */
    for (int kind = 0; kinds[type] == 0 && kind < NOTICE_KINDS; kind++)
        if (is_type_of(types[kind], fact_names[type]))
            kinds[type] = (int8_t)(kind + 1);
    if (kinds[type] == 0)
        kinds[type] = -1;
    return kinds[type] > 0 ? kinds[type] - 1 : -1;
}

static enum cancel_reason reason_of(struct str name)
{
    for (int reason = REASON_UNKNOWN + 1; reason < CANCEL_REASONS; reason++)
        if (str_is(name, cancel_reason_names[reason]))
            return (enum cancel_reason)reason;
    return REASON_UNKNOWN;
}

static bool take(struct world *w, const struct fact *f, struct command *c)
{
    int kind = kind_of(f->type);
    if (kind < 0)
        return false;
    bool lines = brings_lines[kind] && f->lines.count > 0;
    struct tell tell = {.order = f->subject,
                        .kind = (enum notice_kind)kind,
                        .customer = f->customer,
                        .amount = f->money,
                        .reason = reason_of(f->reason),
                        .carrier = f->carrier,
                        .tracking_number = f->tracking_number};
    tell.first_item = lines ? f->lines.items[0].name : (struct str){0};
    tell.item_count = lines ? (int64_t)f->lines.count : 0;
    c->type = TELL;
    c->data = arena_copy(&w->arena, &tell, sizeof tell);
    return true;
}

static void tell_side(struct world *w, const struct decided_event *e, struct fact *f)
{
    const struct notice_told *told = e->data;
    int number = order_number(w, told->order);
    f->correlation = told->order;
    if (number >= 0 && w->orders[number].told & 1u << told->kind)
        violated(w, "18: order %d: its customer was told %s twice", number + 1, notice_kind_names[told->kind]);
    if (number >= 0)
        w->orders[number].told |= 1u << told->kind;
    if (e->type == NOTIFICATION_GIVEN_UP)
        cover(w, COVERED_NOTICE_GIVEN_UP);
}

/* ── outbound/sending.c ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct sending {
    struct sending_outcome outcome;
    struct uuid order, cause;
};

static void answer_arrives(struct world *w, const struct happening *h)
{
    const struct sending *s = h->what;
    int type = h->number_of ? RECORD_SENT : RECORD_FAILED;
    struct entry e = {.c = command_of(w, type, &s->outcome, sizeof s->outcome, s->order, s->cause)};
    context_submit(w, NOTIFICATION_SERVICE, &e);
}

static void resumed(struct world *w, const struct happening *h)
{
    const struct resume *r = h->what;
    struct entry e = {.c = command_of(w, r->command, &r->resumed, sizeof r->resumed, r->resumed.id, r->resumed.id)};
    context_submit(w, NOTIFICATION_SERVICE, &e);
}

/* Now is the time to say how one wants to be told, or to change one's mind. */
void customer_prefers(struct world *w, int number)
{
    static const int by[][2] = {{CHANNEL_alimtalk, CHANNEL_email}, {CHANNEL_webhook, CHANNEL_alimtalk}, {CHANNEL_email, CHANNEL_log}};
    uint32_t wish = choose(&w->choices, PREFERRING, 6);
    if (wish == 0 || wish > sizeof by / sizeof by[0] || !w->contexts[NOTIFICATION_SERVICE].up)
        return;
    struct prefer p = {.customer = w->orders[number].customer, .version = PREFERENCES_VERSION_ANY, .offered = ~0U};
    p.wanted = (struct preferences){.language = LANGUAGE_en,
                                    .channels = {2, {by[wish - 1][0], by[wish - 1][1]}},
                                    .email = STR("kim@example.com"),
                                    .phone = STR("01012345678"),
                                    .webhook_url = STR("https://example.com/jumun")};
    struct entry e = {.c = command_of(w, PREFER, &p, sizeof p, p.customer, p.customer)};
    context_submit(w, NOTIFICATION_SERVICE, &e);
}

static void start_effect(struct world *w, const struct decided_effect *e, const struct command *c, struct uuid cause, struct parked *asker)
{
    (void)c, (void)cause, (void)asker;
    if (e->effect == RESUME)
        announce(w, 0, NOTIFICATION_SERVICE, resumed, arena_copy(&w->arena, e->data, sizeof(struct resume)), 0);
    if (e->effect != SEND)
        return;
    const struct send *send = e->data;
    struct sending *s = ARENA_NEW(&w->arena, struct sending);
    *s = (struct sending){{send->notice, send->customer, send->channel, FAILURE_UNREACHABLE}, send->order, send->cause};
    bool taken = !fault(w, COVERED_CHANNEL_FAILED, CHANNEL, w->mood.channel_fails);
    if (!taken && choose(&w->choices, CHANNEL, 3) == 1)
        s->outcome.failure = FAILURE_NO_RECIPIENT;
    int number = order_number(w, send->order);
    if (taken && number >= 0)
        w->received[number][send->kind]++;
    announce(w, wait_for(w, CHANNEL, 6), NOTIFICATION_SERVICE, answer_arrives, s, taken);
}

/* outbound/sweep.c: what was intended and never answered. */
static void restart(struct world *w)
{
    struct context *x = &w->contexts[NOTIFICATION_SERVICE];
    for (size_t i = 0; i < SLOTS; i++) {
        const struct notice *n = x->slots[i] && x->slots[i]->a.kind == NOTICE ? x->slots[i]->a.state : NULL;
        if (!n || n->status != NOTICE_PENDING || n->attempts > 0)
            continue;
        struct resumed whose = {x->slots[i]->a.id, n->customer};
        struct entry e = {.c = command_of(w, SEND_AGAIN, &whose, sizeof whose, n->order, n->cause)};
        cover(w, COVERED_SWEPT);
        context_submit(w, NOTIFICATION_SERVICE, &e);
    }
}

/* ── what must have been told ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

void notices_expect(struct world *w, const struct fact *f)
{
    int kind = kind_of(f->type), number = order_number(w, f->subject);
    if (kind >= 0 && number >= 0)
        w->orders[number].to_be_told |= 1u << kind;
}

static int notices_of(const struct world *w, struct uuid order, int kind, const struct notice **one)
{
    const struct context *x = &w->contexts[NOTIFICATION_SERVICE];
    int n = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        const struct notice *notice = x->slots[i] && x->slots[i]->a.kind == NOTICE ? x->slots[i]->a.state : NULL;
        if (notice && notice->status != NOTICE_NONE && notice->kind == kind && uuid_equal(notice->order, order)) {
            *one = notice;
            n++;
        }
    }
    return n;
}

static void check_notice(struct world *w, int number, int kind)
{
    const struct notice *notice = NULL;
    int n = notices_of(w, w->orders[number].id, kind, &notice);
    bool expected = w->orders[number].to_be_told & 1u << kind;
    if (n != (int)expected)
        violated(w, "18: order %d has %d notices %s, not %d", number + 1, n, notice_kind_names[kind], (int)expected);
    if (notice && notice->status == NOTICE_PENDING)
        violated(w, "18: order %d: notice %s was never sent", number + 1, notice_kind_names[kind]);
    if (notice && notice->status == NOTICE_SENT && w->received[number][kind] == 0)
        violated(w, "18: order %d: notice %s was not received", number + 1, notice_kind_names[kind]);
    if (notice && !uuid_equal(notice->customer, w->orders[number].customer))
        violated(w, "18: order %d: notice %s went to another customer", number + 1, notice_kind_names[kind]);
}

void notices_check(struct world *w)
{
    for (int number = 0; number < w->order_count; number++)
        for (int kind = 0; !uuid_is_nil(w->orders[number].id) && kind < NOTICE_KINDS; kind++)
            check_notice(w, number, kind);
}

/* ── names ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *command_name(int type)
{
    static const char *const names[NOTIFICATION_COMMANDS] = {
        [COMMAND_TIMER_DUE] = "timer",
        [TELL] = "Tell",
        [SEND_AGAIN] = "SendAgain",
        [RECORD_SENT] = "sent",
        [RECORD_FAILED] = "RecordFailed",
        [TELL_WAITING] = "TellWaiting",
        [PREFER] = "Prefer",
    };
    return type < NOTIFICATION_COMMANDS ? names[type] : NULL;
}

static const char *state_name(const struct aggregate *a)
{
    return a->kind == NOTICE ? notice_status_names[((const struct notice *)a->state)->status] : NULL;
}

static void decided(struct world *w, const struct entry *e, struct aggregate *const *a, const struct decision *d)
{
    (void)e, (void)a;
    for (size_t i = 0; i < d->event_count; i++)
        if (d->events[i].type == DIALOGUE_WAITS)
            cover(w, COVERED_NOTICE_WAITED);
}

const struct side notification_side = {
    .name = "notification",
    .decider = &notification_decider,
    .topics = 1u << TOPIC_order | 1u << TOPIC_payment | 1u << TOPIC_preparation | 1u << TOPIC_delivery,
    .take = take,
    .tell = tell_side,
    .start_effect = start_effect,
    .restart = restart,
    .decided = decided,
    .command_name = command_name,
    .state_name = state_name,
};
