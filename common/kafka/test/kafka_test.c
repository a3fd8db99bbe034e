/*
 * Producing and consuming against a real Kafka: TEST_KAFKA_BROKERS, e.g. 127.0.0.1:8093.
 *
 * Every story has a topic and a group of its own. Its records are numbered, the number being the value; readers write down what they see.
 */
#include "clock.h"
#include "kafka.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PARTITIONS 4
#define RECORDS    32768
#define BACKLOG    30000 /* several times what is fetched ahead */
#define LIMIT      SECONDS(60)

/* What one consumer sees, and how it answers. */
struct reader {
    pthread_mutex_t lock;
    int retries;      /* answers to come that are KAFKA_RETRY; < 0: all */
    bool gate_closed; /* apply waits */
    bool inside;      /* apply is waiting there */
    int calls;        /* of apply */
    int first[64];    /* number of the first record of each call */
    size_t seen;      /* applied, copies included */
    int number[RECORDS];
    int partition[RECORDS];
    bool load_fails;
    int loads;
    int64_t position[PARTITIONS];
    struct kafka_consumer *consumer;
};

struct story {
    char topic[64], group[64];
    rd_kafka_t *admin; /* of the same group, but no member: it asks for positions */
    struct kafka_producer *producer;
    struct reader a, b;
    int produced;
};

static const char *brokers;

/* ── topics and positions, by librdkafka itself ─────────────────────────────────────────────────────────────────────────────────── */

static rd_kafka_t *admin_new(const char *group)
{
    char why[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "group.id", group, why, sizeof(why)), RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    assert_non_null(rk);
    return rk;
}

