/*
 * People: customers who order, pay again, cancel, cancel the payment, at any time and by the same Idempotency-Key again when no answer
 * comes; an operator, couriers, and an administrator who restocks, reprices and discontinues.
 */
#include "sides.h"

#include "invariant.h"

#define PATIENCE     SECONDS(4)  /* with an answer; then the same is asked again */
#define ANSWER_LEASE SECONDS(10) /* of the engine: a key without an answer for longer was cut off, and is taken over */
#define ASKED_MOST   4

enum wish { PLACE, PAY_AGAIN, CANCEL_IT, CANCEL_THE_PAYMENT, OPERATOR_CANCELS, WISHES };

/* A request with its Idempotency-Key, as the engine keeps it beside the customer's own view of it. */
struct request {
    struct parked asker;
    int number; /* the customer's */
    enum wish wish;
    struct str token;
    int asked;                       /* so often */
    bool noted, answered_by_service; /* the key in the service's database */
    instant noted_at;
    bool answered;                /* the customer has it */
    bool says_paid, says_shipped; /* 201; 409 of a cancel */
};

static void wish(struct world *w, const struct happening *h);

/* ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void take_answer(struct world *w, struct request *r)
{
    r->answered = true;
    w->orders[r->number].told_paid |= r->says_paid;
    w->orders[r->number].told_shipped |= r->says_shipped;
}

static void answer(struct world *w, struct parked *asker)
{
    struct request *r = (struct request *)asker;
    if (!fault(w, COVERED_CUSTOMER_UNANSWERED, CUSTOMER + r->number, w->mood.answer_lost))
        take_answer(w, r);
}

static bool compose(struct world *w, struct parked *asker, struct aggregate *const *a, const struct command *c, const struct decision *d)
{
    struct request *r = (struct request *)asker;
    struct order_view v;
    if (r->wish == CANCEL_THE_PAYMENT)
        return false;
    if (order_compose(w, asker, a, c, d))
        return true;
    order_look(w, r->number, &v);
    bool cancels = r->wish == CANCEL_IT || r->wish == OPERATOR_CANCELS;
    r->says_paid = !cancels && !d->refusal && v.paid;
    r->says_shipped = cancels && d->refusal && v.placed;
    return false;
}

static void decide_request(struct world *w, struct request *r, bool adopted)
{
    switch (r->wish) {
    case PLACE: order_place(w, r->number, adopted, &r->asker); return;
    case PAY_AGAIN: order_pay(w, r->number, r->token, adopted, &r->asker); return;
    case CANCEL_IT: order_cancel(w, r->number, false, &r->asker); return;
    case OPERATOR_CANCELS: order_cancel(w, r->number, true, &r->asker); return;
    case CANCEL_THE_PAYMENT: payment_cancel_asked(w, r->number, &r->asker); return;
    case WISHES: break;
    }
    unreachable();
}

/* The engine's rules for keys; the note is written in the deciding transaction, so a crash before it takes the note along. */
static void arrives(struct world *w, const struct happening *h)
{
    struct request *r = h->what;
    enum service service = r->wish == CANCEL_THE_PAYMENT ? PAYMENT_SERVICE : ORDER_SERVICE;
    if (!w->contexts[service].up)
        return;
    if (r->answered_by_service) {
        cover(w, COVERED_REQUEST_REPLAYED);
        take_answer(w, r);
        return;
    }
    if (r->noted && w->now - r->noted_at < ANSWER_LEASE)
        return; /* 409: still being answered */
    if (r->noted)
        cover(w, COVERED_REQUEST_ADOPTED), r->noted_at = w->now;
    decide_request(w, r, r->noted);
}

static void note(struct world *w, struct parked *asker, bool answered)
{
    struct request *r = (struct request *)asker;
    r->noted_at = r->noted ? r->noted_at : w->now;
    r->noted = true;
    r->answered_by_service |= answered;
}

static void ask(struct world *w, const struct happening *h)
{
    struct request *r = h->what;
    if (r->answered || r->asked >= ASKED_MOST)
        return;
    r->asked++;
    announce(w, wait_for(w, CUSTOMER + r->number, 5), -1, arrives, r, 0);
    announce(w, PATIENCE * r->asked, -1, ask, r, 0);
}

