/*
 * Runs one call on one curl handle.
 *
 * Has the other side seen the request? curl counts the bytes that the socket took (CURLINFO_REQUEST_SIZE): none, and it has not; some, and
 * it may have. curl on its own sends a request again when a reused connection ends before the first byte of an answer, whatever the method;
 * a callback before each attempt forbids that once bytes of the first were taken.
 */
#include "transfer.h"

#include "invariant.h"
#include "memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MAX      ((size_t)64 * 1024)   /* memory that a transfer keeps for the next */
#define EXPECT_LENGTH ((size_t)1024 * 1024) /* curl asks before it sends bodies of that size */

/* A connection idle for longer is not used again: the other side may just be closing it. Ours close after 10 s. */
#define IDLE_SECONDS 5L

struct transfer *transfer_new(size_t answer_max)
{
    struct transfer *t = NEW(struct transfer);
    arena_init(&t->arena);
    buf_init(&t->answer);
    t->answer_max = answer_max;
    return t;
}

void transfer_reset(struct transfer *t)
{
    if (t->arena.used > KEEP_MAX)
        arena_release(&t->arena);
    else
        arena_reset(&t->arena);
    if (t->answer.room > KEEP_MAX)
        buf_release(&t->answer);
    else
        buf_clear(&t->answer);
    t->refusal = NULL;
    t->attempts = 0;
    t->too_large = t->forbidden = false;
    t->answer_header_count = 0;
    t->content_type = (struct str){0};
    t->span = (struct span){0};
}

void transfer_free(struct transfer *t)
{
    if (t->easy)
        curl_easy_cleanup(t->easy);
    arena_release(&t->arena);
    buf_release(&t->answer);
    free(t->answer_headers);
    free(t);
}

struct transfer *transfer_of(CURL *easy)
{
    char *t = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
    return (struct transfer *)(void *)t;
}

/* ── asked ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_one_of(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].n == name.n && str_equal_ignoring_case(name, names[i]))
            return true;
    return false;
}

/* These belong to a connection, not to what travels over it (RFC 9110, 7.6.1). */
static bool is_hop_by_hop(struct str name)
{
    static const struct str names[] = {
        STR_CONST("connection"), STR_CONST("keep-alive"),        STR_CONST("proxy-connection"), STR_CONST("te"),
        STR_CONST("trailer"),    STR_CONST("transfer-encoding"), STR_CONST("upgrade"),
    };
    return is_one_of(name, names, sizeof(names) / sizeof(names[0]));
}

/* What the client itself says of a request. */
static bool is_framing(struct str name)
{
    static const struct str names[] = {STR_CONST("content-length"), STR_CONST("expect")};
    return is_hop_by_hop(name) || is_one_of(name, names, sizeof(names) / sizeof(names[0]));
}

static bool is_line(struct str s, char least)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] >= 0 && s.p[i] < least && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

/* curl reads "Name:" as "do not send it", and "Name;" as "send it empty". */
static char *header_line(struct arena *arena, struct str name, struct str value)
{
    char *line = arena_alloc(arena, name.n + value.n + 3), *at = line;
    memcpy(at, name.p, name.n);
    at += name.n;
    if (str_empty(value)) {
        *at = ';';
        return line;
    }
    *at++ = ':';
    *at++ = ' ';
    memcpy(at, value.p, value.n);
    return line;
}

static struct curl_slist **header_push(struct transfer *t, struct curl_slist **end, const char *line)
{
    struct curl_slist *node = ARENA_NEW(&t->arena, struct curl_slist);
    node->data = (char *)line;
    *end = node;
    return &node->next;
}

static struct curl_slist **trace_push(struct transfer *t, struct curl_slist **end, struct str name, struct str value)
{
    return str_absent(value) ? end : header_push(t, end, header_line(&t->arena, name, value));
}

static struct curl_slist **trace_fill(struct transfer *t, struct curl_slist **end, struct str parent)
{
    struct trace_headers h = trace_split(span_begin(&t->span, &t->arena, parent, 0));
    end = trace_push(t, end, STR("traceparent"), h.traceparent);
    end = trace_push(t, end, STR("tracestate"), h.tracestate);
    return trace_push(t, end, STR("baggage"), h.baggage);
}