static void topic_make(const struct story *s)
{
    char why[200];
    rd_kafka_queue_t *answers = rd_kafka_queue_new(s->admin);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(s->topic, PARTITIONS, 1, why, sizeof(why));
    rd_kafka_CreateTopics(s->admin, &topic, 1, NULL, answers);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(answers, 20000);
    assert_non_null(answer);
    if (rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("no Kafka at %s: %s", brokers, rd_kafka_event_error_string(answer));
    size_t n = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &n);
    assert_int_equal(n, 1);
    assert_int_equal(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(answer);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(answers);
}

static void topic_delete(const struct story *s)
{
    rd_kafka_queue_t *answers = rd_kafka_queue_new(s->admin);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(s->topic);
    rd_kafka_DeleteTopics(s->admin, &topic, 1, NULL, answers);
    rd_kafka_event_destroy(rd_kafka_queue_poll(answers, 20000));
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(answers);
}

/* The sum of what the group has committed: how many records Kafka believes to be applied. */
static int64_t committed(const struct story *s)
{
    int64_t sum = 0;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    rd_kafka_topic_partition_list_add_range(list, s->topic, 0, PARTITIONS - 1);
    assert_int_equal(rd_kafka_committed(s->admin, list, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset > 0)
            sum += list->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return sum;
}

/* ── a story's means ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int begin(void **state)
{
    struct story *s = calloc(1, sizeof(*s));
    char id[UUID_TEXT + 1];
    uuid_format(uuid_new(), id);
    snprintf(s->topic, sizeof(s->topic), "test.%s", id);
    snprintf(s->group, sizeof(s->group), "test-%s", id);
    pthread_mutex_init(&s->a.lock, NULL);
    pthread_mutex_init(&s->b.lock, NULL);
    s->admin = admin_new(s->group);
    s->producer = kafka_producer_new(&(struct kafka_producer_config){.brokers = brokers, .client = "test"});
    *state = s;
    return 0;
}

static int begin_with_topic(void **state)
{
    begin(state);
    topic_make(*state);
    return 0;
}

static void gate_open(struct reader *r)
{
    pthread_mutex_lock(&r->lock);
    r->gate_closed = false;
    r->retries = 0;
    pthread_mutex_unlock(&r->lock);
}

static void when_stopped(struct reader *r)
{
    kafka_consumer_stop(r->consumer);
    r->consumer = NULL;
}

static int end(void **state)
{
    struct story *s = *state;
    gate_open(&s->a);
    gate_open(&s->b);
    when_stopped(&s->a);
    when_stopped(&s->b);
    kafka_producer_free(s->producer);
    topic_delete(s);
    rd_kafka_destroy(s->admin);
    free(s);
    return 0;
}

static void breathe(void)
{
    nanosleep(&(struct timespec){0, 2000000}, NULL);
}

/* Waits for the condition, with a limit. */
#define EVENTUALLY(condition)                                                                                                              \
    do {                                                                                                                                   \
        duration until_ = clock_monotonic() + LIMIT;                                                                                       \
        while (!(condition)) {                                                                                                             \
            if (clock_monotonic() > until_)                                                                                                \
                fail_msg("not within %d s: %s", (int)(LIMIT / SECONDS(1)), #condition);                                                    \
            breathe();                                                                                                                     \
        }                                                                                                                                  \
    } while (0)

static void gate_pass(struct reader *r)
{
    pthread_mutex_lock(&r->lock);
    while (r->gate_closed) {
        r->inside = true;
        pthread_mutex_unlock(&r->lock);
        breathe();
        pthread_mutex_lock(&r->lock);
    }
    r->inside = false;
    pthread_mutex_unlock(&r->lock);
}

static int number_of(const struct kafka_record *record)
{
    return (int)strtol(record->value.p, NULL, 10);
}

static void reader_note(struct reader *r, const struct kafka_record *record)
{
    if (r->seen == RECORDS)
        return;
    r->number[r->seen] = number_of(record);
    r->partition[r->seen++] = record->partition;
    r->position[record->partition] = record->offset + 1;
}

static enum kafka_verdict apply(void *ctx, const struct kafka_record *records, size_t n)
{
    struct reader *r = ctx;
    gate_pass(r);
    pthread_mutex_lock(&r->lock);
    r->first[r->calls++ % 64] = number_of(&records[0]);
    enum kafka_verdict verdict = r->retries != 0 ? KAFKA_RETRY : KAFKA_APPLIED;
    r->retries -= r->retries > 0;
    for (size_t i = 0; i < n && verdict == KAFKA_APPLIED; i++)
        reader_note(r, &records[i]);
    pthread_mutex_unlock(&r->lock);
    return verdict;
}

static bool load(void *ctx, struct kafka_position *positions, size_t n)
{
    struct reader *r = ctx;
    pthread_mutex_lock(&r->lock);
    r->loads++;
    bool known = !r->load_fails;
    for (size_t i = 0; i < n; i++)
        positions[i].next = r->position[positions[i].partition] > 0 ? r->position[positions[i].partition] : -1;
    pthread_mutex_unlock(&r->lock);
    return known;
}

static void when_started(struct story *s, struct reader *r)
{
    const char *topics[] = {s->topic};
    r->consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = brokers, .group = s->group, .topics = topics, .topic_count = 1, .batch_max = 64, .apply = apply, .ctx = r});
}

static void when_started_with_own_positions(struct story *s, struct reader *r)
{
    static const struct kafka_positions positions = {.load = load};
    const char *topics[] = {s->topic};
    r->consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = brokers, .group = s->group, .topics = topics, .topic_count = 1, .apply = apply, .ctx = r, .positions = &positions});
}

static void count_failures(void *ctx, const char *failure)
{
    *(int *)ctx += failure != NULL;
}

/* `n` records, numbered on, of ten keys. */
static void when_produced(struct story *s, int n)
{
    int failures = 0;
    for (int i = 0; i < n; i++, s->produced++) {
        char key[16], value[16];
        snprintf(key, sizeof(key), "key %d", s->produced % 10);
        snprintf(value, sizeof(value), "%d", s->produced);
        kafka_produce_raw(s->producer, s->topic, str_of(key), (struct str){value, strlen(value) + 1}, NULL, 0, count_failures, &failures);
    }
    assert_true(kafka_producer_flush(s->producer, LIMIT));
    assert_int_equal(failures, 0);
}

