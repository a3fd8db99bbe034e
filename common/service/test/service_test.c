/* The skeleton of a service, seen from outside: `till` is run as a process, against a real PostgreSQL and Kafka. */
#include "clock.h"
#include "memory.h"
#include "pg.h"
#include "testing.h"
#include "topic.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "client.h"

static struct testing_database database;
static char till_role[80], till_url[600]; /* who a till works as: a role that owns nothing */
static struct topic *topic;
static char directory[] = "/tmp/service_test.XXXXXX";

/* ── the process ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct process {
    pid_t pid;
    unsigned port, admin;
    char said[64], answer_file[64];
    char *environment[32];
    size_t settings;
};

static unsigned free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void set(struct process *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void set(struct process *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    assert_true(p->settings < sizeof p->environment / sizeof p->environment[0] - 1);
    assert_true(vasprintf(&p->environment[p->settings++], format, args) > 0);
    va_end(args);
}

/* What every process needs; a test adds or changes before till_run(). The last of two equal names is not looked at: so `set` first. */
static void till_init(struct process *p)
{
    static int number;
    *p = (struct process){.port = free_port(), .admin = free_port()};
    (void)snprintf(p->said, sizeof p->said, "%s/said.%d", directory, ++number);
    (void)snprintf(p->answer_file, sizeof p->answer_file, "%s/answer.%d", directory, number);
}

static void till_defaults(struct process *p, const char *database_url)
{
    set(p, "JUMUN_HTTP_LISTEN=127.0.0.1:%u", p->port);
    set(p, "JUMUN_ADMIN_LISTEN=127.0.0.1:%u", p->admin);
    set(p, "JUMUN_DATABASE_URL=%s", database_url);
    set(p, "JUMUN_KAFKA_BROKERS=%s", testing_environment("TEST_KAFKA_BROKERS"));
    set(p, "JUMUN_TILL_TOPIC=%s", topic->name);
    set(p, "JUMUN_TILL_ANSWER_FILE=%s", p->answer_file);
    set(p, "JUMUN_LOG_FORMAT=json");
}

