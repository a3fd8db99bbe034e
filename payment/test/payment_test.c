/* The payment's decisions, told as stories; and a table of every state and command. */
#include "given.h"
#include "invariant.h"
#include "payment.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid order = {{1}}, customer = {{2}}, stranger = {{3}}, fresh = {{4}};

static struct money krw(int64_t amount)
{
    return (struct money){amount, "KRW"};
}

/* ── what is said ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct command attempt_by(struct uuid who, int64_t number, int64_t amount)
{
    static struct make_attempt make;
    make = (struct make_attempt){order, who, number, krw(amount), STR("card"), STR("tok_ok")};
    return (struct command){.type = MAKE_ATTEMPT, .data = &make, .fresh = fresh};
}

static struct command attempt(int64_t number)
{
    return attempt_by(customer, number, 12000);
}

static struct command outcome(int64_t number, enum provider_answer answer, struct str text)
{
    static struct record_outcome said;
    said = (struct record_outcome){.order = order, .attempt = number, .answer = answer};
    if (answer == PROVIDER_APPROVED)
        said.reference = text;
    if (answer == PROVIDER_DECLINED)
        said.decline_code = text;
    return (struct command){.type = RECORD_OUTCOME, .data = &said};
}

static struct command approved(int64_t number)
{
    return outcome(number, PROVIDER_APPROVED, STR("ch_1"));
}

static struct command declined(int64_t number)
{
    return outcome(number, PROVIDER_DECLINED, STR("insufficient_funds"));
}

static struct command silent(int64_t number)
{
    return outcome(number, PROVIDER_SILENT, (struct str){0});
}

#define PATIENCE MINUTES(10)

static struct command impatient_silence(int64_t number)
{
    struct command c = silent(number);
    ((struct record_outcome *)(void *)c.data)->patience = PATIENCE;
    return c;
}

static struct command cancelled_by(struct uuid who)
{
    static struct cancel_payment cancel;
    cancel = (struct cancel_payment){order, who};
    return (struct command){.type = CANCEL_PAYMENT, .data = &cancel};
}

static struct command cancel(void)
{
    return cancelled_by(customer);
}

static struct command delivery_cancelled(void)
{
    static const struct record_delivery_cancelled cancelled = {{{1}}};
    return (struct command){.type = RECORD_DELIVERY_CANCELLED, .data = &cancelled, .fresh = fresh};
}

static struct command refund(int64_t number, enum provider_answer answer)
{
    static struct record_refund said;
    said = (struct record_refund){.order = order, .refund = number, .answer = answer, .patience = PATIENCE};
    if (answer == PROVIDER_APPROVED)
        said.reference = STR("re_1");
    if (answer == PROVIDER_DECLINED)
        said.fault_code = STR("try_later");
    return (struct command){.type = RECORD_REFUND, .data = &said};
}

static struct command refund_done(int64_t number)
{
    return refund(number, PROVIDER_APPROVED);
}

static struct command refund_failed(int64_t number)
{
    return refund(number, PROVIDER_DECLINED);
}

static struct command refund_silent(int64_t number)
{
    return refund(number, PROVIDER_SILENT);
}

static struct command time_to_ask(void)
{
    static const struct timer_due due = {.timer = PAYMENT_ASK_PROVIDER_TIMER, .aggregate_kind = PAYMENT, .id = {{1}}};
    return (struct command){.type = COMMAND_TIMER_DUE, .data = &due};
}

static const struct payment *payment(struct story *s)
{
    return story_state(s, PAYMENT, order);
}

static int setup(void **state)
{
    static struct story s;
    story_init(&s, &payment_decider);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    story_release(*state);
    return 0;
}

/* ── stories ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_attempt_is_stored_before_the_provider_is_asked(void **state)
{
    struct story *s = *state;
    when(s, attempt(1));
    const struct payment_attempted *e = then_event(s, PAYMENT_ATTEMPTED_EVENT);
    then_no_more(s);
    const struct ask_provider *ask = then_effect(s, PAYMENT_ASK_PROVIDER);
    assert_true(uuid_equal(e->key, ask->key));
    assert_true(money_equal(ask->amount, krw(12000)));
    assert_string_equal(ask->token, "tok_ok");
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), s->now + SECONDS(2));
    assert_int_equal(payment(s)->status, PAYMENT_PROCESSING);
    assert_true(uuid_equal(payment(s)->id, fresh));
}

static void an_approval_is_told_once_and_the_token_forgotten(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    when(s, approved(1));
    const struct payment_approved *e = then_event(s, PAYMENT_APPROVED_EVENT);
    then_no_more(s);
    assert_int_equal(e->attempt, 1);
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), 0);
    assert_true(str_absent(payment(s)->token));
    when(s, approved(1));
    then_nothing(s);
}

static void a_declined_payment_may_be_tried_again_by_another_key(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    struct uuid first = payment_latest(payment(s))->key;
    when(s, declined(1));
    then_event(s, PAYMENT_DECLINED_EVENT);
    given(s, attempt(2));
    assert_false(uuid_equal(payment_latest(payment(s))->key, first));
    assert_int_equal(payment(s)->attempts.count, 2);
    assert_true(str_is(payment_attempt(payment(s), 1)->decline_code, "insufficient_funds"));
    when(s, approved(2));
    then_event(s, PAYMENT_APPROVED_EVENT);
    assert_int_equal(payment_telling_attempt(payment(s), 1)->number, 2);
}

static void the_same_attempt_again_asks_nobody(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    when(s, attempt(1));
    then_nothing(s);
    given(s, declined(1));
    when(s, attempt(1));
    then_nothing(s);
    assert_int_equal(payment_telling_attempt(payment(s), 1)->status, PAYMENT_DECLINED);
}

static void an_attempt_that_skips_numbers_asks_nobody(void **state)
{
    struct story *s = *state;
    when(s, attempt(2));
    then_refused(s, 409, "/problems/attempt-out-of-order");
    given(s, attempt(1));
    given(s, declined(1));
    when(s, attempt(3));
    then_nothing(s);
}

static void silence_is_unknown_and_never_declined(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    when(s, silent(1));
    then_event(s, PAYMENT_UNKNOWN_EVENT);
    then_no_more(s);
    assert_int_equal(payment(s)->status, PAYMENT_UNKNOWN);
    when(s, silent(1));
    then_nothing(s);
    when(s, attempt(2)); /* might charge twice */
    then_nothing(s);
    when(s, approved(1));
    then_event(s, PAYMENT_APPROVED_EVENT);
    then_no_more(s);
}

