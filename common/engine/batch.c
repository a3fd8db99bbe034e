/* Batch: begin, load, decide, save, commit — one transaction in two round trips, whatever its size — and what follows the commit. */
#include "batch_inside.h"
#include "clock.h"
#include "crash.h"
#include "invariant.h"
#include "log.h"
#include "memory.h"
#include <stdio.h>
#include <stdlib.h>

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

/* ── set out ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void set_out_entry(struct batch *b, struct entry *e)
{
    batch_note_once(b, e);
    if (e->c->command.type == COMMAND_TIMER_DUE)
        batch_note_due(b, e);
    batch_name(b, e);
}

static void set_out(struct batch *b, struct engine_command **commands, size_t n)
{
    release_answers(b);
    arena_reset(&b->arena);
    loaded_init(&b->loaded, b->config->decider, &b->arena);
    decision_init(&b->settled, b->config->decider, &b->arena);
    b->entries = ARENA_ARRAY(&b->arena, struct entry, n);
    b->inbox = ARENA_ARRAY(&b->arena, struct entry *, n);
    b->copies = ARENA_ARRAY(&b->arena, struct entry *, n);
    b->keyed = ARENA_ARRAY(&b->arena, struct entry *, n);
    b->due = ARENA_ARRAY(&b->arena, struct journal_timer, n);
    b->due_entries = ARENA_ARRAY(&b->arena, struct entry *, n);
    b->inbox_count = b->copy_count = b->keyed_count = b->due_count = b->event_count = b->event_room = b->published = 0;
    b->timer_count = 0;
    b->next_timer = 0;
    b->started = trace_on() ? clock_now() : 0;
    b->count = n;
    for (size_t i = 0; i < n; i++) {
        b->entries[i].c = commands[i];
        set_out_entry(b, &b->entries[i]);
    }
    batch_part_copies(b);
}

/* ── the two round trips ─────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool first_trip(struct batch *b)
{
    journal_send_begin(b->pg);
    batch_send_once(b);
    batch_send_loads(b);
    if (b->due_count > 0)
        journal_send_timers_check(b->pg, b->due, b->due_count);
    pg_sync(b->pg);
    bool good =
        journal_take_begin(b->pg, &b->now) && batch_take_once(b) && batch_take_loads(b) && (b->due_count == 0 || batch_take_due_timers(b));
    return pg_end(b->pg) && good;
}

/* The rows are to be there, not only on their way: their answers are awaited, as nobody else would do here. */
static void perhaps_crash_after_insert(struct batch *b)
{
    if (!crash_due(CRASH_AFTER_INSERT))
        return;
    pg_sync(b->pg);
    pg_end(b->pg);
    crash_now(CRASH_AFTER_INSERT);
}

static bool second_trip(struct batch *b)
{
    crash_point(CRASH_BEFORE_INSERT);
    size_t *expected = ARENA_ARRAY(&b->arena, size_t, 2 * b->config->decider->aggregate_count);
    size_t saves = batch_send_saves(b, expected), others = 0;
    if (b->event_count > 0)
        journal_send_events(b->pg, b->events, b->event_count);
    others += b->event_count > 0;
    others += batch_send_timers(b);
    others += batch_send_forgotten(b);
    size_t answers = batch_send_answers(b);
    perhaps_crash_after_insert(b);
    pg_send(b->pg, "commit", NULL);
    pg_sync(b->pg);
    crash_point(CRASH_COMMIT_SENT);

    bool good = true;
    for (size_t i = 0; good && i < saves; i++) {
        const struct pg_rows *rows = pg_receive(b->pg);
        good = rows;
        invariant(!rows || (size_t)pg_affected(rows) == expected[i]); /* the rows are locked since they were loaded */
    }
    for (size_t i = 0; good && i < others; i++)
        good = pg_receive(b->pg);
    good = good && (answers == 0 || batch_take_answers(b, answers));
    good = good && pg_receive(b->pg); /* of COMMIT */
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
    if (!first_trip(b) || !batch_known_messages_trip(b) || !batch_known_keys_trip(b))
        return fail(b, BATCH_FAULT);
    batch_decide(b);
    if (second_trip(b))
        return BATCH_COMMITTED;
    return fail(b, pg_fault(b->pg)->kind == PG_DISCONNECTED ? BATCH_UNKNOWN : BATCH_FAULT);
}

