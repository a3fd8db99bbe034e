/* Quiet: 16. Nothing in an outbox, every consumer at the end of its topics, no timer due; and so it stays until all is read. */
#include "audit.h"
#include "cache.h"
#include "clock.h"
#include "memory.h"
#include "view_keys.h"
#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTITIONS_MOST 64
#define PATIENCE_MS     10000
#define PAUSE_MS        200

struct quiet {
    struct audit *audit;
    rd_kafka_t *groups[CONTEXTS]; /* each asks for its own positions */
    struct cache *cache;
    int partitions[TOPICS];
    int64_t ends[TOPICS][PARTITIONS_MOST];
    int64_t written[DATABASES]; /* the last event's seq */
    bool tells;                 /* what disturbs is a finding */
    int64_t disturbed, looked;
    char first[300]; /* what disturbed first */
};

static void disturb(struct quiet *q, struct uuid id, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void disturb(struct quiet *q, struct uuid id, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (q->disturbed++ == 0)
        snprintf(q->first, sizeof q->first, "%s", text);
    if (q->tells)
        findings_add(&q->audit->findings, 16, id, "%s", text);
}

/* ── databases ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char standing_query[] =
    "select (select count(*) from outbox), coalesce((select max(seq) from event), 0), (select count(*) from timer)";
static const char due_query[] = "select correlation::text, timer, round(extract(epoch from now() - due)) from timer"
                                " where due < now() - interval '2 seconds' order by due limit 100";

static PGresult *ask(struct quiet *q, enum context context, PGconn *connection, const char *query)
{
    PGresult *rows = PQexec(connection, query);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK)
        audit_fault(q->audit, "the database of %s: %s", context_names[context].p, PQerrorMessage(connection));
    return rows;
}

static void look_at_timers(struct quiet *q, enum context context, PGconn *connection)
{
    PGresult *rows = ask(q, context, connection, due_query);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct uuid id = {{0}};
        uuid_parse(str_of(PQgetvalue(rows, i, 0)), &id);
        disturb(q, id, "order %s: the timer %s of %s is due since %s s", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1),
                context_names[context].p, PQgetvalue(rows, i, 2));
    }
    PQclear(rows);
}

/* Those of before are found by 18. */
static const char unsent_query[] =
    "select order_id::text, id::text, kind from notice n where status = 'PENDING' and at > now() - interval '1 hour'"
    " and not exists (select from timer t where t.aggregate = n.id) order by at limit 100";

/* What is being sent has no timer: when it is lost, notification's sweep finds it a minute later. */
static void look_at_notices(struct quiet *q)
{
    PGconn *connection = database_open(q->audit, CONTEXT_NOTIFICATION);
    if (!connection)
        return;
    PGresult *rows = ask(q, CONTEXT_NOTIFICATION, connection, unsent_query);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct uuid id = {{0}};
        uuid_parse(str_of(PQgetvalue(rows, i, 0)), &id);
        disturb(q, id, "order %s: notice %s: %s is being sent", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2));
    }
    PQclear(rows);
    PQfinish(connection);
}

static int64_t number(const PGresult *rows, int column)
{
    int64_t n;
    return PQntuples(rows) == 1 && str_to_int64(str_of(PQgetvalue(rows, 0, column)), &n) ? n : -1;
}

static void look_at_database(struct quiet *q, enum context context)
{
    PGconn *connection = database_open(q->audit, context);
    if (!connection)
        return;
    PGresult *rows = ask(q, context, connection, standing_query);
    int64_t waiting = number(rows, 0);
    q->written[context] = number(rows, 1);
    q->looked += number(rows, 2) + 1;
    PQclear(rows);
    if (waiting > 0)
        disturb(q, (struct uuid){{0}}, "%lld events wait in the outbox of %s", (long long)waiting, context_names[context].p);
    look_at_timers(q, context, connection);
    PQfinish(connection);
}

/* ── topics and groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static rd_kafka_t *group_new(struct audit *a, const char *group)
{
    char fault[200];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", a->brokers, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", group, NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, fault, sizeof fault);
    if (!client)
        audit_fault(a, "kafka: %s", fault);
    return client;
}

static void find_topics(struct quiet *q)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(q->groups[0], 1, NULL, &metadata, PATIENCE_MS);
    if (error) {
        audit_fault(q->audit, "kafka: %s", rd_kafka_err2str(error));
        return;
    }
    for (int i = 0; i < metadata->topic_cnt; i++) {
        int topic = topic_named(str_of(metadata->topics[i].topic));
        if (topic != WORD_UNKNOWN)
            q->partitions[topic] =
                metadata->topics[i].partition_cnt < PARTITIONS_MOST ? metadata->topics[i].partition_cnt : PARTITIONS_MOST;
    }
    rd_kafka_metadata_destroy(metadata);
    for (int topic = 0; topic < TOPICS; topic++)
        if (q->partitions[topic] == 0)
            audit_fault(q->audit, "kafka: there is no topic %s", topic_names[topic].p);
}

static void find_ends(struct quiet *q)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(TOPICS * 12);
    for (int topic = 0; topic < TOPICS; topic++)
        for (int p = 0; p < q->partitions[topic]; p++)
            rd_kafka_topic_partition_list_add(list, topic_names[topic].p, p)->offset = -1; /* the time of the latest, for Kafka */
    rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(q->groups[0], list, PATIENCE_MS);
    for (int i = 0; !error && i < list->cnt; i++) {
        error = list->elems[i].err;
        q->ends[topic_named(str_of(list->elems[i].topic))][list->elems[i].partition] = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (error)
        audit_fault(q->audit, "kafka: where the topics end: %s", rd_kafka_err2str(error));
}