static void silence_is_asked_again_by_the_same_key_with_growing_patience(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    struct uuid key = payment_latest(payment(s))->key;
    given(s, silent(1));
    instant began = s->now;
    static const int seconds[] = {2, 4, 8, 16, 32, 62, 92};
    for (size_t i = 0; i + 1 < sizeof seconds / sizeof *seconds; i++) {
        s->now = began + SECONDS(seconds[i]);
        when(s, time_to_ask());
        const struct ask_provider *ask = then_effect(s, PAYMENT_ASK_PROVIDER);
        then_no_more(s);
        assert_true(uuid_equal(ask->key, key));
        assert_string_equal(ask->token, "tok_ok");
        assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), began + SECONDS(seconds[i + 1]));
    }
}

static void a_crash_before_the_outcome_is_asked_again_too(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    when(s, time_to_ask());
    then_effect(s, PAYMENT_ASK_PROVIDER);
    given(s, approved(1));
    when(s, time_to_ask());
    then_nothing(s);
}

static void a_second_approval_is_reviewed_and_not_lost(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, declined(1));
    given(s, attempt(2));
    given(s, approved(2));
    when(s, outcome(1, PROVIDER_APPROVED, STR("ch_2")));
    then_event(s, PAYMENT_NEEDS_REVIEW_EVENT);
    then_no_more(s);
    assert_int_equal(payment(s)->status, PAYMENT_APPROVED);
    assert_false(str_absent(payment(s)->needs_review));
    assert_true(str_is(payment_attempt(payment(s), 1)->reference, "ch_2"));
    when(s, outcome(1, PROVIDER_APPROVED, STR("ch_2")));
    then_nothing(s);
}

static void an_approval_of_a_declined_attempt_stops_the_next_one(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, declined(1));
    given(s, attempt(2));
    when(s, approved(1));
    then_event(s, PAYMENT_APPROVED_EVENT);
    then_event(s, PAYMENT_NEEDS_REVIEW_EVENT); /* attempt 2 may have been charged as well */
    then_no_more(s);
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), 0);
    when(s, approved(2));
    then_event(s, PAYMENT_NEEDS_REVIEW_EVENT);
}

