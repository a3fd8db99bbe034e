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

/* ── every state and every command ──────────────────────────────────────────────────────────────────────────────────────────────── */

enum { SAME_ATTEMPT, NEXT_ATTEMPT, APPROVAL, DECLINE, SILENCE, TIMER, CELLS };

/* Events by name, "ask" when the provider is asked, "-" for nothing, or the refusal. */
static const char *const table[PAYMENT_STATUSES][CELLS] = {
    /* clang-format off */
    [PAYMENT_NONE]       = {"PaymentAttempted ask", "409 /problems/attempt-out-of-order", "409 /problems/unknown-attempt", "409 /problems/unknown-attempt", "409 /problems/unknown-attempt", "-"},
    [PAYMENT_PROCESSING] = {"-", "-",                    "PaymentApproved", "PaymentDeclined", "PaymentUnknown", "ask"},
    [PAYMENT_APPROVED]   = {"-", "-",                    "-",               "-",               "-",              "-"},
    [PAYMENT_DECLINED]   = {"-", "PaymentAttempted ask", "PaymentApproved", "-",               "-",              "-"},
    [PAYMENT_UNKNOWN]    = {"-", "-",                    "PaymentApproved", "PaymentDeclined", "-",              "ask"},
    [PAYMENT_REFUNDING]  = {"-", "-",                    "-",               "-",               "-",              "-"},
    [PAYMENT_REFUNDED]   = {"-", "-",                    "-",               "-",               "-",              "-"},
    [PAYMENT_CLOSED]     = {"-", "-",                    "PaymentNeedsReview", "-",            "-",              "-"},
    /* clang-format on */
};

static void bring_to(struct story *s, enum payment_status status)
{
    if (status == PAYMENT_NONE)
        return;
    given(s, attempt(1));
    switch (status) {
    case PAYMENT_NONE:
    case PAYMENT_PROCESSING: return;
    case PAYMENT_UNKNOWN: given(s, silent(1)); return;
    case PAYMENT_DECLINED: given(s, declined(1)); return;
    case PAYMENT_APPROVED: given(s, approved(1)); return;
    case PAYMENT_REFUNDING:
    case PAYMENT_REFUNDED: given(s, approved(1)); break;
    case PAYMENT_CLOSED: given(s, declined(1)); break;
    case PAYMENT_STATUSES: unreachable();
    }
    ((struct payment *)story_aggregate(s, PAYMENT, order)->state)->status = (int)status; /* a door: nothing leads there yet */
}

static struct command cell_command(int cell)
{
    switch (cell) {
    case SAME_ATTEMPT: return attempt(1);
    case NEXT_ATTEMPT: return attempt(2);
    case APPROVAL: return approved(1);
    case DECLINE: return declined(1);
    case SILENCE: return silent(1);
    case TIMER: return time_to_ask();
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
        text = arena_printf(&s->arena, "%.*s%s%s", STR_ARG(text), text.n ? " " : "", payment_decider.events[d->events[i].type].name);
    if (d->effect_count)
        text = arena_printf(&s->arena, "%.*s%sask", STR_ARG(text), text.n ? " " : "");
    return text.n ? text : STR("-");
}

static void every_state_answers_every_command(void **state)
{
    (void)state;
    for (int status = PAYMENT_NONE; status < PAYMENT_STATUSES; status++)
        for (int cell = 0; cell < CELLS; cell++) {
            struct story s;
            story_init(&s, &payment_decider);
            bring_to(&s, (enum payment_status)status);
            when(&s, cell_command(cell));
            const char *expected = table[status][cell];
            if (!expected || !str_is(decided(&s), expected))
                fail_msg("%s, command %d: expected %s, got %.*s", payment_status_names[status], cell, expected ? expected : "(not stated)",
                         STR_ARG(decided(&s)));
            story_release(&s);
        }
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
        cmocka_unit_test(every_state_answers_every_command),
    };
    return cmocka_run_group_tests_name("payment", tests, NULL, NULL);
}
