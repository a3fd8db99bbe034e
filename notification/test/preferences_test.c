/* What a customer may prefer, as stories. */
#include "given.h"

#include "address.h"
#include "notification.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct uuid kim = {{2}};

static int begin(void **state)
{
    static struct story story;
    story_init(&story, &notification_decider);
    *state = &story;
    return 0;
}

static int end(void **state)
{
    story_release(*state);
    return 0;
}

static struct prefer by_email(void)
{
    return (struct prefer){
        .customer = kim,
        .version = PREFERENCES_VERSION_ANY,
        .wanted = {.language = LANGUAGE_en, .channels = {1, {CHANNEL_email}}, .email = STR("kim@example.com")},
        .offered = ~0U,
    };
}

static struct command prefer(const struct prefer *p)
{
    return (struct command){.type = PREFER, .data = p, .correlation = kim};
}

static void then_fault(struct story *s, const char *pointer, const char *code)
{
    const struct refusal *r = then_refused(s, 422, "/problems/invalid-fields");
    for (size_t i = 0; i < r->error_count; i++)
        if (str_is(r->errors[i].pointer, pointer) && strcmp(r->errors[i].code, code) == 0)
            return;
    fail_msg("no fault %s at %s", code, pointer);
}

static void preferences_are_kept_and_counted(void **state)
{
    struct story *s = *state;
    struct prefer p = by_email();
    when(s, prefer(&p));
    then_event(s, PREFERENCES_CHANGED);
    then_no_more(s);
    const struct preferences *kept = story_state(s, PREFERENCES, kim);
    assert_int_equal(kept->language, LANGUAGE_en);
    assert_true(str_is(kept->email, "kim@example.com"));
    assert_int_equal(story_aggregate(s, PREFERENCES, kim)->version, 1);
    when(s, prefer(&p));
    then_nothing(s);
}

static void who_edits_an_older_version_is_refused(void **state)
{
    struct story *s = *state;
    struct prefer p = by_email();
    p.version = 0;
    given(s, prefer(&p));
    p.wanted.language = LANGUAGE_ko;
    when(s, prefer(&p));
    then_refused(s, 412, "/problems/precondition-failed");
    p.version = 1;
    when(s, prefer(&p));
    then_event(s, PREFERENCES_CHANGED);
}

static void a_telephone_number_is_kept_as_digits(void **state)
{
    struct story *s = *state;
    struct prefer p = by_email();
    p.wanted.phone = STR("+82 10-1234-5678");
    given(s, prefer(&p));
    assert_true(str_is(((const struct preferences *)story_state(s, PREFERENCES, kim))->phone, "+821012345678"));
    when(s, prefer(&p));
    then_nothing(s);
}

static void all_that_is_wrong_is_said_at_once(void **state)
{
    struct story *s = *state;
    struct prefer p = by_email();
    p.wanted.channels = (struct channel_list){4, {CHANNEL_alimtalk, CHANNEL_email, CHANNEL_email, CHANNEL_webhook}};
    p.wanted.email = STR("kim@example");
    p.offered &= ~(1U << CHANNEL_webhook);
    when(s, prefer(&p));
    then_fault(s, "/phone", "required");
    then_fault(s, "/channels/2", "duplicate");
    then_fault(s, "/channels/3", "not-offered");
    then_fault(s, "/email", "invalid");
    assert_int_equal(then_refused(s, 422, "/problems/invalid-fields")->error_count, 4);
}

static void a_webhook_at_an_address_that_is_not_called_is_refused(void **state)
{
    struct story *s = *state;
    struct prefer p = by_email();
    p.wanted.webhook_url = STR("http://10.0.0.1/hook");
    p.webhook_forbidden = true;
    when(s, prefer(&p));
    then_fault(s, "/webhookUrl", "forbidden-target");
}

static void who_has_said_nothing_is_told_by_the_first_channel(void **state)
{
    (void)state;
    struct preferences nothing = {0};
    assert_int_equal(preferences_channel(&nothing, 0), CHANNEL_log);
    assert_int_equal(preferences_channel(&nothing, 1U << CHANNEL_log), -1);
    assert_true(str_absent(preferences_address(&nothing, CHANNEL_log)));
}

/* ── addresses ── */

