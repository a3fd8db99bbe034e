/* Projector: a batch of records becomes scripts, dead letters and positions, in this order. */
#include "inbound/projector.h"

#include "crash.h"
#include "log.h"
#include "memory.h"
#include "trace.h"
#include <stdlib.h>
#include <string.h>

struct projector *projector_new(struct cache *cache, struct letters *letters)
{
    struct projector *p = NEW(struct projector);
    p->cache = cache;
    p->letters = letters;
    arena_init(&p->arena);
    return p;
}

struct projector *projector_new_rebuilding(struct cache *cache, const char *generation)
{
    struct projector *p = projector_new(cache, NULL);
    p->generations = generation_rebuilding(generation);
    p->rebuilding = true;
    return p;
}

void projector_free(struct projector *p)
{
    for (size_t i = 0; i < p->left_count; i++)
        free((char *)p->left[i].topic);
    free(p->left);
    arena_release(&p->arena);
    cache_free(p->cache);
    free(p);
}

static bool connected(struct projector *p)
{
    static _Atomic int64_t last;
    if (cache_connect(p->cache))
        return true;
    if (log_every(&last, SECONDS(5)))
        log_warning("waiting for Redis", LOG_STR("fault", cache_fault(p->cache)));
    return false;
}

/* ── positions ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Records come in runs of one partition: the search begins where the last one ended. */
static struct kafka_position *left_at(struct projector *p, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < p->left_count; i++) {
        size_t at = (p->last + i) % p->left_count;
        if (p->left[at].partition == partition && strcmp(p->left[at].topic, topic) == 0) {
            p->last = at;
            return &p->left[at];
        }
    }
    p->left = memory_resize(p->left, (p->left_count + 1) * sizeof *p->left);
    p->left[p->left_count] = (struct kafka_position){memory_strdup(topic), partition, -1};
    return &p->left[p->left_count++];
}

bool projector_positions(void *projector, struct kafka_position *positions, size_t n)
{
    struct projector *p = projector;
    if (!connected(p) || (!p->rebuilding && !generations_load(p->cache, &p->generations)) ||
        !view_positions_load(p->cache, p->generations.writes, positions, n))
        return false;
    for (size_t i = 0; i < n; i++)
        left_at(p, positions[i].topic, positions[i].partition)->next = positions[i].next;
    return true;
}

/* The partitions of a batch, each with the offset behind its last record. */
static size_t reached_by(struct projector *p, const struct kafka_record *records, size_t n, struct kafka_position **out)
{
    struct kafka_position *reached = ARENA_ARRAY(&p->arena, struct kafka_position, n);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        const struct kafka_record *r = &records[i];
        if (at >= count || reached[at].partition != r->partition || strcmp(reached[at].topic, r->topic.p) != 0)
            for (at = 0; at < count && (reached[at].partition != r->partition || strcmp(reached[at].topic, r->topic.p) != 0);)
                at++;
        if (at == count)
            reached[count++] = (struct kafka_position){.topic = r->topic.p, .partition = r->partition};
        reached[at].next = r->offset + 1;
    }
    *out = reached;
    return count;
}

/*
 * Asked before each batch, for a cheap round trip: a Redis that was started again may have lost its last second, one that was flushed or
 * restored knows something else altogether, and another generation may be written by now. Newer events must not be applied on top of a gap:
 * their versions would shut out the lost ones.
 */
static bool is_where_we_left_it(struct projector *p, const struct kafka_position *reached, size_t n, bool *agrees)
{
    struct kafka_position *now = arena_copy(&p->arena, reached, n * sizeof *now);
    struct view_generations generations;
    if (!view_positions_look(p->cache, p->generations.writes, now, n, &generations))
        return false;
    *agrees = p->rebuilding || strcmp(generations.writes, p->generations.writes) == 0;
    if (*agrees && !p->rebuilding)
        p->generations = generations; /* another may be read by now */
    for (size_t i = 0; i < n; i++)
        *agrees &= now[i].next == left_at(p, now[i].topic, now[i].partition)->next;
    return true;
}

static bool positions_save(struct projector *p, const struct kafka_position *reached, size_t n)
{
    crash_point(CRASH_POSITION_COMMIT);
    if (!view_positions_save(p->cache, p->generations.writes, reached, n))
        return false;
    for (size_t i = 0; i < n; i++)
        left_at(p, reached[i].topic, reached[i].partition)->next = reached[i].next;
    return true;
}