#define LOCKED(r, expression)                                                                                                              \
    ({                                                                                                                                     \
        pthread_mutex_lock(&(r)->lock);                                                                                                    \
        __typeof__(expression) value_ = (expression);                                                                                      \
        pthread_mutex_unlock(&(r)->lock);                                                                                                  \
        value_;                                                                                                                            \
    })

static size_t seen(struct reader *r)
{
    return LOCKED(r, r->seen);
}

static int calls(struct reader *r)
{
    return LOCKED(r, r->calls);
}

static bool is_inside(struct reader *r)
{
    return LOCKED(r, r->inside);
}

static int loads(struct reader *r)
{
    return LOCKED(r, r->loads);
}

/* How many of the produced numbers some reader has applied. */
static int applied(struct story *s)
{
    static bool there[RECORDS];
    int n = 0;
    memset(there, 0, sizeof(there));
    for (struct reader *r = &s->a; r != NULL; r = r == &s->a ? &s->b : NULL) {
        pthread_mutex_lock(&r->lock);
        for (size_t i = 0; i < r->seen; i++)
            there[r->number[i]] = true;
        pthread_mutex_unlock(&r->lock);
    }
    for (int i = 0; i < s->produced; i++)
        n += there[i];
    return n;
}

/* What a reader saw of each partition ascends: nothing was skipped and brought later. */
static void then_in_order(struct reader *r)
{
    int last[PARTITIONS];
    memset(last, -1, sizeof(last));
    for (size_t i = 0; i < r->seen; i++) {
        assert_true(r->number[i] > last[r->partition[i]]);
        last[r->partition[i]] = r->number[i];
    }
}

