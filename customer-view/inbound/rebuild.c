/* Rebuild: build, compare, hand over, drop; each step as gently as it must be beside a view that is in use. */
#include "inbound/rebuild.h"

#include "clock.h"
#include "inbound/inbound.h"
#include "inbound/projector.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include "outbound/comparison.h"
#include "settings.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK            MILLISECONDS(50)
#define RENEWAL         (REBUILDING_LEASE / 5)
#define KAFKA_PATIENCE  SECONDS(30)
#define REST_MOST       MILLISECONDS(100)
#define LOOKS           32 /* at orders, in one pipeline */
#define PENDING_MAX     1000
#define SETTLE_PATIENCE SECONDS(60)

static const struct kafka_positions positions = {projector_positions};

static struct {
    pthread_mutex_t lock; /* around beginning and stopping */
    pthread_t thread;
    bool to_join;
    atomic_bool running, stopping;

    /* the thread's */
    struct rebuilding rebuilding;
    struct view_generations live; /* as they were when it began: settled */
    struct cache *cache;
    struct arena arena;
    duration renewed;
    char problem[300];

    _Atomic(struct kafka_consumer *) consumer; /* NULL: not any more */
    atomic_bool enough;                        /* it is about to be stopped */
    struct projector *projector;
    struct kafka_extent *extents;
    size_t extent_count;
    struct subject *pending;
    size_t pending_count;
    int64_t compared, unsettled;

    /* its consumer's thread's */
    struct cache *live_cache;
    duration let_through; /* monotonic: when the batch was */
} rebuild = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ── going on ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void pause_for(duration d)
{
    struct timespec t = {.tv_sec = d / SECONDS(1), .tv_nsec = (long)(d % SECONDS(1)) * 1000};
    nanosleep(&t, NULL);
}

static bool fail(const char *problem)
{
    if (!rebuild.problem[0])
        (void)snprintf(rebuild.problem, sizeof rebuild.problem, "%s", problem);
    return false;
}

/* Before every step: are we to go on? A Redis that is away is waited for. */
static bool go_on(void)
{
    bool ours;
    while (!atomic_load(&rebuild.stopping)) {
        duration now = clock_monotonic();
        if (cache_connected(rebuild.cache) && now - rebuild.renewed < RENEWAL)
            return true;
        if (cache_connect(rebuild.cache) && rebuilding_renew(rebuild.cache, &rebuild.rebuilding, &ours)) {
            rebuild.renewed = now;
            return ours ? true : fail("Redis knows nothing of it any more: it was emptied, or did not answer for too long");
        }
        pause_for(TICK);
    }
    return fail("the service was stopped");
}

/* As long as the step took: so Redis has at least half of its time for everybody else. */
static void rest_since(duration began)
{
    duration took = clock_monotonic() - began;
    pause_for(took > REST_MOST ? REST_MOST : took);
}

static bool enter(const char *state)
{
    log_info("the view is rebuilt", LOG_STR("state", state), LOG_STR("generation", rebuild.rebuilding.generation));
    for (;;) {
        if (!go_on())
            return false;
        if (rebuilding_note(rebuild.cache, &rebuild.rebuilding, "state", str_of(state)))
            return true;
        rebuild.renewed = 0; /* go_on() says whether it is ours */
        pause_for(TICK);
    }
}

static void note(const char *field, int64_t value)
{
    (void)rebuilding_note_number(rebuild.cache, &rebuild.rebuilding, field, value); /* the next note, or go_on(), makes up for it */
}