static void another_amount_or_customer_is_refused(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    when(s, attempt_by(customer, 1, 1));
    then_refused(s, 409, "/problems/other-amount");
    when(s, attempt_by(stranger, 1, 12000));
    then_refused(s, 404, "/problems/not-found");
}

static void only_cards_are_taken(void **state)
{
    struct story *s = *state;
    static struct make_attempt make;
    make = (struct make_attempt){order, customer, 1, krw(1), STR("cash"), STR("tok_ok")};
    when(s, (struct command){.type = MAKE_ATTEMPT, .data = &make, .fresh = fresh});
    then_refused(s, 422, "/problems/invalid-fields");
}

static void an_outcome_of_an_attempt_never_made_is_refused(void **state)
{
    struct story *s = *state;
    when(s, approved(1));
    then_refused(s, 409, "/problems/unknown-attempt");
    given(s, attempt(1));
    when(s, approved(2));
    then_refused(s, 409, "/problems/unknown-attempt");
}

/* ── the way back ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_customer_who_cancels_is_heard_once_and_gets_nothing_back_yet(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, approved(1));
    when(s, cancel());
    then_event(s, PAYMENT_CANCEL_REQUESTED_EVENT);
    then_no_more(s);
    assert_int_equal(payment(s)->status, PAYMENT_APPROVED);
    when(s, cancel());
    then_nothing(s);
}

static void nobody_cancels_another_ones_payment(void **state)
{
    struct story *s = *state;
    when(s, cancel());
    then_refused(s, 404, "/problems/not-found");
    given(s, attempt(1));
    when(s, cancelled_by(stranger));
    then_refused(s, 404, "/problems/not-found");
}

static void what_was_taken_for_a_cancelled_order_is_given_back(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, approved(1));
    when(s, delivery_cancelled());
    const struct payment_refund_begun *begun = then_event(s, PAYMENT_REFUND_BEGUN_EVENT);
    then_no_more(s);
    const struct ask_refund *ask = then_effect(s, PAYMENT_ASK_REFUND);
    assert_true(uuid_equal(begun->key, ask->key));
    assert_true(money_equal(ask->amount, krw(12000)));
    assert_string_equal(ask->charge, "ch_1");
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), s->now + SECONDS(2));
    assert_int_equal(payment(s)->status, PAYMENT_REFUNDING);
    assert_true(uuid_equal(payment(s)->refund.key, begun->key));
    when(s, refund_done(1));
    then_event(s, PAYMENT_REFUNDED_EVENT);
    then_no_more(s);
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), 0);
    assert_int_equal(payment(s)->status, PAYMENT_REFUNDED);
    assert_true(str_is(payment(s)->refund.reference, "re_1"));
    when(s, delivery_cancelled());
    then_nothing(s);
}

static void a_refund_nobody_answers_is_asked_again_by_the_same_key(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, approved(1));
    given(s, delivery_cancelled());
    struct uuid key = payment(s)->refund.key;
    instant began = s->now;
    static const int seconds[] = {2, 4, 8, 16, 32, 62, 92};
    for (size_t i = 0; i + 1 < sizeof seconds / sizeof *seconds; i++) {
        when(s, refund_silent(1));
        then_nothing(s);
        s->now = began + SECONDS(seconds[i]);
        when(s, time_to_ask());
        assert_true(uuid_equal(((const struct ask_refund *)then_effect(s, PAYMENT_ASK_REFUND))->key, key));
        then_no_more(s);
        assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), began + SECONDS(seconds[i + 1]));
    }
}

static void a_refund_that_failed_is_begun_anew_by_another_key(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, approved(1));
    given(s, delivery_cancelled());
    instant began = s->now;
    struct uuid first = payment(s)->refund.key;
    when(s, refund_failed(1));
    then_event(s, PAYMENT_REFUND_FAILED_EVENT);
    then_no_more(s);
    when(s, refund_failed(1)); /* the same answer again */
    then_nothing(s);
    s->now = began + SECONDS(2);
    when(s, time_to_ask());
    const struct payment_refund_begun *next = then_event(s, PAYMENT_REFUND_BEGUN_EVENT);
    assert_false(uuid_equal(next->key, first));
    const struct ask_refund *ask = then_effect(s, PAYMENT_ASK_REFUND);
    assert_int_equal(ask->refund, 2);
    assert_true(uuid_equal(ask->key, next->key));
    assert_string_equal(ask->charge, "ch_1");
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), began + SECONDS(4)); /* not from the start again */
    when(s, refund_done(2));
    then_event(s, PAYMENT_REFUNDED_EVENT);
    when(s, refund_failed(2));
    then_nothing(s);
}