/* ── what arrives ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void records_of_a_key_arrive_in_order(void **state)
{
    struct story *s = *state;
    when_produced(s, 1000);
    when_started(s, &s->a);
    EVENTUALLY(applied(s) == 1000);
    then_in_order(&s->a);
    assert_int_equal(seen(&s->a), 1000);
    int of_key[10];
    memset(of_key, -1, sizeof(of_key));
    for (size_t i = 0; i < s->a.seen; i++) {
        int *partition = &of_key[s->a.number[i] % 10];
        assert_true(*partition == -1 || *partition == s->a.partition[i]);
        *partition = s->a.partition[i];
    }
}

static void a_backlog_larger_than_what_is_fetched_ahead_arrives_whole(void **state)
{
    struct story *s = *state;
    when_produced(s, BACKLOG);
    when_started(s, &s->a);
    EVENTUALLY(applied(s) == BACKLOG);
    then_in_order(&s->a);
    assert_int_equal(seen(&s->a), BACKLOG);
}

struct seen_event {
    pthread_mutex_t lock;
    bool arrived, decoded;
    struct cloud_event event;
    instant recorded;
    char type[100], data[100], trace[100];
};

static enum kafka_verdict apply_event(void *ctx, const struct kafka_record *records, size_t n)
{
    (void)n;
    struct seen_event *e = ctx;
    struct arena arena;
    struct str reason;
    arena_init(&arena);
    pthread_mutex_lock(&e->lock);
    e->decoded = cloud_event_decode(&records[0], &e->event, &arena, &reason);
    if (e->decoded) {
        snprintf(e->type, sizeof(e->type), "%.*s", STR_ARG(e->event.type));
        snprintf(e->data, sizeof(e->data), "%.*s", STR_ARG(e->event.data));
        snprintf(e->trace, sizeof(e->trace), "%.*s", STR_ARG(e->event.traceparent));
    }
    e->recorded = records[0].time;
    e->arrived = true;
    pthread_mutex_unlock(&e->lock);
    arena_release(&arena);
    return KAFKA_APPLIED;
}

static void an_event_arrives_as_it_was_produced(void **state)
{
    struct story *s = *state;
    int failures = 0;
    struct seen_event e = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct cloud_event event = {.id = uuid_new(),
                                .type = STR("jumun.order.OrderConfirmed.v1"),
                                .source = STR("/jumun/order"),
                                .time = clock_now(),
                                .subject = uuid_new(),
                                .correlation = uuid_new(),
                                .causation = uuid_new(),
                                .version = 9223372036854775807,
                                .traceparent = STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                                .data = STR("{\"total\": 12000}")};
    kafka_produce_event(s->producer, s->topic, &event, count_failures, &failures);
    assert_true(kafka_producer_flush(s->producer, LIMIT));
    const char *topics[] = {s->topic};
    s->a.consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = brokers, .group = s->group, .topics = topics, .topic_count = 1, .apply = apply_event, .ctx = &e});
    EVENTUALLY(LOCKED(&e, e.arrived));
    when_stopped(&s->a);
    assert_true(e.decoded);
    assert_true(uuid_equal(e.event.id, event.id));
    assert_true(uuid_equal(e.event.subject, event.subject));
    assert_true(uuid_equal(e.event.correlation, event.correlation));
    assert_true(uuid_equal(e.event.causation, event.causation));
    assert_int_equal(e.event.time, event.time);
    assert_int_equal(e.event.version, event.version);
    assert_string_equal(e.type, "jumun.order.OrderConfirmed.v1");
    assert_string_equal(e.data, "{\"total\": 12000}");
    assert_string_equal(e.trace, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_true(llabs(e.recorded - event.time) < SECONDS(20));
}

struct seen_bytes {
    pthread_mutex_t lock;
    size_t n;
    bool null_key[2], null_value[2];
    size_t headers[2];
    bool header_right;
};

static enum kafka_verdict apply_bytes(void *ctx, const struct kafka_record *records, size_t n)
{
    struct seen_bytes *b = ctx;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < n && b->n < 2; i++, b->n++) {
        b->null_key[b->n] = str_absent(records[i].key);
        b->null_value[b->n] = str_absent(records[i].value);
        b->headers[b->n] = records[i].header_count;
        if (records[i].header_count == 3)
            b->header_right = str_equal(kafka_record_header(&records[i], STR("x-reason")), STR("\0\xff")) &&
                              str_absent(kafka_record_header(&records[i], STR("x-null"))) &&
                              str_is(kafka_record_header(&records[i], STR("x-twice")), "") &&
                              str_absent(kafka_record_header(&records[i], STR("other")));
    }
    pthread_mutex_unlock(&b->lock);
    return KAFKA_APPLIED;
}

static void any_bytes_at_all_arrive_with_their_headers(void **state)
{
    struct story *s = *state;
    int failures = 0;
    struct seen_bytes b = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct kafka_header headers[] = {{STR("x-reason"), STR("\0\xff")}, {STR("x-null"), {0}}, {STR("x-twice"), STR("")}};
    kafka_produce_raw(s->producer, s->topic, (struct str){0}, STR("\xff\0"), headers, 3, count_failures, &failures);
    kafka_produce_raw(s->producer, s->topic, STR("k"), (struct str){0}, NULL, 0, count_failures, &failures);
    assert_true(kafka_producer_flush(s->producer, LIMIT));
    assert_int_equal(failures, 0);
    const char *topics[] = {s->topic};
    s->a.consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = brokers, .group = s->group, .topics = topics, .topic_count = 1, .apply = apply_bytes, .ctx = &b});
    EVENTUALLY(LOCKED(&b, b.n) == 2);
    when_stopped(&s->a);
    int first = b.headers[0] == 3 ? 0 : 1; /* the partitions may come in any order */
    assert_true(b.header_right);
    assert_true(b.null_key[first] && !b.null_value[first]);
    assert_true(!b.null_key[1 - first] && b.null_value[1 - first]);
    assert_int_equal(b.headers[1 - first], 0);
}

