/* Money: 1, 2, 4, 5. What the provider has taken and given back is in its own books; ours are payment's. */
#include "look.h"

static bool ended(const struct dossier *d, enum state state)
{
    return d->order && d->order->state == state;
}

static int64_t taken(const struct dossier *d, int *times)
{
    int64_t sum = 0;
    *times = 0;
    for (size_t i = 0; i < d->charge_count; i++)
        if (d->charges[i]->done) {
            sum += d->charges[i]->amount;
            ++*times;
        }
    return sum;
}

static int64_t given_back(const struct dossier *d, int *times)
{
    int64_t sum = 0;
    *times = 0;
    for (size_t i = 0; i < d->refund_count; i++)
        if (d->refunds[i]->done) {
            sum += d->refunds[i]->amount;
            ++*times;
        }
    return sum;
}

static int approvals(const struct dossier *d)
{
    int count = 0;
    for (size_t i = 0; d->payment && i < d->payment->attempts; i++)
        count += d->attempts[i].state == STATE_PAYMENT_APPROVED;
    return count;
}

static bool under_review(const struct dossier *d)
{
    return (d->order && d->order->review) || (d->payment && d->payment->review);
}

/* ── 1 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_completed(struct look *l, const struct dossier *d)
{
    int refunds;
    if (!ended(d, STATE_ORDER_COMPLETED))
        return;
    looked(l, 1, 1);
    if (!d->payment || d->payment->state != STATE_PAYMENT_APPROVED || approvals(d) != 1)
        wrong(l, 1, d, "COMPLETED with %d approved attempts, its payment is %s", approvals(d),
              d->payment ? state_word(d->payment->state) : "not there");
    if (!d->delivery || d->delivery->state != STATE_DELIVERY_COMPLETED)
        wrong(l, 1, d, "COMPLETED, its delivery is %s", d->delivery ? state_word(d->delivery->state) : "not there");
    if (given_back(d, &refunds) != 0 || d->order->refunded)
        wrong(l, 1, d, "COMPLETED, and its money was given back");
    if (dossier_happened(d, EVENT_OrderCancelled))
        wrong(l, 1, d, "COMPLETED, and OrderCancelled");
}

/* ── 2 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

void check_refunds(struct look *l, const struct dossier *d)
{
    int charges, refunds;
    int64_t in = taken(d, &charges), out = given_back(d, &refunds);
    if (!ended(d, STATE_ORDER_CANCELLED) && refunds == 0)
        return;
    looked(l, 2, 1);
    if (out > in)
        wrong(l, 2, d, "%lld was given back of %lld taken", (long long)out, (long long)in);
    if (ended(d, STATE_ORDER_CANCELLED) && !under_review(d) && in > 0 && (refunds != 1 || out != in))
        wrong(l, 2, d, "CANCELLED, %lld taken, and %lld given back in %d refunds", (long long)in, (long long)out, refunds);
    if (ended(d, STATE_ORDER_CANCELLED) && in > 0 && !d->order->refunded && !under_review(d))
        wrong(l, 2, d, "CANCELLED and captured, and order knows of no refund");
}

/* ── 4 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct charge_row *charge_by(const struct dossier *d, struct uuid key)
{
    for (size_t i = 0; i < d->charge_count; i++)
        if (d->charges[i]->done && uuid_equal(d->charges[i]->key, key))
            return d->charges[i];
    return NULL;
}

static bool approved_by(const struct dossier *d, struct uuid key)
{
    for (size_t i = 0; d->payment && i < d->payment->attempts; i++)
        if (d->attempts[i].state == STATE_PAYMENT_APPROVED && uuid_equal(d->attempts[i].key, key))
            return true;
    return false;
}

/* The provider may have charged what we do not know yet: then we ask on, or a person looks. */
static bool not_known_yet(const struct dossier *d)
{
    return d->payment && (d->payment->state == STATE_PAYMENT_PROCESSING || d->payment->state == STATE_PAYMENT_UNKNOWN || under_review(d));
}

static void check_charges(struct look *l, const struct dossier *d)
{
    int charges;
    taken(d, &charges);
    if (charges > 1 && !under_review(d))
        wrong(l, 4, d, "captured %d times", charges);
    for (size_t i = 0; d->payment && i < d->payment->attempts; i++) {
        const struct charge_row *charge = d->attempts[i].state == STATE_PAYMENT_APPROVED ? charge_by(d, d->attempts[i].key) : NULL;
        if (d->attempts[i].state == STATE_PAYMENT_APPROVED && !charge)
            wrong(l, 4, d, "attempt %zu (%s) is approved, and the provider has no such charge", i + 1, id_text(d->attempts[i].key).p);
        if (charge && charge->amount != d->payment->amount)
            wrong(l, 4, d, "the provider has taken %lld, the payment is over %lld", (long long)charge->amount,
                  (long long)d->payment->amount);
    }
    for (size_t i = 0; i < d->charge_count; i++)
        if (d->charges[i]->done && !approved_by(d, d->charges[i]->key) && !not_known_yet(d))
            wrong(l, 4, d, "the provider has taken %lld by %s, which is no approved attempt of ours", (long long)d->charges[i]->amount,
                  id_text(d->charges[i]->key).p);
}

void check_ledgers(struct look *l, const struct dossier *d)
{
    int refunds;
    int64_t out = given_back(d, &refunds);
    looked(l, 4, d->charge_count + d->refund_count);
    if (!l->audit->simulated_provider)
        return;
    check_charges(l, d);
    bool refunded = d->payment && d->payment->state == STATE_PAYMENT_REFUNDED;
    if (refunded && out != d->payment->amount)
        wrong(l, 4, d, "its payment is REFUNDED over %lld, the provider has given back %lld", (long long)d->payment->amount,
              (long long)out);
    if (refunds > 0 && !refunded && !(d->payment && d->payment->state == STATE_PAYMENT_REFUNDING))
        wrong(l, 4, d, "the provider has given back %lld, its payment is %s", (long long)out,
              d->payment ? state_word(d->payment->state) : "not there");
}

/* ── 5 ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void balance_order(struct look *l, const struct dossier *d, int64_t kept)
{
    bool completed = d->order->state == STATE_ORDER_COMPLETED, cancelled = d->order->state == STATE_ORDER_CANCELLED;
    looked(l, 5, 1);
    l->orders++;
    l->completed += completed;
    l->cancelled += cancelled;
    l->under_way += !completed && !cancelled;
    l->reviewed += under_review(d);
    if (under_review(d))
        l->kept_reviewed += kept;
    else if (completed)
        l->concluded += d->order->total;
    else if (!cancelled)
        l->kept_under_way += kept;
    if (l->audit->simulated_provider && !under_review(d) && (completed || cancelled) && kept != (completed ? d->order->total : 0))
        wrong(l, 5, d, "%s over %lld, and the provider keeps %lld", state_word(d->order->state), (long long)d->order->total,
              (long long)kept);
}

void check_balance(struct look *l, const struct dossier *d)
{
    int times;
    int64_t in = taken(d, &times), out = given_back(d, &times);
    l->captured += in;
    l->refunded += out;
    if (d->order)
        balance_order(l, d, in - out);
}