/* ── after the commit ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const char *first_event_name(const struct entry *e)
{
    return e->decision.event_count > 0 ? e->decision.decider->events[e->decision.events[0].type].name : NULL;
}

/* The names of all that was decided, with a space between; what finds no room is left out. */
static struct str event_names(const struct entry *e, char *text, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < e->decision.event_count; i++) {
        int n = snprintf(text + used, room - used, "%s%s", i > 0 ? " " : "", e->decision.decider->events[e->decision.events[i].type].name);
        if (n < 0 || (size_t)n >= room - used)
            break;
        used += (size_t)n;
    }
    return (struct str){text, used};
}

/* From the batch's start to its commit, which is the same for all that were decided in it. */
static void end_span(const struct batch *b, const struct entry *e, instant now)
{
    char name[100], events[160];
    const char *event = first_event_name(e);
    const struct refusal *refusal = e->decision.refusal;
    int n = snprintf(name, sizeof name, "decide%s%.80s", event ? " " : "", event ? event : "");
    span_end(&e->span, SPAN_INTERNAL, SPAN_UNSET, now, (struct str){name, (size_t)n},
             LOG_FIELDS(LOG_ID("jumun.correlation", e->c->command.correlation), LOG_INT("jumun.batch.size", (int64_t)b->count),
                        LOG_TEXT_OF("jumun.events", event_names(e, events, sizeof events)),
                        LOG_STR("jumun.refusal", refusal ? refusal->type : NULL)));
}

static void end_spans(const struct batch *b)
{
    instant now = b->started ? clock_now() : 0;
    for (size_t i = 0; now && i < b->count; i++)
        if (span_recorded(&b->entries[i].span))
            end_span(b, &b->entries[i], now);
}

/* At level debug: every decision, by which an order is followed through the contexts. */
static void tell(const struct entry *e)
{
    if (e->fate == FATE_REFUSED)
        log_debug("refused", LOG_ID("correlation", e->c->command.correlation), LOG_TEXT_OF("trace", trace_id(e->trace)),
                  LOG_STR("refusal", e->decision.refusal->type));
    else if (e->fate == FATE_DONE && e->decision.event_count > 0)
        log_debug("decided", LOG_ID("correlation", e->c->command.correlation), LOG_TEXT_OF("trace", trace_id(e->trace)),
                  LOG_STR("event", first_event_name(e)), LOG_INT("events", (int64_t)e->decision.event_count));
}

static void start_effects(struct batch *b, struct engine *engine, struct entry *e)
{
    struct asker *asker = e->answer.later ? e->c->asker : NULL;
    for (size_t i = 0; i < e->decision.effect_count; i++) {
        const struct decided_effect *d = &e->decision.effects[i];
        crash_point(CRASH_EFFECT_START);
        b->config->effects[d->effect](b->config->ctx, engine,
                                      &(struct effect){.aggregate = d->aggregate,
                                                       .correlation = e->c->command.correlation,
                                                       .cause = e->first_event,
                                                       .traceparent = e->trace,
                                                       .after = first_event_name(e),
                                                       .data = d->data,
                                                       .asker = asker});
        asker = NULL;
    }
}

static enum engine_outcome outcome_of(const struct entry *e)
{
    switch (e->fate) {
    case FATE_DUPLICATE: return ENGINE_DUPLICATE;
    case FATE_CONTRADICTED: return ENGINE_CONTRADICTED;
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
    counter_add(&b->stats->contradicted, e->fate == FATE_CONTRADICTED);
    counter_add(&b->stats->replayed, e->fate == FATE_ANSWERED);
}

void batch_finish(struct batch *b, struct engine *engine)
{
    crash_point(CRASH_COMMIT_ANSWERED);
    counter_add(&b->stats->events, b->event_count);
    end_spans(b);
    for (size_t i = 0; i < b->count; i++) {
        struct entry *e = &b->entries[i];
        count(b, e);
        tell(e);
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