static void an_outcome_of_a_refund_never_begun_is_refused(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, approved(1));
    given(s, delivery_cancelled());
    when(s, refund_done(2));
    then_refused(s, 409, "/problems/unknown-refund");
}

static void a_cancelled_order_closes_what_was_declined(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, declined(1));
    when(s, delivery_cancelled());
    then_event(s, PAYMENT_CLOSED_EVENT);
    then_no_more(s);
    when(s, attempt(2));
    then_nothing(s);
    assert_int_equal(payment(s)->status, PAYMENT_CLOSED);
}

static void an_order_cancelled_before_anything_was_asked_leaves_a_tombstone(void **state)
{
    struct story *s = *state;
    when(s, delivery_cancelled());
    then_event(s, PAYMENT_CLOSED_EVENT);
    then_no_more(s);
    assert_true(uuid_equal(payment(s)->id, fresh));
    assert_true(uuid_is_nil(payment(s)->customer));
    when(s, attempt(1)); /* came late: charges nobody */
    then_nothing(s);
    when(s, cancel());
    then_refused(s, 404, "/problems/not-found");
}

static void a_late_approval_of_a_cancelled_order_is_given_back_at_once(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, silent(1));
    when(s, delivery_cancelled());
    then_event(s, PAYMENT_CLOSING_EVENT);
    then_no_more(s);
    assert_int_equal(payment(s)->status, PAYMENT_UNKNOWN);
    given(s, time_to_ask()); /* it is asked for all the same: it may be charged already */
    when(s, approved(1));
    then_event(s, PAYMENT_APPROVED_EVENT);
    then_event(s, PAYMENT_REFUND_BEGUN_EVENT);
    then_no_more(s);
    assert_string_equal(((const struct ask_refund *)then_effect(s, PAYMENT_ASK_REFUND))->charge, "ch_1");
    assert_true(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER) > s->now);
    assert_int_equal(payment(s)->status, PAYMENT_REFUNDING);
}

static void a_late_decline_of_a_cancelled_order_closes_it(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, delivery_cancelled());
    when(s, declined(1));
    then_event(s, PAYMENT_DECLINED_EVENT);
    then_event(s, PAYMENT_CLOSED_EVENT);
    then_no_more(s);
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), 0);
    assert_int_equal(payment(s)->status, PAYMENT_CLOSED);
}

/* ── a person is to look ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void silence_beyond_patience_is_reviewed_once_until_it_is_known(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    instant began = s->now;
    given(s, impatient_silence(1));
    s->now = began + PATIENCE - 1;
    when(s, impatient_silence(1));
    then_nothing(s);
    s->now = began + PATIENCE;
    when(s, impatient_silence(1));
    const struct payment_needs_review *e = then_event(s, PAYMENT_NEEDS_REVIEW_EVENT);
    then_no_more(s);
    assert_true(str_equal(e->reason, payment_review_reasons[PAYMENT_REVIEW_PROVIDER_SILENT]));
    assert_true(str_equal(payment(s)->needs_review, e->reason));
    when(s, impatient_silence(1));
    then_nothing(s);
    when(s, time_to_ask()); /* the asking goes on */
    then_effect(s, PAYMENT_ASK_PROVIDER);
    assert_int_equal(then_timer(s, PAYMENT_ASK_PROVIDER_TIMER), s->now + SECONDS(30));
    when(s, approved(1));
    then_event(s, PAYMENT_APPROVED_EVENT);
    then_no_more(s);
    assert_true(str_absent(payment(s)->needs_review));
}

static void a_decline_ends_the_review_of_silence_too(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    s->now += PATIENCE;
    when(s, impatient_silence(1));
    then_event(s, PAYMENT_UNKNOWN_EVENT);
    then_event(s, PAYMENT_NEEDS_REVIEW_EVENT);
    given(s, declined(1));
    assert_true(str_absent(payment(s)->needs_review));
}