static void headers_fill(struct transfer *t, const struct httpc_call *call)
{
    struct curl_slist **end = &t->headers;
    bool accept = false, content_type = false;
    *end = NULL;
    for (size_t i = 0; i < call->header_count; i++) {
        struct str name = call->headers[i].name, value = call->headers[i].value;
        if (is_framing(name))
            continue;
        if (str_empty(name) || !is_line(name, '!') || !is_line(value, ' '))
            t->refusal = "a header has a control character";
        accept |= str_equal_ignoring_case(name, STR("accept"));
        content_type |= str_equal_ignoring_case(name, STR("content-type"));
        end = header_push(t, end, header_line(&t->arena, name, value));
    }
    if (!str_empty(call->trace))
        end = trace_fill(t, end, call->trace);
    if (!accept)
        end = header_push(t, end, "Accept:");
    if (!content_type)
        end = header_push(t, end, "Content-Type:");
    if (t->body.n >= EXPECT_LENGTH)
        header_push(t, end, "Expect:");
}

static struct str origin_of(struct str url)
{
    size_t scheme = str_starts_with(url, STR("http://")) ? 7 : str_starts_with(url, STR("https://")) ? 8 : 0;
    if (!scheme)
        return (struct str){0};
    size_t n = scheme;
    while (n < url.n && !strchr("/?#", url.p[n]))
        n++;
    return n > scheme ? (struct str){url.p, n} : (struct str){0};
}

void transfer_fill(struct transfer *t, const struct httpc_call *call, duration now)
{
    struct str url = arena_str(&t->arena, call->url);
    t->method = arena_str(&t->arena, str_of(call->method)).p;
    t->url = url.p;
    t->origin = origin_of(url);
    t->body = arena_str(&t->arena, call->body);
    t->sent_at = now;
    t->deadline = now + call->deadline;
    t->done = call->done;
    t->ctx = call->ctx;
    headers_fill(t, call);
    if (str_absent(t->origin) || !is_line(url, '!'))
        t->refusal = "the URL is not one of http or https";
}

/* ── came back ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static size_t body_came(char *data, size_t one, size_t n, void *arg)
{
    (void)one;
    struct transfer *t = arg;
    if (t->stream) {
        stream_data(t->stream, (struct str){data, n});
        return n;
    }
    t->too_large = t->answer.n + n > t->answer_max;
    if (t->too_large)
        return 0;
    buf_add_bytes(&t->answer, data, n);
    return n;
}

static void header_keep(struct transfer *t, struct str name, struct str value)
{
    if (t->answer_header_count == t->answer_header_room) {
        t->answer_header_room = t->answer_header_room ? t->answer_header_room * 2 : 16;
        t->answer_headers = memory_resize(t->answer_headers, t->answer_header_room * sizeof(t->answer_headers[0]));
    }
    t->answer_headers[t->answer_header_count++] = (struct httpc_header){name, value};
    if (str_equal_ignoring_case(name, STR("content-type")))
        t->content_type = value;
}

/* Not one of 1xx, which another head follows. */
static bool is_final(const struct transfer *t)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200;
}

static size_t header_came(char *data, size_t one, size_t n, void *arg)
{
    (void)one;
    struct transfer *t = arg;
    struct str line = {data, n};
    if (str_starts_with(line, STR("HTTP/"))) { /* of a final answer, or of one before it (1xx) */
        t->answer_header_count = 0;
        return n;
    }
    while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
        line.n--;
    if (t->stream && line.n == 0 && is_final(t))
        stream_head(t->stream);
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
    struct str name = {data, colon ? (size_t)(colon - data) : 0};
    if (!colon || is_hop_by_hop(name))
        return n;
    struct str kept = arena_str(&t->arena, line);
    header_keep(t, (struct str){kept.p, name.n}, str_trim((struct str){kept.p + name.n + 1, kept.n - name.n - 1}));
    return n;
}

