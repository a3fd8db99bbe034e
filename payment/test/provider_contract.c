/* What every adapter must do. */
#include "provider_contract.h"

#include "clock.h"
#include <string.h>

static const struct provider_contract *contract;

/* ── asking ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void answered(void *ctx, const struct provider_outcome *outcome)
{
    struct asked *a = ctx;
    struct str text = outcome->answer == PROVIDER_APPROVED   ? outcome->reference
                      : outcome->answer == PROVIDER_DECLINED ? outcome->code
                                                             : STR("");
    pthread_mutex_lock(&a->lock);
    a->times++;
    a->answer = outcome->answer;
    assert_true(text.n < sizeof a->text);
    memcpy(a->text, text.p, text.n);
    a->text[text.n] = '\0';
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

void ask_charge(const struct provider *p, struct asked *a, struct uuid key, const char *token, duration deadline)
{
    p->charge(&(struct provider_charge){
        .key = key,
        .amount = {PROVIDER_AMOUNT, "KRW"},
        .token = str_of(token),
        .deadline = deadline,
        .done = answered,
        .ctx = a,
    });
}

void wait_for_answer(struct asked *a)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 60;
    pthread_mutex_lock(&a->lock);
    while (a->times == 0)
        assert_int_equal(pthread_cond_timedwait(&a->wake, &a->lock, &limit), 0);
    pthread_mutex_unlock(&a->lock);
    assert_int_equal(a->times, 1);
}

struct asked charge_of(const struct provider *p, struct uuid key, const char *token, duration deadline)
{
    struct asked a = ASKED;
    ask_charge(p, &a, key, token, deadline);
    wait_for_answer(&a);
    return a;
}

struct asked refund_of(const struct provider *p, struct uuid key, const char *charge)
{
    struct asked a = ASKED;
    p->refund(&(struct provider_refund){
        .key = key,
        .amount = {PROVIDER_AMOUNT, "KRW"},
        .charge = str_of(charge),
        .deadline = PROVIDER_LONG,
        .done = answered,
        .ctx = &a,
    });
    wait_for_answer(&a);
    return a;
}

static struct asked charge(struct uuid key, const char *token, duration deadline)
{
    return charge_of(contract->provider, key, token, deadline);
}

static struct asked refund(struct uuid key, const char *reference)
{
    return refund_of(contract->provider, key, reference);
}

static int64_t refunded(const struct asked *approved)
{
    return contract->refunded(str_of(approved->text));
}

/* ── charges ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void the_same_key_is_the_same_charge(void **state)
{
    (void)state;
    struct uuid key = uuid_new(), another = uuid_new();
    struct asked first = charge(key, contract->approved, PROVIDER_LONG), again = charge(key, contract->approved, PROVIDER_LONG);
    struct asked other = charge(another, contract->approved, PROVIDER_LONG);
    assert_int_equal(first.answer, PROVIDER_APPROVED);
    assert_int_equal(again.answer, PROVIDER_APPROVED);
    assert_int_equal(other.answer, PROVIDER_APPROVED);
    assert_string_equal(first.text, again.text);
    assert_string_not_equal(first.text, other.text);
    assert_int_equal(contract->charged(key), PROVIDER_AMOUNT);
    assert_int_equal(contract->charged(another), PROVIDER_AMOUNT);
}

/* Some may be told that it is not known yet; none is told anything else, and the money is taken once. */
static void a_key_asked_many_times_at_once_is_charged_once(void **state)
{
    (void)state;
    enum { MANY = 8 };
    struct uuid key = uuid_new();
    struct asked all[MANY];
    int approved = 0;
    for (int i = 0; i < MANY; i++) {
        all[i] = (struct asked)ASKED;
        ask_charge(contract->provider, &all[i], key, contract->approved, PROVIDER_LONG);
    }
    for (int i = 0; i < MANY; i++) {
        wait_for_answer(&all[i]);
        assert_int_not_equal(all[i].answer, PROVIDER_DECLINED);
        approved += all[i].answer == PROVIDER_APPROVED;
    }
    assert_in_range(approved, 1, MANY);
    assert_int_equal(contract->charged(key), PROVIDER_AMOUNT);
}

static void a_decline_has_a_code_and_takes_nothing(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    for (int i = 0; i < 2; i++) {
        struct asked a = charge(key, contract->declined, PROVIDER_LONG);
        assert_int_equal(a.answer, PROVIDER_DECLINED);
        assert_string_equal(a.text, contract->decline_code);
    }
    assert_int_equal(contract->charged(key), 0);
}

