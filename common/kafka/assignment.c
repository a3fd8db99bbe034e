/* The partitions that the group has given us, and how far each is applied. */
#include "assignment.h"

#include "client.h"
#include "crash.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* Kafka answers in a few milliseconds; without an answer, the next owner gets some records again, which does no harm. */
#define COMMIT_PATIENCE SECONDS(3)
#define ROUSE_PATIENCE  MILLISECONDS(50)

void assignment_init(struct assignment *a, const struct kafka_positions *positions, void *ctx)
{
    *a = (struct assignment){.positions = positions, .ctx = ctx};
    pthread_mutex_init(&a->lock, NULL);
}

void assignment_release(struct assignment *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->partitions[i].topic);
    free(a->partitions);
    pthread_mutex_destroy(&a->lock);
}

/* Records come in runs of one partition: the search begins where the last one ended. */
static struct partition *assignment_find(struct assignment *a, const char *topic, int32_t number)
{
    for (size_t i = 0; i < a->n; i++) {
        size_t at = (a->last + i) % a->n;
        struct partition *p = &a->partitions[at];
        if (p->number == number && strcmp(p->topic, topic) == 0) {
            a->last = at;
            return p;
        }
    }
    return NULL;
}

static void error_log(const char *message, rd_kafka_error_t *error)
{
    if (error != NULL)
        log_warning(message, LOG_STR("reason", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
}

/* ── gained and lost ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Here the group is only answered; fetching is another step, for the positions may not be known yet. */
void assignment_gain(struct assignment *a, const rd_kafka_topic_partition_list_t *gained)
{
    pthread_mutex_lock(&a->lock);
    a->partitions = memory_resize(a->partitions, (a->n + (size_t)gained->cnt + 1) * sizeof(*a->partitions));
    for (int i = 0; i < gained->cnt; i++) {
        const rd_kafka_topic_partition_t *g = &gained->elems[i];
        if (assignment_find(a, g->topic, g->partition) == NULL)
            a->partitions[a->n++] = (struct partition){
                .topic = memory_strdup(g->topic),
                .number = g->partition,
                .next = POSITION_UNKNOWN,
                .applied = POSITION_UNKNOWN,
                .committed = POSITION_UNKNOWN,
            };
    }
    pthread_mutex_unlock(&a->lock);
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
    error_log("kafka consumer: the group got no answer", rd_kafka_incremental_assign(a->rk, none));
    rd_kafka_topic_partition_list_destroy(none);
}

static void assignment_forget(struct assignment *a, const rd_kafka_topic_partition_list_t *lost)
{
    pthread_mutex_lock(&a->lock);
    for (int i = 0; i < lost->cnt; i++) {
        struct partition *p = assignment_find(a, lost->elems[i].topic, lost->elems[i].partition);
        if (p == NULL)
            continue;
        free(p->topic);
        *p = a->partitions[--a->n];
        a->last = 0;
    }
    pthread_mutex_unlock(&a->lock);
}

/* Of those taken from us, librdkafka wants to hear only of what it has been told to fetch; but hear it must, else the group waits. */
void assignment_lose(struct assignment *a, const rd_kafka_topic_partition_list_t *lost)
{
    rd_kafka_topic_partition_list_t *all = NULL, *ours = rd_kafka_topic_partition_list_new(lost->cnt);
    rd_kafka_assignment(a->rk, &all);
    for (int i = 0; all != NULL && i < lost->cnt; i++)
        if (rd_kafka_topic_partition_list_find(all, lost->elems[i].topic, lost->elems[i].partition) != NULL)
            rd_kafka_topic_partition_list_add(ours, lost->elems[i].topic, lost->elems[i].partition);
    rd_kafka_resume_partitions(a->rk, ours); /* a pause would outlive the assignment */
    error_log("kafka consumer: partitions not unassigned", rd_kafka_incremental_unassign(a->rk, ours));
    rd_kafka_topic_partition_list_destroy(ours);
    if (all != NULL)
        rd_kafka_topic_partition_list_destroy(all);
    assignment_forget(a, lost);
}

/* ── where each begins ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static rd_kafka_topic_partition_list_t *assignment_list(const struct assignment *a, bool placed)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)a->n);
    for (size_t i = 0; i < a->n; i++)
        if (a->partitions[i].placed == placed)
            rd_kafka_topic_partition_list_add(list, a->partitions[i].topic, a->partitions[i].number);
    return list;
}

static bool assignment_load(const struct assignment *a, rd_kafka_topic_partition_list_t *list)
{
    struct kafka_position *positions = memory_new((size_t)list->cnt * sizeof(*positions));
    for (int i = 0; i < list->cnt; i++)
        positions[i] = (struct kafka_position){list->elems[i].topic, list->elems[i].partition, POSITION_UNKNOWN};
    bool loaded = a->positions->load(a->ctx, positions, (size_t)list->cnt);
    for (int i = 0; loaded && i < list->cnt; i++)
        list->elems[i].offset = positions[i].next < 0 ? RD_KAFKA_OFFSET_BEGINNING : positions[i].next;
    free(positions);
    return loaded;
}

bool assignment_waits(const struct assignment *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (!a->partitions[i].placed)
            return true;
    return false;
}

/* Not in the rebalance callback: waiting there for positions would hold up the whole group. */
bool assignment_place(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *list = assignment_list(a, false);
    bool known = a->positions == NULL || assignment_load(a, list);
    if (known) {
        pthread_mutex_lock(&a->lock);
        for (int i = 0; i < list->cnt; i++) {
            struct partition *p = assignment_find(a, list->elems[i].topic, list->elems[i].partition);
            invariant(p); /* the list is of what we have, and only a rebalance, which this thread serves, changes that */
            p->placed = true;
            p->next = list->elems[i].offset >= 0 ? list->elems[i].offset : POSITION_UNKNOWN;
        }
        pthread_mutex_unlock(&a->lock);
        error_log("kafka consumer: partitions not assigned", rd_kafka_incremental_assign(a->rk, list));
    }
    rd_kafka_topic_partition_list_destroy(list);
    return known;
}

/* Not by seeking: what was fetched before the seek, and where a pause goes on, are then easily confused. */
void assignment_displace(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *list = assignment_list(a, true);
    if (list->cnt > 0)
        error_log("kafka consumer: partitions not unassigned", rd_kafka_incremental_unassign(a->rk, list));
    rd_kafka_topic_partition_list_destroy(list);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n; i++)
        a->partitions[i].placed = false;
    pthread_mutex_unlock(&a->lock);
}

void assignment_pause(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *list = assignment_list(a, true);
    rd_kafka_pause_partitions(a->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void assignment_resume(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *list = assignment_list(a, true);
    rd_kafka_resume_partitions(a->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* ── how far each is applied ────────────────────────────────────────────────────────────────────────────────────────────────────── */

void assignment_seen(struct assignment *a, const rd_kafka_message_t *message)
{
    struct partition *p = assignment_find(a, rd_kafka_topic_name(message->rkt), message->partition);
    if (p == NULL || p->next != POSITION_UNKNOWN)
        return;
    pthread_mutex_lock(&a->lock);
    p->next = message->offset;
    pthread_mutex_unlock(&a->lock);
}

void assignment_applied(struct assignment *a, const struct batch *b)
{
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < b->n; i++) {
        const rd_kafka_message_t *m = b->messages[i];
        struct partition *p = assignment_find(a, rd_kafka_topic_name(m->rkt), m->partition);
        invariant(p != NULL); /* what is lost is dropped from the batch */
        p->next = p->applied = m->offset + 1;
    }
    pthread_mutex_unlock(&a->lock);
}

int64_t assignment_lag(struct assignment *a, const char *topic)
{
    int64_t lag = 0;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n; i++) {
        const struct partition *p = &a->partitions[i];
        int64_t low = 0, high = 0;
        if (strcmp(p->topic, topic) != 0 || p->next == POSITION_UNKNOWN)
            continue;
        if (rd_kafka_get_watermark_offsets(a->rk, p->topic, p->number, &low, &high) == RD_KAFKA_RESP_ERR_NO_ERROR && high > p->next)
            lag += high - p->next;
    }
    pthread_mutex_unlock(&a->lock);
    return lag;
}

/* ── a queue that was full ────────────────────────────────────────────────────────────────────────────────────────────────────── */

/*
 * librdkafka 2.0.2 looks but once a second whether the queue has room again (the fixed backoff of its issues 1377 and 2879). Whatever it
 * has to send to a broker wakes the thread that would look: a question for the ends of our partitions goes to just those brokers. The
 * answer is of no interest; one that is late is dropped.
 */
void assignment_rouse(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)a->n);
    for (size_t i = 0; i < a->n; i++)
        if (a->partitions[i].placed)
            rd_kafka_topic_partition_list_add(list, a->partitions[i].topic, a->partitions[i].number)->offset = RD_KAFKA_OFFSET_END;
    if (list->cnt > 0)
        (void)rd_kafka_offsets_for_times(a->rk, list, client_milliseconds(ROUSE_PATIENCE));
    rd_kafka_topic_partition_list_destroy(list);
}

/* ── commits ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool partition_uncommitted(const struct partition *p)
{
    return p->applied != POSITION_UNKNOWN && p->applied != p->committed;
}

bool assignment_uncommitted(const struct assignment *a)
{
    for (size_t i = 0; i < a->n && a->positions == NULL; i++)
        if (partition_uncommitted(&a->partitions[i]))
            return true;
    return false;
}

/* What is to be committed now, of `only` or (NULL) of all; NULL when nothing. */
static rd_kafka_topic_partition_list_t *assignment_take_uncommitted(struct assignment *a, const rd_kafka_topic_partition_list_t *only)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)a->n);
    for (size_t i = 0; i < a->n && a->positions == NULL; i++) {
        struct partition *p = &a->partitions[i];
        if (!partition_uncommitted(p))
            continue;
        if (only != NULL && !rd_kafka_topic_partition_list_find((rd_kafka_topic_partition_list_t *)only, p->topic, p->number))
            continue;
        rd_kafka_topic_partition_list_add(list, p->topic, p->number)->offset = p->applied;
        p->committed = p->applied;
    }
    if (list->cnt > 0)
        return list;
    rd_kafka_topic_partition_list_destroy(list);
    return NULL;
}

