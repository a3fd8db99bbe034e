/* The one synchronous call, order to payment: lost, late, or its answer is; order waits CALL_DEADLINE and not longer. */
#include "sides.h"

static void end_call(struct world *w, struct call *call)
{
    call->over = true;
    order_answered(w, call);
}

static void give_up(struct world *w, const struct happening *h)
{
    struct call *call = h->what;
    if (call->over)
        return;
    cover(w, COVERED_ANSWER_LATE);
    call->said = CALL_UNKNOWN;
    end_call(w, call);
}

static void answer_arrives(struct world *w, const struct happening *h)
{
    struct call *call = h->what;
    if (!call->over && call->life == w->contexts[ORDER_SERVICE].life)
        end_call(w, call);
}

/* What was composed is on its way: nobody else writes into the call before it arrives, and if order waits no longer, it is forgotten. */
static void answer(struct world *w, struct parked *asker)
{
    struct call *call = (struct call *)asker;
    if (fault(w, COVERED_ANSWER_LOST, CALLING, w->mood.answer_lost))
        return;
    announce(w, wait_for(w, CALLING, w->mood.slow_http), -1, answer_arrives, call, 0);
}

static void arrives(struct world *w, const struct happening *h)
{
    struct call *call = h->what;
    if (!w->contexts[PAYMENT_SERVICE].up) {
        cover(w, COVERED_PAYMENT_DOWN);
        return; /* the connection is refused: the answer is "not known", at the latest at the deadline */
    }
    payment_attempt_asked(w, call);
}

void call_payment(struct world *w, struct call *call)
{
    call->life = w->contexts[ORDER_SERVICE].life;
    call->asker = (struct parked){.compose = payment_compose, .answer = answer};
    if (fault(w, COVERED_NOT_ASKED, CALLING, w->mood.http_lost)) {
        announce(w, 0, ORDER_SERVICE, answer_arrives, call, 0); /* nothing is said: not known */
        return;
    }
    announce(w, CALL_DEADLINE, ORDER_SERVICE, give_up, call, 0);
    if (fault(w, COVERED_REQUEST_LOST, CALLING, w->mood.http_lost))
        return;
    announce(w, wait_for(w, CALLING, w->mood.slow_http), -1, arrives, call, 0);
}
