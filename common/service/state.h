/*
 * state — a running service: its parts, as service.c composes them. Private to common/service.
 */
#ifndef JUMUN_SERVICE_STATE_H
#define JUMUN_SERVICE_STATE_H

#include "cursor.h"
#include "pruner.h"
#include "relay.h"
#include "service.h"
#include "workers.h"

struct service_state {
    const struct service *service;
    struct engine *engine;
    struct relay *relay;
    struct pruner *pruner;
    struct intake *intake;
    struct letters *letters; /* ours to stop, when we have an intake */
    struct workers *workers;
    struct http_server *server, *admin;
    struct http_route *routes;
    duration request_deadline;
    uint8_t cursor_secret[CURSOR_SECRET];
    _Atomic(const char *) starting; /* what the start still waits for; NULL: started */
    atomic_bool draining;
    bool own_started;  /* the service's start() has run */
    bool told_to_stop; /* while still starting */
};

/* call.c: the handler of all routes of a service */
void call_serve(struct http_request *rq, void *state);
void call_problem_unavailable(struct call *call);

#endif
