/* Settings: read, refused, listed. */
#include "setting.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *url, *endpoint, *listen, *secret;
    duration deadline;
    int64_t workers;
    bool issuer;
} config;

static const struct setting table[] = {
    {"JUMUN_PAYMENT_URL", SETTING_URL, NULL, &config.url, 0, 0, "where payment answers"},
    {"JUMUN_ENDPOINT", SETTING_URL, "", &config.endpoint, 0, 0, "where it is told, if anywhere"},
    {"JUMUN_LISTEN", SETTING_LISTEN, "127.0.0.1:8080", &config.listen, 0, 0, "where requests are served"},
    {"JUMUN_DEADLINE_MS", SETTING_MILLISECONDS, "2000", &config.deadline, 1, 60000, "how long payment may take"},
    {"JUMUN_WORKERS", SETTING_INTEGER, "2", &config.workers, 1, 64, "threads"},
    {"JUMUN_ISSUER", SETTING_SWITCH, "off", &config.issuer, 0, 0, "whether tokens are issued"},
    {"JUMUN_SECRET", SETTING_SECRET, "", &config.secret, 0, 0, "what nobody may see"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
static const struct setting *const tables[] = {table};

static char problems_text[2000];

static bool settings_from(char **environment)
{
    struct buf problems = BUF_INIT;
    memset(&config, 0, sizeof config);
    bool good = settings_read(tables, 1, environment, &problems);
    (void)snprintf(problems_text, sizeof problems_text, "%s", problems.p ? problems.p : "");
    buf_release(&problems);
    return good;
}
#define settings(...) settings_from((char *[]){__VA_ARGS__, NULL})

static void what_is_not_set_takes_its_default(void **state)
{
    (void)state;
    assert_true(settings("JUMUN_PAYMENT_URL=http://127.0.0.1:8083"));
    assert_string_equal(config.url, "http://127.0.0.1:8083");
    assert_string_equal(config.listen, "127.0.0.1:8080");
    assert_int_equal(config.deadline, MILLISECONDS(2000));
    assert_int_equal(config.workers, 2);
    assert_false(config.issuer);
}

static void a_url_may_be_left_empty_where_that_is_its_default(void **state)
{
    (void)state;
    assert_true(settings("JUMUN_PAYMENT_URL=http://a"));
    assert_string_equal(config.endpoint, "");
    assert_true(settings("JUMUN_PAYMENT_URL=http://a", "JUMUN_ENDPOINT="));
    assert_true(settings("JUMUN_PAYMENT_URL=http://a", "JUMUN_ENDPOINT=http://b"));
    assert_string_equal(config.endpoint, "http://b");
    assert_false(settings("JUMUN_PAYMENT_URL=http://a", "JUMUN_ENDPOINT=b"));
    assert_false(settings("JUMUN_PAYMENT_URL="));
}

static void all_that_is_wrong_is_said_at_once(void **state)
{
    (void)state;
    assert_false(
        settings("JUMUN_DEADLINE_MS=soon", "JUMUN_WORKERS=65", "JUMUN_ISSUER=yes", "JUMUN_LISTEN=8080", "JUMUN_TYPO=1", "OTHER=1"));
    assert_non_null(strstr(problems_text, "JUMUN_PAYMENT_URL: must be set"));
    assert_non_null(strstr(problems_text, "JUMUN_DEADLINE_MS: \"soon\" is not what is expected: whole milliseconds, 1 to 60000"));
    assert_non_null(strstr(problems_text, "JUMUN_WORKERS: \"65\""));
    assert_non_null(strstr(problems_text, "JUMUN_ISSUER: \"yes\" is not what is expected: on or off"));
    assert_non_null(strstr(problems_text, "JUMUN_LISTEN: \"8080\""));
    assert_non_null(strstr(problems_text, "JUMUN_TYPO: there is no such setting"));
    assert_null(strstr(problems_text, "OTHER"));
}

static void a_secret_may_come_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/jumun-setting-XXXXXX", variable[80];
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "hush\n", 5), 5);
    close(fd);
    (void)snprintf(variable, sizeof variable, "JUMUN_SECRET_FILE=%s", path);
    assert_true(settings("JUMUN_PAYMENT_URL=http://x", variable));
    assert_string_equal(config.secret, "hush");
    free((void *)config.secret); /* a process keeps it for its life */
    unlink(path);
    assert_false(settings("JUMUN_PAYMENT_URL=http://x", variable));
    assert_non_null(strstr(problems_text, "JUMUN_SECRET_FILE: the file"));
}

static void help_lists_every_setting(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    settings_help(tables, 1, &out);
    for (const struct setting *s = table; s->name; s++)
        assert_non_null(strstr(out.p, s->name));
    assert_non_null(strstr(out.p, "must be set"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_set_takes_its_default), cmocka_unit_test(a_url_may_be_left_empty_where_that_is_its_default),
        cmocka_unit_test(all_that_is_wrong_is_said_at_once), cmocka_unit_test(a_secret_may_come_from_a_file),
        cmocka_unit_test(help_lists_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
