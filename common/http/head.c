/*
 * Reads the head of a request strictly.
 *
 * libmicrohttpd's own strictness stays off: it closes without a word where a target has a space, and sends the head of its answer twice
 * where Host is missing; both are refused here. (A Content-Length that is no number, it still answers so.)
 *
 * libmicrohttpd 0.9.75 parses in place: it puts NULs over the separators and hands out pointers into its buffer. Its lines may end with a
 * bare LF and may be folded, and it does not tell. But a head of CR LF lines has only one layout, and its size is known: when every name
 * stands exactly two bytes behind the value before it and the last value four bytes before the end, nothing was bent on the way.
 */
#include "head.h"

#include <string.h>

static bool is_token_char(unsigned char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(others, c));
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char((unsigned char)s.p[i]))
            return false;
    return s.n > 0;
}

static bool is_field_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* ── the target ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The next byte, unescaped; -1 for an escape that is none. */
static int byte_take(struct str *s)
{
    int c = (unsigned char)*s->p;
    size_t n = 1;
    if (c == '%') {
        int high = s->n > 2 ? hex(s->p[1]) : -1, low = s->n > 2 ? hex(s->p[2]) : -1;
        if (high < 0 || low < 0)
            return -1;
        c = high * 16 + low;
        n = 3;
    }
    s->p += n;
    s->n -= n;
    return c;
}

/* UTF-8, byte after byte. */
struct utf8 {
    int missing;
    unsigned char least, most; /* of the next byte: keeps out what is longer than needed, surrogates, and what is above U+10FFFF */
};

static bool utf8_take(struct utf8 *u, int c)
{
    if (u->missing) {
        bool fits = c >= u->least && c <= u->most;
        *u = (struct utf8){u->missing - 1, 0x80, 0xbf};
        return fits;
    }
    if (c < 0x80)
        return true;
    if (c < 0xc2 || c > 0xf4)
        return false;
    u->missing = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    u->least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    u->most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return true;
}

static const char *escapes_fault(struct str s)
{
    struct utf8 text = {0};
    while (s.n) {
        if (*s.p <= ' ' || *s.p > '~' || *s.p == '#')
            return "The target has a character that must be percent-encoded.";
        int c = byte_take(&s);
        if (c < 0)
            return "The target has a percent sign without two hexadecimal digits.";
        if (c == 0)
            return "The target has an encoded NUL.";
        if (!utf8_take(&text, c))
            return "The target is not UTF-8.";
    }
    return text.missing ? "The target is not UTF-8." : NULL;
}

/* "." and "..", encoded or not: whoever resolves them later would be somewhere else than we thought. */
static bool is_dots(struct str part)
{
    size_t dots = 0;
    while (part.n) {
        if (byte_take(&part) != '.')
            return false;
        dots++;
    }
    return dots == 1 || dots == 2;
}

static bool has_dots(struct str path)
{
    struct str part;
    while (str_split(&path, '/', &part))
        if (is_dots(part))
            return true;
    return false;
}

static bool target_read(struct http_request *rq)
{
    struct str target = rq->target;
    const char *fault = target.n == 0 || target.p[0] != '/' ? "The target must be a path." : escapes_fault(target);
    if (!fault) {
        const char *mark = memchr(target.p, '?', target.n);
        rq->path = (struct str){target.p, mark ? (size_t)(mark - target.p) : target.n};
        if (mark)
            rq->query = (struct str){mark + 1, target.n - rq->path.n - 1};
        if (has_dots(rq->path))
            fault = "The path must not have the parts '.' or '..'.";
    }
    if (fault)
        request_malformed(rq, str_of(fault));
    return !fault;
}

/* ── the lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct walk {
    struct http_request *rq;
    const char *from; /* the head in libmicrohttpd's buffer … */
    const char *at;   /* … how far its layout was as it should be … */
    char *copy;       /* … and ours */
    const char *fault;
};

static bool only_blanks(const char *from, const char *to)
{
    for (; from < to; from++)
        if (*from != ' ' && *from != '\t')
            return false;
    return from == to;
}

static enum MHD_Result walk_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                                   size_t value_size)
{
    (void)kind;
    struct walk *w = cls;
    struct str name = {key, key_size}, text = {value, value_size};
    if (key != w->at || !value || value <= key + key_size || !only_blanks(key + key_size + 1, value))
        w->fault = "A line of the head does not end with CR LF, or is folded.";
    else if (!is_token(name))
        w->fault = "The name of a header has a character that it must not have.";
    else if (!is_field_value(text))
        w->fault = "The value of a header has a control character.";
    if (w->fault)
        return MHD_NO;
    w->at = value + value_size + 2;
    struct http_request *rq = w->rq;
    rq->headers[rq->header_count++] = (struct request_header){
        {w->copy + (key - w->from), key_size},
        str_trim((struct str){w->copy + (value - w->from), value_size}),
    };
    return MHD_YES;
}

