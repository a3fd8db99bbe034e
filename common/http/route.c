/* Finds the route of a path: patterns cut into parts, sorted so that the first that fits is the most literal one. */
#include "route.h"

#include "invariant.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 16

enum part_kind { PART_LITERAL, PART_PARAM, PART_REST }; /* in order of precedence */

struct part {
    enum part_kind kind;
    struct str text; /* the literal, or the parameter's name */
};

struct pattern {
    const struct http_route *route;
    struct str method;
    size_t position; /* in the owner's table */
    size_t count;
    struct part parts[PARTS_MAX];
};

struct route_table {
    size_t count;
    struct pattern patterns[];
};

static struct part part_of(struct str text)
{
    bool braces = text.n > 2 && text.p[0] == '{' && text.p[text.n - 1] == '}';
    if (!braces)
        return (struct part){PART_LITERAL, text};
    if (text.p[text.n - 2] == '*')
        return (struct part){PART_REST, {text.p + 1, text.n - 3}};
    return (struct part){PART_PARAM, {text.p + 1, text.n - 2}};
}

static void compile(struct pattern *p, const struct http_route *route, size_t position)
{
    invariant(route->path && route->path[0] == '/' && route->handler);
    *p = (struct pattern){.route = route, .method = str_of(route->method), .position = position};
    const char *from = route->path + 1;
    for (bool last = false; !last; p->count++) {
        size_t n = strcspn(from, "/");
        last = from[n] == '\0';
        invariant(p->count < PARTS_MAX);
        p->parts[p->count] = part_of((struct str){from, n});
        invariant(p->parts[p->count].kind != PART_REST || last);
        from += n + 1;
    }
}

/* By the kinds of their parts, then by length, and only among the same of both by position: so that it orders any three of them. */
static int compare(const void *one, const void *other)
{
    const struct pattern *a = one, *b = other;
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (a->parts[i].kind != b->parts[i].kind)
            return (int)a->parts[i].kind - (int)b->parts[i].kind;
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    return a->position < b->position ? -1 : 1;
}

struct route_table *route_table_new(const struct http_route *routes)
{
    size_t count = 0;
    while (routes[count].method)
        count++;
    struct route_table *t = memory_new(sizeof(*t) + count * sizeof(t->patterns[0]));
    t->count = count;
    for (size_t i = 0; i < count; i++)
        compile(&t->patterns[i], &routes[i], i);
    qsort(t->patterns, count, sizeof(t->patterns[0]), compare);
    return t;
}

void route_table_free(struct route_table *t)
{
    free(t);
}

static void keep(struct route_match *m, const struct part *part, struct str value)
{
    invariant(m->param_count < ROUTE_PARAMS_MAX);
    m->params[m->param_count++] = (struct route_param){part->text.p, part->text.n, value, part->kind == PART_REST};
}

static bool fits(const struct pattern *p, struct str path, struct route_match *m)
{
    m->param_count = 0;
    const char *at = path.p + 1, *end = path.p + path.n;
    for (size_t i = 0; i < p->count; i++) {
        const struct part *part = &p->parts[i];
        if (at > end) /* the path has fewer parts */
            return false;
        if (part->kind == PART_REST) {
            keep(m, part, (struct str){at, (size_t)(end - at)});
            return true;
        }
        const char *slash = memchr(at, '/', (size_t)(end - at));
        struct str text = {at, (size_t)((slash ? slash : end) - at)};
        if (part->kind == PART_LITERAL ? !str_equal(part->text, text) : text.n == 0)
            return false;
        if (part->kind == PART_PARAM)
            keep(m, part, text);
        at = text.p + text.n + 1;
    }
    return at > end; /* nothing may be left */
}

static bool takes(const struct pattern *p, struct str method)
{
    return str_is(p->method, "*") || str_equal(p->method, method) || (str_is(p->method, "GET") && str_is(method, "HEAD"));
}

static struct str allow_more(struct arena *arena, struct str allow, struct str method)
{
    if (!str_absent(allow))
        return arena_printf(arena, "%.*s, %.*s", STR_ARG(allow), STR_ARG(method));
    return arena_str(arena, method);
}

bool route_find(const struct route_table *t, struct str method, struct str path, struct arena *arena, struct route_match *match,
                struct str *allow)
{
    *allow = (struct str){0};
    for (size_t i = 0; i < t->count; i++) {
        const struct pattern *p = &t->patterns[i];
        if (!fits(p, path, match))
            continue;
        if (takes(p, method)) {
            match->route = p->route;
            return true;
        }
        *allow = allow_more(arena, *allow, str_is(p->method, "GET") ? STR("GET, HEAD") : p->method);
    }
    *match = (struct route_match){0};
    return false;
}
