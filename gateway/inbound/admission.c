/* Admission: may this address, and may this customer, come once more in this second? */
#include "clock.h"
#include "inbound/inbound.h"
#include "rate.h"

#define RATE_LIMITS(X)                                                                                                                     \
    X(ADDRESS, "address", "This address")                                                                                                  \
    X(CUSTOMER, "customer", "This customer")

enum limit {
#define X(name, word, who) LIMIT_##name,
    RATE_LIMITS(X)
#undef X
        LIMITS
};

static const struct {
    const char *word, *who, *label;
} words[] = {
#define X(name, word, who) {word, who, "limit=\"" word "\""},
    RATE_LIMITS(X)
#undef X
};

static struct {
    struct rate *rate; /* NULL: no limit */
    struct counter refused;
} limits[LIMITS];

void admission_start(void)
{
    const int64_t per_second[] = {gateway_config.address_rate, gateway_config.customer_rate};
    for (int i = 0; i < LIMITS; i++)
        limits[i].rate = per_second[i] ? rate_new(per_second[i]) : NULL;
}

void admission_stop(void)
{
    for (int i = 0; i < LIMITS; i++)
        rate_free(limits[i].rate);
}

void admission_show(struct metrics_page *page)
{
    for (int i = 0; i < LIMITS; i++)
        metrics_counter(page, "jumun_gateway_rate_limited_total", "Requests answered 429, by whose limit it was.", words[i].label,
                        &limits[i].refused);
}

/* ── whose address ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct chain {
    struct arena *arena;
    struct str text; /* all X-Forwarded-For, one behind the other */
};

static void chain_add(void *ctx, struct str name, struct str value)
{
    struct chain *c = ctx;
    if (!str_equal_ignoring_case(name, STR("X-Forwarded-For")))
        return;
    c->text = str_absent(c->text) ? value : arena_printf(c->arena, "%.*s,%.*s", STR_ARG(c->text), STR_ARG(value));
}

/* Each proxy writes behind what it was told whom it was told by. So only as many entries are true, from the end, as there are proxies of
 * ours; what stands before them a client may have made up. */
struct str admission_address(struct http_request *rq, int64_t proxies)
{
    struct chain c = {.arena = http_arena(rq)};
    struct str address = http_remote(rq);
    if (proxies > 0)
        http_each_header(rq, chain_add, &c);
    for (; proxies > 0 && !str_empty(c.text); proxies--) {
        size_t begin = c.text.n;
        while (begin > 0 && c.text.p[begin - 1] != ',')
            begin--;
        address = str_trim((struct str){c.text.p + begin, c.text.n - begin});
        c.text.n = begin ? begin - 1 : 0;
    }
    return address;
}

/* ── in, or not ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* RateLimit and RateLimit-Policy: draft-ietf-httpapi-ratelimit-headers. */
static void refuse(struct call *call, enum limit which, duration wait)
{
    struct arena *arena = http_arena(call->http);
    struct buf body = BUF_INIT;
    int64_t per_second = rate_per_second(limits[which].rate), seconds = (wait + SECONDS(1) - 1) / SECONDS(1);
    counter_add(&limits[which].refused, 1);
    http_problem_body(
        &(struct http_problem){.status = 429,
                               .type = "/problems/too-many-requests",
                               .title = "Too many requests",
                               .detail = arena_printf(arena, "%s may make %lld requests a second. Nothing was done; repeat it later.",
                                                      words[which].who, (long long)per_second)},
        &body);
    struct http_answer a = {.status = 429, .content_type = STR("application/problem+json"), .body = buf_str(&body)};
    http_answer_header(&a, STR("Retry-After"), arena_printf(arena, "%lld", (long long)seconds));
    http_answer_header(&a, STR("RateLimit-Policy"), arena_printf(arena, "\"%s\";q=%lld;w=1", words[which].word, (long long)per_second));
    http_answer_header(&a, STR("RateLimit"), arena_printf(arena, "\"%s\";r=0;t=%lld", words[which].word, (long long)seconds));
    call_reply(call, &a);
    buf_release(&body);
}

static bool admit(struct call *call, enum limit which, struct rate_key key)
{
    duration wait = rate_take(limits[which].rate, key, clock_monotonic());
    if (wait)
        refuse(call, which, wait);
    return !wait;
}

bool admit_address(struct call *call)
{
    struct rate_key key;
    if (!limits[LIMIT_ADDRESS].rate)
        return true;
    if (!rate_key_of_address(admission_address(call->http, gateway_config.proxies), &key))
        key = (struct rate_key){0}; /* whoever has none shares one */
    return admit(call, LIMIT_ADDRESS, key);
}

bool admit_customer(struct call *call, struct uuid customer)
{
    return !limits[LIMIT_CUSTOMER].rate || admit(call, LIMIT_CUSTOMER, rate_key_of_id(customer));
}