/* ── dropping ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool sweep(const char *keep)
{
    struct sweeping s = {.cursor = "0"};
    bool begun = false;
    while (!begun || strcmp(s.cursor, "0") != 0) {
        if (!go_on())
            return false;
        duration began = clock_monotonic();
        begun |= generations_sweep(rebuild.cache, keep, &s);
        rest_since(began);
    }
    if (s.dropped > 0)
        log_info("a generation of the view that is no more was dropped", LOG_INT("keys", s.dropped));
    return true;
}

/* ── building ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool live_has(const struct kafka_position *reached, size_t n)
{
    struct arena arena;
    arena_init(&arena);
    struct kafka_position *now = arena_copy(&arena, reached, n * sizeof *now);
    bool has = cache_connect(rebuild.live_cache) && view_positions_load(rebuild.live_cache, rebuild.live.writes, now, n);
    for (size_t i = 0; has && i < n; i++)
        has = now[i].next >= reached[i].next;
    arena_release(&arena);
    return has;
}

/* A batch waits until the live view has all of it: what a rebuilding applies, nobody is told, so it must have been told before. */
static bool may_reach(void *ctx, const struct kafka_position *reached, size_t n)
{
    (void)ctx;
    while (!live_has(reached, n)) {
        if (atomic_load(&rebuild.enough))
            return false;
        pause_for(TICK);
    }
    rebuild.let_through = clock_monotonic();
    return true;
}

/* And it rests as long as it took, and as long as the settings say. */
static enum kafka_verdict apply_and_rest(void *projector, const struct kafka_record *records, size_t n)
{
    enum kafka_verdict verdict = projector_apply(projector, records, n);
    if (verdict == KAFKA_APPLIED)
        rest_since(rebuild.let_through);
    for (duration left = view_config.rebuild_pause; left > 0 && !atomic_load(&rebuild.enough); left -= TICK)
        pause_for(left < TICK ? left : TICK);
    return verdict;
}

static void rewind_build(void *ctx)
{
    (void)ctx;
    struct kafka_consumer *c = rebuild.consumer;
    if (c)
        kafka_consumer_rewind(c);
}

/* In a group of its own, which is gone with it: nothing is ever committed there. */
static void start_building(void)
{
    char group[64];
    (void)snprintf(group, sizeof group, "customer-view-rebuild-%s", rebuild.rebuilding.generation);
    rebuild.projector = projector_new_rebuilding(cache_new(view_config.redis_url), rebuild.rebuilding.generation);
    rebuild.projector->rewind = rewind_build;
    rebuild.projector->may_reach = may_reach;
    rebuild.consumer = kafka_consumer_start(&(struct kafka_consumer_config){
        .brokers = view_config.kafka_brokers,
        .group = group,
        .topics = view_topics,
        .topic_count = VIEW_TOPICS,
        .apply = apply_and_rest,
        .ctx = rebuild.projector,
        .positions = &positions,
    });
}

static void stop_building(void)
{
    struct kafka_consumer *c = rebuild.consumer;
    atomic_store(&rebuild.enough, true);
    rebuild.consumer = NULL;
    kafka_consumer_stop(c);
}

/* Where the topics end now. */
static bool look_at_topics(void)
{
    duration until = clock_monotonic() + KAFKA_PATIENCE;
    while (go_on()) {
        arena_reset(&rebuild.arena);
        if (view_extents(SECONDS(5), &rebuild.arena, &rebuild.extents, &rebuild.extent_count))
            return true;
        if (clock_monotonic() > until)
            return fail("Kafka does not tell how far the topics reach");
        pause_for(TICK);
    }
    return false;
}

static bool topics_are_whole(void)
{
    for (size_t i = 0; i < rebuild.extent_count; i++) {
        const struct kafka_extent *e = &rebuild.extents[i];
        if (e->begin == 0)
            continue;
        (void)snprintf(rebuild.problem, sizeof rebuild.problem,
                       "partition %d of %s begins at %lld: what came before it is gone, and what is built from it would not be whole",
                       (int)e->partition, e->topic, (long long)e->begin);
        return false;
    }
    return true;
}