static bool reads(enum context context, int topic)
{
    for (int event = 0; event < EVENTS; event++)
        if (event_words[event].readers & 1u << context && (int)kind_words[event_words[event].kind].topic == topic)
            return true;
    return false;
}

static void compare_position(struct quiet *q, enum context context, int topic, int partition, int64_t position)
{
    int64_t end = q->ends[topic][partition];
    q->looked++;
    if (position > end)
        disturb(q, (struct uuid){{0}}, "%s is at %lld of %s/%d, which ends at %lld", context_names[context].p, (long long)position,
                topic_names[topic].p, partition, (long long)end);
    else if ((position < 0 ? 0 : position) < end)
        disturb(q, (struct uuid){{0}}, "%s lags: it is at %lld of %s/%d, which ends at %lld", context_names[context].p, (long long)position,
                topic_names[topic].p, partition, (long long)end);
}

static void look_at_group(struct quiet *q, enum context context)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(TOPICS * 12);
    for (int topic = 0; topic < TOPICS; topic++)
        for (int p = 0; reads(context, topic) && p < q->partitions[topic]; p++)
            rd_kafka_topic_partition_list_add(list, topic_names[topic].p, p);
    rd_kafka_resp_err_t error = rd_kafka_committed(q->groups[context], list, PATIENCE_MS);
    if (error)
        audit_fault(q->audit, "kafka: the positions of %s: %s", context_names[context].p, rd_kafka_err2str(error));
    for (int i = 0; !error && i < list->cnt; i++)
        compare_position(q, context, topic_named(str_of(list->elems[i].topic)), list->elems[i].partition, list->elems[i].offset);
    rd_kafka_topic_partition_list_destroy(list);
}

static int64_t view_position(struct quiet *q, const char *generation, int topic, int partition)
{
    char key[80], field[80];
    int n = snprintf(key, sizeof key, "view:%s:positions", generation);
    int m = snprintf(field, sizeof field, "%s:%d", topic_names[topic].p, partition);
    int64_t position;
    cache_send(q->cache, 3, (struct str[]){STR("HGET"), {key, (size_t)n}, {field, (size_t)m}});
    const struct cache_reply *reply = cache_receive(q->cache);
    if (!reply)
        audit_fault(q->audit, "redis: %s", cache_fault(q->cache));
    return reply && str_to_int64(cache_text(reply), &position) ? position : -1;
}

static void look_at_view(struct quiet *q)
{
    struct generation g;
    if (!generation_find(q->cache, &g)) {
        audit_fault(q->audit, "redis: %s", cache_fault(q->cache));
        return;
    }
    if (!g.settled)
        disturb(q, (struct uuid){{0}}, "the view is being %s", g.name[0] ? "rebuilt" : "filled from the beginning");
    for (int topic = 0; topic < TOPICS; topic++)
        for (int p = 0; reads(CONTEXT_VIEW, topic) && p < q->partitions[topic] && !q->audit->fault[0]; p++)
            compare_position(q, CONTEXT_VIEW, topic, p, view_position(q, g.name, topic, p));
}

/* ── until it is quiet ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool look(struct quiet *q)
{
    q->disturbed = q->looked = 0;
    find_ends(q);
    for (enum context context = 0; context < DATABASES; context++) {
        look_at_database(q, context);
        look_at_group(q, context);
    }
    look_at_view(q);
    if (q->disturbed == 0)
        look_at_notices(q);
    return q->disturbed == 0;
}

struct quiet *quiet_await(struct audit *a)
{
    struct quiet *q = NEW(struct quiet);
    duration began = clock_monotonic();
    q->audit = a;
    q->cache = cache_new(a->redis);
    if (!q->cache)
        audit_fault(a, "redis: not of the form redis://[:password@]host:port/database");
    for (int i = 0; i < DATABASES && !a->fault[0]; i++)
        q->groups[i] = group_new(a, context_names[i].p);
    if (!a->fault[0])
        find_topics(q);
    while (!a->fault[0] && !look(q)) {
        if (clock_monotonic() - began > a->patience) {
            q->tells = true;
            look(q);
            break;
        }
        usleep(PAUSE_MS * 1000);
    }
    q->tells = false;
    struct tally t = {.looked = {[16] = q->looked}, .took = {[16] = clock_monotonic() - began}};
    findings_count(&a->findings, &t);
    return q;
}

bool quiet_still(struct audit *a, struct quiet *q)
{
    struct quiet before = *q;
    if (a->fault[0])
        return true;
    look(q);
    return memcmp(before.ends, q->ends, sizeof q->ends) == 0 && memcmp(before.written, q->written, sizeof q->written) == 0;
}

void quiet_free(struct quiet *q)
{
    for (int i = 0; i < DATABASES; i++)
        if (q->groups[i])
            rd_kafka_destroy(q->groups[i]);
    if (q->cache)
        cache_free(q->cache);
    free(q);
}