static void a_refund_beyond_patience_is_reviewed_once_until_it_is_done(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, approved(1));
    given(s, delivery_cancelled());
    given(s, refund_failed(1));
    s->now += PATIENCE;
    given(s, time_to_ask());
    when(s, refund_failed(2));
    then_event(s, PAYMENT_REFUND_FAILED_EVENT);
    const struct payment_needs_review *e = then_event(s, PAYMENT_NEEDS_REVIEW_EVENT);
    then_no_more(s);
    assert_true(str_equal(e->reason, payment_review_reasons[PAYMENT_REVIEW_REFUND_DELAYED]));
    given(s, time_to_ask());
    when(s, refund_silent(3));
    then_nothing(s);
    given(s, refund_done(3));
    assert_true(str_absent(payment(s)->needs_review));
}

static void a_review_that_a_person_must_end_is_not_ended_by_a_refund(void **state)
{
    struct story *s = *state;
    given(s, attempt(1));
    given(s, declined(1));
    given(s, attempt(2));
    given(s, approved(2));
    given(s, outcome(1, PROVIDER_APPROVED, STR("ch_2")));
    given(s, delivery_cancelled());
    given(s, refund_done(1));
    assert_true(str_equal(payment(s)->needs_review, payment_review_reasons[PAYMENT_REVIEW_SECOND_APPROVAL]));
}

/* ── every state and every command ──────────────────────────────────────────────────────────────────────────────────────────────── */

/* Every state, and beside it what else a state knows that changes an answer. */
#define SITUATIONS(X)                                                                                                                      \
    X(NOTHING, PAYMENT_NONE)                                                                                                               \
    X(PROCESSING, PAYMENT_PROCESSING)                                                                                                      \
    X(PROCESSING_CLOSING, PAYMENT_PROCESSING)                                                                                              \
    X(APPROVED, PAYMENT_APPROVED)                                                                                                          \
    X(APPROVED_CANCEL_REQUESTED, PAYMENT_APPROVED)                                                                                         \
    X(DECLINED, PAYMENT_DECLINED)                                                                                                          \
    X(UNKNOWN, PAYMENT_UNKNOWN)                                                                                                            \
    X(UNKNOWN_CLOSING, PAYMENT_UNKNOWN)                                                                                                    \
    X(REFUNDING, PAYMENT_REFUNDING)                                                                                                        \
    X(REFUND_FAILED, PAYMENT_REFUNDING)                                                                                                    \
    X(REFUNDED, PAYMENT_REFUNDED)                                                                                                          \
    X(CLOSED, PAYMENT_CLOSED)                                                                                                              \
    X(TOMBSTONE, PAYMENT_CLOSED)
enum {
#define X(situation, status) situation,
    SITUATIONS(X)
#undef X
        SITUATION_COUNT
};
static const struct {
    const char *name;
    int status;
} situations[] = {
#define X(situation, status) {#situation, status},
    SITUATIONS(X)
#undef X
};

#define CELLS(X)                                                                                                                           \
    X(SAME_ATTEMPT, MAKE_ATTEMPT, attempt(1))                                                                                              \
    X(NEXT_ATTEMPT, MAKE_ATTEMPT, attempt(2))                                                                                              \
    X(APPROVAL, RECORD_OUTCOME, approved(1))                                                                                               \
    X(DECLINE, RECORD_OUTCOME, declined(1))                                                                                                \
    X(SILENCE, RECORD_OUTCOME, silent(1))                                                                                                  \
    X(CANCEL, CANCEL_PAYMENT, cancel())                                                                                                    \
    X(DELIVERY_CANCELLED, RECORD_DELIVERY_CANCELLED, delivery_cancelled())                                                                 \
    X(REFUND_DONE, RECORD_REFUND, refund_done(1))                                                                                          \
    X(REFUND_REFUSED, RECORD_REFUND, refund_failed(1))                                                                                     \
    X(REFUND_SILENCE, RECORD_REFUND, refund_silent(1))                                                                                     \
    X(TIMER, COMMAND_TIMER_DUE, time_to_ask())
enum {
#define X(cell, type, command) CELL_##cell,
    CELLS(X)
#undef X
        CELL_COUNT
};
static const int cell_types[] = {
#define X(cell, type, command) type,
    CELLS(X)
#undef X
};

#define NO_PAYMENT "404 /problems/not-found"
#define NO_ATTEMPT "409 /problems/unknown-attempt"
#define NO_REFUND  "409 /problems/unknown-refund"

