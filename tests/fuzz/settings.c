/* Settings from the environment: all that is wrong is said, all that is taken is within its limits, and a secret is shown nowhere. The
 * input is a variable a line. */
#include "fuzz.h"
#include "setting.h"
#include <stdio.h>
#include <stdlib.h>

#define LINES  32
#define SECRET "wh0-r3ads-th1s-kn0ws-1t"

static struct {
    const char *text, *secret, *other_secret, *url, *maybe_url, *listen;
    int64_t number;
    duration wait;
    bool flag;
} values;

static const struct setting table[] = {
    {"JUMUN_TEXT", SETTING_TEXT, "", &values.text, 0, 0, "a text"},
    {"JUMUN_SECRET", SETTING_SECRET, "", &values.secret, 0, 0, "a secret"},
    {"JUMUN_OTHER_SECRET", SETTING_SECRET, NULL, &values.other_secret, 0, 0, "another"},
    {"JUMUN_URL", SETTING_URL, "http://a", &values.url, 0, 0, "where"},
    {"JUMUN_MAYBE_URL", SETTING_URL, "", &values.maybe_url, 0, 0, "where, if anywhere"},
    {"JUMUN_LISTEN", SETTING_LISTEN, "127.0.0.1:80", &values.listen, 0, 0, "where"},
    {"JUMUN_NUMBER", SETTING_INTEGER, "5", &values.number, -10, 10, "how many"},
    {"JUMUN_WAIT_MS", SETTING_MILLISECONDS, "100", &values.wait, 1, 600000, "how long"},
    {"JUMUN_FLAG", SETTING_SWITCH, "off", &values.flag, 0, 0, "whether"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

static bool contains(const struct buf *text, const char *what)
{
    return text->n && memmem(text->p, text->n, what, strlen(what));
}

static void check(void)
{
    invariant(values.text && values.secret && values.other_secret && values.url && values.listen);
    invariant(values.number >= -10 && values.number <= 10);
    invariant(values.wait >= MILLISECONDS(1) && values.wait <= MILLISECONDS(600000));
    invariant(strstr(values.url, "://") && strchr(values.listen, ':'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static char first[] = "JUMUN_SECRET=" SECRET;
    char *environment[LINES + 2] = {first};
    size_t lines = 1;
    struct arena arena;
    struct buf problems = BUF_INIT, help = BUF_INIT;
    struct str rest = fuzz_text(data, n), line;
    arena_init(&arena);
    while (rest.n && lines <= LINES) {
        line = fuzz_part(&rest, '\n');
        char *text = (char *)arena_str(&arena, line).p;
        if (!strstr(text, "_FILE=")) /* whatever file that may be: it is not read here */
            environment[lines++] = text;
    }
    const struct setting *tables[] = {table};
    bool taken = settings_read(tables, 1, environment, &problems);
    settings_help(tables, 1, &help);
    invariant(taken == (problems.n == 0) && help.n > 0);
    if (taken)
        check();
    invariant(str_is(str_of(values.secret), SECRET));
    invariant((n >= sizeof SECRET && memmem(data, n, SECRET, sizeof SECRET - 1)) || !contains(&problems, SECRET));
    invariant(!contains(&help, SECRET));
    buf_release(&problems);
    buf_release(&help);
    arena_release(&arena);
    return 0;
}