/* ── positions ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void positions_are_committed_only_after_apply(void **state)
{
    struct story *s = *state;
    s->a.gate_closed = true;
    when_produced(s, 10);
    when_started(s, &s->a);
    EVENTUALLY(is_inside(&s->a));
    duration until = clock_monotonic() + MILLISECONDS(1500); /* longer than the period of commits */
    while (clock_monotonic() < until)
        assert_int_equal(committed(s), 0);
    gate_open(&s->a);
    EVENTUALLY(applied(s) == 10);
    EVENTUALLY(committed(s) == 10);
}

static void retry_gives_the_same_again(void **state)
{
    struct story *s = *state;
    s->a.retries = 3;
    when_produced(s, 1);
    when_started(s, &s->a);
    EVENTUALLY(calls(&s->a) >= 1);
    when_produced(s, 200);
    EVENTUALLY(applied(s) == 201);
    assert_int_equal(seen(&s->a), 201);
    for (int i = 0; i < 4; i++)
        assert_int_equal(s->a.first[i], 0);
    then_in_order(&s->a);
    EVENTUALLY(committed(s) == 201);
}

static void nothing_is_committed_while_retrying(void **state)
{
    struct story *s = *state;
    s->a.retries = -1;
    when_produced(s, 100);
    when_started(s, &s->a);
    EVENTUALLY(calls(&s->a) >= 4);
    assert_int_equal(committed(s), 0);
    when_stopped(&s->a);
    assert_int_equal(committed(s), 0);
    when_started(s, &s->b);
    EVENTUALLY(applied(s) == 100);
    assert_int_equal(seen(&s->b), 100);
}

static void a_stopped_consumer_continues_where_it_was(void **state)
{
    struct story *s = *state;
    for (int round = 1; round <= 4; round++) {
        when_produced(s, 100);
        when_started(s, &s->a);
        EVENTUALLY(applied(s) == round * 100);
        when_stopped(&s->a);
        assert_int_equal(committed(s), round * 100);
    }
    assert_int_equal(seen(&s->a), 400); /* no copies */
    then_in_order(&s->a);
}

static void own_positions_are_loaded_and_kafka_has_none(void **state)
{
    struct story *s = *state;
    when_produced(s, 100);
    s->a.load_fails = true;
    when_started_with_own_positions(s, &s->a);
    EVENTUALLY(loads(&s->a) >= 2); /* it asks again */
    assert_int_equal(seen(&s->a), 0);
    pthread_mutex_lock(&s->a.lock);
    s->a.load_fails = false;
    pthread_mutex_unlock(&s->a.lock);
    EVENTUALLY(applied(s) == 100);
    when_stopped(&s->a);
    when_produced(s, 50);
    when_started_with_own_positions(s, &s->a);
    EVENTUALLY(applied(s) == 150);
    assert_int_equal(seen(&s->a), 150);
    when_stopped(&s->a);
    assert_int_equal(committed(s), 0);
}

static void forget(struct reader *r)
{
    pthread_mutex_lock(&r->lock);
    memset(r->position, 0, sizeof(r->position));
    r->seen = 0;
    pthread_mutex_unlock(&r->lock);
}

static void rewinding_brings_all_again(void **state)
{
    struct story *s = *state;
    when_produced(s, 100);
    when_started_with_own_positions(s, &s->a);
    EVENTUALLY(applied(s) == 100);
    for (int round = 0; round < 5; round++) {
        forget(&s->a);
        kafka_consumer_rewind(s->a.consumer);
        EVENTUALLY(applied(s) == s->produced);
        then_in_order(&s->a);
        when_produced(s, 20);
        EVENTUALLY(applied(s) == s->produced);
    }
}

static void rewinding_ends_a_retry(void **state)
{
    struct story *s = *state;
    when_produced(s, 100);
    when_started_with_own_positions(s, &s->a);
    EVENTUALLY(applied(s) == 100);
    pthread_mutex_lock(&s->a.lock);
    s->a.retries = 2;
    pthread_mutex_unlock(&s->a.lock);
    when_produced(s, 1);
    EVENTUALLY(LOCKED(&s->a, s->a.retries) < 2);
    forget(&s->a);
    kafka_consumer_rewind(s->a.consumer);
    EVENTUALLY(applied(s) == 101);
    then_in_order(&s->a);
}

