/* Batch: load, decide, save — one transaction in two round trips, whatever its size. */
#include "batch.h"
#include "clock.h"
#include "invariant.h"
#include "journal.h"
#include "loaded.h"
#include "memory.h"
#include <stdlib.h>
#include <string.h>

enum fate {
    FATE_OPEN,      /* to be decided */
    FATE_DUPLICATE, /* the inbox has it already */
    FATE_STALE,     /* a timer that is not due any more */
    FATE_ANSWERED,  /* by its idempotency key, not by deciding */
    FATE_DONE,
    FATE_REFUSED,
};

struct entry {
    struct engine_command *c;
    enum fate fate;
    struct keys keys;
    struct aggregate **aggregates; /* in the order of keys */
    struct decision decision;
    struct uuid first_event;
    struct answer answer;
    bool notes_key; /* its idempotency key is new, and noted in this transaction */
};

struct batch {
    const struct engine_config *config;
    struct pg *pg;
    struct batch_stats *stats;
    struct store **stores; /* by aggregate kind */

    struct arena arena; /* everything below, anew for each run */
    struct entry *entries;
    size_t count;
    struct loaded loaded;
    instant now;
    int backend; /* the session it runs in */

    struct entry **inbox; /* those with an inbox id, ascending by it */
    size_t inbox_count;
    struct entry **keyed; /* those with a key to be noted, ascending by (scope, key) */
    size_t keyed_count;
    struct journal_timer *due; /* the timers that are commands of this batch */
    struct entry **due_entries;
    size_t due_count;

    struct journal_event *events;
    size_t event_count, event_room;
    size_t timer_count; /* how often a timer was decided */
    instant next_timer; /* the earliest that it has set; 0: none */
    struct decision settled;
    struct buf payload;
    size_t published;
    struct pg_fault fault; /* of the last run that failed */
};

struct batch *batch_new(const struct engine_config *config, struct pg *pg, struct batch_stats *stats)
{
    struct batch *b = NEW(struct batch);
    b->config = config;
    b->pg = pg;
    b->stats = stats;
    b->stores = memory_new(sizeof *b->stores * config->decider->aggregate_count);
    for (size_t i = 0; i < config->decider->aggregate_count; i++)
        b->stores[i] = store_new(&config->tables[i], config->decider->aggregates[i].state_size);
    arena_init(&b->arena);
    buf_init(&b->payload);
    return b;
}

static void release_answers(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        buf_release(&b->entries[i].answer.body);
    b->count = 0;
}

void batch_free(struct batch *b)
{
    release_answers(b);
    for (size_t i = 0; i < b->config->decider->aggregate_count; i++)
        store_free(b->stores[i]);
    free(b->stores);
    buf_release(&b->payload);
    arena_release(&b->arena);
    free(b);
}

/* Without an event there is nothing that could not be done again: messages and keys know that they were there. */
enum journal_fate batch_ask_fate(struct batch *b)
{
    return b->event_count > 0 ? journal_ask_fate(b->pg, &b->events[0], b->backend) : JOURNAL_ABORTED;
}

const struct pg_fault *batch_fault(const struct batch *b)
{
    return &b->fault;
}

bool batch_published(const struct batch *b)
{
    return b->published > 0;
}

duration batch_next_timer(const struct batch *b)
{
    if (!b->next_timer)
        return -1;
    return b->next_timer > b->now ? b->next_timer - b->now : 0;
}

