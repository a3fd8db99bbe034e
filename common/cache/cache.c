/*
 * A Redis connection, pipelined, with scripts: what was sent is remembered only as a row of answers that are due.
 *
 * A script is loaded on a connection before its first use there, in the same pipeline; its answer is taken without the caller's seeing it.
 * Should the server forget the scripts meanwhile (SCRIPT FLUSH), that is a fault of the connection: what stood behind the refused script in
 * the pipeline has been done, so the caller must begin again with what he knows to be so, as after any other fault.
 */
#include "cache.h"

#include "clock.h"
#include "invariant.h"
#include "memory.h"

#include <hiredis/hiredis.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_SECONDS 2

enum due { DUE_ANSWER, DUE_SCRIPT_ANSWER, DUE_LOADING };

struct script {
    const char *text; /* known by its address: scripts are literals */
    char sha1[2 * SHA_DIGEST_LENGTH + 1];
    bool loaded; /* on this connection */
};

struct cache {
    char *host, *password;
    int port, database;
    redisContext *redis; /* NULL: not connected */
    redisReply *reply;   /* the last one received */
    char run_id[48];
    char fault[200];
    enum due *due; /* from due_first on, in the order of sending */
    size_t due_first, due_end, due_room;
    struct script *scripts;
    size_t script_count;
};

/* ── where ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool number_parse(struct str text, int least, int most, int *value)
{
    int64_t n;
    if (!str_to_int64(text, &n) || n < least || n > most)
        return false;
    *value = (int)n;
    return true;
}

/* Takes what stands before the last `separator` off the front; false (and nothing taken) when there is none. */
static bool str_cut_last(struct str *rest, char separator, struct str *front)
{
    const char *at = rest->n == 0 ? NULL : memrchr(rest->p, separator, rest->n);
    if (at == NULL)
        return false;
    *front = (struct str){rest->p, (size_t)(at - rest->p)};
    *rest = (struct str){at + 1, rest->n - front->n - 1};
    return true;
}

static char *str_terminated(struct str s) /* an absent one is NULL */
{
    if (s.p == NULL)
        return NULL;
    char *copy = memory_new(s.n + 1);
    memcpy(copy, s.p, s.n);
    return copy;
}

/* redis://[:password@]host:port/database */
static bool url_parse(const char *url, struct str *password, struct str *host, int *port, int *database)
{
    static const char scheme[] = "redis://";
    struct str rest = str_of(url), front, database_text;
    *password = (struct str){0};
    if (str_absent(rest) || !str_starts_with(rest, STR("redis://")))
        return false;
    rest = (struct str){rest.p + strlen(scheme), rest.n - strlen(scheme)};
    if (str_cut_last(&rest, '@', &front)) {
        if (front.n < 2 || front.p[0] != ':')
            return false;
        *password = (struct str){front.p + 1, front.n - 1};
    }
    if (!str_cut_last(&rest, '/', &front))
        return false;
    database_text = rest;
    rest = front;
    return str_cut_last(&rest, ':', host) && host->n > 0 && memchr(host->p, '/', host->n) == NULL && number_parse(rest, 1, 65535, port) &&
           number_parse(database_text, 0, 65535, database);
}

struct cache *cache_new(const char *url)
{
    struct str password, host;
    int port, database;
    if (!url_parse(url, &password, &host, &port, &database))
        return NULL;
    struct cache *c = NEW(struct cache);
    c->host = str_terminated(host);
    c->password = str_terminated(password);
    c->port = port;
    c->database = database;
    return c;
}

void cache_free(struct cache *c)
{
    if (c == NULL)
        return;
    cache_disconnect(c);
    free(c->scripts);
    free(c->due);
    free(c->password);
    free(c->host);
    free(c);
}