/* ── a batch ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum view_verdict projector_fold(struct arena *arena, const struct kafka_record *r, struct view_change *change, struct str *reason)
{
    struct cloud_event event;
    struct str topic, name;
    int major;
    if (!cloud_event_decode(r, &event, arena, reason))
        return VIEW_DEAD;
    if (!cloud_event_type(event.type, &topic, &name, &major))
        return *reason = STR("ce_type: not <topic>.<name>.v<major>"), VIEW_DEAD;
    enum view_verdict verdict = projection_fold(arena, &event, change, reason);
    if (verdict == VIEW_CHANGES && !str_equal(topic, r->topic))
        return *reason = arena_printf(arena, "ce_type: belongs to topic %.*s", STR_ARG(topic)), VIEW_DEAD;
    return verdict;
}

/* Whoever waits for an answer sends all that is queued: so the batch is parted, before this change. */
static void perhaps_crash_at_write(struct projector *p, size_t sent)
{
    if (!crash_due(CRASH_REDIS_WRITE))
        return;
    if (sent > 0)
        (void)cache_receive(p->cache);
    crash_now(CRASH_REDIS_WRITE);
}

/* By these lines of all contexts an order is followed. */
static void tell(const struct kafka_record *r, const struct view_change *change)
{
    struct str topic, name;
    int major;
    if (cloud_event_type(kafka_record_header(r, STR("ce_type")), &topic, &name, &major))
        log_debug("shown", LOG_ID("correlation", change->order), LOG_TEXT_OF("trace", trace_id(kafka_record_header(r, STR("traceparent")))),
                  LOG_TEXT_OF("event", name));
}

/* Returns how many scripts were sent; *reasons of those that are dead are set. */
static size_t send_all(struct projector *p, const struct kafka_record *records, size_t n, struct str *reasons)
{
    size_t sent = 0, passed = 0;
    for (size_t i = 0; i < n; i++) {
        struct view_change change;
        switch (projector_fold(&p->arena, &records[i], &change, &reasons[i])) {
        case VIEW_CHANGES:
            perhaps_crash_at_write(p, sent);
            view_send(p->cache, &p->generations, &change);
            sent++;
            if (!p->rebuilding)
                tell(&records[i], &change);
            break;
        case VIEW_PASSES: passed++; break;
        case VIEW_DEAD: break;
        }
    }
    counter_add(&p->passed_over, passed);
    return sent;
}

static bool receive_all(struct projector *p, size_t sent)
{
    uint64_t applied = 0, moved = 0;
    for (size_t i = 0; i < sent; i++) {
        enum view_applied what = view_receive(p->cache);
        if (what == VIEW_FAULT)
            return false;
        applied += what == VIEW_APPLIED;
        moved += what == VIEW_MOVED;
    }
    counter_add(&p->applied, applied);
    counter_add(&p->known_already, sent - applied - moved);
    return moved == 0;
}

static enum kafka_verdict apply(struct projector *p, const struct kafka_record *records, size_t n)
{
    struct kafka_position *reached;
    size_t reached_count = reached_by(p, records, n, &reached);
    bool agrees;
    if (p->may_reach && !p->may_reach(p->ctx, reached, reached_count))
        return KAFKA_RETRY;
    if (!connected(p) || !is_where_we_left_it(p, reached, reached_count, &agrees))
        return KAFKA_RETRY;
    if (!agrees) {
        log_warning("Redis is not where it was left: going back to what it knows");
        p->rewind(p->ctx);
        return KAFKA_RETRY;
    }
    struct str *reasons = ARENA_ARRAY(&p->arena, struct str, n);
    size_t sent = send_all(p, records, n, reasons);
    bool done = receive_all(p, sent) && (p->rebuilding || letters_send(p->letters, &p->arena, records, reasons, n)) &&
                positions_save(p, reached, reached_count);
    return done ? KAFKA_APPLIED : KAFKA_RETRY;
}

enum kafka_verdict projector_apply(void *projector, const struct kafka_record *records, size_t n)
{
    struct projector *p = projector;
    arena_reset(&p->arena);
    return apply(p, records, n);
}