static bool lines_read(struct http_request *rq, const char *method, const char *version)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(rq->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t size = info->header_size, method_size = strlen(method);
    struct walk w = {.rq = rq, .from = method, .at = version + strlen("HTTP/1.1") + 2};
    if (rq->target_at != method + method_size + 1 || version != rq->target_at + rq->target.n + 1)
        w.fault = "The request line must be method, target and version with one space between them.";
    w.copy = arena_copy(&rq->arena, method, size);
    rq->method = (struct str){w.copy, method_size};
    if (!is_token(rq->method))
        w.fault = "The method has a character that it must not have.";
    int count = MHD_get_connection_values_n(rq->connection, MHD_HEADER_KIND, NULL, NULL);
    rq->headers = ARENA_ARRAY(&rq->arena, struct request_header, (size_t)count + 1);
    if (!w.fault)
        MHD_get_connection_values_n(rq->connection, MHD_HEADER_KIND, walk_header, &w);
    if (!w.fault && w.at + 2 != method + size)
        w.fault = "A line of the head does not end with CR LF, or is folded.";
    if (w.fault)
        request_malformed(rq, str_of(w.fault));
    return !w.fault;
}

/* ── what it says ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Headers that rule how a request is read, or that must not be said twice. */
#define SINGLE_HEADERS(X)                                                                                                                  \
    X(HOST, "host")                                                                                                                        \
    X(CONTENT_LENGTH, "content-length")                                                                                                    \
    X(TRANSFER_ENCODING, "transfer-encoding")                                                                                              \
    X(CONTENT_TYPE, "content-type")                                                                                                        \
    X(CONTENT_ENCODING, "content-encoding")                                                                                                \
    X(EXPECT, "expect")                                                                                                                    \
    X(AUTHORIZATION, "authorization")                                                                                                      \
    X(IDEMPOTENCY_KEY, "idempotency-key")

enum single_header {
#define X(name, text) SINGLE_##name,
    SINGLE_HEADERS(X)
#undef X
        SINGLE_COUNT
};

static const struct str single_names[] = {
#define X(name, text) STR_CONST(text),
    SINGLE_HEADERS(X)
#undef X
};

static int single_of(struct str name)
{
    for (int i = 0; i < SINGLE_COUNT; i++)
        if (single_names[i].n == name.n && str_equal_ignoring_case(single_names[i], name))
            return i;
    return -1;
}

static bool singles_gather(struct http_request *rq, struct str found[SINGLE_COUNT])
{
    for (size_t i = 0; i < rq->header_count; i++) {
        int single = single_of(rq->headers[i].name);
        if (single < 0)
            continue;
        if (!str_absent(found[single])) {
            request_malformed(rq, arena_printf(&rq->arena, "The header '%.*s' is there twice.", STR_ARG(single_names[single])));
            return false;
        }
        found[single] = rq->headers[i].value;
    }
    return true;
}

static bool is_number(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* What announces the body: nothing, a length, or chunks; anything that could be read in two ways is malformed. */
static const char *framing_fault(struct http_request *rq, struct str length, struct str encoding, bool http_1_1)
{
    if (!str_absent(encoding)) {
        if (!str_absent(length))
            return "Content-Length and Transfer-Encoding contradict each other.";
        if (!http_1_1 || !str_equal_ignoring_case(encoding, STR("chunked")))
            return "The only Transfer-Encoding understood is 'chunked', in HTTP/1.1.";
        rq->announced = true;
        rq->length = HTTP_LENGTH_UNKNOWN;
    } else if (!str_absent(length)) {
        int64_t n = 0;
        if (!is_number(length))
            return "Content-Length is not a number.";
        rq->length = str_to_int64(length, &n) ? (uint64_t)n : HTTP_LENGTH_UNKNOWN - 1;
        rq->announced = rq->length > 0;
    }
    return NULL;
}

void head_read(struct http_request *rq, const char *method, const char *version)
{
    struct str found[SINGLE_COUNT] = {0};
    if (!lines_read(rq, method, version) || !target_read(rq) || !singles_gather(rq, found))
        return;
    bool http_1_1 = strcmp(version, "HTTP/1.0") != 0;
    if (http_1_1 && str_absent(found[SINGLE_HOST]))
        request_malformed(rq, STR("The header 'host' is missing."));
    const char *fault = framing_fault(rq, found[SINGLE_CONTENT_LENGTH], found[SINGLE_TRANSFER_ENCODING], http_1_1);
    if (fault)
        request_malformed(rq, str_of(fault));
    rq->content_type = found[SINGLE_CONTENT_TYPE];
    rq->content_encoding = found[SINGLE_CONTENT_ENCODING];
    rq->expect = found[SINGLE_EXPECT];
    rq->key = found[SINGLE_IDEMPOTENCY_KEY];
}