/* Events without "Payment", "ask" when the provider is asked for something, "-" for nothing, or the refusal. */
static const char *const table[SITUATION_COUNT][CELL_COUNT] = {
    /* clang-format off */
    [NOTHING] = {"Attempted ask", "409 /problems/attempt-out-of-order", NO_ATTEMPT, NO_ATTEMPT, NO_ATTEMPT,
                 NO_PAYMENT, "Closed", NO_REFUND, NO_REFUND, NO_REFUND, "-"},
    [PROCESSING] = {"-", "-", "Approved", "Declined", "Unknown",
                 "CancelRequested", "Closing", NO_REFUND, NO_REFUND, NO_REFUND, "ask"},
    [PROCESSING_CLOSING] = {"-", "-", "Approved RefundBegun ask", "Declined Closed", "Unknown",
                 "-", "-", NO_REFUND, NO_REFUND, NO_REFUND, "ask"},
    [APPROVED] = {"-", "-", "-", "-", "-",
                 "CancelRequested", "RefundBegun ask", NO_REFUND, NO_REFUND, NO_REFUND, "-"},
    [APPROVED_CANCEL_REQUESTED] = {"-", "-", "-", "-", "-",
                 "-", "RefundBegun ask", NO_REFUND, NO_REFUND, NO_REFUND, "-"},
    [DECLINED] = {"-", "Attempted ask", "Approved", "-", "-",
                 "CancelRequested", "Closed", NO_REFUND, NO_REFUND, NO_REFUND, "-"},
    [UNKNOWN] = {"-", "-", "Approved", "Declined", "-",
                 "CancelRequested", "Closing", NO_REFUND, NO_REFUND, NO_REFUND, "ask"},
    [UNKNOWN_CLOSING] = {"-", "-", "Approved RefundBegun ask", "Declined Closed", "-",
                 "-", "-", NO_REFUND, NO_REFUND, NO_REFUND, "ask"},
    [REFUNDING] = {"-", "-", "-", "-", "-",
                 "409 /problems/payment-refunding", "-", "Refunded", "RefundFailed", "-", "ask"},
    [REFUND_FAILED] = {"-", "-", "-", "-", "-",
                 "409 /problems/payment-refunding", "-", "Refunded", "-", "-", "RefundBegun ask"},
    [REFUNDED] = {"-", "-", "-", "-", "-",
                 "409 /problems/payment-refunded", "-", "-", "-", "-", "-"},
    [CLOSED] = {"-", "-", "Approved RefundBegun ask", "-", "-",
                 "409 /problems/payment-closed", "-", NO_REFUND, NO_REFUND, NO_REFUND, "-"},
    [TOMBSTONE] = {"-", "-", NO_ATTEMPT, NO_ATTEMPT, NO_ATTEMPT,
                 NO_PAYMENT, "-", NO_REFUND, NO_REFUND, NO_REFUND, "-"},
    /* clang-format on */
};

static void bring_to(struct story *s, int situation)
{
    if (situation != NOTHING && situation != TOMBSTONE)
        given(s, attempt(1));
    switch (situation) {
    case NOTHING:
    case PROCESSING: return;
    case PROCESSING_CLOSING:
    case TOMBSTONE: given(s, delivery_cancelled()); return;
    case APPROVED: given(s, approved(1)); return;
    case APPROVED_CANCEL_REQUESTED: given(s, approved(1)), given(s, cancel()); return;
    case DECLINED: given(s, declined(1)); return;
    case UNKNOWN: given(s, silent(1)); return;
    case UNKNOWN_CLOSING: given(s, silent(1)), given(s, delivery_cancelled()); return;
    case REFUNDING: given(s, approved(1)), given(s, delivery_cancelled()); return;
    case REFUND_FAILED: given(s, approved(1)), given(s, delivery_cancelled()), given(s, refund_failed(1)); return;
    case REFUNDED: given(s, approved(1)), given(s, delivery_cancelled()), given(s, refund_done(1)); return;
    case CLOSED: given(s, declined(1)), given(s, delivery_cancelled()); return;
    }
    unreachable();
}

static struct command cell_command(int cell)
{
    switch (cell) {
#define X(cell, type, command)                                                                                                             \
    case CELL_##cell: return command;
        CELLS(X)
#undef X
    }
    unreachable();
}

