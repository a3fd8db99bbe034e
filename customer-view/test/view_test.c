/*
 * The view in a real Redis: TEST_REDIS_URL, e.g. redis://127.0.0.1:8092/9. Whatever the order of arrival, the same document; twice, no
 * change. Every test has an order and a customer of its own, and a partition of its own to come from.
 */
#include "clock.h"
#include "inbound/projector.h"
#include "outbound/comparison.h"
#include "outbound/feed.h"
#include "outbound/rebuilding.h"
#include "outbound/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ── an order's life, as it stands on the topics ── */

struct happening {
    int topic;
    const char *name;
    int version, second;
    const char *data;
};

#define NOTICE(kind, at)                                                                                                                   \
    {                                                                                                                                      \
        4, "NotificationSent", 1, at, "{\"kind\":\"" kind "\"}"                                                                            \
    }
static const struct happening completed_life[] = {
    {0, "OrderPlaced", 1, 1, NULL},
    {0, "OrderPaymentDeclined", 3, 3, "{\"attempt\":1,\"code\":\"insufficient_funds\"}"},
    {0, "OrderConfirmed", 5, 5, "{}"},
    {0, "OrderShipped", 7, 11, "{}"},
    {0, "OrderCompleted", 8, 15, "{}"},
    {1, "PaymentDeclined", 2, 2, "{\"attempt\":1,\"code\":\"insufficient_funds\"}"},
    {1, "PaymentApproved", 4, 4, "{\"attempt\":2}"},
    {2, "PreparationCompleted", 1, 7, "{}"},
    {3, "DeliveryRequested", 2, 8, "{}"},
    {3, "DeliveryStarted", 3, 10, "{\"carrier\":\"CJ\",\"trackingNumber\":\"6012\"}"},
    {3, "DeliveryCompleted", 4, 13, "{}"},
    NOTICE("ORDER_PLACED", 2),
    NOTICE("PAYMENT_DECLINED", 4),
    NOTICE("ORDER_CONFIRMED", 6),
    NOTICE("DELIVERY_READY", 9),
    NOTICE("DELIVERY_STARTED", 12),
    NOTICE("DELIVERY_COMPLETED", 14),
};
static const struct happening cancelled_life[] = {
    {0, "OrderPlaced", 1, 1, NULL},
    {0, "OrderConfirmed", 3, 4, "{}"},
    {0, "OrderCancelRequested", 4, 6, "{\"reason\":\"customer\"}"},
    {0, "OrderCancelled", 6, 12, "{\"reason\":\"customer\",\"refunded\":12000,\"currency\":\"KRW\"}"},
    {1, "PaymentNeedsReview", 2, 2, "{\"reason\":\"silent\"}"},
    {1, "PaymentApproved", 3, 3, "{\"attempt\":1}"},
    {1, "PaymentRefunded", 5, 11, "{\"amount\":12000,\"currency\":\"KRW\"}"},
    {2, "PreparationCompleted", 1, 5, "{}"},
    {2, "PreparationCancelled", 2, 10, "{}"},
    {3, "DeliveryRequested", 2, 5, "{}"},
    {3, "DeliveryCancelled", 3, 9, "{}"},
    NOTICE("ORDER_PLACED", 2),
    NOTICE("CANCEL_REQUESTED", 7),
    NOTICE("ORDER_CANCELLED", 13),
};
#define LIFE_MAX 20

/* The one that is told. */
static const struct happening *life;
static size_t life_length;
#define TELL(story) (life = (story), life_length = sizeof(story) / sizeof(story)[0])

struct world {
    struct arena arena;
    struct projector *projector;
    struct cache *reader; /* also of: */
    struct view_reader view;
    char rebuilt[GENERATION_MAX + 1]; /* the name of another generation */
    struct uuid order, customer;
    int32_t partition;
    int rewinds;
};

static void count_rewind(void *ctx)
{
    ((struct world *)ctx)->rewinds++;
}

static struct cache *test_cache(void)
{
    const char *url = getenv("TEST_REDIS_URL");
    if (!url || !url[0])
        fail_msg("TEST_REDIS_URL is not set: start a Redis (./jumun up) and name it, e.g. redis://127.0.0.1:8092/9");
    struct cache *c = cache_new(url);
    assert_non_null(c);
    if (!cache_connect(c))
        fail_msg("%s", cache_fault(c));
    return c;
}

static const char *const topics[] = {"jumun.order", "jumun.payment", "jumun.preparation", "jumun.delivery", "jumun.notification"};
#define TOPICS 5

static void load_positions(struct world *w)
{
    struct kafka_position positions[TOPICS];
    for (int i = 0; i < TOPICS; i++)
        positions[i] = (struct kafka_position){topics[i], w->partition, 0};
    assert_true(projector_positions(w->projector, positions, TOPICS));
}

/* What this Redis holds is read: nobody else fills it. */
static void settle(struct world *w)
{
    struct view_generations g;
    assert_true(generations_load(w->reader, &g) && generations_settle(w->reader, &g));
    assert_true(generations_load(w->reader, &g) && generations_settled(&g));
    memcpy(w->view.generation, g.reads, sizeof w->view.generation);
}

