/* What a broken invariant does: says where, and ends the process. */
#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void invariant_broken(const char *file, int line, const char *function, const char *condition)
{
    /* Not through stdio: its locks may be held by whatever broke. */
    dprintf(STDERR_FILENO, "invariant broken at %s:%d in %s: %s\n", file, line, function, condition);
    abort();
}