static void till_run(struct process *p, const char *argument)
{
    char *argv[] = {TILL, (char *)argument, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, p->said, O_CREAT | O_WRONLY | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    assert_int_equal(posix_spawn(&p->pid, TILL, &actions, NULL, argv, p->environment), 0);
    posix_spawn_file_actions_destroy(&actions);
}

static const char *said(const struct process *p)
{
    static char text[65536];
    int fd = open(p->said, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    close(fd);
    return text;
}

static bool has_ended(struct process *p, int *status)
{
    return waitpid(p->pid, status, WNOHANG) == p->pid;
}

/* Its exit code. What it said is shown when it is not the expected one. */
static void assert_exit(struct process *p, int expected)
{
    int status = 0;
    testing_wait_until(has_ended(p, &status));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
        fail_msg("ended with %d instead of %d, and said:\n%s", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), expected,
                 said(p));
    while (p->settings > 0)
        free(p->environment[--p->settings]);
}

static void assert_said(const struct process *p, const char *sentence)
{
    if (!strstr(said(p), sentence))
        fail_msg("it did not say \"%s\", but:\n%s", sentence, said(p));
}

static bool answers(unsigned port)
{
    int fd = client_try(port);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static const struct reply *get(unsigned port, const char *path)
{
    char text[300];
    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    return ask(port, text);
}

static bool is_ready(const struct process *p)
{
    return answers(p->admin) && get(p->admin, "/readyz")->status == 200;
}

static void till_start(struct process *p)
{
    till_init(p);
    till_defaults(p, till_url);
    till_run(p, NULL);
    testing_wait_until(is_ready(p));
}

static void till_stop(struct process *p)
{
    kill(p->pid, SIGTERM);
    assert_exit(p, 0);
}

/* ── settings ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void help_lists_all_settings(void **state)
{
    (void)state;
    struct process p;
    till_init(&p);
    till_run(&p, "--help");
    assert_exit(&p, 0);
    assert_said(&p, "till: accounts, to try the skeleton with");
    assert_said(&p, "JUMUN_HTTP_LISTEN");
    assert_said(&p, "JUMUN_DATABASE_URL");
    assert_said(&p, "JUMUN_KAFKA_BROKERS");
    assert_said(&p, "JUMUN_TILL_ANSWER_FILE");
}

static void another_argument_is_refused(void **state)
{
    (void)state;
    struct process p;
    till_init(&p);
    till_run(&p, "--port=80");
    assert_exit(&p, 2);
    assert_said(&p, "environment variables");
}

static void wrong_settings_are_refused_all_at_once(void **state)
{
    (void)state;
    struct process p;
    till_init(&p);
    set(&p, "JUMUN_HTTP_LISTN=127.0.0.1:1");
    set(&p, "JUMUN_QUERY_WORKERS=many");
    set(&p, "JUMUN_LOG_LEVEL=loud");
    till_run(&p, NULL);
    assert_exit(&p, 2);
    assert_said(&p, "JUMUN_HTTP_LISTN: there is no such setting");
    assert_said(&p, "JUMUN_QUERY_WORKERS: \"many\" is not what is expected");
    assert_said(&p, "JUMUN_DATABASE_URL: must be set");
    assert_said(&p, "JUMUN_KAFKA_BROKERS: must be set");
}

static void a_log_level_that_does_not_exist_is_refused(void **state)
{
    (void)state;
    struct process p;
    till_init(&p);
    set(&p, "JUMUN_LOG_LEVEL=loud");
    till_defaults(&p, till_url);
    till_run(&p, NULL);
    assert_exit(&p, 2);
    assert_said(&p, "JUMUN_LOG_LEVEL: \"loud\" is not debug, info, warning or error");
}

/* ── start ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void it_waits_for_its_database(void **state)
{
    (void)state;
    struct process p;
    struct testing_proxy *proxy = testing_proxy_start(till_url);
    testing_proxy_go_away(proxy);
    till_init(&p);
    till_defaults(&p, testing_proxy_url(proxy));
    till_run(&p, NULL);
    testing_wait_until(answers(p.admin));
    testing_wait_until(strstr(get(p.admin, "/readyz")->body, "\"waitingFor\":\"database\""));
    assert_int_equal(get(p.admin, "/readyz")->status, 503);
    assert_int_equal(get(p.admin, "/healthz")->status, 200);
    assert_int_equal(get(p.admin, "/metrics")->status, 200);
    assert_false(answers(p.port));
    testing_proxy_come_back(proxy);
    testing_wait_until(is_ready(&p));
    assert_true(answers(p.port));
    till_stop(&p);
    testing_proxy_stop(proxy);
}

static void it_stops_while_it_waits(void **state)
{
    (void)state;
    struct process p;
    struct testing_proxy *proxy = testing_proxy_start(till_url);
    testing_proxy_go_away(proxy);
    till_init(&p);
    till_defaults(&p, testing_proxy_url(proxy));
    till_run(&p, NULL);
    testing_wait_until(answers(p.admin));
    till_stop(&p);
    testing_proxy_stop(proxy);
}

static void without_brokers_it_is_unready(void **state)
{
    (void)state;
    struct process p;
    till_init(&p);
    set(&p, "JUMUN_KAFKA_BROKERS=127.0.0.1:1");
    till_defaults(&p, till_url);
    till_run(&p, NULL);
    testing_wait_until(answers(p.port));
    testing_wait_until(strstr(get(p.admin, "/readyz")->body, "\"waitingFor\":\"kafka\""));
    till_stop(&p);
}

/* The exit code of `till --ready` with the settings of p; what it said is then in `asked`. */
static void assert_asked(const struct process *p, int expected, const char *answer)
{
    struct process asked;
    till_init(&asked);
    asked.admin = p->admin;
    till_defaults(&asked, till_url);
    till_run(&asked, "--ready");
    assert_exit(&asked, expected);
    assert_said(&asked, answer);
}

static void asked_from_beside_it_says_whether_it_is_ready(void **state)
{
    (void)state;
    struct process p;
    struct testing_proxy *proxy = testing_proxy_start(till_url);
    testing_proxy_go_away(proxy);
    till_init(&p);
    assert_asked(&p, 1, "does not answer");
    till_defaults(&p, testing_proxy_url(proxy));
    till_run(&p, NULL);
    testing_wait_until(answers(p.admin));
    testing_wait_until(strstr(get(p.admin, "/readyz")->body, "\"waitingFor\":\"database\""));
    assert_asked(&p, 1, "\"waitingFor\":\"database\"");
    testing_proxy_come_back(proxy);
    testing_wait_until(is_ready(&p));
    assert_asked(&p, 0, "\"ready\"");
    till_stop(&p);
    testing_proxy_stop(proxy);
}

static void a_port_that_is_taken_ends_it_with_a_sentence(void **state)
{
    (void)state;
    struct process first, second, third;
    till_start(&first);
    till_init(&second);
    set(&second, "JUMUN_HTTP_LISTEN=127.0.0.1:%u", first.port);
    till_defaults(&second, till_url);
    till_run(&second, NULL);
    assert_exit(&second, 1);
    assert_said(&second, "till cannot start: ");
    char port[20];
    (void)snprintf(port, sizeof port, ":%u", first.port);
    assert_said(&second, port);

    till_init(&third);
    set(&third, "JUMUN_ADMIN_LISTEN=127.0.0.1:%u", first.admin);
    till_defaults(&third, till_url);
    till_run(&third, NULL);
    assert_exit(&third, 1);
    assert_said(&third, "till cannot start: ");
    till_stop(&first);
}

/* ── the schema, and who may do what ─────────────────────────────────────────────────────────────────────────────────────────────────── */

/* One statement, by whoever the URL names; what came of it, "" when it was done. */
static const char *does(const char *url, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *does(const char *url, const char *format, ...)
{
    static char fault[256];
    char *sql = NULL;
    va_list args;
    va_start(args, format);
    assert_true(vasprintf(&sql, format, args) > 0);
    va_end(args);
    struct pg *pg = pg_new(url, "test", PG_QUERIES);
    assert_true(pg_connect(pg));
    (void)snprintf(fault, sizeof fault, "%s", pg_query(pg, sql, NULL) ? "" : pg_fault(pg)->message);
    pg_free(pg);
    free(sql);
    return fault;
}
#define must_do(...) assert_string_equal(does(__VA_ARGS__), "")

static void assert_denied(const char *url, const char *sql)
{
    const char *fault = does(url, "%s", sql);
    if (!strstr(fault, "permission denied") && !strstr(fault, "must be owner"))
        fail_msg("\"%s\" was not denied: \"%s\"", sql, fault);
}

/* The URL of a database for the role till_role: the server's, with another name before the @. */
static void url_of_till(const struct testing_database *d, char url[600])
{
    (void)snprintf(url, 600, "postgresql://%s:sesame%s", till_role, strchr(d->url, '@'));
}

/* The step, which is expected to end with this code. */
static void assert_migrated(const struct testing_database *d, const char *role, int expected, const char *sentence)
{
    struct process p;
    till_init(&p);
    set(&p, "JUMUN_MIGRATION_URL=%s", d->url);
    set(&p, "JUMUN_MIGRATION_ROLE=%s", role);
    set(&p, "JUMUN_LOG_FORMAT=json");
    till_run(&p, "--migrate");
    assert_exit(&p, expected);
    assert_said(&p, sentence);
}

static int64_t number(const char *url, const char *sql)
{
    struct pg *pg = pg_new(url, "test", PG_QUERIES);
    const struct pg_rows *rows = pg_connect(pg) ? pg_query(pg, sql, NULL) : NULL;
    if (!rows)
        fail_msg("%s: %s", sql, pg_fault(pg)->message);
    int64_t n = pg_int8(rows, 0, 0);
    pg_free(pg);
    return n;
}

static void it_waits_for_the_migration_and_says_by_what_command(void **state)
{
    (void)state;
    struct process p;
    struct testing_database empty;
    char url[600];
    testing_database_new(&empty);
    url_of_till(&empty, url);
    till_init(&p);
    till_defaults(&p, url);
    till_run(&p, NULL);
    testing_wait_until(answers(p.admin));
    testing_wait_until(strstr(get(p.admin, "/readyz")->body, "\"waitingFor\":\"migration\",\"run\":\"till --migrate\""));
    assert_int_equal(get(p.admin, "/readyz")->status, 503);
    assert_int_equal(get(p.admin, "/healthz")->status, 200);
    assert_non_null(strstr(get(p.admin, "/metrics")->body, "jumun_waiting_for{what=\"migration\"} 1"));
    assert_false(answers(p.port));
    assert_int_equal(number(empty.url, "select count(*) from pg_tables where schemaname = 'public'"), 0); /* it has made nothing */
    assert_migrated(&empty, till_role, 0, "the schema is this program's");
    testing_wait_until(is_ready(&p));
    till_stop(&p);
    testing_database_drop(&empty);
}

static void what_the_engine_lacks_is_waited_for_too(void **state)
{
    (void)state;
    struct process p;
    struct testing_database older;
    char url[600];
    testing_database_new(&older);
    url_of_till(&older, url);
    assert_migrated(&older, till_role, 0, "the schema is this program's");
    must_do(older.url, "delete from schema_migration where set = 'engine' and name like '0003%%'");
    must_do(older.url, "alter table inbox drop column content");
    till_init(&p);
    till_defaults(&p, url);
    till_run(&p, NULL);
    testing_wait_until(answers(p.admin) && strstr(get(p.admin, "/readyz")->body, "\"waitingFor\":\"migration\""));
    assert_migrated(&older, till_role, 0, "the schema is this program's");
    testing_wait_until(is_ready(&p));
    till_stop(&p);
    testing_database_drop(&older);
}

static void migrated_twice_is_migrated(void **state)
{
    (void)state;
    int64_t before = number(till_url, "select count(*) from schema_migration");
    assert_migrated(&database, till_role, 0, "the schema is this program's");
    assert_int_equal(number(till_url, "select count(*) from schema_migration"), before);
}

static void the_step_waits_for_its_database(void **state)
{
    (void)state;
    struct process p;
    struct testing_proxy *proxy = testing_proxy_start(database.url);
    testing_proxy_go_away(proxy);
    till_init(&p);
    set(&p, "JUMUN_MIGRATION_URL=%s", testing_proxy_url(proxy));
    set(&p, "JUMUN_MIGRATION_ROLE=%s", till_role);
    set(&p, "JUMUN_LOG_FORMAT=json");
    till_run(&p, "--migrate");
    testing_wait_until(strstr(said(&p), "waiting for the database"));
    testing_proxy_come_back(proxy);
    assert_exit(&p, 0);
    testing_proxy_stop(proxy);
}

static void the_step_needs_the_owner_and_another_role(void **state)
{
    (void)state;
    char owner[64];
    (void)snprintf(owner, sizeof owner, "%.*s", (int)strcspn(strstr(database.url, "://") + 3, ":"), strstr(database.url, "://") + 3);
    assert_migrated(&database, owner, 1, "owns the schema");
    assert_migrated(&database, "nobody_of_this_name", 1, "role \"nobody_of_this_name\" does not exist");
    struct process p;
    till_init(&p);
    till_defaults(&p, till_url);
    till_run(&p, "--migrate");
    assert_exit(&p, 2);
    assert_said(&p, "JUMUN_MIGRATION_URL: must be set");
}

static void who_works_has_no_password_of_the_owner(void **state)
{
    (void)state;
    struct process p;
    till_init(&p);
    set(&p, "JUMUN_MIGRATION_URL=%s", database.url);
    till_defaults(&p, till_url);
    till_run(&p, NULL);
    assert_exit(&p, 2);
    assert_said(&p, "JUMUN_MIGRATION_URL: there is no such setting");
}

static void its_role_may_touch_rows_and_nothing_else(void **state)
{
    (void)state;
    static const char *const denied[] = {
        "create table mine (n bigint)",
        "create temporary table mine (n bigint)",
        "create schema mine",
        "alter table account add column mine bigint",
        "drop table account",
        "truncate account",
        "create index mine on account (balance)",
        "update schema_migration set checksum = ''",
        "delete from schema_migration",
        "update event set version = version",
        "delete from event",
    };
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++)
        assert_denied(till_url, denied[i]);
    must_do(till_url, "delete from account where id = '0192b8c0-0000-7000-8000-0000000000ff'");
}

static void what_the_owner_makes_later_is_within_its_reach(void **state)
{
    (void)state;
    must_do(database.url, "create schema later");
    must_do(database.url, "create table later.thing (n bigserial, m bigint)");
    must_do(till_url, "insert into later.thing (m) values (1)");
    must_do(till_url, "update later.thing set m = 2");
    must_do(till_url, "delete from later.thing");
    assert_denied(till_url, "drop table later.thing");
    must_do(database.url, "drop schema later cascade");
}

static void rights_given_by_hand_end_with_the_next_step(void **state)
{
    (void)state;
    must_do(database.url, "grant truncate on account to %s", till_role);
    must_do(database.url, "grant create on database %s to %s", database.name, till_role);
    assert_migrated(&database, till_role, 0, "the schema is this program's");
    assert_denied(till_url, "truncate account");
    assert_denied(till_url, "create schema mine");
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    struct process p;
    struct testing_database newer;
    char url[600];
    testing_database_new(&newer);
    url_of_till(&newer, url);
    assert_migrated(&newer, till_role, 0, "the schema is this program's");
    must_do(newer.url, "insert into schema_migration values ('till', '0099_future.sql', '')");
    till_init(&p);
    till_defaults(&p, url);
    till_run(&p, NULL);
    assert_exit(&p, 1);
    assert_said(&p, "till cannot start: migration till/0099_future.sql");
    assert_migrated(&newer, till_role, 1, "till cannot start: migration till/0099_future.sql");
    testing_database_drop(&newer);
}

/* ── requests ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct process till; /* one for all of these */

static int start_till(void **state)
{
    (void)state;
    till_start(&till);
    return 0;
}

static int stop_till(void **state)
{
    (void)state;
    till_stop(&till);
    return 0;
}

#define ALICE "X-Jumun-Subject: 0192b8c0-0000-7000-8000-00000000a11c\r\nX-Jumun-Roles: customer\r\n"
#define BOB   "X-Jumun-Subject: 0192b8c0-0000-7000-8000-000000000b0b\r\nX-Jumun-Roles: customer\r\n"
#define ADMIN "X-Jumun-Subject: 0192b8c0-0000-7000-8000-000000000ad0\r\nX-Jumun-Roles: admin\r\n"

static const struct reply *request(const char *method, const char *path, const char *headers, const char *body)
{
    char text[2000];
    (void)snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   method, path, headers, strlen(body), body);
    return ask(till.port, text);
}

static const struct reply *open_account(const char *who, const char *key, const char *body)
{
    char headers[500];
    (void)snprintf(headers, sizeof headers, "%sIdempotency-Key: %s\r\n", who, key);
    return request("POST", "/accounts", headers, body);
}

static char *make_key(char key[UUID_TEXT + 1])
{
    uuid_format(uuid_new(), key);
    return key;
}
#define new_key() make_key((char[UUID_TEXT + 1]){0})

static void assert_problem(const struct reply *r, int status, const char *type)
{
    char member[100];
    (void)snprintf(member, sizeof member, "\"type\":\"%s\"", type);
    if (r->status != status || !strstr(r->body, member))
        fail_msg("the answer is %d %s, not %d %s", r->status, r->body, status, type);
    assert_string_equal(reply_header(r, "Content-Type"), "application/problem+json");
}

static void who_is_not_known_or_not_allowed_is_told(void **state)
{
    (void)state;
    assert_problem(request("GET", "/whoami", "", ""), 401, "/problems/unauthenticated");
    assert_problem(request("GET", "/whoami", "X-Jumun-Subject: me\r\nX-Jumun-Roles: customer\r\n", ""), 401, "/problems/unauthenticated");
    assert_problem(request("GET", "/whoami", ADMIN, ""), 403, "/problems/forbidden");
    assert_non_null(strstr(request("GET", "/whoami", ADMIN, "")->body, "customer,courier"));
    assert_problem(request("GET", "/accounts", ALICE, ""), 403, "/problems/forbidden");
    assert_problem(open_account("", "k", "{\"amount\":1}"), 401, "/problems/unauthenticated");
    assert_string_equal(request("GET", "/whoami", ALICE, "")->body, "{\"roles\":\"customer\"}");
    assert_int_equal(request("GET", "/asked", "", "")->status, 200);
}

static void the_same_key_is_the_same_request(void **state)
{
    (void)state;
    char key[UUID_TEXT + 1], location[1024], body[64 * 1024];
    make_key(key);
    const struct reply *r = open_account(ALICE, key, "{\"amount\":10}");
    assert_int_equal(r->status, 201);
    assert_null(reply_header(r, "Idempotent-Replayed"));
    (void)snprintf(location, sizeof location, "%s", reply_header(r, "Location"));
    (void)snprintf(body, sizeof body, "%s", r->body);
    r = open_account(ALICE, key, "{\"amount\":10}");
    assert_int_equal(r->status, 201);
    assert_string_equal(reply_header(r, "Idempotent-Replayed"), "true");
    assert_string_equal(reply_header(r, "Location"), location);
    assert_string_equal(r->body, body);
    assert_problem(open_account(ALICE, key, "{\"amount\":11}"), 422, "/problems/idempotency-key-reused");
    r = open_account(BOB, key, "{\"amount\":10}"); /* somebody else's key of that name */
    assert_int_equal(r->status, 201);
    assert_null(reply_header(r, "Idempotent-Replayed"));
    assert_string_not_equal(r->body, body);
}

static void a_key_is_needed_and_must_be_one(void **state)
{
    (void)state;
    assert_int_equal(request("POST", "/accounts", ALICE, "{\"amount\":10}")->status, 400);
    assert_int_equal(open_account(ALICE, "no\tkey", "{\"amount\":10}")->status, 400);
}

static void a_wrong_body_takes_no_key(void **state)
{
    (void)state;
    char key[UUID_TEXT + 1];
    make_key(key);
    const struct reply *r = open_account(ALICE, key, "{\"amount\":0,\"balance\":5}");
    assert_int_equal(r->status, 422);
    assert_non_null(strstr(r->body, "\"/amount\""));
    assert_non_null(strstr(r->body, "\"/balance\""));
    assert_int_equal(open_account(ALICE, key, "{\"amount\":")->status, 400);
    assert_int_equal(open_account(ALICE, key, "{\"amount\":7}")->status, 201);
}

static void a_refusal_is_a_problem_and_kept_for_its_key(void **state)
{
    (void)state;
    char path[1100], headers[300];
    const struct reply *r = open_account(ALICE, new_key(), "{\"amount\":10}");
    (void)snprintf(path, sizeof path, "%s/withdrawals", reply_header(r, "Location"));
    (void)snprintf(headers, sizeof headers, "%sIdempotency-Key: %s\r\n", ALICE, new_key());
    assert_problem(request("POST", path, headers, "{\"amount\":11}"), 409, "/problems/not-enough");
    assert_int_equal(request("POST", path, ALICE, "{\"amount\":4}")->status, 200); /* a key is not needed here */
    r = request("POST", path, headers, "{\"amount\":11}");
    assert_problem(r, 409, "/problems/not-enough");
    assert_non_null(strstr(r->body, "There are 10."));
    assert_string_equal(reply_header(r, "Idempotent-Replayed"), "true");
    assert_problem(request("POST", "/accounts/none/withdrawals", ALICE, "{\"amount\":4}"), 404, "/problems/not-found");
}

static void copy_cursor(const struct reply *r, char *cursor, size_t size)
{
    const char *found = strstr(r->body, "\"nextCursor\":\"");
    assert_non_null(found);
    (void)snprintf(cursor, size, "%.*s", (int)strcspn(found + 14, "\""), found + 14);
}

static void a_cursor_leads_on_and_cannot_be_forged(void **state)
{
    (void)state;
    char cursor[300], path[400];
    for (int i = 0; i < 3; i++)
        assert_int_equal(open_account(ALICE, new_key(), "{\"amount\":1}")->status, 201);
    const struct reply *r = request("GET", "/accounts?limit=2", ADMIN, "");
    assert_int_equal(r->status, 200);
    copy_cursor(r, cursor, sizeof cursor);
    (void)snprintf(path, sizeof path, "/accounts?limit=100&cursor=%s", cursor);
    r = request("GET", path, ADMIN, "");
    assert_int_equal(r->status, 200);
    assert_non_null(strstr(r->body, "\"nextCursor\":null"));
    for (size_t i = 0; cursor[i]; i++) { /* any character changed */
        (void)snprintf(path, sizeof path, "/accounts?cursor=%s", cursor);
        char *changed = strchr(path, '=') + 1 + i;
        *changed = *changed == 'A' ? 'Q' : 'A';
        assert_problem(request("GET", path, ADMIN, ""), 400, "/problems/invalid-cursor");
    }
    static const char *const forged[] = {"", "A", "AAAA", "%20", "!!!!", "MDE5MmI4YzAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAw"};
    for (size_t i = 0; i < sizeof forged / sizeof forged[0]; i++) {
        (void)snprintf(path, sizeof path, "/accounts?cursor=%s", forged[i]);
        assert_problem(request("GET", path, ADMIN, ""), 400, "/problems/invalid-cursor");
    }
    static const char *const limits[] = {"0", "101", "-1", "x", "1.5", ""};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        (void)snprintf(path, sizeof path, "/accounts?limit=%s", limits[i]);
        assert_problem(request("GET", path, ADMIN, ""), 400, "/problems/invalid-limit");
    }
}