static bool reached(const char *generation, bool *all)
{
    struct generation_reach reach;
    if (!generation_reach(rebuild.cache, generation, rebuild.extents, rebuild.extent_count, &reach))
        return false;
    if (strcmp(generation, rebuild.rebuilding.generation) == 0) {
        note("read", reach.read);
        note("total", reach.total);
    }
    *all = reach.all;
    return true;
}

/* Until both have all that was on the topics when they were looked at. */
static bool catch_up(void)
{
    bool live = false, built = false;
    while (!live || !built) {
        if (!go_on())
            return false;
        if (!reached(rebuild.rebuilding.generation, &built) || !reached(rebuild.live.writes, &live))
            live = built = false;
        if (!live || !built)
            pause_for(TICK);
    }
    return true;
}

/* A second view needs as much again; and a Redis that is full would take nothing of the live one, either. */
static bool there_is_room(void)
{
    int64_t used, most;
    bool known = false;
    while (!known) {
        if (!go_on())
            return false;
        known = rebuilding_room(rebuild.cache, &used, &most);
    }
    if (most == 0 || used <= most / 2)
        return true;
    (void)snprintf(rebuild.problem, sizeof rebuild.problem, "Redis has no room for a second view: %lld of %lld bytes are used",
                   (long long)used, (long long)most);
    return false;
}

static bool prepare(void)
{
    bool known = false;
    while (!known) {
        if (!go_on())
            return false;
        known = generations_load(rebuild.cache, &rebuild.live);
    }
    if (!generations_settled(&rebuild.live))
        return fail("the view is being filled, or taken over, just now");
    return sweep(rebuild.rebuilding.generation) && there_is_room();
}

static bool build(void)
{
    start_building();
    return look_at_topics() && topics_are_whole() && catch_up();
}

/* ── comparing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct comparison between(void)
{
    return (struct comparison){.live = rebuild.live.writes, .rebuilt = rebuild.rebuilding.generation};
}

/* Looks at n ≤ LOOKS of them. differs[i]: how many differences; each is passed on when it is one that has stayed. False: a fault. */
static bool look(struct subject *subjects, size_t n, bool again, struct arena *arena, bool *done)
{
    struct comparison c = between();
    struct difference differences[DIFFERENCES_MAX];
    struct str *found = ARENA_ARRAY(arena, struct str, n * DIFFERENCES_MAX);
    size_t found_count = 0;
    for (size_t i = 0; i < n; i++)
        comparison_send(rebuild.cache, &c, &subjects[i]);
    for (size_t i = 0; i < n; i++) {
        size_t count;
        struct subject was = subjects[i];
        if (!comparison_receive(rebuild.cache, arena, &subjects[i], differences, &count))
            return false;
        bool stays = again && strcmp(was.print, subjects[i].print) == 0;
        done[i] = count == 0 || stays;
        for (size_t d = 0; stays && d < count; d++)
            found[found_count++] = difference_json(arena, &subjects[i], &differences[d]);
    }
    for (size_t i = 0; i < found_count; i++)
        (void)rebuilding_difference(rebuild.cache, &rebuild.rebuilding, found[i]);
    return true;
}

/* Looks at all; what is not done with stays, in front; how many. */
static bool look_at_all(struct subject *subjects, size_t *n, bool again)
{
    size_t left = 0;
    for (size_t at = 0; at < *n;) {
        size_t count = *n - at < LOOKS ? *n - at : LOOKS;
        bool done[LOOKS];
        struct arena arena;
        if (!go_on())
            return false;
        duration began = clock_monotonic();
        arena_init(&arena);
        bool looked = look(subjects + at, count, again, &arena, done);
        arena_release(&arena);
        rest_since(began);
        for (size_t i = 0; looked && i < count; i++)
            if (!done[i])
                subjects[left++] = subjects[at + i];
        at += looked ? count : 0;
    }
    *n = left;
    return true;
}

static int subject_compare(const void *a, const void *b)
{
    const struct subject *x = a, *y = b;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : strcmp(x->id, y->id);
}

