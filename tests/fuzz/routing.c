/* Routes: what the table finds for a method and a path is what a plain reading of its patterns finds. The input is both, with a space. */
#include "fuzz.h"
#include "route.h"

static void handler(struct http_request *rq, void *ctx)
{
    (void)rq, (void)ctx;
}

static const struct http_route routes[] = {
    {"GET", "/", handler, 0, NULL},
    {"GET", "/orders/{id}", handler, 0, NULL},
    {"POST", "/orders", handler, 0, NULL},
    {"POST", "/orders/{id}/payment", handler, 0, NULL},
    {"GET", "/orders/events", handler, 0, NULL},
    {"DELETE", "/orders/{id}", handler, 0, NULL},
    {"*", "/loyalty/{rest*}", handler, 0, NULL},
    {"GET", "/loyalty/points/{a}/{b}", handler, 0, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

/* Part by part; a parameter takes any part that is not empty, a rest all that follows. */
static bool fits(const char *pattern, struct str path)
{
    struct str rest = {path.p + 1, path.n - 1}, all = {pattern + 1, strlen(pattern) - 1};
    bool more_path = true, more_pattern = true;
    while (more_path && more_pattern) {
        more_path = rest.n && memchr(rest.p, '/', rest.n);
        more_pattern = memchr(all.p, '/', all.n) != NULL;
        struct str wanted = fuzz_part(&all, '/');
        if (wanted.n > 2 && wanted.p[wanted.n - 2] == '*')
            return true;
        struct str found = fuzz_part(&rest, '/');
        if (wanted.n && wanted.p[0] == '{' ? found.n == 0 : !str_equal(wanted, found))
            return false;
    }
    return !more_path && !more_pattern;
}

static bool takes(const char *method, struct str asked)
{
    return strcmp(method, "*") == 0 || str_is(asked, method) || (strcmp(method, "GET") == 0 && str_is(asked, "HEAD"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct route_table *table;
    if (!table)
        table = route_table_new(routes);
    struct arena arena;
    struct route_match match;
    struct str path = fuzz_text(data, n), method = fuzz_part(&path, ' '), allow;
    if (path.n == 0 || path.p[0] != '/') /* the head was read before, and is so */
        return 0;
    bool there = false, taken = false;
    for (const struct http_route *r = routes; r->method; r++) {
        there |= fits(r->path, path);
        taken |= fits(r->path, path) && takes(r->method, method);
    }
    arena_init(&arena);
    bool found = route_find(table, method, path, &arena, &match, &allow);
    invariant(found == taken && (found || str_absent(allow) == !there));
    if (found) {
        invariant(fits(match.route->path, path) && takes(match.route->method, method));
        for (size_t i = 0; i < match.param_count; i++)
            invariant(match.params[i].value.p >= path.p && match.params[i].value.p + match.params[i].value.n <= path.p + path.n);
    }
    arena_release(&arena);
    return 0;
}
