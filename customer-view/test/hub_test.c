/* Who gets what of the feed: clients of a real server, entries that a test puts in. */
#include "hub.h"
#include "projection.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>

#include <cmocka.h>

#include "../../common/http/test/client.h"

static const struct uuid mine = {{1, [15] = 1}}, theirs = {{2, [15] = 2}};
#define MINE  "01000000-0000-0000-0000-000000000001"
#define OTHER "02000000-0000-0000-0000-000000000002"
#define EPOCH "aaaaaaaaaaaaaaaa"
#define LATER "bbbbbbbbbbbbbbbb"

static struct hub *hub;
static struct http_server *server;
static struct feed_standing standing; /* of whoever comes */

static void join(struct http_request *rq, void *ctx)
{
    (void)ctx;
    struct listener *l;
    struct uuid customer = str_is(http_query(rq, "who"), "me") ? mine : theirs;
    enum hub_room room = hub_enter(hub, customer, &l);
    if (room == HUB_ROOM)
        hub_join(l, rq, &standing, http_query(rq, "last"));
    else
        http_reply_json(rq, room == HUB_FULL ? 503 : 429, STR("{}"));
}

static const struct http_route routes[] = {{"GET", "/", join, 0, NULL}, {NULL, NULL, NULL, 0, NULL}};

static struct feed_standing at(const char *epoch, uint64_t since, uint64_t last)
{
    struct feed_standing s = {.since = {since, 0}, .last = {last, 0}};
    snprintf(s.epoch, sizeof s.epoch, "%s", epoch);
    return s;
}

static int begin(void **state)
{
    (void)state;
    char problem[200];
    hub = hub_new(&(struct hub_config){.listeners_max = 5, .per_customer_max = 3});
    server = http_start(&(struct http_config){.listen = "127.0.0.1:0", .routes = routes}, problem);
    assert_non_null(server);
    hub_load(hub, EPOCH);
    standing = at(EPOCH, 1, 9);
    return 0;
}

static int end(void **state)
{
    (void)state;
    http_stop(server, SECONDS(10));
    hub_free(hub);
    return 0;
}

static void put_text(uint64_t time, const char *customer, struct str text)
{
    struct feed_entry e = {.id = {time, 0}, .customer = str_of(customer), .order = STR("the order"), .status = STR("5"), .entry = text};
    hub_put(hub, &e, 1);
}

static void put(uint64_t time, const char *customer)
{
    char text[40];
    put_text(time, customer, (struct str){text, (size_t)snprintf(text, sizeof text, "{\"n\":%llu}", (unsigned long long)time)});
}

/* ── clients ── */

static struct client *comes(const char *who, const char *last)
{
    char request[300];
    struct client *c = client_connect(http_port(server));
    snprintf(request, sizeof request, "GET /?who=%s%s%s HTTP/1.1\r\nHost: x\r\n\r\n", who, last ? "&last=" : "", last ? last : "");
    client_say(c, request);
    return c;
}

/* The next event that it is sent, as "<name> <what follows data: >"; the framing of chunks is passed over. */
static const char *hears(struct client *c)
{
    static char text[200];
    for (;;) {
        char *event = c->n ? strstr(c->bytes, "event: ") : NULL, *over = event ? strstr(event, "\n\n") : NULL;
        if (over) {
            char *data = strstr(event, "data: ");
            snprintf(text, sizeof text, "%.*s %.*s", (int)strcspn(event + 7, "\n"), event + 7, (int)(over - data - 6), data + 6);
            c->n -= (size_t)(over + 2 - c->bytes);
            memmove(c->bytes, over + 2, c->n + 1);
            return text;
        }
        assert_true(client_receive(c));
    }
}

static void assert_hears(struct client *c, uint64_t n)
{
    char expected[100];
    snprintf(expected, sizeof expected, "order {\"orderId\":\"the order\",\"status\":\"SHIPPED\",\"change\":{\"n\":%llu}}",
             (unsigned long long)n);
    assert_string_equal(hears(c), expected);
}