static void drop_copies(struct subject *subjects, size_t *n)
{
    size_t kept = 0;
    qsort(subjects, *n, sizeof *subjects, subject_compare);
    for (size_t i = 0; i < *n; i++)
        if (kept == 0 || subject_compare(&subjects[kept - 1], &subjects[i]) != 0)
            subjects[kept++] = subjects[i];
    *n = kept;
}

/*
 * One generation may have been ahead when they were looked at. Both catch up with what is on the topics by then, and are looked at again:
 * what is still the same on both sides differs; what has changed is looked at once more.
 */
static bool settle_pending(void)
{
    duration until = clock_monotonic() + SETTLE_PATIENCE;
    drop_copies(rebuild.pending, &rebuild.pending_count);
    while (rebuild.pending_count > 0 && clock_monotonic() < until)
        if (!look_at_topics() || !catch_up() || !look_at_all(rebuild.pending, &rebuild.pending_count, true))
            return false;
    rebuild.unsettled += (int64_t)rebuild.pending_count;
    rebuild.pending_count = 0;
    note("compared", rebuild.compared);
    note("unsettled", rebuild.unsettled);
    return true;
}

static bool compare_these(struct subject *subjects, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rebuild.compared += subjects[i].kind == SUBJECT_ORDER;
    if (!look_at_all(subjects, &n, false))
        return false;
    rebuild.pending = memory_resize(rebuild.pending, (rebuild.pending_count + n + 1) * sizeof *rebuild.pending);
    memcpy(rebuild.pending + rebuild.pending_count, subjects, n * sizeof *subjects);
    rebuild.pending_count += n;
    note("compared", rebuild.compared);
    return rebuild.pending_count < PENDING_MAX || settle_pending();
}

/* Of those of the live one: which the rebuilt one does not have, and so has not been asked for yet. */
static bool keep_missing(struct subject *subjects, size_t *n)
{
    char key[VIEW_KEY_MAX], rest[16 + UUID_TEXT];
    size_t missing = 0;
    for (size_t i = 0; i < *n; i++) {
        (void)snprintf(rest, sizeof rest, "%s:%s", subjects[i].kind == SUBJECT_ORDER ? "order" : "customer", subjects[i].id);
        cache_send(rebuild.cache, 2, (struct str[]){STR("EXISTS"), view_key(key, rebuild.rebuilding.generation, rest)});
    }
    for (size_t i = 0; i < *n; i++) {
        const struct cache_reply *r = view_reply(rebuild.cache);
        if (!r)
            return false;
        if (cache_integer(r) == 0)
            subjects[missing++] = subjects[i];
    }
    *n = missing;
    return true;
}

static bool compare_all_of(const char *generation, bool only_missing)
{
    struct subject *subjects = memory_new(SUBJECTS_MAX * sizeof *subjects);
    char cursor[24] = "0", next[24];
    bool good = true, begun = false;
    while (good && (!begun || strcmp(cursor, "0") != 0)) {
        size_t n;
        good = go_on();
        memcpy(next, cursor, sizeof next);
        if (!good || !comparison_scan(rebuild.cache, generation, next, subjects, &n) || (only_missing && !keep_missing(subjects, &n)))
            continue;
        good = compare_these(subjects, n);
        memcpy(cursor, next, sizeof cursor);
        begun = true;
    }
    free(subjects);
    return good;
}

static bool compare(void)
{
    return enter("COMPARING") && compare_all_of(rebuild.rebuilding.generation, false) && compare_all_of(rebuild.live.writes, true) &&
           settle_pending();
}

