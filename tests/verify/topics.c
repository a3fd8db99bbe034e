/* Topics: every message from the beginning to where they end now; the dead letters first, because of them it must be known whose they are.
 */
#include "audit.h"
#include "clock.h"
#include "expected.h"
#include "memory.h"
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEAD_LETTERS "jumun.dlq."
#define PATIENCE_MS  20000
#define BATCH_MS     20
#define ROUSE_MS     50
#define AT_ONCE      1000
#define LATEST       (-1) /* as times that Kafka is asked for */
#define EARLIEST     (-2)

/* ── a reader: some topics, from low to high ─────────────────────────────────────────────────────────────────────────────────────────── */

struct part {
    char topic[80];
    int32_t partition;
    int64_t low, high;
    bool done;
};
struct log_reader {
    struct audit *audit;
    rd_kafka_t *client;
    struct part *parts;
    size_t count, left;
    int share, shares; /* of each topic's partitions, every `shares`-th from this one on */
    struct part *last; /* whose message the last one was: they come in runs */
};

static rd_kafka_t *client_new(struct audit *a)
{
    static const char *const settings[][2] = {
        {"enable.auto.commit", "false"},        {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"},       {"queued.min.messages", "10000"},      {"queued.max.messages.kbytes", "8192"},
        {"fetch.message.max.bytes", "1048576"}, {"fetch.wait.max.ms", "20"},           {"log_level", "2"},
    };
    char fault[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", a->brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "verify", NULL, 0);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], fault, sizeof fault) != RD_KAFKA_CONF_OK)
            audit_fault(a, "kafka: %s", fault);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, fault, sizeof fault);
    if (!client)
        audit_fault(a, "kafka: %s", fault);
    else
        rd_kafka_poll_set_consumer(client);
    return client;
}

/* Where they begin, or end, of all parts at once. */
static bool ask_ends(struct log_reader *r, int64_t which, bool high)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)r->count);
    for (size_t i = 0; i < r->count; i++)
        rd_kafka_topic_partition_list_add(list, r->parts[i].topic, r->parts[i].partition)->offset = which;
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(r->client, list, PATIENCE_MS);
    for (int i = 0; !error && i < list->cnt; i++) {
        error = list->elems[i].err;
        *(high ? &r->parts[i].high : &r->parts[i].low) = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        audit_fault(r->audit, "kafka: where the topics end: %s", rd_kafka_err2str(error));
    return !error;
}

static void add_part(struct log_reader *r, const char *topic, int32_t partition)
{
    struct part *p;
    r->parts = memory_resize(r->parts, (r->count + 1) * sizeof *r->parts);
    p = &r->parts[r->count++];
    *p = (struct part){.partition = partition};
    snprintf(p->topic, sizeof p->topic, "%s", topic);
}

/* The partitions of all topics that are wanted. */
static bool find_parts(struct log_reader *r, bool (*wanted)(const char *topic))
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(r->client, 1, NULL, &metadata, PATIENCE_MS);
    if (error) {
        audit_fault(r->audit, "kafka: %s", rd_kafka_err2str(error));
        return false;
    }
    for (int i = 0; i < metadata->topic_cnt; i++)
        for (int p = r->share; wanted(metadata->topics[i].topic) && p < metadata->topics[i].partition_cnt; p += r->shares)
            add_part(r, metadata->topics[i].topic, p);
    rd_kafka_metadata_destroy(metadata);
    bool good = r->count == 0 || (ask_ends(r, EARLIEST, false) && ask_ends(r, LATEST, true));
    for (size_t i = 0; i < r->count; i++) {
        r->parts[i].done = r->parts[i].low >= r->parts[i].high;
        r->left += !r->parts[i].done;
    }
    return good;
}

static struct part *part_of(struct log_reader *r, const rd_kafka_message_t *m)
{
    const char *topic = rd_kafka_topic_name(m->rkt);
    if (r->last && r->last->partition == m->partition && strcmp(r->last->topic, topic) == 0)
        return r->last;
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].partition == m->partition && strcmp(r->parts[i].topic, topic) == 0)
            return r->last = &r->parts[i];
    return NULL;
}

static void end_part(struct log_reader *r, struct part *p)
{
    r->left -= !p->done;
    p->done = true;
}

static void take(struct log_reader *r, const rd_kafka_message_t *m,
                 void (*each)(struct log_reader *r, const rd_kafka_message_t *m, void *ctx), void *ctx)
{
    struct part *p = m->rkt ? part_of(r, m) : NULL;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && p) {
        end_part(r, p);
    } else if (m->err) {
        audit_fault(r->audit, "kafka: %s", rd_kafka_message_errstr(m));
    } else if (p && m->offset < p->high) {
        each(r, m, ctx);
        if (m->offset == p->high - 1)
            end_part(r, p);
    }
}