static int begin(void **state)
{
    static struct world w;
    w = (struct world){.order = uuid_new(), .customer = uuid_new()};
    arena_init(&w.arena);
    clock_random(&w.partition, sizeof w.partition);
    w.partition &= 0x7fffffff;
    w.projector = projector_new(test_cache(), NULL);
    w.projector->rewind = count_rewind;
    w.projector->ctx = &w;
    w.reader = w.view.cache = test_cache();
    generation_new(w.rebuilt);
    settle(&w);
    load_positions(&w);
    TELL(completed_life);
    *state = &w;
    return 0;
}

static void forget(struct world *w, const char *command, const char *key)
{
    struct str rest = str_of(key), part, args[100];
    size_t n = 0;
    args[n++] = str_of(command);
    while (str_split(&rest, ' ', &part))
        args[n++] = part;
    cache_send(w->reader, n, args);
    assert_non_null(cache_receive(w->reader));
}

static void drop_of(struct world *w, const char *g)
{
    char order[UUID_TEXT + 1], customer[UUID_TEXT + 1];
    uuid_format(w->order, order);
    uuid_format(w->customer, customer);
    forget(w, "DEL",
           arena_printf(&w->arena, "view:%s:order:%s view:%s:timeline:%s view:%s:customer:%s view:listener:%s", g, order, g, order, g,
                        customer, customer)
               .p);
    for (int i = 0; i < TOPICS; i++)
        forget(w, "HDEL", arena_printf(&w->arena, "view:%s:positions %s:%d", g, topics[i], (int)w->partition).p);
}

static int end(void **state)
{
    struct world *w = *state;
    settle(w);
    drop_of(w, w->view.generation);
    projector_free(w->projector);
    cache_free(w->reader);
    arena_release(&w->arena);
    return 0;
}

/* ── as a consumer sees it ── */

static struct str id_text(struct world *w, struct uuid id)
{
    char text[UUID_TEXT + 1];
    uuid_format(id, text);
    return arena_str(&w->arena, (struct str){text, UUID_TEXT});
}

static struct str placed_data(struct world *w)
{
    return arena_printf(&w->arena,
                        "{\"customer\":\"%.*s\",\"lines\":[{\"product\":\"01900000-0000-7000-8000-0000000000aa\",\"name\":\"녹차\","
                        "\"quantity\":2,\"unitPrice\":6000}],\"total\":12000,\"currency\":\"KRW\",\"address\":{\"recipient\":\"김\"}}",
                        STR_ARG(id_text(w, w->customer)));
}

/* As a consumer sees it. The event's id is made of what it is, so that the same happening is the same event. */
static struct kafka_record record(struct world *w, const struct happening *h, int64_t offset)
{
    struct arena *a = &w->arena;
    struct str key = id_text(w, w->order);
    struct uuid id = uuid_named(w->order, arena_printf(a, "%s %d", h->name, h->second));
    struct kafka_header *headers = ARENA_ARRAY(a, struct kafka_header, 9);
    headers[0] = (struct kafka_header){STR("ce_specversion"), STR("1.0")};
    headers[1] = (struct kafka_header){STR("ce_id"), id_text(w, id)};
    headers[2] = (struct kafka_header){STR("ce_type"), arena_printf(a, "%s.%s.v1", topics[h->topic], h->name)};
    headers[3] = (struct kafka_header){STR("ce_source"), STR("/test")};
    headers[4] = (struct kafka_header){STR("ce_time"), arena_printf(a, "2026-11-22T10:00:%02d.000000Z", h->second)};
    headers[5] = (struct kafka_header){STR("ce_subject"), key};
    headers[6] = (struct kafka_header){STR("ce_correlationid"), key};
    headers[7] = (struct kafka_header){STR("ce_aggregateversion"), arena_printf(a, "%d", h->version)};
    headers[8] = (struct kafka_header){STR("content-type"), STR("application/json")};
    return (struct kafka_record){
        .topic = str_of(topics[h->topic]),
        .partition = w->partition,
        .offset = offset,
        .key = key,
        .value = h->data ? str_of(h->data) : placed_data(w),
        .headers = headers,
        .header_count = 9,
    };
}

static void arrive(struct world *w, const struct happening *h, int64_t offset)
{
    struct kafka_record r = record(w, h, offset);
    assert_int_equal(projector_apply(w->projector, &r, 1), KAFKA_APPLIED);
}

static struct str document(struct world *w)
{
    struct view_order o = {.id = id_text(w, w->order)};
    assert_int_equal(view_load(&w->view, &w->arena, &o, 1, true), VIEW_READ);
    struct buf b = BUF_INIT;
    struct json_writer writer = {.out = &b};
    assert_true(document_belongs(&o.document, w->customer));
    document_write(&writer, STR("the order"), &o.document, &o.timeline);
    struct str text = arena_str(&w->arena, buf_str(&b));
    buf_release(&b);
    return text;
}

static struct str document_of_a_life(struct world *w)
{
    struct kafka_record records[LIFE_MAX];
    for (size_t i = 0; i < life_length; i++)
        records[i] = record(w, &life[i], (int64_t)i);
    assert_int_equal(projector_apply(w->projector, records, life_length), KAFKA_APPLIED);
    return document(w);
}

