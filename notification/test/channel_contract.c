/* The contract of the channel port: told in stories, by whatever stands behind it. */
#include "channel_contract.h"

#include "clock.h"
#include "settings.h"
#include "testing.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT                                                                                                                                                           \
    "제주 녹차 \"특\" 외 2건 배송을 시작했습니다.\tCJ대한통운, 운송장 번호 6012 — Grüße & <b>thanks</b>, and a line that is long enough " \
    "for a mail to break it into several ones 🍵 아주 긴 문장입니다."
#define MANY 40

static const struct channel_provider *provider;

struct told {
    atomic_int times;
    bool taken;
    enum channel_failure failure;
    bool detailed;
};

static void note(void *ctx, const struct channel_answer *answer)
{
    struct told *t = ctx;
    t->taken = answer->taken;
    t->failure = answer->failure;
    t->detailed = answer->detail && answer->detail[0];
    t->times++;
}

/* What the message says is gone as soon as send() returns. */
static void send_notice(struct uuid notice, struct told *told)
{
    char *text = strdup(TEXT), *address = strdup(provider->address), *title = strdup("배송 시작");
    provider->channel->send(&(struct channel_message){.notice = notice,
                                                      .order = {{1}},
                                                      .customer = {{2}},
                                                      .kind = DELIVERY_STARTED,
                                                      .language = LANGUAGE_ko,
                                                      .title = str_of(title),
                                                      .text = str_of(text),
                                                      .address = str_of(address)},
                            note, told);
    memset(text, '?', strlen(text)), memset(address, '?', strlen(address)), memset(title, '?', strlen(title));
    free(text), free(address), free(title);
}

static struct told when_sent(struct uuid notice)
{
    static struct told told;
    told = (struct told){0};
    send_notice(notice, &told);
    testing_wait_until(told.times > 0);
    return told;
}

static void then_failed(enum channel_failure failure)
{
    struct told told = when_sent(uuid_new());
    assert_false(told.taken);
    if (told.failure != failure)
        fail_msg("it says %s, not %s", channel_failure_names[told.failure], channel_failure_names[failure]);
    assert_true(told.detailed);
}

static void then_received(struct uuid notice)
{
    char expected[1000], id[UUID_TEXT + 1];
    if (!provider->received)
        return;
    uuid_format(notice, id);
    (void)snprintf(expected, sizeof expected, "%s %s %s", id, provider->address, TEXT);
    assert_string_equal(provider->received(), expected);
}

static int start(void **state)
{
    (void)state;
    char problem[200] = "";
    notification_config.deadline = SECONDS(10);
    provider->start();
    assert_true(provider->channel->offered());
    if (provider->channel->start && !provider->channel->start(problem))
        fail_msg("%s", problem);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (provider->channel->stop)
        provider->channel->stop();
    if (provider->leave)
        provider->leave();
    return 0;
}

/* ── stories ── */

static void what_is_taken_has_arrived_whole(void **state)
{
    (void)state;
    struct uuid notice = uuid_new();
    assert_true(when_sent(notice).taken);
    then_received(notice);
}

static void a_notice_that_is_sent_twice_has_the_same_id(void **state)
{
    (void)state;
    struct uuid notice = uuid_new();
    assert_true(when_sent(notice).taken);
    assert_true(when_sent(notice).taken);
    then_received(notice);
    then_received(notice);
}

static void each_of_many_is_answered_once(void **state)
{
    (void)state;
    static struct told told[MANY];
    memset(told, 0, sizeof told);
    for (int i = 0; i < MANY; i++)
        send_notice(uuid_new(), &told[i]);
    for (int i = 0; i < MANY; i++)
        testing_wait_until(told[i].times > 0);
    for (int i = 0; i < MANY; i++)
        assert_true(told[i].taken && told[i].times == 1);
}

static void a_busy_provider_is_for_later(void **state)
{
    (void)state;
    provider->behave(IS_BUSY);
    then_failed(FAILURE_BUSY);
    provider->behave(TAKES);
    assert_true(when_sent(uuid_new()).taken);
}

static void a_refusal_is_for_good(void **state)
{
    (void)state;
    provider->behave(REFUSES);
    then_failed(FAILURE_REFUSED);
}

static void who_is_not_reached_there_is_for_another_channel(void **state)
{
    (void)state;
    provider->behave(KNOWS_NOBODY);
    then_failed(FAILURE_NO_RECIPIENT);
}

static void a_provider_that_is_away_is_unreachable(void **state)
{
    (void)state;
    provider->leave();
    then_failed(FAILURE_UNREACHABLE);
}

static void a_provider_that_never_answers_is_unreachable_at_the_deadline(void **state)
{
    (void)state;
    char problem[200];
    provider->channel->stop();
    notification_config.deadline = MILLISECONDS(300);
    assert_true(provider->channel->start(problem));
    provider->behave(HANGS);
    then_failed(FAILURE_UNREACHABLE);
}

static void stopping_answers_what_is_under_way(void **state)
{
    (void)state;
    static struct told told[MANY];
    char problem[200];
    memset(told, 0, sizeof told);
    provider->behave(HANGS);
    for (int i = 0; i < MANY; i++)
        send_notice(uuid_new(), &told[i]);
    provider->channel->stop();
    for (int i = 0; i < MANY; i++)
        assert_true(told[i].times == 1 && !told[i].taken);
    assert_true(provider->channel->start(problem));
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, start, stop)

int channel_contract_test(const char *name, const struct channel_provider *p)
{
    const struct CMUnitTest always[] = {
        STORY(what_is_taken_has_arrived_whole),
        STORY(a_notice_that_is_sent_twice_has_the_same_id),
        STORY(each_of_many_is_answered_once),
    };
    const struct CMUnitTest where_it_can_fail[] = {
        STORY(a_busy_provider_is_for_later),
        STORY(a_refusal_is_for_good),
        STORY(who_is_not_reached_there_is_for_another_channel),
        STORY(a_provider_that_is_away_is_unreachable),
        STORY(stopping_answers_what_is_under_way),
    };
    const struct CMUnitTest where_it_waits[] = {
        STORY(a_provider_that_never_answers_is_unreachable_at_the_deadline),
    };
    provider = p;
    int failed = cmocka_run_group_tests_name(name, always, NULL, NULL);
    if (p->behave)
        failed += cmocka_run_group_tests_name(name, where_it_can_fail, NULL, NULL);
    if (p->waits)
        failed += cmocka_run_group_tests_name(name, where_it_waits, NULL, NULL);
    return failed;
}