/* ── groups ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_second_consumer_shares_and_nothing_is_lost(void **state)
{
    struct story *s = *state;
    when_started(s, &s->a);
    when_produced(s, 100);
    EVENTUALLY(applied(s) == 100);
    when_started(s, &s->b);
    EVENTUALLY((when_produced(s, 1), seen(&s->b) > 0));
    when_stopped(&s->a);
    when_produced(s, 100);
    EVENTUALLY(applied(s) == s->produced);
    EVENTUALLY(committed(s) == s->produced);
    then_in_order(&s->a);
    then_in_order(&s->b);
}

/* The first holds records of partitions that the second gets: it must let them go, and must not commit them. */
static void a_rebalance_during_a_retry_loses_nothing(void **state)
{
    struct story *s = *state;
    s->a.retries = -1;
    when_produced(s, 200);
    when_started(s, &s->a);
    EVENTUALLY(calls(&s->a) >= 2);
    when_started(s, &s->b);
    EVENTUALLY(seen(&s->b) > 0);
    assert_true(committed(s) <= (int64_t)seen(&s->b));
    gate_open(&s->a);
    EVENTUALLY(applied(s) == 200);
    EVENTUALLY(committed(s) == 200);
    when_produced(s, 100); /* and what was paused goes on */
    EVENTUALLY(applied(s) == 300);
    then_in_order(&s->a);
    then_in_order(&s->b);
}

static void a_rebalance_waits_for_apply(void **state)
{
    struct story *s = *state;
    s->a.gate_closed = true;
    when_produced(s, 200);
    when_started(s, &s->a);
    EVENTUALLY(is_inside(&s->a));
    when_started(s, &s->b);
    EVENTUALLY(kafka_consumer_ready(s->a.consumer));
    gate_open(&s->a);
    EVENTUALLY(applied(s) == 200);
    EVENTUALLY(committed(s) == 200);
    assert_int_equal(seen(&s->a) + seen(&s->b), 200); /* what was committed before the hand-over did not come twice */
}

static void more_consumers_than_partitions_are_all_ready(void **state)
{
    struct story *s = *state;
    struct reader extra[PARTITIONS];
    memset(extra, 0, sizeof(extra));
    for (int i = 0; i < PARTITIONS; i++)
        when_started(s, &extra[i]);
    when_started(s, &s->a);
    bool ready = false;
    duration until = clock_monotonic() + LIMIT;
    while (!ready && clock_monotonic() < until) {
        ready = kafka_consumer_ready(s->a.consumer);
        for (int i = 0; i < PARTITIONS; i++)
            ready = ready && kafka_consumer_ready(extra[i].consumer);
        breathe();
    }
    for (int i = 0; i < PARTITIONS; i++)
        when_stopped(&extra[i]);
    assert_true(ready);
}

/* ── what is not there ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_unknown_topic_is_waited_for(void **state)
{
    struct story *s = *state;
    when_started(s, &s->a);
    duration until = clock_monotonic() + SECONDS(1);
    while (clock_monotonic() < until) {
        assert_false(kafka_consumer_ready(s->a.consumer));
        breathe();
    }
    topic_make(s);
    when_produced(s, 10);
    EVENTUALLY(applied(s) == 10);
    assert_true(kafka_consumer_ready(s->a.consumer));
}

/* At once, before the group has given it anything; librdkafka has its difficulties there. */
static void a_consumer_may_be_stopped_at_any_time(void **state)
{
    struct story *s = *state;
    when_produced(s, 100);
    when_started(s, &s->b);
    for (int i = 0; i < 10; i++) {
        when_started(s, &s->a);
        duration until = clock_monotonic() + MILLISECONDS(30 * i);
        while (clock_monotonic() < until)
            breathe();
        when_stopped(&s->a);
    }
    EVENTUALLY(applied(s) == 100);
}

