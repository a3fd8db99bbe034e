/* Crashing: which crash point kills this process, as the environment says. */
#include "crashing.h"

#ifdef JUMUN_CRASH_POINTS

#include "crash.h"

static const char *at;

const struct setting crashing_settings[] = {
    {"JUMUN_CRASH_AT", SETTING_TEXT, "", &at, 0, 0,
     "for tests: the process kills itself there, point:passage, e.g. commit-sent:37; empty: nowhere"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

bool crashing_check(struct buf *problems)
{
    struct buf problem = BUF_INIT;
    bool good = crash_arm(at, &problem);
    if (!good)
        buf_printf(problems, "JUMUN_CRASH_AT: %s\n", problem.p);
    buf_release(&problem);
    return good;
}

#else

const struct setting crashing_settings[] = {{NULL, 0, NULL, NULL, 0, 0, NULL}};

bool crashing_check(struct buf *problems)
{
    (void)problems;
    return true;
}

#endif