/* ── set out ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void name_aggregates(struct batch *b, struct entry *e)
{
    keys_init(&e->keys, &b->arena);
    b->config->decider->keys(&e->c->command, &e->keys);
    e->aggregates = ARENA_ARRAY(&b->arena, struct aggregate *, e->keys.count + 1);
    for (size_t i = 0; i < e->keys.count; i++)
        e->aggregates[i] = loaded_name(&b->loaded, e->keys.items[i]);
}

static int compare_events(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
    int order = uuid_compare(x->c->event, y->c->event);
    return order ? order : (x > y) - (x < y);
}

static int compare_asker_keys(const struct asker *x, const struct asker *y)
{
    int order = str_compare(x->scope, y->scope);
    return order ? order : str_compare(x->key, y->key);
}

static int compare_keyed(const void *a, const void *b)
{
    const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;
    int order = compare_asker_keys(x->c->asker, y->c->asker);
    return order ? order : (x > y) - (x < y);
}

static void refuse_for_key(struct batch *b, struct entry *e, int status, const char *type, const char *title, struct str detail)
{
    e->fate = FATE_ANSWERED;
    decision_init(&e->decision, b->config->decider, &b->arena);
    decision_refuse(&e->decision, &(struct refusal){.status = status, .type = type, .title = title, .detail = detail});
    e->c->asker->compose(e->c->asker, &e->c->command, NULL, &e->decision, &e->answer);
    if (status == 409)
        e->answer.retry_after = 1;
}

static void refuse_running(struct batch *b, struct entry *e)
{
    refuse_for_key(b, e, 409, "/problems/request-in-progress", "The first request with this Idempotency-Key is still being answered",
                   STR("Repeat the request after a moment; it will get the first one's answer."));
}

static void refuse_other_body(struct batch *b, struct entry *e)
{
    refuse_for_key(b, e, 422, "/problems/idempotency-key-reused", "This Idempotency-Key was used for another request",
                   STR("A key belongs to one request body. Use a new key for a new request."));
}

/* The first with an inbox id or a key goes on; its copies in the same batch are answered for here. */
static void part_inbox_copies(struct batch *b)
{
    qsort(b->inbox, b->inbox_count, sizeof *b->inbox, compare_events);
    size_t kept = 0;
    for (size_t i = 0; i < b->inbox_count; i++)
        if (kept > 0 && uuid_equal(b->inbox[kept - 1]->c->event, b->inbox[i]->c->event))
            b->inbox[i]->fate = FATE_DUPLICATE;
        else
            b->inbox[kept++] = b->inbox[i];
    b->inbox_count = kept;
}

static void part_key_copies(struct batch *b)
{
    qsort(b->keyed, b->keyed_count, sizeof *b->keyed, compare_keyed);
    size_t kept = 0;
    for (size_t i = 0; i < b->keyed_count; i++) {
        struct asker *first = kept > 0 ? b->keyed[kept - 1]->c->asker : NULL, *asker = b->keyed[i]->c->asker;
        if (!first || compare_asker_keys(first, asker) != 0)
            b->keyed[kept++] = b->keyed[i];
        else if (str_equal(first->body, asker->body))
            refuse_running(b, b->keyed[i]);
        else
            refuse_other_body(b, b->keyed[i]);
    }
    b->keyed_count = kept;
}

static struct journal_timer timer_of(const struct batch *b, const struct timer_due *due, struct uuid correlation)
{
    const struct decider *decider = b->config->decider;
    return (struct journal_timer){.aggregate = due->id,
                                  .aggregate_kind = decider->aggregates[due->aggregate_kind].name,
                                  .timer = decider->timers[due->timer],
                                  .correlation = correlation};
}

/* Named, and so locked, whether the decider names it or not: two engines never decide the same timer at once. */
static struct loaded_entry *timer_owner(struct batch *b, const struct timer_due *due)
{
    (void)loaded_name(&b->loaded, (struct key){.kind = due->aggregate_kind, .id = due->id});
    return loaded_find(&b->loaded, due->aggregate_kind, due->id);
}

static void set_out_entry(struct batch *b, struct entry *e)
{
    if (!uuid_is_nil(e->c->event))
        b->inbox[b->inbox_count++] = e;
    if (e->c->asker && !str_empty(e->c->asker->key) && !e->c->asker->holds_key)
        b->keyed[b->keyed_count++] = e;
    if (e->c->command.type == COMMAND_TIMER_DUE) {
        b->due[b->due_count] = timer_of(b, e->c->command.data, e->c->command.correlation);
        b->due_entries[b->due_count++] = e;
        e->fate = FATE_STALE; /* until the database says that it is still due */
        (void)timer_owner(b, e->c->command.data);
    }
    name_aggregates(b, e);
}

static void set_out(struct batch *b, struct engine_command **commands, size_t n)
{
    release_answers(b);
    arena_reset(&b->arena);
    loaded_init(&b->loaded, b->config->decider, &b->arena);
    decision_init(&b->settled, b->config->decider, &b->arena);
    b->entries = ARENA_ARRAY(&b->arena, struct entry, n);
    b->inbox = ARENA_ARRAY(&b->arena, struct entry *, n);
    b->keyed = ARENA_ARRAY(&b->arena, struct entry *, n);
    b->due = ARENA_ARRAY(&b->arena, struct journal_timer, n);
    b->due_entries = ARENA_ARRAY(&b->arena, struct entry *, n);
    b->inbox_count = b->keyed_count = b->due_count = b->event_count = b->event_room = b->published = 0;
    b->timer_count = 0;
    b->next_timer = 0;
    b->count = n;
    for (size_t i = 0; i < n; i++) {
        b->entries[i].c = commands[i];
        set_out_entry(b, &b->entries[i]);
    }
    part_inbox_copies(b);
    part_key_copies(b);
}