/* ── faults ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void cache_drop_reply(struct cache *c)
{
    if (c->reply != NULL)
        freeReplyObject(c->reply);
    c->reply = NULL;
}

void cache_disconnect(struct cache *c)
{
    cache_drop_reply(c);
    if (c->redis != NULL)
        redisFree(c->redis);
    c->redis = NULL;
    c->due_first = c->due_end = 0;
    for (size_t i = 0; i < c->script_count; i++)
        c->scripts[i].loaded = false;
}

static void cache_fail(struct cache *c, const char *doing, const char *why)
{
    snprintf(c->fault, sizeof(c->fault), "redis at %s:%d: %s: %s", c->host, c->port, doing, why);
    cache_disconnect(c);
}

static void cache_fail_connection(struct cache *c, const char *doing)
{
    cache_fail(c, doing, c->redis->errstr);
}

const char *cache_fault(const struct cache *c)
{
    return c->fault;
}

bool cache_connected(const struct cache *c)
{
    return c->redis != NULL;
}

/* ── connecting ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* hiredis 0.14 writes without MSG_NOSIGNAL: a server that has gone would end the process, unless somebody cares for the signal. */
static void signal_ignore_broken_pipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

/* One command and its answer; false: the connection is gone. */
static bool cache_ask(struct cache *c, const char *doing, size_t argc, const struct str *argv)
{
    cache_send(c, argc, argv);
    const struct cache_reply *r = cache_receive(c);
    if (r == NULL)
        return false;
    if (cache_kind(r) == CACHE_ERROR) {
        char why[120];
        snprintf(why, sizeof(why), "%.*s", STR_ARG(cache_text(r)));
        cache_fail(c, doing, why);
        return false;
    }
    return true;
}

static bool cache_login(struct cache *c)
{
    return c->password == NULL || cache_ask(c, "AUTH", 2, (struct str[]){STR("AUTH"), str_of(c->password)});
}

static bool cache_select(struct cache *c)
{
    char number[16];
    snprintf(number, sizeof(number), "%d", c->database);
    return c->database == 0 || cache_ask(c, "SELECT", 2, (struct str[]){STR("SELECT"), str_of(number)});
}

static bool cache_learn_run_id(struct cache *c)
{
    if (!cache_ask(c, "INFO", 2, (struct str[]){STR("INFO"), STR("server")}))
        return false;
    struct str rest = cache_text((const struct cache_reply *)c->reply), line;
    while (str_split(&rest, '\n', &line))
        if (str_starts_with(line, STR("run_id:")))
            snprintf(c->run_id, sizeof(c->run_id), "%.40s", line.p + strlen("run_id:"));
    return true;
}

bool cache_connect(struct cache *c)
{
    if (c->redis != NULL)
        return true;
    signal_ignore_broken_pipe();
    struct timeval patience = {PATIENCE_SECONDS, 0};
    c->redis = redisConnectWithTimeout(c->host, c->port, patience);
    invariant(c->redis != NULL);
    if (c->redis->err != 0) {
        cache_fail_connection(c, "connecting");
        return false;
    }
    redisSetTimeout(c->redis, patience);
    redisEnableKeepAlive(c->redis);
    return cache_login(c) && cache_select(c) && cache_learn_run_id(c);
}

struct str cache_run_id(const struct cache *c)
{
    return str_of(c->run_id);
}

/* ── sending ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void cache_expect(struct cache *c, enum due due)
{
    if (c->due_first == c->due_end)
        c->due_first = c->due_end = 0;
    if (c->due_end == c->due_room) {
        c->due_room = c->due_room == 0 ? 64 : c->due_room * 2;
        c->due = memory_resize(c->due, c->due_room * sizeof(*c->due));
    }
    c->due[c->due_end++] = due;
}

static void cache_append(struct cache *c, enum due due, size_t argc, const struct str *argv)
{
    if (c->redis == NULL)
        return; /* forgotten, as all that was sent before the fault; cache_receive tells */
    const char *few[32];
    size_t few_sizes[32];
    const char **parts = argc <= 32 ? few : memory_new(argc * sizeof(*parts));
    size_t *sizes = argc <= 32 ? few_sizes : memory_new(argc * sizeof(*sizes));
    for (size_t i = 0; i < argc; i++) {
        parts[i] = argv[i].p == NULL ? "" : argv[i].p;
        sizes[i] = argv[i].n;
    }
    invariant(redisAppendCommandArgv(c->redis, (int)argc, parts, sizes) == REDIS_OK); /* it only copies */
    cache_expect(c, due);
    if (parts != few) {
        free(parts);
        free(sizes);
    }
}

void cache_send(struct cache *c, size_t argc, const struct str *argv)
{
    cache_append(c, DUE_ANSWER, argc, argv);
}

