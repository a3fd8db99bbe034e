/*
 * The invariants of a quiet world: 1–9, 18 and 19 of what must hold (what can be seen at once is looked at where it happens: see the
 * sides).
 *
 * Each complaint begins with the invariant's number in docs/sagas.md.
 */
#include "sides.h"

static void check_completed(struct world *w, int i, const struct payment_view *payment, const struct delivery_view *delivery)
{
    struct uuid id = w->orders[i].id;
    if (!payment->approved || payment->approved_attempts != 1 || provider_captures(w, id) != 1)
        violated(w, "1: order %d is COMPLETED without exactly one approved payment", i + 1);
    if (!delivery->completed)
        violated(w, "1: order %d is COMPLETED, its delivery is not", i + 1);
    if (provider_refunds(w, id) != 0)
        violated(w, "1: order %d is COMPLETED, and its money was given back", i + 1);
}

static void check_cancelled(struct world *w, int i, const struct order_view *order, const struct payment_view *payment,
                            const struct delivery_view *delivery)
{
    struct uuid id = w->orders[i].id;
    if (provider_captures(w, id) > 0 && (provider_refunds(w, id) != 1 || provider_captured(w, id) != provider_refunded(w, id)))
        violated(w, "2: order %d is CANCELLED, and its money is not back", i + 1);
    if (!delivery->cancelled)
        violated(w, "3: order %d is CANCELLED, its delivery is not", i + 1);
    if (!payment->refunded && !payment->closed)
        violated(w, "9: order %d is CANCELLED, its payment is neither refunded nor closed", i + 1);
    if (order->refunded != payment->refunded)
        violated(w, "2: order %d and payment do not agree whether the money is back", i + 1);
}

static void check_ledgers(struct world *w, int i, const struct payment_view *payment)
{
    struct uuid id = w->orders[i].id;
    bool taken = payment->approved || payment->refunding || payment->refunded;
    if (taken != (provider_captures(w, id) == 1))
        violated(w, "4: order %d: our ledger and the provider's differ about the charge", i + 1);
    if (payment->refunded != (provider_refunds(w, id) == 1) && !payment->refunding)
        violated(w, "4: order %d: our ledger and the provider's differ about the refund", i + 1);
    if (taken && provider_captured(w, id) != payment->amount.amount)
        violated(w, "4: order %d: another amount was taken", i + 1);
}

/* What a customer was told happened, happened. */
static void check_told(struct world *w, int i)
{
    if (w->orders[i].told_paid && provider_captures(w, w->orders[i].id) != 1)
        violated(w, "19: the customer of order %d was told that it is paid, it is not", i + 1);
    if (w->orders[i].told_shipped && !w->orders[i].ever_delivery_started)
        violated(w, "19: a cancel of order %d was refused as shipped, it is not", i + 1);
}

static void check_order(struct world *w, int i, int64_t *concluded)
{
    struct order_view order;
    struct payment_view payment;
    struct delivery_view delivery;
    order_look(w, i, &order);
    payment_look(w, w->orders[i].id, &payment);
    delivery_look(w, w->orders[i].id, &delivery);
    if (!order.placed)
        return;
    bool review = payment.open && payment.review && provider_never_answers(w, w->orders[i].id); /* the only one that need not end */
    if (review != order.review || review != payment.review)
        violated(w, "9: order %d is %s review", i + 1, review ? "not under" : "still under");
    if (!order.completed && !order.cancelled && !review)
        violated(w, "9: order %d has not ended: %s", i + 1, order.cancelling ? "it is CANCELLING" : "nobody cancels it");
    if (payment.open && !review)
        violated(w, "9: order %d: its payment is not known, and nobody looks at it", i + 1);
    if (order.lines_total != order.total.amount)
        violated(w, "7: order %d: its lines make %lld, its total is %lld", i + 1, (long long)order.lines_total,
                 (long long)order.total.amount);
    if (order.completed)
        check_completed(w, i, &payment, &delivery);
    if (order.cancelled)
        check_cancelled(w, i, &order, &payment, &delivery);
    if (order.completed && order.cancelled)
        violated(w, "3: order %d is both", i + 1);
    check_told(w, i);
    check_ledgers(w, i, &payment);
    if (!review)
        *concluded += order.completed ? order.total.amount : 0;
    else
        *concluded += provider_captured(w, w->orders[i].id) - provider_refunded(w, w->orders[i].id);
}

