/* For operators: the orders that are under way, and the breaker before payment. */
#include "clock.h"
#include "inbound.h"
#include "json_encode.h"
#include "order.h"
#include "outbound/payment_client.h"
#include "outbound/sagas.h"
#include "settings.h"

/* ── GET /ops/sagas ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool ask_overdue(struct call *call, bool *overdue)
{
    struct str text = http_query(call->http, "overdue");
    *overdue = str_is(text, "true");
    if (*overdue || str_absent(text) || str_is(text, "false"))
        return true;
    call_problem(call, &(struct http_problem){.status = 400,
                                              .type = "/problems/invalid-filter",
                                              .title = "The filter is not valid",
                                              .detail = STR_CONST("overdue is true or false; left out it is false: all that are open.")});
    return false;
}

static bool ask_after(struct call *call, struct uuid *after)
{
    struct str position;
    *after = (struct uuid){0};
    if (!call_cursor(call, &position))
        return false;
    (void)uuid_parse(position, after); /* signed: what comes back is what was given */
    return true;
}

static void put_counts(struct json_writer *w, const struct saga_counts *counts)
{
    json_begin_array(w, "counts");
    for (int i = 0; i < ORDER_STATUSES; i++) {
        if (counts->open[i] == 0)
            continue;
        json_begin_object(w, NULL);
        json_put_text(w, "status", str_of(order_status_names[i]));
        json_put_integer(w, "open", counts->open[i]);
        json_put_integer(w, "overdue", counts->overdue[i]);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_waits(struct json_writer *w, const struct order *order)
{
    unsigned waits_for = order_waits_for(order);
    json_begin_array(w, "waitsFor");
    for (int i = 0; i < ORDER_WAITS; i++)
        if (waits_for & 1u << i)
            json_put_text(w, NULL, str_of(order_wait_names[i]));
    json_end_array(w);
}

static void put_saga(struct json_writer *w, const struct saga *saga)
{
    json_begin_object(w, NULL);
    json_put_id(w, "orderId", saga->id);
    json_put_text(w, "status", str_of(order_status_names[saga->order.status]));
    json_put_text(w, "payment", str_of(order_payment_names[saga->order.payment]));
    put_waits(w, &saga->order);
    json_put_time(w, "since", saga->order.updated_at);
    json_put_time(w, "deadline", saga->order.deadline);
    if (!str_absent(saga->order.needs_review))
        json_put_text(w, "needsReview", saga->order.needs_review);
    json_end_object(w);
}

/* `count` is one more than a page when another page follows. */
static void answer_sagas(struct call *call, const struct saga_counts *counts, const struct saga *items, size_t count, size_t limit)
{
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    size_t shown = count > limit ? limit : count;
    char last[UUID_TEXT + 1];
    json_begin_object(&w, NULL);
    put_counts(&w, counts);
    json_begin_array(&w, "items");
    for (size_t i = 0; i < shown; i++)
        put_saga(&w, &items[i]);
    json_end_array(&w);
    if (count > limit)
        uuid_format(items[shown - 1].id, last);
    call_put_next_cursor(call, &w, count > limit ? str_of(last) : (struct str){0});
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

void get_sagas(struct call *call, void *connection)
{
    bool overdue;
    struct uuid after;
    int64_t limit;
    struct saga_counts counts;
    struct saga *items;
    size_t count;
    if (!ask_overdue(call, &overdue) || !ask_after(call, &after) || !call_limit(call, &limit))
        return;
    if (sagas_count(connection, &counts) && sagas_list(connection, overdue, after, limit + 1, http_arena(call->http), &items, &count))
        answer_sagas(call, &counts, items, count, (size_t)limit);
    else
        call_problem(call, &problem_unreadable);
}

/* ── GET /ops/breakers ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void put_breaker(struct json_writer *w, const char *name, const struct breaker *b)
{
    int64_t ended, failed;
    duration now = clock_monotonic();
    breaker_recent(b, now, &ended, &failed);
    json_begin_object(w, NULL);
    json_put_text(w, "name", str_of(name));
    json_put_text(w, "state", str_of(breaker_state_names[b->state]));
    if (b->since)
        json_put_time(w, "since", clock_now() - (now - b->since));
    json_put_integer(w, "recentCalls", ended);
    json_put_integer(w, "recentFailures", failed);
    json_put_integer(w, "underWay", b->under_way);
    json_put_integer(w, "underWayMax", b->config.calls_max);
    json_end_object(w);
}

void get_breakers(struct call *call)
{
    struct breaker payment;
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    payment_client_breaker(&payment);
    json_begin_object(&w, NULL);
    json_begin_array(&w, "items");
    put_breaker(&w, "payment", &payment);
    json_end_array(&w);
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}
