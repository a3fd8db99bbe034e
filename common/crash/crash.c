/* Crash: which point is armed, and the end of the process at it. */
#include "crash.h"

#ifdef JUMUN_CRASH_POINTS

#include "str.h"
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum crash_place crash_armed;
static int64_t passage;
static _Atomic int64_t left;

static const char *const names[CRASH_PLACES] = {
#define CRASH_POINT(point, name, what) [point] = (name),
    CRASH_POINTS(CRASH_POINT)
#undef CRASH_POINT
};

static enum crash_place place_named(struct str name)
{
    for (int place = CRASH_NOWHERE + 1; place < CRASH_PLACES; place++)
        if (str_is(name, names[place]))
            return (enum crash_place)place;
    return CRASH_NOWHERE;
}

static void say_what_there_is(const char *text, struct buf *problem)
{
    buf_printf(problem, "\"%s\" is not point:passage, the passage a whole number from 1; the points are", text);
    for (int place = CRASH_NOWHERE + 1; place < CRASH_PLACES; place++)
        buf_printf(problem, "%s %s", place == CRASH_NOWHERE + 1 ? "" : ",", names[place]);
}

bool crash_arm(const char *text, struct buf *problem)
{
    crash_armed = CRASH_NOWHERE;
    if (text[0] == '\0')
        return true;
    int64_t n = 0;
    size_t length = strcspn(text, ":");
    enum crash_place place = place_named((struct str){text, length});
    if (place == CRASH_NOWHERE || text[length] == '\0' || !str_to_int64(str_of(text + length + 1), &n) || n < 1)
        return say_what_there_is(text, problem), false;
    passage = n;
    atomic_store(&left, n);
    crash_armed = place;
    return true;
}

bool crash_passed(void)
{
    return atomic_fetch_sub(&left, 1) == 1;
}

/* One write: the log keeps it whole, whatever the other threads say. */
_Noreturn void crash_now(enum crash_place place)
{
    char line[100];
    int n = snprintf(line, sizeof line, "crash: %s, passage %lld\n", names[place], (long long)passage);
    if (write(STDERR_FILENO, line, (size_t)n) < n)
        _exit(70); /* a kill that nobody can see was planned is no test */
    for (;;)
        kill(getpid(), SIGKILL);
}

#endif
