/* Crash points: what arms them, and that the process dies at the passage that was asked for, of nothing else. */
#include "crash.h"
#include "str.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char problem_text[1000];

static bool arms(const char *text)
{
    struct buf problem = BUF_INIT;
    bool good = crash_arm(text, &problem);
    (void)snprintf(problem_text, sizeof problem_text, "%s", problem.p ? problem.p : "");
    buf_release(&problem);
    return good;
}

struct ending {
    int status;
    char said[200];
};

/* Of a process that is armed so, and passes three points in turn, five times. */
static struct ending ending_of(const char *armed)
{
    struct ending e = {0};
    int said[2];
    assert_int_equal(pipe(said), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(said[1], STDERR_FILENO);
        if (!arms(armed))
            _exit(100);
        for (int i = 1; i <= 5; i++) {
            crash_point(CRASH_BEFORE_INSERT);
            crash_point(CRASH_COMMIT_SENT);
            (void)dprintf(STDERR_FILENO, "%d ", i);
            crash_point(CRASH_REDIS_WRITE);
        }
        _exit(0);
    }
    close(said[1]);
    size_t n = 0;
    for (ssize_t more; n < sizeof e.said - 1 && (more = read(said[0], e.said + n, sizeof e.said - 1 - n)) > 0;)
        n += (size_t)more;
    close(said[0]);
    assert_int_equal(waitpid(child, &e.status, 0), child);
    return e;
}

static void the_process_is_killed_at_the_passage_that_was_asked_for(void **state)
{
    (void)state;
    struct ending e = ending_of("commit-sent:3");
    assert_true(WIFSIGNALED(e.status));
    assert_int_equal(WTERMSIG(e.status), SIGKILL);
    assert_string_equal(e.said, "1 2 crash: commit-sent, passage 3\n");
    e = ending_of("redis-write:1");
    assert_true(WIFSIGNALED(e.status));
    assert_string_equal(e.said, "1 crash: redis-write, passage 1\n");
}

static void a_point_that_is_not_passed_as_often_kills_nobody(void **state)
{
    (void)state;
    struct ending e = ending_of("commit-sent:6");
    assert_true(WIFEXITED(e.status) && WEXITSTATUS(e.status) == 0);
    assert_string_equal(e.said, "1 2 3 4 5 ");
}

static void nothing_is_armed_unless_it_is_asked_for(void **state)
{
    (void)state;
    struct ending e = ending_of("");
    assert_true(WIFEXITED(e.status) && WEXITSTATUS(e.status) == 0);
}

static void a_place_that_is_brought_about_is_due_once(void **state)
{
    (void)state;
    assert_true(arms("after-insert:2"));
    assert_false(crash_due(CRASH_AFTER_INSERT));
    assert_false(crash_due(CRASH_BEFORE_INSERT));
    assert_true(crash_due(CRASH_AFTER_INSERT));
    assert_false(crash_due(CRASH_AFTER_INSERT));
    assert_true(arms(""));
}

static void what_is_no_point_is_refused_with_the_points_there_are(void **state)
{
    (void)state;
    static const char *const wrong[] = {"commit-lost:1",     "commit-sent",    "commit-sent:", "commit-sent:0", "commit-sent:-1",
                                        "commit-sent:seven", "commit-sent:1 ", ":1",           "commit:1",      "commit-sent:1:2"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(arms(wrong[i]));
        assert_non_null(strstr(problem_text, wrong[i]));
#define CRASH_POINT(point, name, what) assert_non_null(strstr(problem_text, name));
        CRASH_POINTS(CRASH_POINT)
#undef CRASH_POINT
        assert_false(crash_due(CRASH_COMMIT_SENT)); /* and nothing is armed */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_process_is_killed_at_the_passage_that_was_asked_for),
        cmocka_unit_test(a_point_that_is_not_passed_as_often_kills_nobody),
        cmocka_unit_test(nothing_is_armed_unless_it_is_asked_for),
        cmocka_unit_test(a_place_that_is_brought_about_is_due_once),
        cmocka_unit_test(what_is_no_point_is_refused_with_the_points_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
