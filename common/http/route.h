/*
 * route — which handler a method and a path belong to. The table is compiled once: the more literal pattern is tried first, whatever the
 * order of the routes ("/orders/events" before "/orders/{id}" before "/{rest*}").
 */
#ifndef JUMUN_HTTP_ROUTE_H
#define JUMUN_HTTP_ROUTE_H

#include "http.h"

#define ROUTE_PARAMS_MAX 8

struct route_param {
    const char *name;
    size_t name_length;
    struct str value; /* as sent; part of the path */
    bool rest;
};

struct route_match {
    const struct http_route *route; /* NULL: none */
    struct route_param params[ROUTE_PARAMS_MAX];
    size_t param_count;
};

struct route_table;
struct route_table *route_table_new(const struct http_route *routes); /* a malformed pattern is a bug */
void route_table_free(struct route_table *t);

/* HEAD is matched as GET. True when a route was found; otherwise *allow has the methods of the path, absent when there is no such path. */
bool route_find(const struct route_table *t, struct str method, struct str path, struct arena *arena, struct route_match *match,
                struct str *allow);

#endif