static void start_over(struct world *w)
{
    struct str id = id_text(w, w->order);
    const char *g = w->view.generation;
    forget(w, "DEL", arena_printf(&w->arena, "view:%s:order:%s view:%s:timeline:%s", g, id.p, g, id.p).p);
}

/* ── stories ── */

static void a_life_gives_the_document(void **state)
{
    struct str text = document_of_a_life(*state);
    static const char head[] =
        "{\"id\":\"the order\",\"status\":\"COMPLETED\",\"items\":[{\"productId\":\"01900000-0000-7000-8000-0000000000aa\","
        "\"name\":\"녹차\",\"quantity\":2,\"unitPrice\":{\"amount\":6000,\"currency\":\"KRW\"},"
        "\"lineTotal\":{\"amount\":12000,\"currency\":\"KRW\"}}],\"total\":{\"amount\":12000,\"currency\":\"KRW\"},"
        "\"address\":{\"recipient\":\"김\"},\"payment\":{\"status\":\"APPROVED\",\"attempt\":2},\"preparation\":{\"status\":\"PREPARED\"},"
        "\"delivery\":{\"status\":\"COMPLETED\",\"carrier\":\"CJ\",\"trackingNumber\":\"6012\","
        "\"startedAt\":\"2026-11-22T10:00:10.000000Z\",\"completedAt\":\"2026-11-22T10:00:13.000000Z\"},"
        "\"createdAt\":\"2026-11-22T10:00:01.000000Z\",\"updatedAt\":\"2026-11-22T10:00:15.000000Z\",\"version\":8,"
        "\"timeline\":[{\"at\":\"2026-11-22T10:00:01.000000Z\",\"service\":\"order\",\"type\":\"OrderPlaced\",";
    if (!str_starts_with(text, str_of(head)))
        fail_msg("\n%.*s\ndoes not begin with\n%s", STR_ARG(text), head);
    size_t entries = 0;
    for (const char *p = text.p; (p = strstr(p, "\"eventId\"")); p++)
        entries++;
    assert_int_equal(entries, life_length);
}

static void twice_changes_nothing(void **state)
{
    struct world *w = *state;
    struct str once = document_of_a_life(w), twice;
    uint64_t applied = w->projector->applied.value;
    twice = document_of_a_life(w);
    assert_true(str_equal(once, twice));
    assert_int_equal(w->projector->applied.value, applied);
    assert_int_equal(w->projector->known_already.value, life_length);
    for (size_t i = 0; i < life_length; i++) { /* each alone, long after */
        arrive(w, &life[i], (int64_t)i);
        assert_true(str_equal(once, document(w)));
    }
}

/* A small generator of our own, so that a failure can be told again. */
static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 16 & 0x7fff;
}

/* Topics interleave as they like; each keeps its order. */
static void arrive_mixed(struct world *w, unsigned *seed)
{
    size_t at[TOPICS];
    for (int t = 0; t < TOPICS; t++)
        for (at[t] = 0; at[t] < life_length && life[at[t]].topic != t; at[t]++)
            ;
    struct kafka_record records[LIFE_MAX];
    for (size_t n = 0; n < life_length;) {
        size_t t = next_random(seed) % TOPICS;
        if (at[t] < life_length && life[at[t]].topic == (int)t) {
            records[n] = record(w, &life[at[t]], (int64_t)at[t]);
            at[t]++;
            n++;
        }
    }
    size_t first = 1 + next_random(seed) % (life_length - 1);
    assert_int_equal(projector_apply(w->projector, records, first), KAFKA_APPLIED);
    assert_int_equal(projector_apply(w->projector, records + first, life_length - first), KAFKA_APPLIED);
}

static void every_order_of_arrival_gives_the_same(struct world *w)
{
    struct str usual = document_of_a_life(w);
    for (unsigned i = 0; i < 300; i++) {
        unsigned seed = i;
        start_over(w);
        arrive_mixed(w, &seed);
        struct str mixed = document(w);
        if (!str_equal(usual, mixed))
            fail_msg("seed %u:\n%.*s\nis not\n%.*s", i, STR_ARG(mixed), STR_ARG(usual));
    }
}

static void every_order_of_arrival_gives_the_same_document(void **state)
{
    every_order_of_arrival_gives_the_same(*state);
}

static void every_order_of_arrival_of_a_cancelled_order_gives_the_same_document(void **state)
{
    struct world *w = *state;
    TELL(cancelled_life);
    every_order_of_arrival_gives_the_same(w);
    const char *text = document(w).p;
    assert_non_null(strstr(text, "\"status\":\"CANCELLED\""));
    assert_non_null(strstr(text, "\"payment\":{\"status\":\"REFUNDED\",\"attempt\":1},\"preparation\":{\"status\":\"CANCELLED\"},"
                                 "\"delivery\":{\"status\":\"CANCELLED\"},\"cancelReason\":\"customer\","
                                 "\"refunded\":{\"amount\":12000,\"currency\":\"KRW\"},\"createdAt\""));
}