static void check_money(struct world *w, int64_t concluded)
{
    int64_t kept = 0;
    for (int i = 0; i < w->charge_count; i++)
        if (w->charges[i].charged)
            kept += w->charges[i].refund ? -w->charges[i].amount.amount : w->charges[i].amount.amount;
    if (kept != concluded)
        violated(w, "5: the provider keeps %lld for us, orders are concluded over %lld", (long long)kept, (long long)concluded);
}

/* Of the goods of one product in the orders whose preparation is that. */
static int64_t goods(struct world *w, int product, bool shipped)
{
    int64_t sum = 0;
    for (int i = 0; i < w->order_count; i++) {
        struct preparation_view p;
        preparation_look(w, w->orders[i].id, &p);
        for (size_t k = 0; (shipped ? p.shipped : p.prepared) && k < p.lines.count; k++)
            if (uuid_equal(p.lines.items[k].product, w->products[product].id))
                sum += p.lines.items[k].quantity;
    }
    return sum;
}

static void check_stock(struct world *w, int product)
{
    int64_t on_hand, reserved, shipped = goods(w, product, true), prepared = goods(w, product, false);
    const struct stocked *p = &w->products[product];
    product_look(w, product, &on_hand, &reserved);
    if (p->initial + p->restocked != on_hand + shipped)
        violated(w, "6: product %c: %lld came in, %lld are there and %lld have left", 'A' + product,
                 (long long)p->initial + (long long)p->restocked, (long long)on_hand, (long long)shipped);
    if (reserved != prepared)
        violated(w, "6: product %c: %lld are reserved, orders hold %lld", 'A' + product, (long long)reserved, (long long)prepared);
    if (on_hand < 0 || reserved < 0 || reserved > on_hand)
        violated(w, "6: product %c: %lld on hand, %lld reserved", 'A' + product, (long long)on_hand, (long long)reserved);
}

static void check_reservations(struct world *w, int i)
{
    struct order_view order;
    struct preparation_view p;
    order_look(w, i, &order);
    preparation_look(w, w->orders[i].id, &p);
    if ((order.completed || order.cancelled) && p.prepared)
        violated(w, "6: order %d has ended, and stock is still reserved for it", i + 1);
    if (order.completed && !p.shipped)
        violated(w, "6: order %d is COMPLETED, its goods never left", i + 1);
}

/* No message waits, and none was left unread: 16. */
static void check_quiet(struct world *w)
{
    for (int s = 0; s < SERVICES; s++) {
        const struct context *x = &w->contexts[s];
        if (x->outbox_first != x->outbox_last || x->queued > 0)
            violated(w, "16: %s has something left to do", x->side->name);
        for (int t = 0; t < TOPICS; t++)
            for (int p = 0; p < PARTITIONS; p++)
                if (x->side->topics & 1u << t && x->polls[t][p].committed != w->logs[t][p].count)
                    violated(w, "16: %s has not read all of topic %d", x->side->name, t);
    }
}

void invariants_check(struct world *w)
{
    int64_t concluded = 0;
    check_quiet(w);
    for (int i = 0; i < w->order_count; i++)
        check_order(w, i, &concluded);
    check_money(w, concluded);
    for (int p = 0; p < w->product_count; p++)
        check_stock(w, p);
    for (int i = 0; i < w->order_count; i++)
        check_reservations(w, i);
    notices_check(w);
}
