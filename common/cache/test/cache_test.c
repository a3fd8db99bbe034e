/* The Redis connection against a real Redis: TEST_REDIS_URL, e.g. redis://127.0.0.1:8092/9. Its keys begin with "cache_test:". */
#include "cache.h"
#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEND(c, ...) cache_send((c), sizeof((struct str[]){__VA_ARGS__}) / sizeof(struct str), (struct str[]){__VA_ARGS__})

static const char *test_url(void)
{
    const char *url = getenv("TEST_REDIS_URL");
    if (url == NULL || url[0] == '\0')
        fail_msg("TEST_REDIS_URL is not set: start a Redis (./jumun up) and name it, e.g. redis://127.0.0.1:8092/9");
    return url;
}

static int connect(void **state)
{
    struct cache *c = cache_new(test_url());
    assert_non_null(c);
    if (!cache_connect(c))
        fail_msg("%s", cache_fault(c));
    *state = c;
    return 0;
}

static int clean(void **state)
{
    struct cache *c = *state;
    if (cache_connect(c)) {
        SEND(c, STR("DEL"), STR("cache_test:a"), STR("cache_test:b"), STR("cache_test:list"));
        cache_receive(c);
    }
    cache_free(c);
    return 0;
}

static const struct cache_reply *receive(struct cache *c)
{
    const struct cache_reply *r = cache_receive(c);
    if (r == NULL)
        fail_msg("%s", cache_fault(c));
    return r;
}

/* From another connection, as an administrator would. */
static void meanwhile(size_t argc, const struct str *argv)
{
    struct cache *other = cache_new(test_url());
    assert_true(cache_connect(other));
    cache_send(other, argc, argv);
    assert_int_not_equal(cache_kind(receive(other)), CACHE_ERROR);
    cache_free(other);
}