/* The queue is empty, and may have been full: librdkafka 2.0.2 looks but once a second whether it has room. See assignment_rouse(). */
static void rouse(rd_kafka_t *client, rd_kafka_topic_partition_list_t *parts)
{
    for (int i = 0; i < parts->cnt; i++)
        parts->elems[i].offset = LATEST;
    if (parts->cnt > 0)
        (void)rd_kafka_offsets_for_times(client, parts, ROUSE_MS);
}

static bool read_parts(struct log_reader *r, void (*each)(struct log_reader *r, const rd_kafka_message_t *m, void *ctx), void *ctx)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)r->count);
    for (size_t i = 0; i < r->count; i++)
        if (!r->parts[i].done)
            rd_kafka_topic_partition_list_add(list, r->parts[i].topic, r->parts[i].partition)->offset = r->parts[i].low;
    rd_kafka_assign(r->client, list);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(r->client);
    rd_kafka_message_t *messages[AT_ONCE];
    duration heard = clock_monotonic();
    while (r->left > 0 && !r->audit->fault[0]) {
        ssize_t n = rd_kafka_consume_batch_queue(queue, BATCH_MS, messages, AT_ONCE); /* it waits for all of them, at most so long */
        if (n > 0)
            heard = clock_monotonic();
        if (n < AT_ONCE)
            rouse(r->client, list);
        if (clock_monotonic() - heard > MILLISECONDS(PATIENCE_MS))
            audit_fault(r->audit, "kafka: nothing comes any more, and %zu partitions are not at their end", r->left);
        for (ssize_t i = 0; i < n; i++) {
            take(r, messages[i], each, ctx);
            rd_kafka_message_destroy(messages[i]);
        }
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_destroy(list);
    return !r->audit->fault[0];
}

static bool read_topics(struct log_reader *r, bool (*wanted)(const char *topic), void (*begun)(struct log_reader *r),
                        void (*each)(struct log_reader *r, const rd_kafka_message_t *m, void *ctx), void *ctx)
{
    r->client = client_new(r->audit);
    bool good = r->client && find_parts(r, wanted);
    if (good && begun)
        begun(r);
    good = good && read_parts(r, each, ctx);
    if (r->client) {
        rd_kafka_consumer_close(r->client);
        rd_kafka_destroy(r->client);
    }
    free(r->parts);
    return good;
}

/* ── a message's headers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum header {
    H_ID,
    H_TYPE,
    H_TIME,
    H_SUBJECT,
    H_CORRELATION,
    H_CAUSATION,
    H_VERSION,
    H_REASON,
    H_TOPIC,
    H_PARTITION,
    H_OFFSET,
    H_MARK,
    H_DRILL,
    HEADERS
};
static const struct str header_names[HEADERS] = {
    STR_CONST("ce_id"),
    STR_CONST("ce_type"),
    STR_CONST("ce_time"),
    STR_CONST("ce_subject"),
    STR_CONST("ce_correlationid"),
    STR_CONST("ce_causationid"),
    STR_CONST("ce_aggregateversion"),
    STR_CONST("x-reason"),
    STR_CONST("x-original-topic"),
    STR_CONST("x-original-partition"),
    STR_CONST("x-original-offset"),
    STR_CONST("x-mark"),
    STR_CONST("x-drill"),
};

/* HEADERS: it is none of them. */
static int header_named(struct str name)
{
    int h = 0;
    while (h < HEADERS && !(header_names[h].n == name.n && memcmp(header_names[h].p, name.p, name.n) == 0))
        h++;
    return h;
}

/* The last of each name, and a mark only at the very end; the digest is of all of them. */
static uint64_t headers_of(const rd_kafka_message_t *m, struct str values[HEADERS])
{
    rd_kafka_headers_t *headers = NULL;
    uint64_t digest = 0;
    const char *name;
    struct str value;
    if (rd_kafka_message_headers(m, &headers))
        return 0;
    for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, (const void **)&value.p, &value.n); i++) {
        int h = header_named(str_of(name));
        values[H_MARK] = (struct str){0};
        if (h < HEADERS)
            values[h] = value;
        digest = hash_bytes(hash_mix(digest, h < HEADERS ? (uint64_t)h : hash_str(str_of(name))), value.p, value.n);
    }
    return digest;
}

static struct str key_of(const rd_kafka_message_t *m)
{
    return (struct str){m->key, m->key_len};
}

static struct str value_of(const rd_kafka_message_t *m)
{
    return (struct str){m->payload, m->len};
}

/* `value_hash` is hash_str() of its value. */
static uint64_t bytes_of(const rd_kafka_message_t *m, uint64_t value_hash)
{
    return hash_mix(hash_str(key_of(m)), value_hash);
}

static int64_t integer(struct str text)
{
    int64_t n;
    return str_to_int64(text, &n) ? n : -1;
}