/* Its head, and the line that says how long to wait before coming back. */
static void assert_welcomed(struct client *c)
{
    while (!(c->n && strstr(c->bytes, "retry: ")))
        assert_true(client_receive(c));
    assert_non_null(strstr(c->bytes, "200 OK"));
}

/* ── stories ── */

static void who_listens_hears_what_comes_and_only_of_its_own(void **state)
{
    (void)state;
    hub_ready(hub);
    struct client *me = comes("me", NULL), *other = comes("other", NULL);
    assert_welcomed(me);
    assert_welcomed(other);
    put(10, MINE);
    put(11, OTHER);
    put(12, MINE);
    assert_hears(me, 10);
    assert_hears(me, 12);
    assert_hears(other, 11);
    client_close(me);
    client_close(other);
}

static void a_new_listener_is_given_an_id_and_nothing_old(void **state)
{
    (void)state;
    put(8, MINE);
    put(9, MINE);
    hub_ready(hub);
    struct client *me = comes("me", NULL);
    assert_welcomed(me);
    while (!strstr(me->bytes, "id: " EPOCH ".9-0\n\n"))
        assert_true(client_receive(me));
    put(10, MINE);
    assert_hears(me, 10);
    client_close(me);
}

static void who_comes_back_hears_what_it_has_missed_once(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 9; i++)
        put(i, i % 2 ? MINE : OTHER);
    hub_ready(hub);
    struct client *me = comes("me", EPOCH ".4-0");
    assert_hears(me, 5);
    assert_hears(me, 7);
    assert_hears(me, 9);
    put(10, MINE);
    assert_hears(me, 10);
    client_close(me);
}

static void who_comes_early_waits_until_all_is_read(void **state)
{
    (void)state;
    put(2, MINE);
    struct client *me = comes("me", EPOCH ".2-0");
    assert_welcomed(me);
    put(3, MINE);
    put(4, OTHER);
    put(5, MINE);
    hub_ready(hub);
    assert_hears(me, 3);
    assert_hears(me, 5);
    client_close(me);
}

/* The hub may be behind what the client was told by Redis, or ahead of it. */
static void what_the_hub_reads_late_is_not_missed(void **state)
{
    (void)state;
    put(2, MINE);
    hub_ready(hub);
    struct client *late = comes("me", NULL); /* the feed's newest is 9 */
    assert_welcomed(late);
    put(8, MINE); /* it was before it came */
    put(10, MINE);
    assert_hears(late, 10);
    put(11, MINE);
    standing = at(EPOCH, 1, 10);
    struct client *ahead = comes("me", NULL);
    assert_hears(ahead, 11);
    client_close(late);
    client_close(ahead);
}

static void assert_reloads(const char *last)
{
    struct client *me = comes("me", last);
    assert_string_equal(hears(me), "reload {}");
    client_close(me);
}

static void who_cannot_be_told_is_told_to_reload(void **state)
{
    (void)state;
    put(5, MINE);
    put(6, MINE);
    hub_ready(hub);
    standing = at(EPOCH, 4, 9);
    assert_reloads("nonsense");
    assert_reloads(EPOCH);
    assert_reloads(EPOCH ".5");
    assert_reloads(EPOCH ".-1-0");
    assert_reloads(LATER ".5-0");
    assert_reloads(EPOCH ".3-0");  /* nobody listened then */
    assert_reloads(EPOCH ".4-0");  /* older than what is kept */
    assert_reloads(EPOCH ".10-0"); /* not yet given */
    struct client *me = comes("me", EPOCH ".5-0");
    assert_hears(me, 6);
    client_close(me);
}

static void after_a_reload_all_is_told(void **state)
{
    (void)state;
    put(5, MINE);
    hub_ready(hub);
    struct client *me = comes("me", "nonsense");
    assert_string_equal(hears(me), "reload {}");
    put(9, MINE); /* is in what it reads now */
    put(10, MINE);
    assert_hears(me, 10);
    client_close(me);
}