static void the_admin_port_shows_all_parts(void **state)
{
    (void)state;
    const struct reply *r = get(till.admin, "/metrics");
    assert_int_equal(r->status, 200);
    static const char *const names[] = {"jumun_ready 1", "jumun_engine_commands_total", "jumun_relay_active 1", "jumun_outbox_backlog",
                                        "jumun_queries_waiting"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strstr(r->body, names[i]))
            fail_msg("%s is not in\n%s", names[i], r->body);
    assert_int_equal(get(till.admin, "/healthz")->status, 200);
    assert_int_equal(get(till.admin, "/accounts")->status, 404);
}

/* ── faults, and the end ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void without_its_database_it_says_so_and_recovers(void **state)
{
    (void)state;
    struct testing_proxy *proxy = testing_proxy_start(till_url);
    till_init(&till);
    set(&till, "JUMUN_REQUEST_DEADLINE_MS=100");
    till_defaults(&till, testing_proxy_url(proxy));
    till_run(&till, NULL);
    testing_wait_until(is_ready(&till));
    testing_proxy_go_away(proxy);
    testing_wait_until(strstr(get(till.admin, "/readyz")->body, "\"waitingFor\":\"database\""));
    char key[UUID_TEXT + 1];
    make_key(key);
    const struct reply *r = open_account(ALICE, key, "{\"amount\":10}");
    assert_problem(r, 503, "/problems/unavailable");
    assert_string_equal(reply_header(r, "Retry-After"), "1");
    assert_problem(request("GET", "/accounts", ADMIN, ""), 503, "/problems/unavailable");
    assert_int_equal(get(till.admin, "/healthz")->status, 200);
    testing_proxy_come_back(proxy);
    testing_wait_until(is_ready(&till));
    assert_int_equal(open_account(ALICE, key, "{\"amount\":10}")->status, 201);
    till_stop(&till);
    testing_proxy_stop(proxy);
}

static void stopping_answers_what_is_parked(void **state)
{
    (void)state;
    till_start(&till);
    struct client *c = client_connect(till.port);
    client_say(c,
               "POST /accounts/0192b8c0-0000-7000-8000-000000000001/questions HTTP/1.1\r\nHost: x\r\n" ALICE "Content-Length: 0\r\n\r\n");
    testing_wait_until(strcmp(get(till.port, "/asked")->body, "1") == 0);
    kill(till.pid, SIGTERM);
    testing_wait_until(!answers(till.port));
    close(open(till.answer_file, O_CREAT | O_WRONLY, 0600));
    struct reply r;
    client_read(c, &r, true);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body, "0192b8c0-0000-7000-8000-000000000001"));
    client_close(c);
    assert_exit(&till, 0);
    assert_said(&till, "\"stopped\"");
}

static void a_parked_request_that_outlasts_the_patience_is_cut_off(void **state)
{
    (void)state;
    till_init(&till);
    set(&till, "JUMUN_DRAIN_PATIENCE_MS=50");
    till_defaults(&till, till_url);
    till_run(&till, NULL);
    testing_wait_until(is_ready(&till));
    struct client *c = client_connect(till.port);
    client_say(c,
               "POST /accounts/0192b8c0-0000-7000-8000-000000000002/questions HTTP/1.1\r\nHost: x\r\n" ALICE "Content-Length: 0\r\n\r\n");
    testing_wait_until(strcmp(get(till.port, "/asked")->body, "1") == 0);
    kill(till.pid, SIGTERM);
    struct reply r;
    client_read(c, &r, true);
    assert_true(r.status == 503 || r.status == 0);
    client_close(c);
    assert_exit(&till, 0);
}

static void an_interrupt_stops_it_too(void **state)
{
    (void)state;
    till_start(&till);
    kill(till.pid, SIGINT);
    assert_exit(&till, 0);
}

static int setup(void **state)
{
    (void)state;
    testing_database_new(&database);
    topic = topic_new("test.bank", 3);
    (void)snprintf(till_role, sizeof till_role, "%s_till", database.name);
    url_of_till(&database, till_url);
    must_do(database.url, "create role %s login password 'sesame'", till_role);
    if (!mkdtemp(directory))
        return -1;
    assert_migrated(&database, till_role, 0, "the schema is this program's");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[100];
    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    topic_free(topic);
    testing_database_drop(&database);
    must_do(testing_environment("TEST_POSTGRES_URL"), "drop role %s", till_role);
    return system(command); /* NOLINT(cert-env33-c): a constant, but for mkdtemp's letters */
}

