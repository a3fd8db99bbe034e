/* What every provider must do, and what the simulated one does with its tokens. */
#include "clock.h"
#include "outbound/provider.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SHORT MILLISECONDS(50) /* a deadline that is waited for */

/* One charge, and what has become of it. */
struct asked {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int times;
    enum provider_answer answer;
    char text[64]; /* reference or decline code */
};
#define ASKED                                                                                                                              \
    {                                                                                                                                      \
        .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER                                                                \
    }

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
    pthread_cond_signal(&a->wake);
    pthread_mutex_unlock(&a->lock);
}

static void ask(struct asked *a, struct uuid key, const char *token, duration deadline)
{
    simulated_provider.charge(&(struct provider_charge){
        .key = key,
        .amount = {12000, "KRW"},
        .token = str_of(token),
        .deadline = deadline,
        .done = answered,
        .ctx = a,
    });
}

static void wait_for(struct asked *a)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 10;
    pthread_mutex_lock(&a->lock);
    while (a->times == 0)
        assert_int_equal(pthread_cond_timedwait(&a->wake, &a->lock, &limit), 0);
    pthread_mutex_unlock(&a->lock);
    assert_int_equal(a->times, 1);
}

static struct asked outcome_of(struct uuid key, const char *token, duration deadline)
{
    struct asked a = ASKED;
    ask(&a, key, token, deadline);
    wait_for(&a);
    return a;
}

static int start(void **state)
{
    (void)state;
    char problem[200];
    assert_true(simulated_provider.start(NULL, problem));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    simulated_provider.stop();
    return 0;
}

static void the_same_key_is_the_same_charge(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    struct asked first = outcome_of(key, "tok_ok", SECONDS(5)), again = outcome_of(key, "tok_ok", SECONDS(5));
    struct asked other = outcome_of(uuid_new(), "tok_ok_too", SECONDS(5));
    assert_int_equal(first.answer, PROVIDER_APPROVED);
    assert_int_equal(other.answer, PROVIDER_APPROVED);
    assert_string_equal(first.text, again.text);
    assert_string_not_equal(first.text, other.text);
}

static void a_refusal_has_a_code(void **state)
{
    (void)state;
    static const char *const codes[][2] = {
        {"tok_declined", "declined"}, {"tok_insufficient_funds", "insufficient_funds"}, {"4242", "invalid_token"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct asked a = outcome_of(uuid_new(), codes[i][0], SECONDS(5));
        assert_int_equal(a.answer, PROVIDER_DECLINED);
        assert_string_equal(a.text, codes[i][1]);
    }
}

static void silence_ends_at_the_deadline(void **state)
{
    (void)state;
    duration began = clock_monotonic();
    struct asked a = outcome_of(uuid_new(), "tok_hang", SHORT);
    assert_int_equal(a.answer, PROVIDER_SILENT);
    assert_true(clock_monotonic() - began >= SHORT);
}

static void what_is_slow_is_approved_if_there_is_time(void **state)
{
    (void)state;
    assert_int_equal(outcome_of(uuid_new(), "tok_slow", SECONDS(5)).answer, PROVIDER_APPROVED);
    assert_int_equal(outcome_of(uuid_new(), "tok_slow", SHORT).answer, PROVIDER_SILENT);
}

static void a_lost_answer_is_there_when_asked_again(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    assert_int_equal(outcome_of(key, "tok_lost", SHORT).answer, PROVIDER_SILENT);
    assert_int_equal(outcome_of(key, "tok_lost", SHORT).answer, PROVIDER_APPROVED);
    assert_int_equal(outcome_of(key, "tok_lost", SHORT).answer, PROVIDER_APPROVED);
    assert_int_equal(outcome_of(uuid_new(), "tok_lost", SHORT).answer, PROVIDER_SILENT);
}

static void a_late_charge_is_not_there_at_once(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    assert_int_equal(outcome_of(key, "tok_late", SHORT).answer, PROVIDER_SILENT);
    assert_int_equal(outcome_of(key, "tok_late", SHORT).answer, PROVIDER_SILENT);
}

static void the_soonest_is_answered_first(void **state)
{
    (void)state;
    struct asked late = ASKED, soon = ASKED;
    ask(&late, uuid_new(), "tok_hang", SECONDS(60));
    ask(&soon, uuid_new(), "tok_hang", SHORT);
    wait_for(&soon);
    assert_int_equal(late.times, 0);
    simulated_provider.stop(); /* nobody is left waiting */
    assert_int_equal(late.times, 1);
    assert_int_equal(late.answer, PROVIDER_SILENT);
    char problem[200];
    assert_true(simulated_provider.start(NULL, problem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_key_is_the_same_charge),
        cmocka_unit_test(a_refusal_has_a_code),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(what_is_slow_is_approved_if_there_is_time),
        cmocka_unit_test(a_lost_answer_is_there_when_asked_again),
        cmocka_unit_test(a_late_charge_is_not_there_at_once),
        cmocka_unit_test(the_soonest_is_answered_first),
    };
    return cmocka_run_group_tests_name("provider", tests, start, stop);
}