/* ── customers ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct str choose_token(struct world *w, int number)
{
    static const struct str tokens[] = {
        STR_CONST("tok_ok"),       STR_CONST("tok_ok"),   STR_CONST("tok_ok"),   STR_CONST("tok_declined"),
        STR_CONST("tok_slow"),     STR_CONST("tok_hang"), STR_CONST("tok_lost"), STR_CONST("tok_late"),
        STR_CONST("tok_declined"), STR_CONST("tok_ok"),   STR_CONST("tok_ok"),   STR_CONST("tok_refund_fails_twice"),
    };
    return tokens[choose(&w->choices, CUSTOMER + number, sizeof tokens / sizeof tokens[0])];
}

static void request(struct world *w, int number, enum wish wish, struct str token)
{
    static const char *const words[WISHES] = {"orders", "pays again", "cancels", "cancels the payment", "wants it cancelled (operator)"};
    struct request *r = ARENA_NEW(&w->arena, struct request);
    *r = (struct request){.asker = {.compose = compose, .answer = answer, .noted = note}, .number = number, .wish = wish, .token = token};
    TELL_HISTORY(w, "customer %d   %s%s%.*s", number + 1, words[wish], token.n ? ", " : "", STR_ARG(token));
    ask(w, &(struct happening){.what = r});
}

static void plan_wish(struct world *w, int number)
{
    if (w->orders[number].wishes-- > 0)
        announce(w, wait_chosen(&w->choices, CUSTOMER + number, 23), -1, wish, NULL, number);
}

/* 0, the plainest, is to be content. */
static enum wish choose_wish(struct world *w, int number)
{
    static const enum wish wishes[] = {PLACE,     PAY_AGAIN, PAY_AGAIN,          CANCEL_IT,          CANCEL_IT,
                                       CANCEL_IT, PAY_AGAIN, CANCEL_THE_PAYMENT, CANCEL_THE_PAYMENT, OPERATOR_CANCELS};
    return wishes[choose(&w->choices, CUSTOMER + number, sizeof wishes / sizeof wishes[0])];
}

static void wish(struct world *w, const struct happening *h)
{
    int number = (int)h->number_of;
    enum wish wish = choose_wish(w, number);
    struct str token = choose_token(w, number);
    if (wish != PLACE && !uuid_is_nil(w->orders[number].id))
        request(w, number, wish, wish == PAY_AGAIN ? token : (struct str){0});
    customer_prefers(w, number);
    plan_wish(w, number);
}

static void place(struct world *w, const struct happening *h)
{
    int number = (int)h->number_of;
    struct customer_order *o = &w->orders[number];
    request(w, number, PLACE, o->token);
    customer_prefers(w, number);
    plan_wish(w, number);
}

static struct fact_lines choose_lines(struct world *w, int number)
{
    struct fact_line *lines = ARENA_ARRAY(&w->arena, struct fact_line, PRODUCTS_MAX);
    size_t n = 0;
    for (int p = 0; p < w->product_count; p++)
        if (p == 0 || choose(&w->choices, CUSTOMER + number, 2) == 1)
            lines[n++] = (struct fact_line){.product = w->products[p].id, .quantity = 1 + choose(&w->choices, CUSTOMER + number, 3)};
    return (struct fact_lines){lines, n};
}

static void open_account(struct world *w, int number)
{
    struct customer_order *o = &w->orders[number];
    *o = (struct customer_order){.customer = world_id(w)};
    o->wanted = choose_lines(w, number);
    o->token = choose_token(w, number);
    o->wishes = (int)choose(&w->choices, CUSTOMER + number, 4);
    announce(w, SECONDS(1) + wait_chosen(&w->choices, CUSTOMER + number, 17), -1, place, NULL, number);
}

/* ── couriers ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void courier_comes(struct world *w, const struct happening *h)
{
    int number = (int)choose(&w->choices, COURIER, (uint32_t)w->order_count);
    struct uuid order = w->orders[number].id;
    (void)h;
    if (uuid_is_nil(order) || !w->contexts[DELIVERY_SERVICE].up)
        return;
    if (choose(&w->choices, COURIER, 2))
        delivery_complete(w, order, true, world_id(w));
    else
        delivery_start(w, order, true, world_id(w));
}

/* ── the administrator ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void administer(struct world *w, const struct happening *h)
{
    int product = (int)choose(&w->choices, STOCKING, (uint32_t)w->product_count);
    (void)h;
    switch (choose(&w->choices, STOCKING, 6)) {
    case 0:
    case 1:
    case 2: product_restock(w, product, 1 + choose(&w->choices, STOCKING, 4)); return;
    case 3:
    case 4: product_reprice(w, product, 1000 + 100 * choose(&w->choices, STOCKING, 9)); return;
    default: product_discontinue(w, product); return;
    }
}

static void stock(struct world *w, int number)
{
    w->products[number] = (struct stocked){.id = world_id(w), .initial = 1 + choose(&w->choices, STOCKING, 8)};
    product_register(w, number, 1000 * (number + 1), w->products[number].initial);
}

void people_begin(struct world *w)
{
    w->product_count = 1 + (int)choose(&w->choices, STOCKING, PRODUCTS_MAX);
    for (int p = 0; p < w->product_count; p++)
        stock(w, p);
    w->order_count = 1 + (int)choose(&w->choices, MOOD, ORDERS_MAX);
    for (int i = 0; i < w->order_count; i++)
        open_account(w, i);
    for (uint32_t n = choose(&w->choices, STOCKING, 4); n > 0; n--)
        announce(w, wait_chosen(&w->choices, STOCKING, 23), -1, administer, NULL, 0);
    for (uint32_t n = choose(&w->choices, COURIER, 4); n > 0; n--)
        announce(w, wait_chosen(&w->choices, COURIER, 22), -1, courier_comes, NULL, 0);
}
