/* Payment in the world: order's questions and delivery's decision become its commands; it asks the provider, and tells what came of it. */
#include "sides.h"

#include "invariant.h"
#include "payment.h"

static const struct payment *payment_of(const struct world *w, struct uuid order)
{
    const struct aggregate *a = context_look(w, PAYMENT_SERVICE, PAYMENT, order);
    return a ? a->state : NULL;
}

/* ── inbound/events.c, outbound/event_data.c ────────────────────────────────────────────────────────────────────────────────────────── */

static bool take(struct world *w, const struct fact *f, struct command *c)
{
    if (f->type != FACT_DeliveryCancelled)
        return false;
    struct record_delivery_cancelled r = {.order = f->correlation};
    c->type = RECORD_DELIVERY_CANCELLED;
    c->data = arena_copy(&w->arena, &r, sizeof r);
    return true;
}

static void tell_side(struct world *w, const struct decided_event *e, struct fact *f)
{
    const struct payment *p = e->aggregate->state;
    f->customer = p->customer;
    f->payment = p->id;
    switch ((enum payment_event)e->type) {
    case PAYMENT_APPROVED_EVENT:
        f->attempt = ((const struct payment_approved *)e->data)->attempt;
        f->money = p->amount;
        break;
    case PAYMENT_DECLINED_EVENT:
        f->attempt = ((const struct payment_declined *)e->data)->attempt;
        f->code = ((const struct payment_declined *)e->data)->code;
        break;
    case PAYMENT_REFUNDED_EVENT: f->money = p->amount; break;
    case PAYMENT_NEEDS_REVIEW_EVENT:
        f->attempt = ((const struct payment_needs_review *)e->data)->attempt;
        f->reason = ((const struct payment_needs_review *)e->data)->reason;
        break;
    default: break;
    }
    notices_expect(w, f);
}

/* ── outbound/provider.c ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Nothing is given back before delivery has decided. */
static void ask_refund(struct world *w, const struct ask_refund *ask, struct provider_question *q)
{
    struct delivery_view delivery;
    delivery_look(w, ask->order, &delivery);
    if (!delivery.cancelled)
        violated(w, "2: a refund is asked for, but delivery has not cancelled");
    q->refund = true;
    q->number = ask->refund;
    q->key = ask->key;
    q->order = ask->order;
    q->amount = ask->amount;
    q->charge = str_of(ask->charge);
}

static void start_effect(struct world *w, const struct decided_effect *e, const struct command *c, struct uuid cause, struct parked *asker)
{
    (void)c;
    struct provider_question *q = ARENA_NEW(&w->arena, struct provider_question);
    *q = (struct provider_question){.cause = cause, .asker = asker};
    if (e->effect == PAYMENT_ASK_REFUND) {
        ask_refund(w, e->data, q);
    } else {
        const struct ask_provider *ask = e->data;
        q->order = ask->order;
        q->number = ask->attempt;
        q->key = ask->key;
        q->amount = ask->amount;
        q->token = str_of(ask->token);
    }
    provider_asked(w, q);
}

static const enum provider_answer answers[] = {
    [PROVIDER_SAYS_NOTHING] = PROVIDER_SILENT,
    [PROVIDER_SAYS_NO] = PROVIDER_DECLINED,
    [PROVIDER_SAYS_YES] = PROVIDER_APPROVED,
};

static struct command outcome_command(struct world *w, const struct provider_question *q)
{
    struct record_outcome r = {.order = q->order, .attempt = q->number, .answer = answers[q->says], .patience = REVIEW_PATIENCE};
    r.reference = q->says == PROVIDER_SAYS_YES ? q->reference : (struct str){0};
    r.decline_code = q->says == PROVIDER_SAYS_NO ? q->code : (struct str){0};
    return command_of(w, RECORD_OUTCOME, &r, sizeof r, q->order, q->cause);
}

static struct command refund_command(struct world *w, const struct provider_question *q)
{
    struct record_refund r = {.order = q->order, .refund = q->number, .answer = answers[q->says], .patience = REVIEW_PATIENCE};
    r.reference = q->says == PROVIDER_SAYS_YES ? q->reference : (struct str){0};
    r.fault_code = q->says == PROVIDER_SAYS_NO ? q->code : (struct str){0};
    return command_of(w, RECORD_REFUND, &r, sizeof r, q->order, q->cause);
}

void payment_told(struct world *w, const struct provider_question *q)
{
    struct entry e = {.c = q->refund ? refund_command(w, q) : outcome_command(w, q), .asker = q->asker, .answers = true};
    context_submit(w, PAYMENT_SERVICE, &e);
}