void assignment_commit_failed(struct assignment *a, const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; partitions != NULL && i < partitions->cnt; i++) {
        struct partition *p = assignment_find(a, partitions->elems[i].topic, partitions->elems[i].partition);
        if (p != NULL)
            p->committed = POSITION_UNKNOWN;
    }
}

void assignment_commit(struct assignment *a)
{
    rd_kafka_topic_partition_list_t *list = assignment_take_uncommitted(a, NULL);
    if (list == NULL)
        return;
    crash_point(CRASH_POSITION_COMMIT);
    if (rd_kafka_commit(a->rk, list, 1) != RD_KAFKA_RESP_ERR_NO_ERROR)
        assignment_commit_failed(a, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* rd_kafka_commit would wait as long as the broker is away; a queue of our own may be waited for as long as we like. */
void assignment_commit_now(struct assignment *a, const rd_kafka_topic_partition_list_t *only)
{
    rd_kafka_topic_partition_list_t *list = assignment_take_uncommitted(a, only);
    if (list == NULL)
        return;
    rd_kafka_queue_t *answers = rd_kafka_queue_new(a->rk);
    rd_kafka_commit_queue(a->rk, list, answers, NULL, NULL);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(answers, client_milliseconds(COMMIT_PATIENCE));
    if (answer == NULL || rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        assignment_commit_failed(a, list);
        log_info("kafka consumer: positions not committed; their records will come again",
                 LOG_STR("reason", answer == NULL ? "no answer in time" : rd_kafka_event_error_string(answer)));
    }
    rd_kafka_event_destroy(answer);
    rd_kafka_queue_destroy(answers);
    rd_kafka_topic_partition_list_destroy(list);
}