static void what_comes_before_its_order_waits_unseen(void **state)
{
    struct world *w = *state;
    struct view_order o = {.id = id_text(w, w->order)};
    struct str ids[5];
    size_t n = 5;
    arrive(w, &life[9], 9); /* DeliveryStarted */
    assert_int_equal(view_load(&w->view, &w->arena, &o, 1, false), VIEW_READ);
    assert_false(document_belongs(&o.document, w->customer));
    assert_int_equal(view_list(&w->view, &w->arena, w->customer, (struct str){0}, ids, &n), VIEW_READ);
    assert_int_equal(n, 0);
    arrive(w, &life[0], 0);
    n = 5;
    assert_int_equal(view_list(&w->view, &w->arena, w->customer, (struct str){0}, ids, &n), VIEW_READ);
    assert_int_equal(n, 1);
    assert_non_null(strstr(document(w).p, "\"trackingNumber\":\"6012\""));
}

static void a_customers_orders_are_listed_newest_first_page_by_page(void **state)
{
    struct world *w = *state;
    struct uuid first = w->order, orders[3];
    struct str ids[3];
    for (int64_t i = 0; i < 3; i++) {
        orders[i] = w->order = uuid_new();
        arrive(w, &life[0], i);
    }
    size_t n = 2;
    assert_int_equal(view_list(&w->view, &w->arena, w->customer, (struct str){0}, ids, &n), VIEW_READ);
    assert_int_equal(n, 2);
    assert_true(str_equal(ids[0], id_text(w, orders[2])) && str_equal(ids[1], id_text(w, orders[1])));
    assert_int_equal(view_list(&w->view, &w->arena, w->customer, ids[1], ids, &n), VIEW_READ);
    assert_int_equal(n, 1);
    assert_true(str_equal(ids[0], id_text(w, orders[0])));
    for (int i = 0; i < 3; i++) {
        w->order = orders[i];
        start_over(w);
    }
    w->order = first;
}

/* ── the feed ── */

static struct feed_standing listens(struct world *w)
{
    struct feed_standing standing;
    feed_listen_send(w->reader, w->customer);
    assert_true(feed_listen_receive(w->reader, &standing));
    return standing;
}

/* What was written for the customer since then. */
static size_t written(struct world *w, struct feed_id after, struct feed_entry out[LIFE_MAX])
{
    static struct feed_entry entries[1000];
    size_t count = 0, n;
    do {
        n = 1000;
        assert_true(feed_read(w->reader, &w->arena, after, 0, entries, &n));
        for (size_t i = 0; i < n; i++) {
            assert_true(feed_id_compare(entries[i].id, after) > 0);
            after = entries[i].id;
            if (str_equal(entries[i].customer, id_text(w, w->customer)))
                out[count++] = entries[i];
        }
    } while (n == 1000);
    return count;
}

static void assert_tells(const struct feed_entry *e, const char *name)
{
    const char *text = e->entry.p;
    if (!text || !strstr(text, name))
        fail_msg("%s does not tell of %s", text, name);
}

static void who_listens_has_all_written_once_in_the_order_of_arrival(void **state)
{
    struct world *w = *state;
    struct feed_entry entries[LIFE_MAX] = {0};
    struct feed_standing standing = listens(w);
    document_of_a_life(w);
    document_of_a_life(w); /* again: it is known already */
    assert_int_equal(written(w, standing.last, entries), life_length);
    for (size_t i = 0; i < life_length; i++) {
        assert_true(str_equal(entries[i].order, id_text(w, w->order)));
        assert_tells(&entries[i], life[i].name);
    }
    assert_true(str_is(entries[0].status, "1"));
    assert_true(str_is(entries[life_length - 1].status, "6"));
}

static void nothing_is_written_for_who_does_not_listen(void **state)
{
    struct world *w = *state;
    struct feed_entry entries[LIFE_MAX] = {0};
    struct uuid me = w->customer;
    w->customer = uuid_new();
    struct feed_standing standing = listens(w); /* somebody else does */
    w->customer = me;
    document_of_a_life(w);
    assert_int_equal(written(w, standing.last, entries), 0);
}

static void what_came_before_its_order_is_written_with_it(void **state)
{
    struct world *w = *state;
    struct feed_entry entries[LIFE_MAX] = {0};
    struct feed_standing standing = listens(w);
    arrive(w, &life[9], 9);
    arrive(w, &life[5], 5);
    assert_int_equal(written(w, standing.last, entries), 0);
    arrive(w, &life[0], 0);
    assert_int_equal(written(w, standing.last, entries), 3);
    assert_tells(&entries[0], "DeliveryStarted");
    assert_tells(&entries[1], "PaymentDeclined");
    assert_tells(&entries[2], "OrderPlaced");
}

static void who_goes_on_listening_stands_where_it_began(void **state)
{
    struct world *w = *state;
    struct feed_standing first = listens(w);
    arrive(w, &life[0], 0);
    struct feed_standing then = listens(w);
    assert_string_equal(then.epoch, first.epoch);
    assert_int_equal(feed_id_compare(then.since, first.since), 0);
    assert_true(feed_id_compare(then.last, first.last) > 0);
    forget(w, "DEL", arena_printf(&w->arena, "view:listener:%s", id_text(w, w->customer).p).p);
    struct feed_standing anew = listens(w);
    assert_true(feed_id_compare(anew.since, then.last) > 0);
}