/* ── first round trip: begin, inbox, keys, load, timers ────────────────────────────────────────────────────────────────────────────── */

/* A SELECT under way: which kind, and whether its rows are locked. */
struct load {
    int kind;
    bool locked;
};

static void send_load(struct batch *b, struct load load, bool *sent)
{
    struct key *keys = ARENA_ARRAY(&b->arena, struct key, b->loaded.count + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->loaded.count; i++) {
        struct loaded_entry *entry = b->loaded.entries[i];
        if (entry->fetched || entry->aggregate.kind != load.kind || entry->locked != load.locked)
            continue;
        entry->fetched = true;
        keys[n++] = (struct key){.kind = load.kind, .id = entry->aggregate.id};
    }
    *sent = n > 0;
    if (n > 0)
        store_send_load(b->stores[load.kind], b->pg, keys, n, !load.locked);
}

/* Queues the SELECTs of all that is not fetched yet; returns how many. `loads` has room for two per kind. */
static size_t send_loads(struct batch *b, struct load *loads)
{
    size_t n = 0;
    for (size_t kind = 0; kind < b->config->decider->aggregate_count; kind++)
        for (int locked = 0; locked <= 1; locked++) {
            bool sent;
            loads[n] = (struct load){.kind = (int)kind, .locked = locked};
            send_load(b, loads[n], &sent);
            n += sent;
        }
    return n;
}

static bool take_loads(struct batch *b, const struct load *loads, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct pg_rows *rows = pg_receive(b->pg);
        if (!rows)
            return false;
        for (int row = 0; row < pg_count(rows); row++) {
            struct loaded_entry *entry = loaded_find(&b->loaded, loads[i].kind, store_row_id(rows, row));
            invariant(entry);
            store_take_row(b->stores[loads[i].kind], rows, row, &b->arena, &entry->aggregate);
        }
    }
    return true;
}