static void e_mail_addresses_are_told_from_other_texts(void **state)
{
    (void)state;
    static const char *const good[] = {"kim@example.com", "a.b+shop@mail.example.co.kr", "o'neil_1@x-y.kr"};
    static const char *const bad[] = {"",
                                      "@",
                                      "kim",
                                      "kim@",
                                      "@example.com",
                                      "kim@example",
                                      "kim@@example.com",
                                      ".kim@example.com",
                                      "kim.@example.com",
                                      "k..m@example.com",
                                      "kim@-example.com",
                                      "kim@example-.com",
                                      "kim@example..com",
                                      "kim@example.com.",
                                      "kim@exa mple.com",
                                      "k im@example.com",
                                      "kim@example.com\r\nBcc: all@example.com",
                                      "\"kim\"@example.com",
                                      "김@example.com",
                                      "kim@예시.kr",
                                      "kim@[127.0.0.1]",
                                      "<kim@example.com>"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!address_is_email(str_of(good[i])))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (address_is_email(str_of(bad[i])))
            fail_msg("%s", bad[i]);
}

static void parts_of_an_e_mail_address_have_their_greatest_lengths(void **state)
{
    struct arena *a = &((struct story *)*state)->arena;
    const char *x64 = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", *x63 = x64 + 1;
    assert_true(address_is_email(arena_printf(a, "%s@%s.com", x64, x63)));
    assert_false(address_is_email(arena_printf(a, "x%s@example.com", x64)));
    assert_false(address_is_email(arena_printf(a, "kim@%s.com", x64)));
    assert_false(address_is_email(arena_printf(a, "kim@%s.%s.%s.%s.com", x63, x63, x63, x63)));
}

static void telephone_numbers_are_told_from_other_texts(void **state)
{
    (void)state;
    assert_true(address_is_phone(STR("010-1234-5678")));
    assert_true(address_is_phone(STR("+82 10 1234 5678")));
    assert_false(address_is_phone(STR("1234567")));
    assert_false(address_is_phone(STR("1234567890123456")));
    assert_false(address_is_phone(STR("82+1012345678")));
    assert_false(address_is_phone(STR("010-1234-ABCD")));
    assert_false(address_is_phone(STR("")));
}

static void urls_of_the_web_are_told_from_other_texts(void **state)
{
    (void)state;
    static const char *const good[] = {"https://example.com", "http://example.com:8080/a/b?c=d", "http://127.0.0.1:8095/x",
                                       "https://[2001:db8::1]:443/", "https://shop.example.co.kr?hook=1"};
    static const char *const bad[] = {"",
                                      "example.com",
                                      "ftp://example.com",
                                      "file:///etc/passwd",
                                      "gopher://example.com",
                                      "https://",
                                      "https:///x",
                                      "http://user:secret@example.com/",
                                      "http://example.com#part",
                                      "http://exa mple.com",
                                      "http://example.com:0/",
                                      "http://example.com:65536/",
                                      "http://example.com:80a/",
                                      "http://example.com/\r\nX: y",
                                      "http://예시.kr/",
                                      "http://.example.com/",
                                      "HTTP://example.com/",
                                      "http://[::1/",
                                      "http://a\\b.com/"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!address_is_web_url(str_of(good[i])))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (address_is_web_url(str_of(bad[i])))
            fail_msg("%s", bad[i]);
}

static void host_and_port_of_a_url_are_found(void **state)
{
    (void)state;
    struct str host, port;
    assert_true(address_of_web_url(STR("http://[::1]:8080/x"), &host, &port));
    assert_true(str_is(host, "::1") && str_is(port, "8080"));
    assert_true(address_of_web_url(STR("https://example.com/x:y"), &host, &port));
    assert_true(str_is(host, "example.com") && str_absent(port));
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(preferences_are_kept_and_counted),
        STORY(who_edits_an_older_version_is_refused),
        STORY(a_telephone_number_is_kept_as_digits),
        STORY(all_that_is_wrong_is_said_at_once),
        STORY(a_webhook_at_an_address_that_is_not_called_is_refused),
        STORY(who_has_said_nothing_is_told_by_the_first_channel),
        STORY(e_mail_addresses_are_told_from_other_texts),
        STORY(parts_of_an_e_mail_address_have_their_greatest_lengths),
        STORY(telephone_numbers_are_told_from_other_texts),
        STORY(urls_of_the_web_are_told_from_other_texts),
        STORY(host_and_port_of_a_url_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