static void a_redis_that_was_emptied_begins_another_epoch(void **state)
{
    struct world *w = *state;
    char epoch[EPOCH_TEXT + 1];
    struct feed_standing standing = listens(w);
    assert_true(feed_epoch(w->reader, epoch));
    assert_string_equal(epoch, standing.epoch);
    forget(w, "DEL", "view:epoch");
    assert_true(feed_epoch(w->reader, epoch));
    assert_string_not_equal(epoch, standing.epoch);
    assert_string_equal(listens(w).epoch, epoch);
    forget(w, "SET", "view:epoch 0123456789abcdef"); /* of a Redis that ran before */
    assert_true(feed_epoch(w->reader, epoch));
    assert_string_not_equal(epoch, "0123456789abcdef");
}

/* ── positions ── */

static int64_t position(struct world *w, int topic)
{
    struct kafka_position p = {topics[topic], w->partition, 0};
    assert_true(view_positions_load(w->reader, w->view.generation, &p, 1));
    return p.next;
}

static void positions_stand_beside_what_they_speak_of(void **state)
{
    struct world *w = *state;
    assert_int_equal(position(w, 0), -1);
    arrive(w, &life[0], 41);
    assert_int_equal(position(w, 0), 42);
    assert_int_equal(position(w, 1), -1);
    arrive(w, &life[2], 42);
    assert_int_equal(position(w, 0), 43);
    assert_int_equal(w->rewinds, 0);
}

/* Redis came back without its last second: nothing newer may be put on top of the gap. */
static void a_redis_that_has_forgotten_is_told_again_from_where_it_remembers(void **state)
{
    struct world *w = *state;
    arrive(w, &life[0], 0);
    struct view_order o = {.id = id_text(w, w->order)};
    arrive(w, &life[1], 1);
    start_over(w);
    forget(w, "HDEL", arena_printf(&w->arena, "view:%s:positions jumun.order:%d", w->view.generation, (int)w->partition).p);

    struct kafka_record r = record(w, &life[2], 2);
    assert_int_equal(projector_apply(w->projector, &r, 1), KAFKA_RETRY);
    assert_int_equal(w->rewinds, 1);
    assert_int_equal(view_load(&w->view, &w->arena, &o, 1, false), VIEW_READ);
    assert_true(str_absent(o.document.fields[DOCUMENT_version]));

    load_positions(w); /* the consumer does so, and goes back */
    for (int64_t i = 0; i < 3; i++)
        arrive(w, &life[i], i);
    assert_non_null(strstr(document(w).p, "\"status\":\"CONFIRMED\""));
}

/* ── generations ── */

/* A second projector, which fills a generation of its own, up to what the story has told. */
static struct projector *rebuilding_of(struct world *w, const char *generation)
{
    struct projector *p = projector_new_rebuilding(test_cache(), generation);
    struct kafka_position positions[TOPICS];
    for (int i = 0; i < TOPICS; i++)
        positions[i] = (struct kafka_position){topics[i], w->partition, 0};
    assert_true(projector_positions(p, positions, TOPICS));
    return p;
}

static void rebuild_life(struct world *w, const char *generation, size_t length)
{
    struct projector *p = rebuilding_of(w, generation);
    struct kafka_record records[LIFE_MAX];
    for (size_t i = 0; i < length; i++)
        records[i] = record(w, &life[i], (int64_t)i);
    assert_int_equal(projector_apply(p, records, length), KAFKA_APPLIED);
    projector_free(p);
}

static struct str document_in(struct world *w, const char *generation)
{
    struct view_reader was = w->view;
    snprintf(w->view.generation, sizeof w->view.generation, "%s", generation);
    struct view_order o = {.id = id_text(w, w->order)};
    enum view_read read = view_load(&w->view, &w->arena, &o, 1, true);
    assert_true(read == VIEW_READ || read == VIEW_READ_ELSEWHERE);
    w->view = was;
    struct buf b = BUF_INIT;
    struct json_writer writer = {.out = &b};
    assert_true(document_belongs(&o.document, w->customer));
    document_write(&writer, STR("the order"), &o.document, &o.timeline);
    struct str text = arena_str(&w->arena, buf_str(&b));
    buf_release(&b);
    return text;
}

static void hand_over_to(struct world *w, const char *generation)
{
    struct view_generations now;
    bool done;
    assert_true(generations_load(w->reader, &now));
    assert_true(generations_hand_over(w->reader, &now, generation, &done));
    assert_true(done);
}

static void what_is_rebuilt_is_the_same_and_nobody_is_told_of_it(void **state)
{
    struct world *w = *state;
    struct feed_entry entries[LIFE_MAX] = {0};
    struct str live = document_of_a_life(w);
    struct feed_standing standing = listens(w);
    rebuild_life(w, w->rebuilt, life_length);
    assert_true(str_equal(document_in(w, w->rebuilt), live));
    assert_int_equal(written(w, standing.last, entries), 0);
    assert_true(str_equal(document(w), live)); /* as it was, and where */
    drop_of(w, w->rebuilt);
}