static bool take_inbox(struct batch *b)
{
    const struct pg_rows *rows = pg_receive(b->pg);
    if (!rows)
        return false;
    for (size_t i = 0; i < b->inbox_count; i++)
        b->inbox[i]->fate = FATE_DUPLICATE;
    for (int row = 0; row < pg_count(rows); row++) {
        struct engine_command probe = {.event = pg_uuid(rows, row, 0)};
        size_t low = 0, high = b->inbox_count;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (uuid_compare(b->inbox[middle]->c->event, probe.event) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        invariant(low < b->inbox_count && uuid_equal(b->inbox[low]->c->event, probe.event));
        b->inbox[low]->fate = FATE_OPEN;
    }
    return true;
}

static struct entry *find_keyed(const struct batch *b, struct str scope, struct str key)
{
    struct asker asker = {.scope = scope, .key = key};
    struct engine_command command = {.asker = &asker};
    struct entry probe = {.c = &command};
    size_t low = 0, high = b->keyed_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_asker_keys(b->keyed[middle]->c->asker, probe.c->asker) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    invariant(low < b->keyed_count && compare_asker_keys(b->keyed[low]->c->asker, &asker) == 0);
    return b->keyed[low];
}

static bool take_new_keys(struct batch *b)
{
    const struct pg_rows *rows = pg_receive(b->pg);
    if (!rows)
        return false;
    for (int row = 0; row < pg_count(rows); row++)
        find_keyed(b, pg_text(rows, row, 0), pg_text(rows, row, 1))->notes_key = true;
    return true;
}

static bool take_due_timers(struct batch *b)
{
    const struct pg_rows *rows = pg_receive(b->pg);
    if (!rows)
        return false;
    for (int row = 0; row < pg_count(rows); row++)
        b->due_entries[pg_int8(rows, row, 0) - 1]->fate = FATE_OPEN;
    return true;
}

static void send_inbox(struct batch *b)
{
    struct uuid *ids = ARENA_ARRAY(&b->arena, struct uuid, b->inbox_count);
    for (size_t i = 0; i < b->inbox_count; i++)
        ids[i] = b->inbox[i]->c->event;
    journal_send_inbox(b->pg, ids, b->inbox_count);
}

static struct asker **keyed_askers(struct batch *b, bool (*which)(const struct entry *), size_t *n)
{
    struct asker **askers = ARENA_ARRAY(&b->arena, struct asker *, b->keyed_count + 1);
    *n = 0;
    for (size_t i = 0; i < b->keyed_count; i++)
        if (!which || which(b->keyed[i]))
            askers[(*n)++] = b->keyed[i]->c->asker;
    return askers;
}

static bool first_trip(struct batch *b)
{
    struct load *loads = ARENA_ARRAY(&b->arena, struct load, 2 * b->config->decider->aggregate_count);
    size_t keyed;
    struct asker **askers = keyed_askers(b, NULL, &keyed);

    journal_send_begin(b->pg);
    if (b->inbox_count > 0)
        send_inbox(b);
    if (keyed > 0)
        journal_send_keys(b->pg, askers, keyed, b->config->answer_lease);
    size_t load_count = send_loads(b, loads);
    if (b->due_count > 0)
        journal_send_timers_check(b->pg, b->due, b->due_count);
    pg_sync(b->pg);

    bool good = journal_take_begin(b->pg, &b->now) && (b->inbox_count == 0 || take_inbox(b)) && (keyed == 0 || take_new_keys(b)) &&
                take_loads(b, loads, load_count) && (b->due_count == 0 || take_due_timers(b));
    return pg_end(b->pg) && good;
}

/* ── keys that were known already: a trip of their own, seldom made ─────────────────────────────────────────────────────────────────── */

static bool is_known(const struct entry *e)
{
    return !e->notes_key;
}

static void replay(struct entry *e, const struct journal_key *known)
{
    e->fate = FATE_ANSWERED;
    e->answer =
        (struct answer){.status = known->status, .content_type = known->content_type, .location = known->location, .replayed = true};
    buf_add(&e->answer.body, known->body);
}

/* The first attempt was cut off before it was answered: this one goes on from what that one did. */
static void adopt(struct entry *e, struct uuid resource)
{
    e->notes_key = true;
    e->c->asker->resource = resource;
    if (e->c->asker->adopt)
        e->c->asker->adopt(e->c->asker, &e->c->command, resource);
}

static void settle_known_key(struct batch *b, struct entry *e, const struct journal_key *known)
{
    if (!uuid_equal(known->fingerprint, journal_fingerprint(e->c->asker->body)))
        refuse_other_body(b, e);
    else if (known->status)
        replay(e, known);
    else if (known->cut_off)
        adopt(e, known->resource);
    else
        refuse_running(b, e);
}

/* Returns how many of `askers` go on as if they were the first; they stand in front. */
static size_t settle_known_keys(struct batch *b, const struct pg_rows *rows, struct asker **askers)
{
    size_t adopted = 0;
    for (int row = 0; row < pg_count(rows); row++) {
        struct journal_key known;
        journal_take_known_key(rows, row, &known);
        known.content_type = arena_str(&b->arena, known.content_type);
        known.location = arena_str(&b->arena, known.location);
        struct entry *e = find_keyed(b, known.scope, known.key);
        settle_known_key(b, e, &known);
        if (e->notes_key) {
            askers[adopted++] = e->c->asker;
            name_aggregates(b, e);
        }
    }
    return adopted;
}

static bool adopted_keys_trip(struct batch *b, struct asker *const *askers, size_t n)
{
    struct load *loads = ARENA_ARRAY(&b->arena, struct load, 2 * b->config->decider->aggregate_count);
    journal_send_adopt(b->pg, askers, n, b->config->answer_lease);
    size_t load_count = send_loads(b, loads);
    pg_sync(b->pg);
    bool good = pg_receive(b->pg) && take_loads(b, loads, load_count);
    return pg_end(b->pg) && good;
}

static bool known_keys_trip(struct batch *b)
{
    size_t known, adopted;
    struct asker **askers = keyed_askers(b, is_known, &known);
    if (known == 0)
        return true;
    journal_send_known_keys(b->pg, askers, known);
    pg_sync(b->pg);
    const struct pg_rows *rows = pg_receive(b->pg);
    adopted = rows ? settle_known_keys(b, rows, askers) : 0;
    return pg_end(b->pg) && (adopted == 0 || adopted_keys_trip(b, askers, adopted));
}

/* ── decide ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void *grown(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room ? *room * 2 : 64;
    void *larger = arena_alloc(arena, *room * size);
    if (count > 0)
        memcpy(larger, items, count * size);
    return larger;
}

static bool counts(const struct decision *d, size_t i)
{
    return d->decider->events[d->events[i].type].reach != EVENT_STATE;
}

/* The aggregate's version after the decision's event i: its version now, less the events of it that came later in the decision. */
static int64_t version_after(const struct decision *d, size_t i)
{
    int64_t version = d->events[i].aggregate->version;
    for (size_t later = i + 1; later < d->event_count; later++)
        if (d->events[later].aggregate == d->events[i].aggregate && counts(d, later))
            version--;
    return version;
}

static struct str encode(struct batch *b, const struct decided_event *e)
{
    buf_clear(&b->payload);
    struct json_writer w = {.out = &b->payload};
    json_begin_object(&w, NULL);
    b->config->encode(e->type, e->data, e->aggregate, &w);
    json_end_object(&w);
    return arena_str(&b->arena, buf_str(&b->payload));
}

static void note_event(struct batch *b, struct decision *d, size_t i, const struct command *c)
{
    const struct event_type *type = &d->decider->events[d->events[i].type];
    struct decided_event *e = &d->events[i];
    if (type->reach == EVENT_STATE)
        return;
    e->id = uuid_new();
    b->events = grown(&b->arena, b->events, b->event_count, &b->event_room, sizeof *b->events);
    b->events[b->event_count++] = (struct journal_event){
        .id = e->id,
        .aggregate = e->aggregate->id,
        .aggregate_kind = d->decider->aggregates[e->aggregate->kind].name,
        .version = version_after(d, i),
        .type = type,
        .correlation = uuid_is_nil(c->correlation) ? e->aggregate->id : c->correlation,
        .causation = c->cause,
        .traceparent = c->traceparent,
        .at = c->now,
        .data = encode(b, e),
    };
    b->published += type->reach == EVENT_PUBLISHED;
}

static void note_timer(struct batch *b, struct loaded_entry *owner, int timer, instant due, struct uuid correlation)
{
    b->timer_count++;
    *loaded_timer(&b->loaded, owner, timer) = (struct loaded_timer){.decided = true, .due = due, .correlation = correlation};
    if (due && (!b->next_timer || due < b->next_timer))
        b->next_timer = due;
}

static void note_decision(struct batch *b, struct entry *e)
{
    struct decision *d = &e->decision;
    for (size_t i = 0; i < d->event_count; i++) {
        note_event(b, d, i, &e->c->command);
        if (uuid_is_nil(e->first_event))
            e->first_event = d->events[i].id;
    }
    for (size_t i = 0; i < d->timer_count; i++) {
        const struct aggregate *a = d->timers[i].aggregate;
        note_timer(b, loaded_find(&b->loaded, a->kind, a->id), d->timers[i].timer, d->timers[i].due, e->c->command.correlation);
    }
}

static void check_locks(const struct batch *b, const struct decision *d)
{
    for (size_t i = 0; i < d->event_count; i++) {
        const struct aggregate *a = d->events[i].aggregate;
        const struct loaded_entry *entry = loaded_find(&b->loaded, a->kind, a->id);
        invariant(entry && entry->locked);
    }
}

/* A due timer has fired, however it is decided: a refused one is not wanted. False when it was moved, cleared or decided in this batch. */
static bool timer_fires(struct batch *b, const struct command *c)
{
    const struct timer_due *due = c->data;
    struct loaded_entry *owner = timer_owner(b, due);
    if (loaded_timer(&b->loaded, owner, due->timer)->decided)
        return false;
    note_timer(b, owner, due->timer, 0, c->correlation);
    return true;
}

static void decide(struct batch *b, struct entry *e, instant now)
{
    struct command *c = &e->c->command;
    c->now = now;
    if (c->type == COMMAND_TIMER_DUE && !timer_fires(b, c)) {
        e->fate = FATE_STALE;
        return;
    }
    decision_init(&e->decision, b->config->decider, &b->arena);
    b->config->decider->decide(c, e->aggregates, &e->decision);
    if (e->decision.refusal) {
        e->fate = FATE_REFUSED;
    } else {
        e->fate = FATE_DONE;
        check_locks(b, &e->decision);
        decision_apply(&e->decision, &b->arena);
        note_decision(b, e);
    }
    if (e->c->asker)
        e->c->asker->compose(e->c->asker, c, e->aggregates, &e->decision, &e->answer);
    invariant(!e->answer.later || e->decision.effect_count > 0);
}

/* Events that describe a state: once a batch for each aggregate that changed. */
static void settle(struct batch *b, instant now)
{
    if (!b->config->decider->settle)
        return;
    for (size_t i = 0; i < b->loaded.count; i++) {
        struct aggregate *a = &b->loaded.entries[i]->aggregate;
        if (!a->changed)
            continue;
        struct decision *d = &b->settled;
        decision_init(d, b->config->decider, &b->arena);
        b->config->decider->settle(a, d);
        decision_apply(d, &b->arena);
        for (size_t k = 0; k < d->event_count; k++)
            note_event(b, d, k, &(struct command){.correlation = a->id, .now = now});
    }
}

/* Each command has a microsecond of its own, so that the order of times is the order in which things were decided. */
static void decide_all(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->entries[i].fate == FATE_OPEN)
            decide(b, &b->entries[i], b->now + (instant)i);
    settle(b, b->now + (instant)b->count);
}