static void urls_are_read_or_refused(void **state)
{
    (void)state;
    static const char *const good[] = {"redis://127.0.0.1:6379/0", "redis://:secret@redis:6379/15", "redis://:a@b:c@redis:1/0"};
    static const char *const bad[] = {"",
                                      "redis://",
                                      "127.0.0.1:6379",
                                      "http://127.0.0.1:6379/0",
                                      "redis://127.0.0.1/0",
                                      "redis://127.0.0.1:6379",
                                      "redis://127.0.0.1:0/0",
                                      "redis://127.0.0.1:65536/0",
                                      "redis://127.0.0.1:x/0",
                                      "redis://127.0.0.1:6379/x",
                                      "redis://127.0.0.1:6379/-1",
                                      "redis://:6379/0",
                                      "redis://secret@127.0.0.1:6379/0",
                                      "redis://:@127.0.0.1:6379/0",
                                      "redis://127.0.0.1:6379/0/1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct cache *c = cache_new(good[i]);
        assert_non_null(c);
        cache_free(c);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (cache_new(bad[i]) != NULL)
            fail_msg("'%s' was taken for a URL", bad[i]);
    assert_null(cache_new(NULL));
}

static void nobody_there_is_a_fault(void **state)
{
    (void)state;
    struct cache *c = cache_new("redis://127.0.0.1:1/0");
    assert_false(cache_connect(c));
    assert_false(cache_connected(c));
    assert_non_null(strstr(cache_fault(c), "127.0.0.1:1"));
    SEND(c, STR("PING"));
    assert_null(cache_receive(c));
    cache_free(c);
}

static void a_wrong_password_is_a_fault(void **state)
{
    (void)state;
    char url[300];
    snprintf(url, sizeof(url), "redis://:wrong@%s", test_url() + strlen("redis://"));
    struct cache *c = cache_new(url);
    assert_false(cache_connect(c));
    assert_non_null(strstr(cache_fault(c), "AUTH"));
    assert_null(strstr(cache_fault(c), "wrong@"));
    cache_free(c);
}

static void answers_come_in_order(void **state)
{
    struct cache *c = *state;
    SEND(c, STR("SET"), STR("cache_test:a"), STR("x\0y"));
    SEND(c, STR("GET"), STR("cache_test:a"));
    SEND(c, STR("GET"), STR("cache_test:none"));
    SEND(c, STR("STRLEN"), STR("cache_test:a"));
    SEND(c, STR("HGET"), STR("cache_test:a"), STR("field"));
    SEND(c, STR("RPUSH"), STR("cache_test:list"), STR("1"), STR(""));
    SEND(c, STR("LRANGE"), STR("cache_test:list"), STR("0"), STR("-1"));

    const struct cache_reply *r = receive(c);
    assert_int_equal(cache_kind(r), CACHE_STATUS);
    assert_true(str_is(cache_text(r), "OK"));
    r = receive(c);
    assert_int_equal(cache_kind(r), CACHE_TEXT);
    assert_true(str_equal(cache_text(r), STR("x\0y")));
    r = receive(c);
    assert_int_equal(cache_kind(r), CACHE_NIL);
    assert_true(str_absent(cache_text(r)));
    r = receive(c);
    assert_int_equal(cache_kind(r), CACHE_INTEGER);
    assert_int_equal(cache_integer(r), 3);
    r = receive(c);
    assert_int_equal(cache_kind(r), CACHE_ERROR);
    assert_true(str_starts_with(cache_text(r), STR("WRONGTYPE")));
    assert_int_equal(cache_integer(receive(c)), 2);
    r = receive(c);
    assert_int_equal(cache_kind(r), CACHE_LIST);
    assert_int_equal(cache_count(r), 2);
    assert_true(str_is(cache_text(cache_item(r, 0)), "1"));
    assert_true(str_is(cache_text(cache_item(r, 1)), ""));
}

static const char script[] = "return {redis.call('INCRBY', KEYS[1], ARGV[1]), 'sum'}";
static const char broken_script[] = "return (";

static void add(struct cache *c, struct str n)
{
    cache_send_script(c, script, 1, 2, (struct str[]){STR("cache_test:a"), n});
}

static void then_sum_is(struct cache *c, int64_t sum)
{
    const struct cache_reply *r = receive(c);
    assert_int_equal(cache_kind(r), CACHE_LIST);
    assert_int_equal(cache_integer(cache_item(r, 0)), sum);
}

static void scripts_are_loaded_unasked(void **state)
{
    struct cache *c = *state;
    meanwhile(2, (struct str[]){STR("SCRIPT"), STR("FLUSH")});
    add(c, STR("1"));
    SEND(c, STR("PING"));
    add(c, STR("2"));
    then_sum_is(c, 1);
    assert_true(str_is(cache_text(receive(c)), "PONG"));
    then_sum_is(c, 3);
}

static void a_script_is_loaded_anew_on_every_connection(void **state)
{
    struct cache *c = *state;
    add(c, STR("1"));
    then_sum_is(c, 1);
    cache_disconnect(c);
    meanwhile(2, (struct str[]){STR("SCRIPT"), STR("FLUSH")});
    assert_true(cache_connect(c));
    add(c, STR("1"));
    then_sum_is(c, 2);
}

static void a_forgotten_script_is_a_fault_and_then_works_again(void **state)
{
    struct cache *c = *state;
    add(c, STR("1"));
    then_sum_is(c, 1);
    meanwhile(2, (struct str[]){STR("SCRIPT"), STR("FLUSH")});
    add(c, STR("1"));
    assert_null(cache_receive(c));
    assert_false(cache_connected(c));
    assert_true(cache_connect(c));
    add(c, STR("1"));
    then_sum_is(c, 2);
}

static void a_malformed_script_is_a_fault_that_says_so(void **state)
{
    struct cache *c = *state;
    cache_send_script(c, broken_script, 0, 0, NULL);
    assert_null(cache_receive(c));
    assert_non_null(strstr(cache_fault(c), "loading a script"));
}

static void an_error_within_a_script_is_an_answer(void **state)
{
    struct cache *c = *state;
    add(c, STR("no number"));
    assert_int_equal(cache_kind(receive(c)), CACHE_ERROR);
    add(c, STR("1"));
    then_sum_is(c, 1);
}

static void a_lost_connection_forgets_what_was_sent(void **state)
{
    struct cache *c = *state;
    SEND(c, STR("CLIENT"), STR("ID"));
    char id[24];
    snprintf(id, sizeof(id), "%lld", (long long)cache_integer(receive(c)));
    meanwhile(4, (struct str[]){STR("CLIENT"), STR("KILL"), STR("ID"), str_of(id)});
    for (int i = 0; i < 3; i++)
        SEND(c, STR("PING"));
    assert_null(cache_receive(c));
    assert_false(cache_connected(c));
    assert_true(strlen(cache_fault(c)) > 0);
    assert_null(cache_receive(c));
    SEND(c, STR("PING"));
    assert_null(cache_receive(c));
    assert_true(cache_connect(c));
    SEND(c, STR("ECHO"), STR("afresh"));
    assert_true(str_is(cache_text(receive(c)), "afresh"));
}

static void the_run_id_is_known(void **state)
{
    struct cache *c = *state;
    assert_int_equal(cache_run_id(c).n, 40);
}

static void a_thousand_commands_are_one_pipeline(void **state)
{
    struct cache *c = *state;
    char number[16];
    for (int i = 0; i < 10000; i++) {
        snprintf(number, sizeof(number), "%d", i);
        SEND(c, STR("ECHO"), str_of(number));
    }
    for (int i = 0; i < 10000; i++) {
        snprintf(number, sizeof(number), "%d", i);
        assert_true(str_is(cache_text(receive(c)), number));
    }
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, connect, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read_or_refused),
        cmocka_unit_test(nobody_there_is_a_fault),
        cmocka_unit_test(a_wrong_password_is_a_fault),
        STORY(answers_come_in_order),
        STORY(scripts_are_loaded_unasked),
        STORY(a_script_is_loaded_anew_on_every_connection),
        STORY(a_forgotten_script_is_a_fault_and_then_works_again),
        STORY(a_malformed_script_is_a_fault_that_says_so),
        STORY(an_error_within_a_script_is_an_answer),
        STORY(a_lost_connection_forgets_what_was_sent),
        STORY(the_run_id_is_known),
        STORY(a_thousand_commands_are_one_pipeline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