#define WITH_TILL(name) cmocka_unit_test_setup_teardown(name, start_till, stop_till)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_lists_all_settings),
        cmocka_unit_test(another_argument_is_refused),
        cmocka_unit_test(wrong_settings_are_refused_all_at_once),
        cmocka_unit_test(a_log_level_that_does_not_exist_is_refused),
        cmocka_unit_test(it_waits_for_its_database),
        cmocka_unit_test(it_stops_while_it_waits),
        cmocka_unit_test(without_brokers_it_is_unready),
        cmocka_unit_test(asked_from_beside_it_says_whether_it_is_ready),
        cmocka_unit_test(a_port_that_is_taken_ends_it_with_a_sentence),
        cmocka_unit_test(it_waits_for_the_migration_and_says_by_what_command),
        cmocka_unit_test(what_the_engine_lacks_is_waited_for_too),
        cmocka_unit_test(migrated_twice_is_migrated),
        cmocka_unit_test(the_step_waits_for_its_database),
        cmocka_unit_test(the_step_needs_the_owner_and_another_role),
        cmocka_unit_test(who_works_has_no_password_of_the_owner),
        cmocka_unit_test(its_role_may_touch_rows_and_nothing_else),
        cmocka_unit_test(what_the_owner_makes_later_is_within_its_reach),
        cmocka_unit_test(rights_given_by_hand_end_with_the_next_step),
        cmocka_unit_test(a_newer_schema_is_refused),
        WITH_TILL(who_is_not_known_or_not_allowed_is_told),
        WITH_TILL(the_same_key_is_the_same_request),
        WITH_TILL(a_key_is_needed_and_must_be_one),
        WITH_TILL(a_wrong_body_takes_no_key),
        WITH_TILL(a_refusal_is_a_problem_and_kept_for_its_key),
        WITH_TILL(a_cursor_leads_on_and_cannot_be_forged),
        WITH_TILL(the_admin_port_shows_all_parts),
        cmocka_unit_test(without_its_database_it_says_so_and_recovers),
        cmocka_unit_test(stopping_answers_what_is_parked),
        cmocka_unit_test(a_parked_request_that_outlasts_the_patience_is_cut_off),
        cmocka_unit_test(an_interrupt_stops_it_too),
    };
    return cmocka_run_group_tests_name("service", tests, setup, teardown);
}