/* ── dead letters ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_dead_letters(const char *topic)
{
    return strncmp(topic, DEAD_LETTERS, sizeof DEAD_LETTERS - 1) == 0;
}

static void take_dead_letter(struct log_reader *r, const rd_kafka_message_t *m, void *unused)
{
    (void)unused;
    struct str values[HEADERS] = {{0}}, whose = str_of(rd_kafka_topic_name(m->rkt) + sizeof DEAD_LETTERS - 1);
    headers_of(m, values);
    struct dead_letter letter = {
        .context = WORD_UNKNOWN,
        .topic = (uint8_t)topic_named(values[H_TOPIC]),
        .partition = (int16_t)integer(values[H_PARTITION]),
        .offset = integer(values[H_OFFSET]),
        .own_offset = m->offset,
        .bytes = bytes_of(m, hash_str(value_of(m))),
        .mark = !str_absent(values[H_MARK]),
        .redriven = str_is(values[H_MARK], "REDRIVEN"),
    };
    for (int i = 0; i < CONTEXTS; i++)
        if (str_equal(context_names[i], whose))
            letter.context = (uint8_t)i;
    if (!uuid_parse(values[H_ID], &letter.id))
        letter.id = (struct uuid){{0}};
    snprintf(letter.reason, sizeof letter.reason, "%.*s", STR_ARG(values[H_REASON]));
    if (letter.context == WORD_UNKNOWN) /* a context that the auditor does not know: not its business */
        return;
    dead_letters_add(&r->audit->dead, &letter);
}

bool dead_letters_read(struct audit *a)
{
    struct log_reader reader = {.audit = a, .shares = 1};
    bool good = read_topics(&reader, is_dead_letters, NULL, take_dead_letter, NULL);
    dead_letters_sort(&a->dead);
    return good;
}

/* ── the topics ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct topics_reading {
    struct spill *to;
    struct expected_room room;
};

static bool is_ours(const char *topic)
{
    return topic_named(str_of(topic)) != WORD_UNKNOWN;
}

/* A compacted topic keeps the last of each key only; of the others a message that is gone is a message that is missing. */
static void note_pruned(struct log_reader *r)
{
    pthread_mutex_lock(&r->audit->lock);
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].low > 0 && topic_named(str_of(r->parts[i].topic)) != TOPIC_CATALOG && !r->audit->pruned[0])
            snprintf(r->audit->pruned, sizeof r->audit->pruned, "%s/%d begins at %lld: what was before is pruned", r->parts[i].topic,
                     (int)r->parts[i].partition, (long long)r->parts[i].low);
    pthread_mutex_unlock(&r->audit->lock);
}

static bool decode(const rd_kafka_message_t *m, const struct str values[HEADERS], struct said *said)
{
    *said = (struct said){.type = values[H_TYPE], .data = value_of(m), .version = integer(values[H_VERSION])};
    return uuid_parse(values[H_ID], &said->id) && !str_empty(said->type) && instant_parse(values[H_TIME], &said->at) &&
           uuid_parse(values[H_SUBJECT], &said->subject) && uuid_parse(values[H_CORRELATION], &said->correlation) &&
           (str_absent(values[H_CAUSATION]) || uuid_parse(values[H_CAUSATION], &said->causation)) && said->version > 0;
}

static void take_message(struct log_reader *r, const rd_kafka_message_t *m, void *ctx)
{
    struct topics_reading *reading = ctx;
    struct str values[HEADERS] = {{0}};
    struct said said;
    struct change change = {.count = 0};
    uint64_t headers = headers_of(m, values), value = hash_str(value_of(m)), bytes = bytes_of(m, value);
    struct message message = {
        .whole = hash_mix(headers, bytes),
        .offset = m->offset,
        .partition = (int16_t)m->partition,
        .topic = (uint8_t)topic_named(str_of(rd_kafka_topic_name(m->rkt))),
        .event = WORD_UNKNOWN,
        .drill = !str_absent(values[H_DRILL]),
    };
    struct uuid key = {{0}};
    message.dead = dead_letters_at(&r->audit->dead, message.topic, message.partition, message.offset, bytes);
    if (decode(m, values, &said) && uuid_parse(key_of(m), &key)) {
        said.data_hash = value;
        message.id = said.id;
        message.causation = said.causation;
        message.version = (int32_t)said.version;
        message.event = (uint8_t)event_typed(said.type);
        message.content = uuid_equal(key, said.correlation) ? digest_said(&said) : 0;
        message.shown = message.event != WORD_UNKNOWN && kind_words[event_words[message.event].kind].topic == message.topic &&
                        expected_change(&reading->room, message.event, &said, &change);
    }
    size_t kept = message.shown ? offsetof(struct change, fields) + change.count * sizeof change.fields[0] : 0;
    spill_put(reading->to, SOURCE_MESSAGE, key, &message, sizeof message, &change, kept);
}

bool topics_read(struct audit *a, struct spill *to, int share, int shares)
{
    struct topics_reading reading = {.to = to};
    struct log_reader reader = {.audit = a, .share = share, .shares = shares};
    bool good = read_topics(&reader, is_ours, note_pruned, take_message, &reading);
    buf_release(&reading.room.text);
    buf_release(&reading.room.entry);
    buf_release(&reading.room.one);
    buf_release(&reading.room.two);
    return good;
}