/* ── inbound/http.c ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void payment_attempt_asked(struct world *w, struct call *call)
{
    struct make_attempt make = {.order = call->order,
                                .customer = call->customer,
                                .attempt = call->attempt,
                                .amount = call->amount,
                                .method = call->method,
                                .token = call->token};
    struct entry e = {.c = command_of(w, MAKE_ATTEMPT, &make, sizeof make, call->order, call->cause), .asker = &call->asker};
    context_submit(w, PAYMENT_SERVICE, &e);
}

/* As answer_attempt() has it. */
bool payment_compose(struct world *w, struct parked *asker, struct aggregate *const *a, const struct command *c, const struct decision *d)
{
    (void)w;
    struct call *call = (struct call *)asker; /* its first member */
    const struct payment *p = a[0]->state;
    if (c->type == MAKE_ATTEMPT && d->effect_count > 0)
        return true; /* the provider is being asked */
    if (d->refusal)
        return false; /* order does not understand it: not known */
    const struct payment_attempt *attempt = payment_telling_attempt(p, call->attempt);
    call->payment = p->id;
    if (p->status == PAYMENT_CLOSED) {
        call->said = CALL_CLOSED;
        call->said_attempt = call->attempt;
        return false;
    }
    call->said_attempt = attempt->number;
    call->amount = p->amount;
    call->said = attempt->status == PAYMENT_APPROVED ? CALL_APPROVED : attempt->status == PAYMENT_DECLINED ? CALL_DECLINED : CALL_UNKNOWN;
    call->code = attempt->decline_code;
    return false;
}

void payment_cancel_asked(struct world *w, int number, struct parked *asker)
{
    struct cancel_payment cancel = {.order = w->orders[number].id, .customer = w->orders[number].customer};
    struct entry e = {.c = command_of(w, CANCEL_PAYMENT, &cancel, sizeof cancel, cancel.order, world_id(w)), .asker = asker};
    context_submit(w, PAYMENT_SERVICE, &e);
}

/* ── looking at it ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void payment_look(const struct world *w, struct uuid order, struct payment_view *v)
{
    const struct payment *p = payment_of(w, order);
    *v = (struct payment_view){.none = !p};
    if (!p)
        return;
    *v = (struct payment_view){
        .exists = true,
        .open = p->status == PAYMENT_PROCESSING || p->status == PAYMENT_UNKNOWN,
        .approved = p->status == PAYMENT_APPROVED,
        .refunding = p->status == PAYMENT_REFUNDING,
        .refunded = p->status == PAYMENT_REFUNDED,
        .closed = p->status == PAYMENT_CLOSED,
        .review = !str_absent(p->needs_review),
        .amount = p->amount,
    };
    for (size_t i = 0; i < p->attempts.count; i++)
        v->approved_attempts += p->attempts.items[i].status == PAYMENT_APPROVED;
}

static const char *command_name(int type)
{
    static const char *const names[PAYMENT_COMMANDS] = {
        [COMMAND_TIMER_DUE] = "timer",
        [MAKE_ATTEMPT] = "MakeAttempt",
        [RECORD_OUTCOME] = "RecordOutcome",
        [CANCEL_PAYMENT] = "CancelPayment",
        [RECORD_DELIVERY_CANCELLED] = "RecordDeliveryCancelled",
        [RECORD_REFUND] = "RecordRefund",
    };
    return type < PAYMENT_COMMANDS ? names[type] : NULL;
}

static const char *state_name(const struct aggregate *a)
{
    return payment_status_names[((const struct payment *)a->state)->status];
}

static void decided(struct world *w, const struct entry *e, struct aggregate *const *a, const struct decision *d)
{
    const struct payment *p = a[0]->state;
    bool open = p->status == PAYMENT_PROCESSING || p->status == PAYMENT_UNKNOWN;
    if (e->c.type == RECORD_DELIVERY_CANCELLED && p->status == PAYMENT_NONE)
        cover(w, COVERED_TOMBSTONE_PAYMENT);
    if (e->c.type == RECORD_DELIVERY_CANCELLED && open)
        cover(w, COVERED_CLOSED_WHILE_OPEN);
    if (e->c.type == MAKE_ATTEMPT && p->status == PAYMENT_CLOSED && p->attempts.count == 0)
        cover(w, COVERED_ATTEMPT_AFTER_TOMBSTONE);
    if (e->c.type == CANCEL_PAYMENT && d->event_count > 0)
        cover(w, COVERED_PAYMENT_CANCEL_ASKED);
    for (size_t i = 0; i < d->event_count; i++) {
        if (d->events[i].type == PAYMENT_REFUND_BEGUN_EVENT && open)
            cover(w, COVERED_APPROVED_AND_REFUNDED);
        if (d->events[i].type == PAYMENT_REFUND_FAILED_EVENT)
            cover(w, COVERED_REFUND_FAILED);
        if (d->events[i].type == PAYMENT_NEEDS_REVIEW_EVENT && open)
            cover(w, COVERED_CHARGE_REVIEWED);
    }
}

const struct side payment_side = {
    .name = "payment",
    .decider = &payment_decider,
    .topics = 1u << TOPIC_delivery,
    .take = take,
    .tell = tell_side,
    .start_effect = start_effect,
    .decided = decided,
    .command_name = command_name,
    .state_name = state_name,
};