/* ── taking its place ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool look_at_generations(struct view_generations *now)
{
    while (go_on())
        if (generations_load(rebuild.cache, now))
            return true;
    return false;
}

/* From here on every replica writes both; before it, the rebuilding must have ended to: what it applied now, nobody would be told. */
static bool begin_to_hand_over(void)
{
    struct view_generations now;
    bool done = false;
    while (!done) {
        if (!look_at_generations(&now))
            return false;
        if (strcmp(now.text, rebuild.live.text) != 0)
            return fail("another generation is written by now");
        if (!generations_hand_over(rebuild.cache, &rebuild.live, rebuild.rebuilding.generation, &done))
            continue; /* perhaps it is done: then the next look tells */
        if (!done)
            return fail("it is ahead of the view that is read");
    }
    return true;
}

static bool handed_over(void)
{
    struct view_generations now = {0};
    while (!generations_settled(&now) || strcmp(now.reads, rebuild.rebuilding.generation) != 0) {
        if (!look_at_generations(&now))
            return fail("the service was stopped while the new generation took its place, which goes on without it");
        if (strcmp(now.writes, rebuild.rebuilding.generation) != 0)
            return fail("another generation is written by now");
        pause_for(TICK);
    }
    return true;
}

static bool hand_over(void)
{
    if (!enter("SWITCHING") || !look_at_topics() || !catch_up())
        return false;
    stop_building();
    return begin_to_hand_over() && handed_over();
}

static bool drop(void)
{
    return enter("DROPPING") && sweep(NULL);
}

/* ── the thread ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void *rebuild_run(void *unused)
{
    pthread_setname_np(pthread_self(), "rebuild");
    bool done = enter("BUILDING") && prepare() && build() && compare() && hand_over() && drop();
    stop_building();
    if (cache_connect(rebuild.cache))
        rebuilding_end(rebuild.cache, &rebuild.rebuilding, done ? "DONE" : "FAILED", str_of(done ? NULL : rebuild.problem));
    if (done)
        log_info("the view was rebuilt", LOG_INT("orders", rebuild.compared), LOG_INT("undecided", rebuild.unsettled));
    else
        log_error("the view was not rebuilt", LOG_STR("problem", rebuild.problem));
    if (rebuild.projector)
        projector_free(rebuild.projector);
    cache_free(rebuild.cache);
    cache_free(rebuild.live_cache);
    arena_release(&rebuild.arena);
    free(rebuild.pending);
    atomic_store(&rebuild.running, false);
    return unused;
}

static void start(const struct rebuilding *r)
{
    if (rebuild.to_join)
        pthread_join(rebuild.thread, NULL);
    rebuild.rebuilding = *r;
    rebuild.renewed = 0;
    rebuild.problem[0] = '\0';
    rebuild.cache = cache_new(view_config.redis_url);
    rebuild.live_cache = cache_new(view_config.redis_url);
    arena_init(&rebuild.arena);
    rebuild.projector = NULL;
    rebuild.pending = NULL;
    rebuild.pending_count = 0;
    rebuild.compared = rebuild.unsettled = 0;
    atomic_store(&rebuild.stopping, false);
    atomic_store(&rebuild.enough, false);
    atomic_store(&rebuild.running, true);
    rebuild.to_join = true;
    invariant(pthread_create(&rebuild.thread, NULL, rebuild_run, NULL) == 0);
}

enum rebuilding_begun rebuild_begin(struct cache *c, struct str key)
{
    struct rebuilding r = {.id = uuid_new()};
    uuid_format(r.id, r.id_text);
    generation_new(r.generation);
    pthread_mutex_lock(&rebuild.lock);
    enum rebuilding_begun begun = rebuilding_begin(c, &r, key, atomic_load(&rebuild.running));
    if (begun == REBUILDING_BEGUN)
        start(&r);
    pthread_mutex_unlock(&rebuild.lock);
    return begun;
}

void rebuild_stop(void)
{
    pthread_mutex_lock(&rebuild.lock);
    atomic_store(&rebuild.stopping, true);
    if (rebuild.to_join)
        pthread_join(rebuild.thread, NULL);
    rebuild.to_join = false;
    pthread_mutex_unlock(&rebuild.lock);
}
