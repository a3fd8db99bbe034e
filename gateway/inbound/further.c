/* Further routes: what JUMUN_ROUTES adds to the table, so that a new service is reached without a change here. */
#include "buf.h"
#include "inbound/inbound.h"
#include "memory.h"
#include <stdio.h>
#include <string.h>

static const char *const verbs[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
#define VERBS        (sizeof verbs / sizeof verbs[0])
#define ROUTES_EACH  (2 * VERBS) /* the path itself, and all below it */
#define FURTHER_MOST (FURTHER_ROUTES / ROUTES_EACH)
_Static_assert(FURTHER_MOST > 0, "there is room for one");

static struct {
    const struct service_route *first;
    size_t count;
    const char *urls[FURTHER_MOST];
} further;

static void pass_further(struct call *call)
{
    proxy_pass(call, further.urls[(size_t)(call->route - further.first) / ROUTES_EACH]);
}

/* ── one of them ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* "/api/" and one part of small letters, digits and dashes: a service's name. */
static bool is_prefix(struct str path)
{
    struct str api = STR("/api/");
    if (!str_starts_with(path, api) || path.n == api.n)
        return false;
    for (size_t i = api.n; i < path.n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", path.p[i]))
            return false;
    return true;
}

static bool is_below(const char *path, struct str prefix)
{
    return str_starts_with(str_of(path), prefix) && (path[prefix.n] == '\0' || path[prefix.n] == '/');
}

static bool is_taken(struct str prefix)
{
    for (const struct service_route *route = gateway_routes; route->method; route++)
        if (is_below(route->path, prefix))
            return true;
    return false;
}

static void add(struct service_route *end, struct str prefix, struct str url)
{
    struct buf path = BUF_INIT, below = BUF_INIT, base = BUF_INIT; /* never released: they are the table's */
    buf_add(&path, prefix);
    buf_printf(&below, "%.*s/{rest*}", STR_ARG(prefix));
    buf_add(&base, url);
    further.urls[further.count++] = base.p;
    for (size_t i = 0; i < VERBS; i++) {
        struct service_route route = {.method = verbs[i], .path = path.p, .flags = HTTP_ANY_BODY, .direct = pass_further};
        *end++ = route;
        route.path = below.p;
        *end++ = route;
    }
}

/* PREFIX=URL. NULL: done; else what is wrong with it. */
static const char *add_one(struct service_route *end, struct str text)
{
    const char *equals = memchr(text.p, '=', text.n);
    if (!equals)
        return "is not PATH=URL";
    struct str prefix = {text.p, (size_t)(equals - text.p)}, url = {equals + 1, (size_t)(text.p + text.n - equals - 1)};
    if (!is_prefix(prefix))
        return "does not begin with a path like /api/name";
    if (!str_starts_with(url, STR("http://")) && !str_starts_with(url, STR("https://")))
        return "has no URL that begins with http:// or https://";
    if (url.p[url.n - 1] == '/')
        return "has a URL with a slash at its end";
    if (is_taken(prefix))
        return "has a path that is another's already";
    if (further.count == FURTHER_MOST)
        return "is one too many";
    add(end, prefix, url);
    return NULL;
}

bool further_at(size_t number, struct str *name, const char **url)
{
    struct str api = STR("/api/");
    if (number >= further.count)
        return false;
    *name = str_of(further.first[number * ROUTES_EACH].path + api.n);
    *url = further.urls[number];
    return true;
}

/* ── all of them ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct service_route *table_end(void)
{
    struct service_route *end = gateway_routes;
    while (end->method)
        end++;
    return end;
}

bool further_routes(const char *list, char problem[200])
{
    if (!further.first)
        further.first = table_end();
    for (const char *at = list; *at;) {
        struct str one = {at, strcspn(at, ",")};
        const char *wrong = add_one(table_end(), one);
        if (wrong) {
            (void)snprintf(problem, 200, "JUMUN_ROUTES: \"%.*s\" %s", one.n < 80 ? (int)one.n : 80, one.p, wrong);
            return false;
        }
        at += one.n + (at[one.n] == ',');
    }
    return true;
}