/* ── second round trip: save, append, commit ────────────────────────────────────────────────────────────────────────────────────────── */

static size_t send_saves(struct batch *b, size_t *expected)
{
    struct aggregate **changed = ARENA_ARRAY(&b->arena, struct aggregate *, b->loaded.count + 1);
    size_t statements = 0;
    for (size_t kind = 0; kind < b->config->decider->aggregate_count; kind++) {
        size_t n = 0;
        for (size_t i = 0; i < b->loaded.count; i++) {
            struct aggregate *a = &b->loaded.entries[i]->aggregate;
            if (a->changed && a->kind == (int)kind)
                changed[n++] = a;
        }
        if (n > 0)
            statements += store_send_save(b->stores[kind], b->pg, changed, n, expected + statements);
    }
    return statements;
}

static void part_timers(const struct batch *b, const struct loaded_entry *owner, struct journal_timer *part, size_t *set, size_t *cleared)
{
    for (size_t i = 0; owner->timers && i < b->config->decider->timer_count; i++) {
        if (!owner->timers[i].decided)
            continue;
        struct timer_due due = {.timer = (int)i, .aggregate_kind = owner->aggregate.kind, .id = owner->aggregate.id};
        struct journal_timer *timer = &part[owner->timers[i].due ? (*set)++ : --*cleared];
        *timer = timer_of(b, &due, owner->timers[i].correlation);
        timer->due = owner->timers[i].due;
    }
}