static long bytes_sent(const struct transfer *t)
{
    long n = 0;
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &n);
    return n;
}

static int before_attempt(void *arg, char *remote, char *local, int remote_port, int local_port)
{
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    struct transfer *t = arg;
    return t->attempts++ && bytes_sent(t) ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* curl asks for a socket with the address that it is about to connect to: behind the name's look-up, so a name cannot say one thing to us
   and another to it. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct transfer *t = arg;
    if (!t->may_connect(&address->addr)) {
        t->forbidden = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static const char *failure_of(const struct transfer *t, CURLcode code)
{
    if (t->forbidden)
        return "the address is not one that may be called";
    if (t->too_large)
        return "the answer is too large";
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return "the connection ended before the answer";
    return t->failure[0] ? t->failure : curl_easy_strerror(code);
}

void transfer_result(const struct transfer *t, CURLcode code, struct httpc_response *r)
{
    if (code != CURLE_OK) {
        *r = (struct httpc_response){
            .result = bytes_sent(t) ? HTTPC_SILENT : HTTPC_UNREACHABLE, .failure = failure_of(t, code), .forbidden = t->forbidden};
        return;
    }
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    *r = (struct httpc_response){
        .result = HTTPC_ANSWERED,
        .status = (int)status,
        .content_type = t->content_type,
        .headers = t->answer_headers,
        .header_count = t->answer_header_count,
        .body = t->answer.n ? buf_str(&t->answer) : STR(""),
    };
}

/* Without the query: it may hold what is nobody's business. */
void transfer_span_end(struct transfer *t, const struct httpc_response *r)
{
    if (!span_recorded(&t->span))
        return;
    static const char *const errors[] = {[HTTPC_UNREACHABLE] = "unreachable", [HTTPC_SILENT] = "silent"};
    struct log_field fields[6] = {LOG_STR("http.request.method", t->method),
                                  LOG_TEXT_OF("url.full", ((struct str){t->url, strcspn(t->url, "?")})),
                                  LOG_STR("error.type", errors[r->result])};
    if (r->result == HTTPC_ANSWERED)
        fields[3] = LOG_INT("http.response.status_code", r->status);
    span_end(&t->span, SPAN_CLIENT, r->result != HTTPC_ANSWERED || r->status >= 400 ? SPAN_ERROR : SPAN_UNSET, t->span.began + r->took,
             str_of(t->method), fields);
    t->span = (struct span){0};
}

/* ── running ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What is the same for every call. */
static void easy_new(struct transfer *t)
{
    t->easy = curl_easy_init();
    invariant(t->easy);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->easy, CURLOPT_PROXY, ""); /* not even from the environment */
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_MAXAGE_CONN, IDLE_SECONDS);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->failure);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, body_came);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, header_came);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, before_attempt);
    curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
    if (t->may_connect) {
        curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
    }
}

static bool says_length(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static void method_set(struct transfer *t)
{
    const char *usual = "GET";
    if (strcmp(t->method, "HEAD") == 0) {
        curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        usual = "HEAD";
    } else if (!str_absent(t->body) || says_length(t->method)) {
        curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.n);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body.p ? t->body.p : "");
        usual = "POST";
    } else {
        curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
    }
    curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, strcmp(t->method, usual) == 0 ? NULL : t->method);
}

static void library_start(void)
{
    invariant(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

void transfer_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, library_start);
}

bool transfer_start(struct transfer *t, CURLM *multi, duration now)
{
    if (!t->easy)
        easy_new(t);
    duration left = t->deadline - now;
    t->failure[0] = '\0';
    method_set(t);
    curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, t->stream ? 0L : (long)((left + MILLISECONDS(1) - 1) / MILLISECONDS(1)));
    CURLMcode code = curl_multi_add_handle(multi, t->easy);
    if (code != CURLM_OK)
        strncpy(t->failure, curl_multi_strerror(code), sizeof(t->failure) - 1);
    return code == CURLM_OK;
}

void transfer_leave(struct transfer *t, CURLM *multi)
{
    curl_multi_remove_handle(multi, t->easy);
}