static struct str decided(struct story *s)
{
    const struct decision *d = &s->decision;
    if (d->refusal)
        return arena_printf(&s->arena, "%d %s", d->refusal->status, d->refusal->type);
    struct str text = {0};
    for (size_t i = 0; i < d->event_count; i++)
        text = arena_printf(&s->arena, "%.*s%s%s", STR_ARG(text), text.n ? " " : "",
                            payment_decider.events[d->events[i].type].name + strlen("Payment"));
    if (d->effect_count)
        text = arena_printf(&s->arena, "%.*s%sask", STR_ARG(text), text.n ? " " : "");
    return text.n ? text : STR("-");
}

static void every_state_answers_every_command(void **state)
{
    (void)state;
    for (int situation = 0; situation < SITUATION_COUNT; situation++)
        for (int cell = 0; cell < CELL_COUNT; cell++) {
            struct story s;
            story_init(&s, &payment_decider);
            bring_to(&s, situation);
            assert_int_equal(((const struct payment *)story_state(&s, PAYMENT, order))->status, situations[situation].status);
            when(&s, cell_command(cell));
            const char *expected = table[situation][cell];
            if (!expected || !str_is(decided(&s), expected))
                fail_msg("%s, cell %d: expected %s, got %.*s", situations[situation].name, cell, expected ? expected : "(not stated)",
                         STR_ARG(decided(&s)));
            story_release(&s);
        }
}

static void no_state_and_no_command_is_left_out(void **state)
{
    (void)state;
    bool states[PAYMENT_STATUSES] = {false}, commands[PAYMENT_COMMANDS] = {false};
    for (int i = 0; i < SITUATION_COUNT; i++)
        states[situations[i].status] = true;
    for (int i = 0; i < CELL_COUNT; i++)
        commands[cell_types[i]] = true;
    for (int i = 0; i < PAYMENT_STATUSES; i++)
        if (!states[i])
            fail_msg("no situation of the table is %s", payment_status_names[i]);
    for (int i = 0; i < PAYMENT_COMMANDS; i++)
        if (!commands[i])
            fail_msg("no cell of the table is command %d", i);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(an_attempt_is_stored_before_the_provider_is_asked),
        STORY(an_approval_is_told_once_and_the_token_forgotten),
        STORY(a_declined_payment_may_be_tried_again_by_another_key),
        STORY(the_same_attempt_again_asks_nobody),
        STORY(an_attempt_that_skips_numbers_asks_nobody),
        STORY(silence_is_unknown_and_never_declined),
        STORY(silence_is_asked_again_by_the_same_key_with_growing_patience),
        STORY(a_crash_before_the_outcome_is_asked_again_too),
        STORY(a_second_approval_is_reviewed_and_not_lost),
        STORY(an_approval_of_a_declined_attempt_stops_the_next_one),
        STORY(another_amount_or_customer_is_refused),
        STORY(only_cards_are_taken),
        STORY(an_outcome_of_an_attempt_never_made_is_refused),
        STORY(a_customer_who_cancels_is_heard_once_and_gets_nothing_back_yet),
        STORY(nobody_cancels_another_ones_payment),
        STORY(what_was_taken_for_a_cancelled_order_is_given_back),
        STORY(a_refund_nobody_answers_is_asked_again_by_the_same_key),
        STORY(a_refund_that_failed_is_begun_anew_by_another_key),
        STORY(an_outcome_of_a_refund_never_begun_is_refused),
        STORY(a_cancelled_order_closes_what_was_declined),
        STORY(an_order_cancelled_before_anything_was_asked_leaves_a_tombstone),
        STORY(a_late_approval_of_a_cancelled_order_is_given_back_at_once),
        STORY(a_late_decline_of_a_cancelled_order_closes_it),
        STORY(silence_beyond_patience_is_reviewed_once_until_it_is_known),
        STORY(a_decline_ends_the_review_of_silence_too),
        STORY(a_refund_beyond_patience_is_reviewed_once_until_it_is_done),
        STORY(a_review_that_a_person_must_end_is_not_ended_by_a_refund),
        cmocka_unit_test(every_state_answers_every_command),
        cmocka_unit_test(no_state_and_no_command_is_left_out),
    };
    return cmocka_run_group_tests_name("payment", tests, NULL, NULL);
}