static void silence_ends_at_the_deadline(void **state)
{
    (void)state;
    duration began = clock_monotonic();
    struct uuid key = uuid_new();
    assert_int_equal(charge(key, contract->hangs, PROVIDER_SHORT).answer, PROVIDER_SILENT);
    assert_true(clock_monotonic() - began >= PROVIDER_SHORT);
    assert_int_equal(contract->charged(key), 0);
}

static void a_lost_answer_is_there_when_asked_again(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    assert_int_equal(charge(key, contract->lost, PROVIDER_SHORT).answer, PROVIDER_SILENT);
    struct asked again = charge(key, contract->lost, PROVIDER_LONG), once_more = charge(key, contract->lost, PROVIDER_LONG);
    assert_int_equal(again.answer, PROVIDER_APPROVED);
    assert_string_equal(again.text, once_more.text);
    assert_int_equal(contract->charged(key), PROVIDER_AMOUNT);
    assert_int_equal(charge(uuid_new(), contract->lost, PROVIDER_SHORT).answer, PROVIDER_SILENT);
}

/* ── refunds ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void the_same_key_is_the_same_refund(void **state)
{
    (void)state;
    struct asked taken = charge(uuid_new(), contract->approved, PROVIDER_LONG);
    struct uuid key = uuid_new();
    struct asked first = refund(key, taken.text), again = refund(key, taken.text);
    assert_int_equal(first.answer, PROVIDER_APPROVED);
    assert_int_equal(again.answer, PROVIDER_APPROVED);
    assert_string_equal(first.text, again.text);
    assert_int_equal(refunded(&taken), PROVIDER_AMOUNT);
}

static void what_is_back_already_is_not_given_back_twice(void **state)
{
    (void)state;
    struct asked taken = charge(uuid_new(), contract->approved, PROVIDER_LONG);
    assert_int_equal(refund(uuid_new(), taken.text).answer, PROVIDER_APPROVED);
    assert_int_equal(refund(uuid_new(), taken.text).answer, PROVIDER_APPROVED);
    assert_int_equal(refunded(&taken), PROVIDER_AMOUNT);
}

static void a_refund_that_failed_has_a_code_and_another_key_tries_again(void **state)
{
    (void)state;
    struct asked taken = charge(uuid_new(), contract->refund_fails_twice, PROVIDER_LONG);
    for (int i = 0; i < 2; i++) {
        struct uuid key = uuid_new();
        struct asked failed = refund(key, taken.text), again = refund(key, taken.text);
        assert_int_equal(failed.answer, PROVIDER_DECLINED);
        assert_string_equal(failed.text, contract->refund_fault_code);
        assert_int_equal(again.answer, PROVIDER_DECLINED);
        assert_int_equal(refunded(&taken), 0);
    }
    assert_int_equal(refund(uuid_new(), taken.text).answer, PROVIDER_APPROVED);
    assert_int_equal(refunded(&taken), PROVIDER_AMOUNT);
}

static void a_charge_that_is_unknown_is_not_given_back(void **state)
{
    (void)state;
    assert_int_equal(refund(uuid_new(), contract->unknown_charge).answer, PROVIDER_DECLINED);
}

/* ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void nobody_is_left_waiting_at_the_stop(void **state)
{
    (void)state;
    struct asked late = ASKED, soon = ASKED;
    ask_charge(contract->provider, &late, uuid_new(), contract->hangs, SECONDS(60));
    ask_charge(contract->provider, &soon, uuid_new(), contract->hangs, PROVIDER_SHORT);
    wait_for_answer(&soon);
    assert_int_equal(late.times, 0);
    contract->provider->stop();
    assert_int_equal(late.times, 1);
    assert_int_equal(late.answer, PROVIDER_SILENT);
    assert_true(contract->restart());
}

int provider_contract_run(const struct provider_contract *c, const char *name, CMFixtureFunction setup, CMFixtureFunction teardown)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_key_is_the_same_charge),
        cmocka_unit_test(a_key_asked_many_times_at_once_is_charged_once),
        cmocka_unit_test(a_decline_has_a_code_and_takes_nothing),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(a_lost_answer_is_there_when_asked_again),
        cmocka_unit_test(the_same_key_is_the_same_refund),
        cmocka_unit_test(what_is_back_already_is_not_given_back_twice),
        cmocka_unit_test(a_refund_that_failed_has_a_code_and_another_key_tries_again),
        cmocka_unit_test(a_charge_that_is_unknown_is_not_given_back),
        cmocka_unit_test(nobody_is_left_waiting_at_the_stop),
    };
    contract = c;
    return _cmocka_run_group_tests(name, tests, sizeof tests / sizeof tests[0], setup, teardown);
}
