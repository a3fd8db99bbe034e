/*
 * service — the skeleton of every process: settings, start, readiness, drain, stop.
 *
 * A service is tables plus functions; main() is one call:
 *
 *     static const struct service delivery = {
 *         .name = "delivery", .summary = "…", .settings = delivery_settings,
 *         .routes = delivery_routes, .events = delivery_events,
 *         .decider = &delivery_decider, .tables = delivery_tables, .encode = delivery_encode, .effects = delivery_effects,
 *         .migrations = migrations,
 *     };
 *     int main(int argc, char **argv) { return service_run(&delivery, argc, argv); }
 *
 * service_run: reads the settings (a wrong one ends it with a sentence, exit 2), opens the admin port (/healthz, /readyz, /metrics), waits
 * for its database and until its schema is this program's, starts engine, relay, intake and query workers, opens its port, and runs until
 * SIGTERM or SIGINT. Then: unready, pause (JUMUN_DRAIN_DELAY_MS, for the mesh to notice; answers end their connections), no new
 * connections, parked requests end, intake stops, engine and relay end, exit 0. What a service does not have (no decider, no events …) is
 * left out. With the argument --ready it only asks the process that runs with these settings whether it is ready (check.h); with --help it
 * lists the settings. With --migrate, and as the schema's owner, it brings the schema up, gives the service's role its rights to the rows,
 * and ends: a step of its own, before. The service itself may change no schema.
 */
#ifndef JUMUN_SERVICE_H
#define JUMUN_SERVICE_H

#include "engine.h"
#include "http.h"
#include "intake.h"
#include "setting.h"

/* ── who calls ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum role { ROLE_CUSTOMER = 1, ROLE_COURIER = 2, ROLE_OPERATOR = 4, ROLE_ADMIN = 8 };
#define ROLE_ANYONE 0 /* for a route: no identity needed */

/* Given by the gateway in X-Jumun-Subject (a UUID) and X-Jumun-Roles ("customer,courier"), which it strips from what comes from outside. */
struct identity {
    struct uuid subject;
    unsigned roles;
};
unsigned roles_parse(struct str list); /* unknown names are passed over */
void roles_format(unsigned roles, struct buf *out);

/* ── routes ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A request on its way through the service; embeds the asker that the engine knows. Lives until it is answered. */
struct call {
    struct asker asker; /* first */
    struct http_request *http;
    struct identity who;
    const struct service_route *route;
    struct service_state *service;
};
static inline const struct call *call_of(const struct asker *asker)
{
    return (const struct call *)(const void *)asker;
}

/*
 * Exactly one of command, query and direct is set.
 *
 * command: REST → command, in the server's thread. Fills in type and data (in http_arena(call->http)); c->correlation and c->fresh are set
 *   already (to a new id, which is also call->asker.resource; set c->correlation where it is another). False: it has answered with a
 *   problem. `answer` composes what the client gets (pure, before the commit); refusals are rendered by the skeleton.
 * query: runs in a worker thread with a connection of its own (PostgreSQL, or what worker_new gave), and answers by http_reply….
 * direct: in the server's thread; must not wait; keeps the call or answers.
 */
struct service_route {
    const char *method; /* NULL ends a table */
    const char *path;
    unsigned roles; /* any of these; ROLE_ANYONE */
    int flags;      /* of http_route */
    bool (*command)(struct call *call, struct command *c);
    void (*answer)(const struct call *call, const struct command *c, struct aggregate *const *a, const struct decision *d,
                   struct answer *out);
    void (*adopt)(struct call *call, struct command *c,
                  struct uuid resource); /* see struct asker; needed where the command makes something */
    void (*query)(struct call *call, void *connection);
    void (*direct)(struct call *call);
};

/* For answers: 404 for what is not there or is somebody else's. */
extern const struct http_problem problem_not_found;
void call_problem(struct call *call, const struct http_problem *p);             /* answers, frees the call */
void call_json(struct call *call, int status, struct str body);                 /* likewise */
void call_reply(struct call *call, const struct http_answer *a);                /* likewise */
bool call_decode(struct call *call, const struct json_shape *shape, void *out); /* false: answered and freed */
bool call_id(struct call *call, const char *param, struct uuid *id);            /* likewise */
bool call_limit(struct call *call, int64_t *limit);                             /* ?limit=, 1..100, default 20; likewise (400) */
bool call_cursor(struct call *call, struct str *position); /* ?cursor=: what cursor_write() was given; absent when none; likewise (400) */
/* Appends "nextCursor" to a list's answer: opaque and signed (HMAC-SHA-256 under JUMUN_CURSOR_SECRET); position absent: null. */
void call_put_next_cursor(const struct call *call, struct json_writer *w, struct str position);

/* ── the service ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct service {
    const char *name;
    const char *summary;            /* first line of --help */
    const struct setting *settings; /* its own, besides the common ones */
    const struct service_route *routes;
    const struct intake_event *events;

    const struct decider *decider;
    const struct store_table *tables;
    void (*encode)(int event, const void *data, const struct aggregate *a, struct json_writer *w);
    const effect_start *effects;
    const struct embedded *migrations;

    /* All may be NULL. start: after the settings are read and the engine is up (engine is NULL without a decider), before anything is
       served; false ends the process, *problem says why. */
    bool (*start)(struct engine *engine, char problem[200]);
    void (*stop)(void); /* the engine decides no more, but may still be submitted to */
    bool (*ready)(const char **waiting_for);
    void (*show)(struct metrics_page *page);
    void *(*worker_new)(void); /* a connection of a query worker, in place of the PostgreSQL one */
    void (*worker_free)(void *connection);

    /* Dead letters of a service that takes messages in by itself, without `events`: those that it has started, and how a message is taken
       again, by a query worker and its connection. Every service with dead letters has their routes (dead_letters.h) besides its own. */
    struct letters *(*letters)(void);
    enum intake_again (*take_again)(void *connection, const struct kafka_record *message, struct arena *arena, struct str *reason);
};

int service_run(const struct service *s, int argc, char **argv);

/* For a connection of the service's own, from start() on. Holds the password: never to be shown. */
const char *service_database_url(void);

#endif
