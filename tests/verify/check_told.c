/* Told: 18, 19, 20. What customers were told by notices, and clients by answers. */
#include "look.h"

/* ── 18 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int notices_of(const struct dossier *d, uint8_t notice)
{
    int count = 0;
    for (size_t i = 0; i < d->notice_count; i++)
        count += d->notices[i]->notice == notice;
    return count;
}

static bool happened_that_tells(const struct dossier *d, uint8_t notice)
{
    for (size_t i = 0; i < d->event_count; i++)
        if (d->events[i].h->event < EVENTS && event_words[d->events[i].h->event].told == notice)
            return true;
    return false;
}

static bool brought(const struct dossier *d, uint8_t notice)
{
    if (happened_that_tells(d, notice))
        return true;
    for (size_t i = 0; i < d->message_count; i++) { /* a drill, too, may bring one */
        const struct message *m = d->messages[i].m;
        if (d->messages[i].excused && m->event < EVENTS && event_words[m->event].told == notice && !(m->dead & 1u << CONTEXT_NOTIFICATION))
            return true;
    }
    return false;
}

static bool told_by(const struct dossier *d, struct uuid notice, enum event event)
{
    for (size_t i = 0; i < d->event_count; i++)
        if (d->events[i].h->event == event && uuid_equal(d->events[i].h->aggregate, notice))
            return true;
    return false;
}

static void check_notice(struct look *l, const struct dossier *d, const struct notice_row *n)
{
    const char *name = n->notice < NOTICES ? notice_names[n->notice].p : "of an unknown kind";
    if (!brought(d, n->notice))
        wrong(l, 18, d, "notice %s: %s, which no event brings", id_text(n->id).p, name);
    if (notices_of(d, n->notice) > 1)
        wrong(l, 18, d, "notice %s: %s is there more than once", id_text(n->id).p, name);
    if (n->state == STATE_NOTICE_PENDING && !n->waits)
        wrong(l, 18, d, "notice %s: %s is PENDING, and nothing will send it", id_text(n->id).p, name);
    if ((n->state == STATE_NOTICE_SENT) != told_by(d, n->id, EVENT_NotificationSent) ||
        (n->state == STATE_NOTICE_GIVEN_UP) != told_by(d, n->id, EVENT_NotificationGivenUp))
        wrong(l, 18, d, "notice %s: %s is %s, its events say otherwise", id_text(n->id).p, name, state_word(n->state));
}

void check_notices(struct look *l, const struct dossier *d)
{
    looked(l, 18, d->notice_count);
    for (size_t i = 0; i < d->notice_count; i++)
        check_notice(l, d, d->notices[i]);
    for (uint8_t notice = NOTICE_NONE + 1; notice < NOTICES; notice++)
        if (notices_of(d, notice) == 0 && happened_that_tells(d, notice))
            wrong(l, 18, d, "nobody was told %s", notice_names[notice].p);
}

/* ── 19 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void check_placed(struct look *l, const struct dossier *d, const struct client_answer *a)
{
    if (a->outcome == OUTCOME_OK && !d->order)
        wrong(l, 19, d, "a client was told %d, and there is no such order", a->status);
    if (a->outcome == OUTCOME_OK && a->status == 201 && !dossier_happened(d, EVENT_OrderConfirmed))
        wrong(l, 19, d, "a client was told 201, and it was never confirmed");
    if (a->outcome == OUTCOME_REFUSED && d->order)
        wrong(l, 19, d, "a client was refused (%d), and it was placed", a->status);
}

static void check_answer(struct look *l, const struct dossier *d, const struct client_answer *a)
{
    bool cancelled = d->order && (d->order->state == STATE_ORDER_CANCELLING || d->order->state == STATE_ORDER_CANCELLED);
    looked(l, 19, 1);
    switch ((enum request)a->request) {
    case REQUEST_PLACE: check_placed(l, d, a); return;
    case REQUEST_PAY:
        if (a->outcome == OUTCOME_OK && a->status == 201 && !dossier_happened(d, EVENT_OrderConfirmed))
            wrong(l, 19, d, "a client was told that it is paid, and it was never confirmed");
        return;
    case REQUEST_CANCEL:
        if (a->outcome == OUTCOME_OK && !dossier_happened(d, EVENT_OrderCancelRequested))
            wrong(l, 19, d, "a client was told that it is being cancelled, and nobody asked for that");
        if (a->outcome == OUTCOME_REFUSED && a->status == 409 && cancelled)
            wrong(l, 19, d, "a client was refused its cancel as shipped, and it is %s", state_word(d->order->state));
        return;
    case REQUESTS: return;
    }
}

void check_answers(struct look *l, const struct dossier *d)
{
    for (size_t i = 0; i < d->answer_count; i++)
        check_answer(l, d, d->answers[i]);
}

/* ── 20: of one order; a key that names two is found in the history itself ───────────────────────────────────────────────────────────── */

void check_keys(struct look *l, const struct dossier *d)
{
    for (size_t i = 0; i < d->answer_count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct client_answer *a = d->answers[i], *b = d->answers[k];
            bool same_key = a->key == b->key, both = a->outcome == OUTCOME_OK && b->outcome == OUTCOME_OK;
            if (same_key && both && (a->body != b->body || a->status != b->status))
                wrong(l, 20, d, "two answers to one key differ");
            if (!same_key && both && a->request == REQUEST_PLACE && b->request == REQUEST_PLACE)
                wrong(l, 20, d, "two keys have placed one order");
        }
}