static void without_brokers_nothing_is_ready_and_stopping_is_quick(void **state)
{
    struct story *s = *state;
    const char *topics[] = {s->topic};
    s->a.consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = "127.0.0.1:1", .group = s->group, .topics = topics, .topic_count = 1, .apply = apply, .ctx = &s->a});
    assert_false(kafka_consumer_ready(s->a.consumer));
    duration start = clock_monotonic();
    when_stopped(&s->a);
    assert_true(clock_monotonic() - start < SECONDS(20));
}

static void a_topic_says_how_far_it_reaches(void **state)
{
    struct story *s = *state;
    const char *topics[] = {s->topic, "test.there-is-no-such-topic"};
    struct kafka_extent *extents;
    struct arena arena;
    size_t n;
    int64_t records = 0;
    arena_init(&arena);
    when_produced(s, 100);
    assert_true(kafka_extents(s->producer, topics, 1, SECONDS(20), &arena, &extents, &n));
    assert_int_equal(n, PARTITIONS);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(extents[i].topic, s->topic);
        assert_int_equal(extents[i].partition, i);
        assert_int_equal(extents[i].begin, 0);
        records += extents[i].end;
    }
    assert_int_equal(records, 100);
    assert_false(kafka_extents(s->producer, topics, 2, SECONDS(5), &arena, &extents, &n));
    arena_release(&arena);
}

static void its_numbers_are_shown(void **state)
{
    struct story *s = *state;
    struct buf page = BUF_INIT;
    char line[300];
    s->a.retries = -1;
    when_produced(s, 50);
    when_started(s, &s->a);
    EVENTUALLY(calls(&s->a) >= 2);
    kafka_consumer_show(s->a.consumer, &(struct metrics_page){.out = &page});
    assert_non_null(strstr(page.p, "jumun_kafka_consume_retries_total{"));
    gate_open(&s->a);
    EVENTUALLY(applied(s) == 50);
    snprintf(line, sizeof(line), "jumun_kafka_consumer_lag{group=\"%s\",topic=\"%s\"} 0\n", s->group, s->topic);
    EVENTUALLY((buf_clear(&page), kafka_consumer_show(s->a.consumer, &(struct metrics_page){.out = &page}), strstr(page.p, line)));
    assert_non_null(strstr(page.p, "jumun_kafka_consumed_total{"));
    buf_release(&page);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin_with_topic, end)

int main(void)
{
    brokers = getenv("TEST_KAFKA_BROKERS");
    if (brokers == NULL || brokers[0] == '\0') {
        fputs("kafka_test: TEST_KAFKA_BROKERS is not set: start a Kafka (./jumun up) and name it, e.g. 127.0.0.1:8093\n", stderr);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        STORY(records_of_a_key_arrive_in_order),
        STORY(a_backlog_larger_than_what_is_fetched_ahead_arrives_whole),
        STORY(an_event_arrives_as_it_was_produced),
        STORY(any_bytes_at_all_arrive_with_their_headers),
        STORY(positions_are_committed_only_after_apply),
        STORY(retry_gives_the_same_again),
        STORY(nothing_is_committed_while_retrying),
        STORY(a_stopped_consumer_continues_where_it_was),
        STORY(own_positions_are_loaded_and_kafka_has_none),
        STORY(rewinding_brings_all_again),
        STORY(rewinding_ends_a_retry),
        STORY(a_second_consumer_shares_and_nothing_is_lost),
        STORY(a_rebalance_during_a_retry_loses_nothing),
        STORY(a_rebalance_waits_for_apply),
        STORY(more_consumers_than_partitions_are_all_ready),
        cmocka_unit_test_setup_teardown(an_unknown_topic_is_waited_for, begin, end),
        STORY(a_consumer_may_be_stopped_at_any_time),
        STORY(without_brokers_nothing_is_ready_and_stopping_is_quick),
        STORY(a_topic_says_how_far_it_reaches),
        STORY(its_numbers_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