static void a_rebuilding_that_is_ahead_does_not_take_over(void **state)
{
    struct world *w = *state;
    struct view_generations now;
    bool done = true;
    rebuild_life(w, w->rebuilt, life_length);
    assert_true(generations_load(w->reader, &now));
    assert_true(generations_hand_over(w->reader, &now, w->rebuilt, &done));
    assert_false(done);
    document_of_a_life(w);
    hand_over_to(w, w->rebuilt);
    drop_of(w, now.reads);
}

static void while_one_takes_over_both_are_written_and_each_event_is_told_once(void **state)
{
    struct world *w = *state;
    struct feed_entry entries[LIFE_MAX] = {0};
    struct feed_standing standing = listens(w);
    size_t half = life_length / 2;
    for (size_t i = 0; i < half; i++)
        arrive(w, &life[i], (int64_t)i);
    char was[GENERATION_MAX + 1];
    memcpy(was, w->view.generation, sizeof was);
    rebuild_life(w, w->rebuilt, half - 3); /* it is a little behind */
    hand_over_to(w, w->rebuilt);

    struct kafka_record next = record(w, &life[half], (int64_t)half); /* it is noticed, and gone back */
    assert_int_equal(projector_apply(w->projector, &next, 1), KAFKA_RETRY);
    assert_int_equal(w->rewinds, 1);
    load_positions(w);
    for (size_t i = half - 3; i < life_length; i++)
        arrive(w, &life[i], (int64_t)i);
    assert_true(str_equal(document_in(w, was), document_in(w, w->rebuilt)));
    assert_int_equal(written(w, standing.last, entries), life_length);
    for (size_t i = 0; i < life_length; i++)
        assert_tells(&entries[i], life[i].name);

    struct view_order o = {.id = id_text(w, w->order)};
    assert_int_equal(view_load(&w->view, &w->arena, &o, 1, true), VIEW_READ); /* still of the one that was */
    settle(w);
    assert_string_equal(w->view.generation, w->rebuilt);
    snprintf(w->view.generation, sizeof w->view.generation, "%s", was); /* who has not noticed yet is led there */
    assert_int_equal(view_load(&w->view, &w->arena, &o, 1, true), VIEW_READ_ELSEWHERE);
    assert_string_equal(w->view.generation, w->rebuilt);
    drop_of(w, was);
}

static void who_knows_other_generations_tells_nobody_and_does_nothing(void **state)
{
    struct world *w = *state;
    struct feed_entry entries[LIFE_MAX] = {0};
    struct feed_standing standing = listens(w);
    arrive(w, &life[0], 0);
    struct view_generations before = w->projector->generations;
    struct kafka_record r = record(w, &life[2], 1);
    struct cloud_event event;
    struct view_change change;
    struct str reason;
    assert_true(cloud_event_decode(&r, &event, &w->arena, &reason));
    assert_int_equal(projection_fold(&w->arena, &event, &change, &reason), VIEW_CHANGES);
    hand_over_to(w, w->rebuilt); /* while the batch was under way */
    view_send(w->reader, &before, &change);
    assert_int_equal(view_receive(w->reader), VIEW_MOVED);
    assert_int_equal(written(w, standing.last, entries), 1);
    load_positions(w);
    arrive(w, &life[0], 0); /* the new one has not heard of it: it is written there, and not told again */
    arrive(w, &life[2], 1);
    assert_int_equal(written(w, standing.last, entries), 2);
    drop_of(w, before.reads);
}

static void what_is_being_filled_is_not_read_and_not_told(void **state)
{
    struct world *w = *state;
    struct feed_entry entries[LIFE_MAX] = {0};
    struct view_order o = {.id = id_text(w, w->order)};
    char was[GENERATION_MAX + 1];
    memcpy(was, w->view.generation, sizeof was);
    struct feed_standing standing = listens(w);
    forget(w, "DEL", "view:generations"); /* as of a Redis that was emptied */
    assert_int_equal(view_load(&w->view, &w->arena, &o, 1, false), VIEW_READ_NOWHERE);
    struct kafka_record r = record(w, &life[0], 0);
    assert_int_equal(projector_apply(w->projector, &r, 1), KAFKA_RETRY);
    load_positions(w);
    assert_string_not_equal(w->projector->generations.writes, was);
    assert_string_equal(w->projector->generations.reads, "");
    arrive(w, &life[0], 0);
    assert_int_equal(view_load(&w->view, &w->arena, &o, 1, false), VIEW_READ_NOWHERE);
    assert_int_equal(written(w, standing.last, entries), 0);
    settle(w);
    arrive(w, &life[2], 1);
    assert_non_null(strstr(document(w).p, "\"status\":\"CONFIRMED\""));
    assert_int_equal(written(w, standing.last, entries), 1);
    drop_of(w, was);
}

