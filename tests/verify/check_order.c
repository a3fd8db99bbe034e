/* Order: 3, 6, 7, 9. */
#include "look.h"

static bool in(const struct dossier *d, enum state state)
{
    return d->order && d->order->state == state;
}

/* ── 3 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_pivot(struct look *l, const struct dossier *d)
{
    bool cancelled = in(d, STATE_ORDER_CANCELLED), shipped = in(d, STATE_ORDER_SHIPPED) || in(d, STATE_ORDER_COMPLETED);
    bool left = dossier_happened(d, EVENT_DeliveryStarted) || dossier_happened(d, EVENT_PreparationShipped);
    if (!cancelled && !shipped && !left)
        return;
    looked(l, 3, 1);
    if (cancelled && (left || dossier_happened(d, EVENT_OrderShipped)))
        wrong(l, 3, d, "CANCELLED, and its goods have left");
    if (cancelled && (!d->delivery || d->delivery->state != STATE_DELIVERY_CANCELLED))
        wrong(l, 3, d, "CANCELLED, its delivery is %s", d->delivery ? state_word(d->delivery->state) : "not there");
    if (shipped && (!d->delivery || d->delivery->state == STATE_DELIVERY_CANCELLED || !left))
        wrong(l, 3, d, "%s, its delivery is %s", state_word(d->order->state), d->delivery ? state_word(d->delivery->state) : "not there");
    if (left && dossier_happened(d, EVENT_DeliveryCancelled))
        wrong(l, 3, d, "its delivery has both started and been cancelled");
}

/* ── 6: of one order; the products are compared when all are read (stock_compare) ────────────────────────────────────────────────────── */

void check_goods(struct look *l, const struct dossier *d)
{
    const struct state_row *p = d->preparation;
    looked(l, 6, (p != NULL) + (d->product != NULL));
    if (in(d, STATE_ORDER_COMPLETED) && (!p || p->state != STATE_PREPARATION_SHIPPED || !p->lines))
        wrong(l, 6, d, "COMPLETED, its preparation is %s", p ? state_word(p->state) : "not there");
    if (in(d, STATE_ORDER_CANCELLED) && p && (p->state == STATE_PREPARATION_PREPARED || p->state == STATE_PREPARATION_SHIPPED))
        wrong(l, 6, d, "CANCELLED, its preparation is %s", state_word(p->state));
}

/* ── 7 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_total(struct look *l, const struct dossier *d)
{
    if (!d->order)
        return;
    looked(l, 7, 1);
    if (d->order->lines_odd)
        wrong(l, 7, d, "its lines cannot be added up");
    else if (d->order->lines != d->order->total)
        wrong(l, 7, d, "its lines make %lld, its total is %lld", (long long)d->order->lines, (long long)d->order->total);
}

/* ── 9 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_deadlines(struct look *l, const struct dossier *d)
{
    const struct payment_row *p = d->payment;
    bool review = (d->order && d->order->review) || (p && p->review);
    bool asked = p && (p->state == STATE_PAYMENT_PROCESSING || p->state == STATE_PAYMENT_UNKNOWN), patient = asked && p->asked_now;
    looked(l, 9, (d->order != NULL) + (p != NULL));
    if (d->order && d->order->overdue && !in(d, STATE_ORDER_COMPLETED) && !in(d, STATE_ORDER_CANCELLED) && !review && !patient)
        wrong(l, 9, d, "%s, and past its deadline", state_word(d->order->state));
    if (asked && !patient && !review)
        wrong(l, 9, d, "its payment is %s beyond the provider's patience, and nobody looks at it", state_word(p->state));
    if (in(d, STATE_ORDER_CANCELLED) && p && p->state != STATE_PAYMENT_CLOSED && p->state != STATE_PAYMENT_REFUNDED && !review)
        wrong(l, 9, d, "CANCELLED, its payment is %s", state_word(p->state));
}
