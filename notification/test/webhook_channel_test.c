/* The webhook as a channel keeps the contract, with an HTTP server that checks signatures; and it calls nobody whom it must not. */
#include "outbound/target.h"
#include "outbound/webhook_channel.h"
#include "provider.h"
#include "settings.h"
#include "testing.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char url[60];

static void start(void)
{
    char secret[100];
    struct arena arena;
    arena_init(&arena);
    notification_config.webhook_secret = "a secret of the shop";
    notification_config.webhook_private = true;
    (void)snprintf(secret, sizeof secret, "%.*s", STR_ARG(webhook_secret(&arena, (struct uuid){{2}})));
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/hook?of=kim", provider_start("webhook", secret));
    arena_release(&arena);
}

/* The example of the standard's own documents (github.com/standard-webhooks) needs its key; ours are derived, so the arithmetic is
   checked by the provider. Here: nobody's key is another's. */
static void each_customer_has_a_key_of_their_own(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    notification_config.webhook_secret = "a secret of the shop";
    struct str kim = webhook_secret(&arena, (struct uuid){{2}}), lee = webhook_secret(&arena, (struct uuid){{3}});
    assert_false(str_equal(kim, lee));
    assert_true(str_equal(kim, webhook_secret(&arena, (struct uuid){{2}})));
    assert_true(str_starts_with(kim, STR("whsec_")) && kim.n == 6 + 44);
    notification_config.webhook_secret = "another";
    assert_false(str_equal(kim, webhook_secret(&arena, (struct uuid){{2}})));
    arena_release(&arena);
}

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return target_is_public((const struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return target_is_public((const struct sockaddr *)&v6);
}

static void only_public_addresses_may_be_called(void **state)
{
    (void)state;
    static const char *const public[] = {"1.1.1.1",         "100.63.0.1",      "100.128.0.1",    "172.15.0.1",       "172.32.0.1",
                                         "223.255.255.255", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"};
    static const char *const other[] = {"0.0.0.0",
                                        "10.0.0.1",
                                        "100.64.0.1",
                                        "100.127.255.255",
                                        "127.0.0.1",
                                        "127.1.2.3",
                                        "169.254.169.254",
                                        "172.16.0.1",
                                        "172.31.255.255",
                                        "192.168.1.1",
                                        "192.0.2.1",
                                        "198.18.0.1",
                                        "198.19.0.1",
                                        "224.0.0.1",
                                        "255.255.255.255",
                                        "::",
                                        "::1",
                                        "fe80::1",
                                        "fc00::1",
                                        "fd12::1",
                                        "ff02::1",
                                        "2001:db8::1",
                                        "::ffff:127.0.0.1",
                                        "::ffff:10.0.0.1",
                                        "64:ff9b::10.0.0.1",
                                        "2002:a00:1::1",
                                        "::127.0.0.1",
                                        "2001::1"};
    for (size_t i = 0; i < sizeof public / sizeof public[0]; i++)
        if (!is_public(public[i]))
            fail_msg("%s is public", public[i]);
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        if (is_public(other[i]))
            fail_msg("%s is not public", other[i]);
    assert_false(target_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

static void what_is_plainly_private_is_seen_in_the_url(void **state)
{
    (void)state;
    assert_true(target_is_plainly_private(STR("http://127.0.0.1:8080/x")));
    assert_true(target_is_plainly_private(STR("http://[::1]/")));
    assert_true(target_is_plainly_private(STR("https://LocalHost")));
    assert_true(target_is_plainly_private(STR("https://169.254.169.254/latest/meta-data")));
    assert_false(target_is_plainly_private(STR("https://1.1.1.1/")));
    assert_false(target_is_plainly_private(STR("https://example.com/")));
    assert_false(target_is_plainly_private(STR("not a url")));
    assert_false(target_is_plainly_private((struct str){0}));
}

struct told {
    atomic_int times;
    bool taken;
    enum channel_failure failure;
};

static void note(void *ctx, const struct channel_answer *answer)
{
    struct told *t = ctx;
    t->taken = answer->taken;
    t->failure = answer->failure;
    t->times++;
}

/* By its name, "localhost": what a name means is seen only when it is looked up. */
static void a_name_that_means_a_private_address_is_not_called(void **state)
{
    (void)state;
    static struct told told;
    char problem[200], named[80];
    start();
    notification_config.webhook_private = false;
    notification_config.deadline = SECONDS(10);
    assert_true(webhook_channel.start(problem));
    (void)snprintf(named, sizeof named, "http://localhost:%s", strrchr(url, ':') + 1);
    webhook_channel.send(&(struct channel_message){.notice = {{1}}, .title = STR(""), .text = STR(""), .address = str_of(named)}, note,
                         &told);
    testing_wait_until(told.times > 0);
    assert_false(told.taken);
    assert_int_equal(told.failure, FAILURE_FORBIDDEN);
    webhook_channel.stop();
    provider_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_customer_has_a_key_of_their_own),
        cmocka_unit_test(only_public_addresses_may_be_called),
        cmocka_unit_test(what_is_plainly_private_is_seen_in_the_url),
        cmocka_unit_test(a_name_that_means_a_private_address_is_not_called),
    };
    int failed = cmocka_run_group_tests_name("webhook: targets and keys", tests, NULL, NULL);
    start(); /* for the URL's port; each story starts its own */
    provider_stop();
    const struct channel_provider webhook = {&webhook_channel, url, start, provider_stop, provider_behave, provider_received, true};
    return failed + channel_contract_test("webhook", &webhook);
}