static struct script *cache_script(struct cache *c, const char *text)
{
    for (size_t i = 0; i < c->script_count; i++)
        if (c->scripts[i].text == text)
            return &c->scripts[i];
    c->scripts = memory_resize(c->scripts, (c->script_count + 1) * sizeof(*c->scripts));
    struct script *s = &c->scripts[c->script_count++];
    *s = (struct script){.text = text};
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)text, strlen(text), digest);
    for (int i = 0; i < SHA_DIGEST_LENGTH; i++)
        snprintf(s->sha1 + 2 * i, 3, "%02x", digest[i]);
    return s;
}

void cache_send_script(struct cache *c, const char *script, size_t keys, size_t argc, const struct str *keys_and_args)
{
    if (c->redis == NULL)
        return;
    struct script *s = cache_script(c, script);
    if (!s->loaded)
        cache_append(c, DUE_LOADING, 3, (struct str[]){STR("SCRIPT"), STR("LOAD"), str_of(script)});
    s->loaded = true;
    char number[24];
    snprintf(number, sizeof(number), "%zu", keys);
    struct str *argv = memory_new((argc + 3) * sizeof(*argv));
    argv[0] = STR("EVALSHA");
    argv[1] = str_of(s->sha1);
    argv[2] = str_of(number);
    for (size_t i = 0; i < argc; i++)
        argv[3 + i] = keys_and_args[i];
    cache_append(c, DUE_SCRIPT_ANSWER, argc + 3, argv);
    free(argv);
}

/* ── receiving ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool reply_is_error(const redisReply *r, const char *begins)
{
    return r->type == REDIS_REPLY_ERROR && strncmp(r->str, begins, strlen(begins)) == 0;
}

static enum due cache_take_due(struct cache *c)
{
    invariant(c->due_first < c->due_end); /* nothing was sent for which an answer could come */
    return c->due[c->due_first++];
}

/* The next answer, whoever it is for; false: a fault. */
static bool cache_next(struct cache *c)
{
    void *reply = NULL;
    cache_drop_reply(c);
    if (redisGetReply(c->redis, &reply) != REDIS_OK) {
        cache_fail_connection(c, "receiving");
        return false;
    }
    c->reply = reply;
    return true;
}

const struct cache_reply *cache_receive(struct cache *c)
{
    while (c->redis != NULL) {
        enum due due = cache_take_due(c);
        if (!cache_next(c))
            break;
        if (due == DUE_LOADING && c->reply->type == REDIS_REPLY_ERROR)
            cache_fail(c, "loading a script", c->reply->str);
        else if (due == DUE_SCRIPT_ANSWER && reply_is_error(c->reply, "NOSCRIPT"))
            cache_fail(c, "running a script", "the server has forgotten it");
        else if (due != DUE_LOADING)
            return (const struct cache_reply *)c->reply;
    }
    return NULL;
}

static const redisReply *reply_of(const struct cache_reply *r)
{
    return (const redisReply *)r;
}

enum cache_kind cache_kind(const struct cache_reply *r)
{
    switch (reply_of(r)->type) {
    case REDIS_REPLY_NIL: return CACHE_NIL;
    case REDIS_REPLY_STRING: return CACHE_TEXT;
    case REDIS_REPLY_INTEGER: return CACHE_INTEGER;
    case REDIS_REPLY_ARRAY: return CACHE_LIST;
    case REDIS_REPLY_STATUS: return CACHE_STATUS;
    case REDIS_REPLY_ERROR: return CACHE_ERROR;
    default: unreachable();
    }
}

struct str cache_text(const struct cache_reply *r)
{
    enum cache_kind kind = cache_kind(r);
    if (kind != CACHE_TEXT && kind != CACHE_STATUS && kind != CACHE_ERROR)
        return (struct str){0};
    return (struct str){reply_of(r)->str, reply_of(r)->len};
}

int64_t cache_integer(const struct cache_reply *r)
{
    return reply_of(r)->type == REDIS_REPLY_INTEGER ? reply_of(r)->integer : 0;
}

size_t cache_count(const struct cache_reply *r)
{
    return reply_of(r)->type == REDIS_REPLY_ARRAY ? reply_of(r)->elements : 0;
}

const struct cache_reply *cache_item(const struct cache_reply *r, size_t i)
{
    invariant(i < cache_count(r));
    return (const struct cache_reply *)reply_of(r)->element[i];
}