static void who_has_missed_too_much_is_told_to_reload(void **state)
{
    (void)state;
    static char large[16 * 1024];
    memset(large, ' ', sizeof large);
    large[0] = large[sizeof large - 1] = '"';
    for (uint64_t i = 1; i <= 9; i++)
        put_text(i, MINE, (struct str){large, sizeof large});
    hub_ready(hub);
    assert_reloads(EPOCH ".1-0");
    struct client *me = comes("me", EPOCH ".8-0");
    assert_true(strncmp(hears(me), "order", 5) == 0);
    client_close(me);
}

static void only_the_newest_are_kept(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= FEED_KEPT + 5; i++)
        put(i, OTHER);
    hub_ready(hub);
    standing = at(EPOCH, 1, FEED_KEPT + 5);
    assert_reloads(EPOCH ".4-0");
    struct client *me = comes("me", EPOCH ".5-0");
    assert_welcomed(me);
    put(FEED_KEPT + 6, MINE);
    assert_hears(me, FEED_KEPT + 6);
    client_close(me);
}

static void a_new_epoch_has_everybody_reload(void **state)
{
    (void)state;
    hub_ready(hub);
    struct client *me = comes("me", NULL);
    assert_welcomed(me);
    hub_load(hub, LATER);
    put(3, MINE); /* what happened is told again: to nobody, until it is known how they stand */
    struct feed_standing then = at(LATER, 2, 4);
    hub_standing(hub, mine, &then);
    hub_ready(hub);
    assert_string_equal(hears(me), "reload {}");
    put(5, MINE);
    assert_hears(me, 5);
    client_close(me);
}

static void who_was_not_listened_for_meanwhile_reloads(void **state)
{
    (void)state;
    hub_ready(hub);
    struct client *me = comes("me", NULL), *other = comes("other", NULL);
    assert_welcomed(me);
    assert_welcomed(other);
    struct feed_standing still = at(EPOCH, 1, 10), anew = at(EPOCH, 10, 10);
    hub_standing(hub, mine, &still);
    hub_standing(hub, theirs, &anew);
    put(11, MINE);
    put(12, OTHER);
    assert_hears(me, 11);
    assert_string_equal(hears(other), "reload {}");
    assert_hears(other, 12);
    client_close(me);
    client_close(other);
}

static void there_is_room_for_so_many(void **state)
{
    (void)state;
    hub_ready(hub);
    struct client *clients[6];
    for (int i = 0; i < 5; i++) {
        clients[i] = comes(i < 3 ? "me" : "other", NULL);
        assert_welcomed(clients[i]);
    }
    struct reply r;
    clients[5] = comes("me", NULL);
    client_read(clients[5], &r, true);
    assert_int_equal(r.status, 429);
    client_close(clients[5]);
    clients[5] = comes("other", NULL);
    client_read(clients[5], &r, true);
    assert_int_equal(r.status, 503);
    for (int i = 0; i < 6; i++)
        client_close(clients[i]);
    struct client *next;
    do { /* that they have left is noticed at once, but not by us */
        next = comes("me", NULL);
        client_read(next, &r, false);
        client_close(next);
    } while (r.status != 200);
}

static void a_heartbeat_is_a_comment(void **state)
{
    (void)state;
    hub_ready(hub);
    struct client *me = comes("me", NULL);
    assert_welcomed(me);
    hub_heartbeat(hub);
    while (!strstr(me->bytes, "\r\n:\n\n\r\n"))
        assert_true(client_receive(me));
    client_close(me);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        STORY(who_listens_hears_what_comes_and_only_of_its_own),
        STORY(a_new_listener_is_given_an_id_and_nothing_old),
        STORY(who_comes_back_hears_what_it_has_missed_once),
        STORY(who_comes_early_waits_until_all_is_read),
        STORY(what_the_hub_reads_late_is_not_missed),
        STORY(who_cannot_be_told_is_told_to_reload),
        STORY(after_a_reload_all_is_told),
        STORY(who_has_missed_too_much_is_told_to_reload),
        STORY(only_the_newest_are_kept),
        STORY(a_new_epoch_has_everybody_reload),
        STORY(who_was_not_listened_for_meanwhile_reloads),
        STORY(there_is_room_for_so_many),
        STORY(a_heartbeat_is_a_comment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