static void a_generation_knows_how_far_it_is(void **state)
{
    struct world *w = *state;
    struct kafka_extent extents[] = {{topics[0], w->partition, 0, 2}, {topics[1], w->partition, 5, 7}};
    struct generation_reach reach;
    assert_true(generation_reach(w->reader, w->view.generation, extents, 2, &reach));
    assert_int_equal(reach.read, 0);
    assert_int_equal(reach.total, 4);
    assert_false(reach.all);
    arrive(w, &life[0], 1);
    arrive(w, &life[5], 6);
    assert_true(generation_reach(w->reader, w->view.generation, extents, 2, &reach));
    assert_int_equal(reach.read, 4);
    assert_true(reach.all);
}

static void sweeping_drops_what_is_neither_written_nor_read(void **state)
{
    struct world *w = *state;
    struct sweeping s = {.cursor = "0"};
    struct str live = document_of_a_life(w);
    struct feed_standing standing = listens(w);
    rebuild_life(w, "kept", life_length);
    rebuild_life(w, "left", life_length);
    do
        assert_true(generations_sweep(w->reader, "kept", &s));
    while (strcmp(s.cursor, "0") != 0);
    assert_true(s.dropped >= 4); /* document, timeline, list, positions */
    assert_true(str_equal(document(w), live));
    assert_true(str_equal(document_in(w, "kept"), live));
    assert_int_equal(feed_id_compare(listens(w).since, standing.since), 0);
    struct view_reader left = {.cache = w->reader, .generation = "left"};
    struct view_order o = {.id = id_text(w, w->order)};
    assert_int_equal(view_load(&left, &w->arena, &o, 1, false), VIEW_READ_ELSEWHERE);
    assert_true(str_absent(o.document.fields[DOCUMENT_customer]));
    drop_of(w, "kept");
}

/* ── comparing ── */

/* "field=live/rebuilt " of each difference. */
static const char *compared(struct world *w, enum subject_kind kind, struct uuid id)
{
    static char text[4000];
    struct comparison c = {.live = w->view.generation, .rebuilt = w->rebuilt};
    struct subject s = {.kind = kind};
    struct difference differences[DIFFERENCES_MAX];
    size_t n, at = 0;
    uuid_format(id, s.id);
    comparison_send(w->reader, &c, &s);
    assert_true(comparison_receive(w->reader, &w->arena, &s, differences, &n));
    text[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%.*s=%.*s/%.*s ", STR_ARG(differences[i].field), STR_ARG(differences[i].live),
                               STR_ARG(differences[i].rebuilt));
    return text;
}

static void every_difference_is_named(void **state)
{
    struct world *w = *state;
    const char *g = w->view.generation, *id = id_text(w, w->order).p;
    struct arena *a = &w->arena;
    document_of_a_life(w);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "order=there/ ");
    assert_string_equal(compared(w, SUBJECT_CUSTOMER, w->customer), "list=1/0 ");
    rebuild_life(w, w->rebuilt, life_length);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "");
    assert_string_equal(compared(w, SUBJECT_CUSTOMER, w->customer), "");
    forget(w, "HSET", arena_printf(a, "view:%s:order:%s status 2", g, id).p);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "status=2/6 ");
    forget(w, "HSET", arena_printf(a, "view:%s:order:%s status 6", g, id).p);
    forget(w, "HDEL", arena_printf(a, "view:%s:order:%s v:notice:ORDER_PLACED", g, id).p);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "v:notice:ORDER_PLACED=/1 ");
    forget(w, "HSET", arena_printf(a, "view:%s:order:%s v:notice:ORDER_PLACED 1", g, id).p);
    forget(w, "HSET", arena_printf(a, "view:%s:order:%s more x", g, id).p);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "more=x/ ");
    forget(w, "HDEL", arena_printf(a, "view:%s:order:%s more", g, id).p);
    forget(w, "RPUSH", arena_printf(a, "view:%s:timeline:%s zzz", g, id).p);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "timeline=zzz/ ");
    forget(w, "RPOP", arena_printf(a, "view:%s:timeline:%s", g, id).p);
    forget(w, "ZREM", arena_printf(a, "view:%s:customer:%s %s", g, id_text(w, w->customer).p, id).p);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "list=/there ");
    assert_string_equal(compared(w, SUBJECT_CUSTOMER, w->customer), "list=0/1 ");
    forget(w, "DEL", arena_printf(a, "view:%s:order:%s", g, id).p);
    assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "order=/there ");
    drop_of(w, w->rebuilt);
}

static void in_whatever_order_it_was_told_nothing_differs(void **state)
{
    struct world *w = *state;
    document_of_a_life(w);
    for (unsigned i = 0; i < 20; i++) {
        struct projector *live = w->projector;
        unsigned seed = i;
        w->projector = rebuilding_of(w, w->rebuilt);
        arrive_mixed(w, &seed);
        projector_free(w->projector);
        w->projector = live;
        assert_string_equal(compared(w, SUBJECT_ORDER, w->order), "");
        drop_of(w, w->rebuilt);
    }
}

/* ── one at a time ── */

static struct rebuilding a_rebuilding(void)
{
    struct rebuilding r = {.id = uuid_new()};
    uuid_format(r.id, r.id_text);
    generation_new(r.generation);
    return r;
}

