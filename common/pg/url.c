/* Is a URL one of a database? libpq's own words about a wrong one quote what it took for a port or a parameter: with a slash in a password
 * that is part of the password. */
#include "inside.h"

#include <string.h>

static bool is_port(const char *text)
{
    int64_t n;
    struct str rest = str_of(text), one; /* a list, when there are several hosts */
    while (str_split(&rest, ',', &one))
        if (!str_to_int64(one, &n) || n < 1 || n > 65535)
            return false;
    return true;
}

bool pg_url_valid(const char *url)
{
    struct str text = str_of(url);
    char *problem = NULL;
    if (!str_starts_with(text, STR("postgresql://")) && !str_starts_with(text, STR("postgres://")))
        return false;
    PQconninfoOption *options = PQconninfoParse(url, &problem);
    bool valid = options != NULL;
    for (const PQconninfoOption *o = options; valid && o->keyword; o++)
        if (strcmp(o->keyword, "port") == 0 && o->val)
            valid = is_port(o->val);
    PQconninfoFree(options);
    PQfreemem(problem);
    return valid;
}
