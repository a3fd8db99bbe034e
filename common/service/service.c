/* Service: composes a process from its tables, and brings it up and down in order. */
#include "check.h"
#include "clock.h"
#include "crashing.h"
#include "dead_letters.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include "state.h"
#include "tracing.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

extern char **environ;

/* ── settings that all services have ─────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct {
    const char *http_listen, *admin_listen, *database_url, *migration_url, *migration_role, *kafka_brokers, *log_format, *log_level,
        *cursor_secret;
    duration drain_delay, drain_patience, request_deadline, request_silence, keep_keys, keep_inbox;
    int64_t workers, connections, connections_each;
} config;

static const struct setting common_settings[] = {
    {"JUMUN_HTTP_LISTEN", SETTING_LISTEN, "127.0.0.1:8080", &config.http_listen, 0, 0, "where requests are served"},
    {"JUMUN_ADMIN_LISTEN", SETTING_LISTEN, "127.0.0.1:9090", &config.admin_listen, 0, 0, "where /healthz, /readyz and /metrics are"},
    {"JUMUN_LOG_FORMAT", SETTING_TEXT, "auto", &config.log_format, 0, 0, "json, text, or auto: text on a terminal"},
    {"JUMUN_LOG_LEVEL", SETTING_TEXT, "info", &config.log_level, 0, 0, "debug, info, warning or error"},
    {"JUMUN_REQUEST_DEADLINE_MS", SETTING_MILLISECONDS, "10000", &config.request_deadline, 1, 600000,
     "a request not begun by then is answered 503, and not done"},
    {"JUMUN_REQUEST_SILENCE_MS", SETTING_MILLISECONDS, "10000", &config.request_silence, 1000, 600000,
     "who sends nothing for so long in the middle of a request is answered 408, and who takes thrice as long for all of it; whole seconds"},
    {"JUMUN_CONNECTIONS", SETTING_INTEGER, "2000", &config.connections, 1, 100000,
     "connections at once; more are told so (503) and closed"},
    {"JUMUN_CONNECTIONS_EACH", SETTING_INTEGER, "0", &config.connections_each, 0, 100000,
     "connections at once from one address; more are closed without a word; 0: no limit"},
    {"JUMUN_QUERY_WORKERS", SETTING_INTEGER, "2", &config.workers, 1, 64, "threads, each with a connection, that answer queries"},
    {"JUMUN_CURSOR_SECRET", SETTING_SECRET, "", &config.cursor_secret, 0, 0,
     "signs the cursors of lists; the same for all replicas; left out, cursors end with the process"},
    {"JUMUN_DRAIN_DELAY_MS", SETTING_MILLISECONDS, "0", &config.drain_delay, 0, 60000,
     "pause between becoming unready and refusing connections, for the mesh to notice"},
    {"JUMUN_DRAIN_PATIENCE_MS", SETTING_MILLISECONDS, "10000", &config.drain_patience, 0, 600000,
     "how long parked requests may take to end"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

static const struct setting database_settings[] = {
    {"JUMUN_DATABASE_URL", SETTING_SECRET, NULL, &config.database_url, 0, 0, "postgresql://user:password@host:port/database"},
    {"JUMUN_KEEP_KEYS_MS", SETTING_MILLISECONDS, "604800000", &config.keep_keys, 86400000, 31622400000,
     "how long an Idempotency-Key and its answer are kept"},
    {"JUMUN_KEEP_INBOX_MS", SETTING_MILLISECONDS, "2592000000", &config.keep_inbox, 1000, 3162240000000,
     "how long the ids of messages taken are kept: longer than any message is on its way, or a service stopped"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

static const struct setting kafka_settings[] = {
    {"JUMUN_KAFKA_BROKERS", SETTING_TEXT, NULL, &config.kafka_brokers, 0, 0, "host:port, separated by commas"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

/* Of the step --migrate alone: a service that is told these refuses to start, so that nobody leaves it the owner's password. */
static const struct setting migration_settings[] = {
    {"JUMUN_MIGRATION_URL", SETTING_SECRET, NULL, &config.migration_url, 0, 0, "the database, as the owner of its schema"},
    {"JUMUN_MIGRATION_ROLE", SETTING_TEXT, "", &config.migration_role, 0, 0,
     "the role that the service works as, which gets its rights to the rows; left out: the service's name"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};

const char *service_database_url(void)
{
    return config.database_url;
}

#define SETTING_TABLES 6
static size_t tables_of(const struct service *s, const struct setting *tables[SETTING_TABLES])
{
    size_t n = 0;
    tables[n++] = common_settings;
    tables[n++] = tracing_settings;
    tables[n++] = crashing_settings;
    if (s->decider) {
        tables[n++] = database_settings;
        tables[n++] = kafka_settings;
    }
    if (s->settings)
        tables[n++] = s->settings;
    return n;
}

/* What a step of its own needs: how it logs (and whatever else all have), and whose database it is. */
static size_t tables_of_migration(const struct setting *tables[SETTING_TABLES])
{
    size_t n = 0;
    tables[n++] = common_settings;
    tables[n++] = migration_settings;
    return n;
}

static int help(const struct service *s)
{
    struct buf out = BUF_INIT;
    const struct setting *tables[SETTING_TABLES];
    size_t n = tables_of(s, tables);
    buf_printf(&out,
               "%s: %s\n\nWith --ready it asks the one that runs with the same settings whether it is ready (0: yes, 1: no).\n"
               "It is configured by environment variables:\n",
               s->name, s->summary);
    settings_help(tables, n, &out);
    if (s->decider) {
        buf_printf(
            &out,
            "With --migrate it brings its database's schema up to itself, and ends: a step of its own, before the service is started.\n"
            "That is told how to log (as above), and besides, it alone:\n");
        settings_help((const struct setting *const[]){migration_settings}, 1, &out);
    }
    (void)fwrite(out.p, 1, out.n, stdout);
    buf_release(&out);
    return 0;
}

static int index_in(const char *text, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return -1;
}

static bool start_log(const char *name, struct buf *problems)
{
    int format = index_in(config.log_format, (const char *const[]){"auto", "json", "text", NULL});
    int level = index_in(config.log_level, (const char *const[]){"debug", "info", "warning", "error", NULL});
    if (format < 0)
        buf_printf(problems, "JUMUN_LOG_FORMAT: \"%s\" is not json, text or auto\n", config.log_format);
    if (level < 0)
        buf_printf(problems, "JUMUN_LOG_LEVEL: \"%s\" is not debug, info, warning or error\n", config.log_level);
    if (format < 0 || level < 0)
        return false;
    log_start(name, (enum log_format)format, (enum log_severity)level);
    return true;
}

/* Said without a word of it: a password may stand anywhere in what is no URL. */
static bool check_database_url(const char *name, const char *url, struct buf *problems)
{
    if (!url || pg_url_valid(url))
        return true;
    buf_printf(problems,
               "%s: it is not of the form postgresql://user:password@host:port/database; what is special in a URL "
               "(: / ? # [ ] @ %%) is written as %% and two digits\n",
               name);
    return false;
}

static bool check(struct buf *problems)
{
    return tracing_check(problems) && crashing_check(problems) && check_database_url("JUMUN_DATABASE_URL", config.database_url, problems);
}

static bool check_migration(struct buf *problems)
{
    return check_database_url("JUMUN_MIGRATION_URL", config.migration_url, problems);
}

static bool configure(const struct service *s, bool migration)
{
    struct buf problems = BUF_INIT;
    const struct setting *tables[SETTING_TABLES];
    size_t n = migration ? tables_of_migration(tables) : tables_of(s, tables);
    bool good =
        settings_read(tables, n, environ, &problems) && start_log(s->name, &problems) && (migration ? check_migration : check)(&problems);
    if (!good)
        (void)fprintf(stderr, "%s cannot start:\n%s", s->name, problems.p);
    buf_release(&problems);
    return good;
}

/* ── signals: blocked everywhere, taken here ─────────────────────────────────────────────────────────────────────────────────────────── */

static void block_signals(sigset_t *stop)
{
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, stop, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static bool stop_asked(const sigset_t *stop, duration wait)
{
    struct timespec t = {.tv_sec = (time_t)(wait / 1000000), .tv_nsec = (long)(wait % 1000000 * 1000)};
    return sigtimedwait(stop, NULL, &t) > 0;
}

/* ── the admin port ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void serve_health(struct http_request *rq, void *ctx)
{
    const struct service_state *s = ctx;
    bool alive = !s->engine || engine_alive(s->engine);
    http_reply_json(rq, alive ? 200 : 503, alive ? STR("{\"status\":\"alive\"}") : STR("{\"status\":\"stuck\"}"));
}

/* What the start waits for until somebody else has done it, by a command that is told with it. */
static const char migration[] = "migration";

/* What readiness waits for; NULL: ready. */
static const char *waiting_for(const struct service_state *s)
{
    const char *reason = atomic_load(&s->starting);
    if (reason)
        return reason;
    if (atomic_load(&s->draining))
        return "stopping";
    if (s->engine && !engine_ready(s->engine))
        return "database";
    if ((s->relay && !relay_ready(s->relay)) || (s->intake && !intake_ready(s->intake)))
        return "kafka";
    if (s->service->ready && !s->service->ready(&reason))
        return reason;
    return NULL;
}

static void serve_readiness(struct http_request *rq, void *ctx)
{
    const struct service_state *s = ctx;
    const char *reason = waiting_for(s);
    struct str body = STR("{\"status\":\"ready\"}");
    if (reason == migration)
        body = arena_printf(http_arena(rq), "{\"status\":\"unready\",\"waitingFor\":\"%s\",\"run\":\"%s --migrate\"}", reason,
                            s->service->name);
    else if (reason)
        body = arena_printf(http_arena(rq), "{\"status\":\"unready\",\"waitingFor\":\"%s\"}", reason);
    http_reply_json(rq, reason ? 503 : 200, body);
}

/* What is waited for is a series of its own, which is there only as long: an alert names it. */
static void show_readiness(const struct service_state *s, struct metrics_page *page)
{
    char label[60];
    const char *reason = waiting_for(s);
    metrics_value(page, "jumun_ready", "1: ready for requests.", NULL, reason == NULL);
    if (!reason)
        return;
    (void)snprintf(label, sizeof label, "what=\"%s\"", reason);
    metrics_value(page, "jumun_waiting_for", "1: it is unready because of this.", label, 1);
}

static void serve_metrics(struct http_request *rq, void *ctx)
{
    const struct service_state *s = ctx;
    struct buf text = BUF_INIT;
    struct metrics_page page = {.out = &text};
    metrics_process(&page);
    tracing_show(&page);
    show_readiness(s, &page);
    if (!atomic_load(&s->starting)) {
        if (s->server)
            http_show(s->server, NULL, &page);
        if (s->engine)
            engine_show(s->engine, &page);
        if (s->relay)
            relay_show(s->relay, &page);
        if (s->pruner)
            pruner_show(s->pruner, &page);
        if (s->intake)
            intake_show(s->intake, &page);
        if (s->letters)
            letters_show(s->letters, &page);
        if (s->workers)
            workers_show(s->workers, &page);
        if (s->service->show)
            s->service->show(&page);
    }
    http_reply(rq, &(struct http_answer){.status = 200, .content_type = STR("text/plain; version=0.0.4"), .body = buf_str(&text)});
    buf_release(&text);
}

static const struct http_route admin_routes[] = {
    {"GET", "/healthz", serve_health, 0, NULL},
    {"GET", "/readyz", serve_readiness, 0, NULL},
    {"GET", "/metrics", serve_metrics, 0, NULL},
    {NULL, NULL, NULL, 0, NULL},
};

/* ── up ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool fail(const struct service_state *s, const char *problem)
{
    log_error("the service cannot start", LOG_STR("problem", problem));
    (void)fprintf(stderr, "%s cannot start: %s\n", s->service->name, problem);
    return false;
}

/* How a look at the database ended. */
enum looked { LOOKED_WELL, LOOK_AGAIN, LOOK_NO_MORE };

/* Again and again, less and less often, until it is well or there is no hope, or somebody wants it to stop: then LOOK_AGAIN. */
static enum looked look_until(enum looked (*look)(struct service_state *s, struct pg *pg), struct service_state *s, struct pg *pg,
                              const sigset_t *stop)
{
    enum looked result = look(s, pg);
    for (duration wait = MILLISECONDS(50); result == LOOK_AGAIN && !stop_asked(stop, wait);) {
        result = look(s, pg);
        wait = wait < SECONDS(2) ? wait * 2 : wait;
    }
    return result;
}

/* The rest of a look that was not well: is it only the database, which may come (back)? */
static enum looked not_well(struct service_state *s, struct pg *pg, struct str problem, struct arena *arena)
{
    const struct pg_fault *fault = pg_fault(pg);
    bool again = str_absent(problem) || fault->kind == PG_DISCONNECTED || fault->kind == PG_TRANSIENT;
    if (again)
        log_warning("waiting for the database", LOG_STR("fault", fault->message));
    else
        fail(s, arena_printf(arena, "%.*s", STR_ARG(problem)).p);
    return again ? LOOK_AGAIN : LOOK_NO_MORE;
}

static enum pg_schema look_at_both(struct service_state *s, struct pg *pg, struct arena *arena, struct str *problem)
{
    enum pg_schema engines = pg_schema_look(pg, "engine", engine_migrations, arena, problem);
    if (engines == PG_SCHEMA_REFUSED || engines == PG_SCHEMA_UNKNOWN)
        return engines;
    enum pg_schema own = pg_schema_look(pg, s->service->name, s->service->migrations, arena, problem);
    return own == PG_SCHEMA_CURRENT ? engines : own;
}

static enum looked look_at_schema(struct service_state *s, struct pg *pg)
{
    struct arena arena;
    struct str problem = {0};
    enum looked result = LOOKED_WELL;
    arena_init(&arena);
    enum pg_schema schema = look_at_both(s, pg, &arena, &problem);
    atomic_store(&s->starting, schema == PG_SCHEMA_OLDER ? migration : "database");
    if (schema == PG_SCHEMA_OLDER) {
        log_warning("the schema is older than this program: waiting for its migration",
                    LOG_STR("run", arena_printf(&arena, "%s --migrate", s->service->name).p));
        result = LOOK_AGAIN;
    } else if (schema != PG_SCHEMA_CURRENT) {
        result = not_well(s, pg, problem, &arena);
    }
    arena_release(&arena);
    return result;
}

/* False: told to stop, or the schema is not this program's. */
static bool await_schema(struct service_state *s, const sigset_t *stop)
{
    atomic_store(&s->starting, "database");
    struct pg *pg = pg_new(config.database_url, "schema", PG_QUERIES);
    enum looked result = look_until(look_at_schema, s, pg, stop);
    pg_free(pg);
    s->told_to_stop = result == LOOK_AGAIN;
    return result == LOOKED_WELL;
}

static void start_engine(struct service_state *s)
{
    const struct service *def = s->service;
    s->relay =
        relay_start(&(struct relay_config){.service = def->name, .database_url = config.database_url, .brokers = config.kafka_brokers});
    s->engine = engine_start(&(struct engine_config){.service = def->name,
                                                     .database_url = config.database_url,
                                                     .decider = def->decider,
                                                     .tables = def->tables,
                                                     .encode = def->encode,
                                                     .effects = def->effects,
                                                     .committed = (void (*)(void *))relay_wake,
                                                     .committed_ctx = s->relay});
    s->pruner = pruner_start(
        &(struct pruner_config){.database_url = config.database_url, .keep_keys = config.keep_keys, .keep_inbox = config.keep_inbox});
}

static bool has_queries(const struct service *def)
{
    for (const struct service_route *r = def->routes; r && r->method; r++)
        if (r->query)
            return true;
    return false;
}

static void start_intake(struct service_state *s)
{
    const struct service *def = s->service;
    s->letters = letters_start(&(struct letters_config){.brokers = config.kafka_brokers, .service = def->name});
    s->intake = intake_start(&(struct intake_config){
        .service = def->name, .brokers = config.kafka_brokers, .events = def->events, .engine = s->engine, .letters = s->letters});
}

static void start_workers(struct service_state *s)
{
    s->workers = workers_start(&(struct workers_config){.count = (size_t)config.workers,
                                                        .queue_max = 4096,
                                                        .database_url = config.database_url,
                                                        .worker_new = s->service->worker_new,
                                                        .worker_free = s->service->worker_free});
}

static struct http_route http_route_of(const struct service_route *route)
{
    return (struct http_route){route->method, route->path, call_serve, route->flags, route};
}

static struct http_route *http_routes(const struct service_route *routes, bool dead_letters)
{
    size_t n = 0;
    while (routes[n].method)
        n++;
    struct http_route *out = memory_new((n + DEAD_LETTER_ROUTES + 1) * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = http_route_of(&routes[i]);
    for (size_t i = 0; dead_letters && i < DEAD_LETTER_ROUTES; i++)
        out[n + i] = http_route_of(&dead_letter_routes[i]);
    return out;
}

static bool start_server(struct service_state *s)
{
    char problem[200];
    s->routes = http_routes(s->service->routes, s->letters != NULL);
    s->request_deadline = config.request_deadline;
    s->server = http_start(&(struct http_config){.listen = config.http_listen,
                                                 .routes = s->routes,
                                                 .ctx = s,
                                                 .connection_max = (unsigned)config.connections,
                                                 .connections_each = (unsigned)config.connections_each,
                                                 .request_timeout = config.request_silence,
                                                 .traced = true},
                           problem);
    return s->server || fail(s, problem);
}

static void choose_cursor_secret(struct service_state *s)
{
    size_t n = strlen(config.cursor_secret);
    clock_random(s->cursor_secret, sizeof s->cursor_secret);
    if (n > 0) {
        memset(s->cursor_secret, 0, sizeof s->cursor_secret);
        memcpy(s->cursor_secret, config.cursor_secret, n < sizeof s->cursor_secret ? n : sizeof s->cursor_secret);
    }
}

static bool start_parts(struct service_state *s, const sigset_t *stop)
{
    char problem[200] = "";
    const struct service *def = s->service;
    choose_cursor_secret(s);
    if (def->decider) {
        if (!await_schema(s, stop))
            return false;
        start_engine(s);
    }
    if (def->start && !def->start(s->engine, problem))
        return fail(s, problem);
    s->own_started = true;
    if (def->events)
        start_intake(s);
    else if (def->letters)
        s->letters = def->letters();
    if (has_queries(def) || s->letters)
        start_workers(s);
    if (def->routes && !start_server(s))
        return false;
    atomic_store(&s->starting, NULL);
    return true;
}

/* ── down: in the order in which nothing is cut off ──────────────────────────────────────────────────────────────────────────────────── */

static void stop_parts(struct service_state *s)
{
    if (s->server)
        http_drain(s->server);
    http_stop(s->admin, SECONDS(1)); /* it shows the parts: so it goes before them */
    if (s->server)
        http_stop(s->server, config.drain_patience);
    if (s->workers)
        workers_stop(s->workers);
    if (s->intake) {
        intake_stop(s->intake);
        letters_stop(s->letters);
    }
    if (s->engine)
        engine_stop(s->engine);
    if (s->own_started && s->service->stop)
        s->service->stop();
    if (s->engine)
        engine_free(s->engine);
    if (s->relay)
        relay_stop(s->relay);
    if (s->pruner)
        pruner_stop(s->pruner);
    free(s->routes);
}

static bool start_admin(struct service_state *s)
{
    char problem[200];
    s->admin = http_start(&(struct http_config){.listen = config.admin_listen, .routes = admin_routes, .ctx = s}, problem);
    return s->admin || fail(s, problem);
}

static int run(struct service_state *s, const sigset_t *stop)
{
    instant began = clock_now();
    bool up = start_parts(s, stop);
    if (up) {
        log_info("started", LOG_STR("version", JUMUN_VERSION), LOG_STR("listen", config.http_listen),
                 LOG_INT("microseconds", clock_now() - began));
        while (!stop_asked(stop, SECONDS(3600)))
            ;
        log_info("stopping");
    }
    atomic_store(&s->draining, true);
    if (s->server)
        http_see_off(s->server);
    if (up)
        stop_asked(stop, config.drain_delay);
    stop_parts(s);
    log_info("stopped");
    return up || s->told_to_stop ? 0 : 1;
}

/* A connection is a file: as many as the system allows, not the shell's modest default. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* ── the step before ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static enum looked migrate_once(struct service_state *s, struct pg *pg)
{
    struct arena arena;
    struct str problem = {0};
    const char *role = config.migration_role[0] ? config.migration_role : s->service->name;
    arena_init(&arena);
    bool done = pg_migrate(pg, "engine", engine_migrations, &arena, &problem) &&
                pg_migrate(pg, s->service->name, s->service->migrations, &arena, &problem) &&
                pg_grant(pg, role, ENGINE_RECORD, &arena, &problem);
    enum looked result = done ? LOOKED_WELL : not_well(s, pg, problem, &arena);
    arena_release(&arena);
    return result;
}

static int migrate(const struct service *def)
{
    sigset_t stop;
    struct service_state s = {.service = def};
    block_signals(&stop);
    struct pg *pg = pg_new(config.migration_url, "migrations", PG_QUERIES);
    enum looked result = look_until(migrate_once, &s, pg, &stop);
    pg_free(pg);
    if (result == LOOKED_WELL)
        log_info("the schema is this program's", LOG_STR("version", JUMUN_VERSION));
    return result == LOOKED_WELL ? 0 : 1;
}

/* ── the program ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int serve(const struct service *def)
{
    sigset_t stop;
    block_signals(&stop);
    raise_file_limit();
    struct service_state *s = NEW(struct service_state);
    s->service = def;
    atomic_store(&s->starting, "start");
    tracing_start(def->name);
    int status = start_admin(s) ? run(s, &stop) : 1;
    tracing_stop();
    free(s);
    return status;
}

int service_run(const struct service *def, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help(def);
    bool ready = argc == 2 && strcmp(argv[1], "--ready") == 0;
    bool step = argc == 2 && strcmp(argv[1], "--migrate") == 0 && def->decider;
    if (argc > 1 && !ready && !step) {
        (void)fprintf(stderr, "%s takes no arguments but --help, --ready%s: it is configured by environment variables\n", def->name,
                      def->decider ? " and --migrate" : "");
        return 2;
    }
    if (!configure(def, step))
        return 2;
    return step ? migrate(def) : ready ? check_ready(config.admin_listen) : serve(def);
}