static void there_is_one_rebuilding_at_a_time(void **state)
{
    struct world *w = *state;
    struct rebuilding first = a_rebuilding(), second = a_rebuilding();
    struct rebuilding_status s;
    bool ours;
    forget(w, "DEL", "view:rebuild view:rebuild:lease view:rebuild:differences");
    assert_true(rebuilding_read(w->reader, &w->arena, 10, &s));
    assert_true(str_absent(s.id));
    assert_int_equal(rebuilding_begin(w->reader, &first, STR("key"), false), REBUILDING_BEGUN);
    assert_int_equal(rebuilding_begin(w->reader, &second, STR("key"), false), REBUILDING_KNOWN);
    assert_int_equal(rebuilding_begin(w->reader, &second, STR("other"), false), REBUILDING_UNDER_WAY);
    assert_int_equal(rebuilding_begin(w->reader, &second, (struct str){0}, false), REBUILDING_UNDER_WAY);
    assert_true(rebuilding_renew(w->reader, &first, &ours) && ours);
    assert_true(rebuilding_renew(w->reader, &second, &ours) && !ours);
    assert_true(rebuilding_difference(w->reader, &first, STR("{}")));
    assert_true(rebuilding_note_number(w->reader, &first, "compared", 7));
    assert_false(rebuilding_note_number(w->reader, &second, "compared", 8));
    assert_true(rebuilding_read(w->reader, &w->arena, 10, &s));
    assert_true(str_is(s.id, first.id_text) && str_is(s.state, "BUILDING") && str_is(s.compared, "7") && str_is(s.differences, "1"));
    assert_int_equal(s.first_count, 1);

    forget(w, "DEL", "view:rebuild:lease"); /* it has not been heard of for too long */
    assert_true(rebuilding_read(w->reader, &w->arena, 10, &s));
    assert_true(str_is(s.state, "INTERRUPTED"));
    assert_int_equal(rebuilding_begin(w->reader, &second, (struct str){0}, true), REBUILDING_UNDER_WAY); /* here it goes on */
    assert_int_equal(rebuilding_begin(w->reader, &second, (struct str){0}, false), REBUILDING_BEGUN);
    rebuilding_end(w->reader, &first, "DONE", (struct str){0}); /* it has noticed nothing */
    assert_true(rebuilding_read(w->reader, &w->arena, 10, &s));
    assert_true(str_is(s.id, second.id_text) && str_is(s.state, "BUILDING") && str_is(s.differences, "0") && s.first_count == 0);
    rebuilding_end(w->reader, &second, "FAILED", STR("why"));
    assert_true(rebuilding_read(w->reader, &w->arena, 10, &s));
    assert_true(str_is(s.state, "FAILED") && str_is(s.problem, "why") && !str_empty(s.ended));
    hand_over_to(w, w->rebuilt);
    assert_int_equal(rebuilding_begin(w->reader, &first, (struct str){0}, false), REBUILDING_TOO_EARLY);

    int64_t used, most;
    assert_true(rebuilding_room(w->reader, &used, &most));
    assert_true(used > 100000 && (most == 0 || most > used));
    drop_of(w, w->view.generation);
}

static void a_lost_connection_is_retried_and_made_again(void **state)
{
    struct world *w = *state;
    arrive(w, &life[0], 0);
    cache_disconnect(w->projector->cache);
    arrive(w, &life[2], 1);
    assert_non_null(strstr(document(w).p, "\"status\":\"CONFIRMED\""));
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_life_gives_the_document),
        STORY(twice_changes_nothing),
        STORY(every_order_of_arrival_gives_the_same_document),
        STORY(every_order_of_arrival_of_a_cancelled_order_gives_the_same_document),
        STORY(what_comes_before_its_order_waits_unseen),
        STORY(a_customers_orders_are_listed_newest_first_page_by_page),
        STORY(who_listens_has_all_written_once_in_the_order_of_arrival),
        STORY(nothing_is_written_for_who_does_not_listen),
        STORY(what_came_before_its_order_is_written_with_it),
        STORY(who_goes_on_listening_stands_where_it_began),
        STORY(a_redis_that_was_emptied_begins_another_epoch),
        STORY(positions_stand_beside_what_they_speak_of),
        STORY(a_redis_that_has_forgotten_is_told_again_from_where_it_remembers),
        STORY(a_lost_connection_is_retried_and_made_again),
        STORY(what_is_rebuilt_is_the_same_and_nobody_is_told_of_it),
        STORY(a_rebuilding_that_is_ahead_does_not_take_over),
        STORY(while_one_takes_over_both_are_written_and_each_event_is_told_once),
        STORY(who_knows_other_generations_tells_nobody_and_does_nothing),
        STORY(what_is_being_filled_is_not_read_and_not_told),
        STORY(a_generation_knows_how_far_it_is),
        STORY(sweeping_drops_what_is_neither_written_nor_read),
        STORY(every_difference_is_named),
        STORY(in_whatever_order_it_was_told_nothing_differs),
        STORY(there_is_one_rebuilding_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