/* Sends set and cleared timers apart; returns how many statements. */
static size_t send_timers(struct batch *b)
{
    size_t most = b->timer_count, set = 0, cleared = most;
    if (most == 0)
        return 0;
    struct journal_timer *part = ARENA_ARRAY(&b->arena, struct journal_timer, most);
    for (size_t i = 0; i < b->loaded.count; i++)
        part_timers(b, b->loaded.entries[i], part, &set, &cleared);
    if (set > 0)
        journal_send_timers_set(b->pg, part, set);
    if (cleared < most)
        journal_send_timers_clear(b->pg, part + cleared, most - cleared);
    return (set > 0) + (cleared < most);
}

/* A refused message leaves no trace: it goes to the dead letters, and may be sent again from there. */
static size_t send_forgotten(struct batch *b)
{
    struct uuid *ids = ARENA_ARRAY(&b->arena, struct uuid, b->inbox_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->inbox_count; i++)
        if (b->inbox[i]->fate == FATE_REFUSED)
            ids[n++] = b->inbox[i]->c->event;
    if (n > 0)
        journal_send_inbox_forget(b->pg, ids, n);
    return n > 0;
}

static bool keeps_answer(const struct entry *e)
{
    return e->c->asker && (e->notes_key || e->c->asker->holds_key) && !e->answer.later && (e->fate == FATE_DONE || e->fate == FATE_REFUSED);
}

static size_t send_answers(struct batch *b)
{
    struct journal_answer *answers = ARENA_ARRAY(&b->arena, struct journal_answer, b->count + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++)
        if (keeps_answer(&b->entries[i]))
            answers[n++] = (struct journal_answer){.asker = b->entries[i].c->asker, .answer = &b->entries[i].answer};
    if (n > 0)
        journal_send_answers(b->pg, answers, n);
    return n > 0;
}

static bool second_trip(struct batch *b)
{
    size_t *expected = ARENA_ARRAY(&b->arena, size_t, 2 * b->config->decider->aggregate_count);
    size_t saves = send_saves(b, expected), others = 0;
    if (b->event_count > 0)
        journal_send_events(b->pg, b->events, b->event_count);
    others += b->event_count > 0;
    others += send_timers(b);
    others += send_forgotten(b);
    others += send_answers(b);
    pg_send(b->pg, "commit", NULL);
    pg_sync(b->pg);

    bool good = true;
    for (size_t i = 0; good && i < saves; i++) {
        const struct pg_rows *rows = pg_receive(b->pg);
        good = rows;
        invariant(!rows || (size_t)pg_affected(rows) == expected[i]); /* the rows are locked since they were loaded */
    }
    for (size_t i = 0; good && i < others + 1; i++)
        good = pg_receive(b->pg);
    return pg_end(b->pg) && good;
}

/* Keeps what went wrong first: what ROLLBACK says is of no interest. */
static enum batch_result fail(struct batch *b, enum batch_result result)
{
    b->fault = *pg_fault(b->pg);
    if (pg_connected(b->pg) && !pg_query(b->pg, "rollback", NULL))
        pg_disconnect(b->pg);
    return result;
}

enum batch_result batch_run(struct batch *b, struct engine_command **commands, size_t n)
{
    set_out(b, commands, n);
    if (!pg_connect(b->pg))
        return fail(b, BATCH_FAULT);
    b->backend = pg_backend(b->pg);
    if (!first_trip(b) || !known_keys_trip(b))
        return fail(b, BATCH_FAULT);
    decide_all(b);
    if (second_trip(b))
        return BATCH_COMMITTED;
    return fail(b, pg_fault(b->pg)->kind == PG_DISCONNECTED ? BATCH_UNKNOWN : BATCH_FAULT);
}

/* ── after the commit ───────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void start_effects(struct batch *b, struct engine *engine, struct entry *e)
{
    struct asker *asker = e->answer.later ? e->c->asker : NULL;
    for (size_t i = 0; i < e->decision.effect_count; i++) {
        const struct decided_effect *d = &e->decision.effects[i];
        b->config->effects[d->effect](b->config->ctx, engine,
                                      &(struct effect){.aggregate = d->aggregate,
                                                       .correlation = e->c->command.correlation,
                                                       .cause = e->first_event,
                                                       .traceparent = e->c->command.traceparent,
                                                       .data = d->data,
                                                       .asker = asker});
        asker = NULL;
    }
}

static enum engine_outcome outcome_of(const struct entry *e)
{
    switch (e->fate) {
    case FATE_DUPLICATE: return ENGINE_DUPLICATE;
    case FATE_REFUSED: return ENGINE_REFUSED;
    case FATE_OPEN:
    case FATE_STALE:
    case FATE_ANSWERED:
    case FATE_DONE: return ENGINE_DONE;
    }
    unreachable();
}

static void count(struct batch *b, const struct entry *e)
{
    counter_add(&b->stats->done, e->fate == FATE_DONE);
    counter_add(&b->stats->refused, e->fate == FATE_REFUSED);
    counter_add(&b->stats->duplicate, e->fate == FATE_DUPLICATE);
    counter_add(&b->stats->replayed, e->fate == FATE_ANSWERED);
}

void batch_finish(struct batch *b, struct engine *engine)
{
    counter_add(&b->stats->events, b->event_count);
    for (size_t i = 0; i < b->count; i++) {
        struct entry *e = &b->entries[i];
        count(b, e);
        if (e->c->asker) {
            e->c->asker->holds_key |= e->notes_key;
            e->c->asker->taken_along |= e->answer.later;
        }
        if (e->fate == FATE_DONE)
            start_effects(b, engine, e);
        if (e->c->asker && !e->answer.later)
            e->c->asker->resume(e->c->asker, &e->answer);
        if (e->c->done)
            e->c->done(e->c, outcome_of(e), e->decision.refusal);
        engine_command_free(e->c);
    }
    release_answers(b);
}

void batch_postpone(struct batch *b, const struct engine_command *timer, duration wait)
{
    struct journal_timer t = timer_of(b, timer->command.data, timer->command.correlation);
    journal_send_timer_postpone(b->pg, &t, wait);
    pg_sync(b->pg);
    pg_end(b->pg);
}
