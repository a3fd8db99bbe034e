/*
 * Once: a message is effective once, by its inbox id; a request with an Idempotency-Key is done once, and each repetition gets the first
 * one's answer.
 *
 * Both are noted in the transaction that does what they ask for. What is noted for the first time is decided; the rest is answered for
 * here.
 */
#include "batch_inside.h"
#include "invariant.h"
#include <stdlib.h>
#include <string.h>

void batch_note_once(struct batch *b, struct entry *e)
{
    if (!uuid_is_nil(e->c->event))
        b->inbox[b->inbox_count++] = e;
    if (e->c->asker && !str_empty(e->c->asker->key) && !e->c->asker->holds_key)
        b->keyed[b->keyed_count++] = e;
}

/* ── copies in the same batch ────────────────────────────────────────────────────────────────────────────────────────────────────────── */

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

static void answer_refused(struct batch *b, struct entry *e, const struct refusal *refusal)
{
    struct decision decision;
    decision_init(&decision, b->config->decider, &b->arena);
    decision_refuse(&decision, refusal);
    buf_release(&e->answer.body);
    e->answer = (struct answer){0};
    e->c->asker->compose(e->c->asker, &e->c->command, NULL, &decision, &e->answer);
}

static void answer_running(struct batch *b, struct entry *e)
{
    answer_refused(b, e,
                   &(struct refusal){.status = 409,
                                     .type = "/problems/request-in-progress",
                                     .title = "The first request with this Idempotency-Key is still being answered",
                                     .detail = STR("Repeat the request after a moment; it will get the first one's answer.")});
    e->answer.retry_after = 1;
}

static void refuse_running(struct batch *b, struct entry *e)
{
    e->fate = FATE_ANSWERED;
    answer_running(b, e);
}

static void refuse_other_body(struct batch *b, struct entry *e)
{
    e->fate = FATE_ANSWERED;
    answer_refused(b, e,
                   &(struct refusal){.status = 422,
                                     .type = "/problems/idempotency-key-reused",
                                     .title = "This Idempotency-Key was used for another request",
                                     .detail = STR("A key belongs to one request body. Use a new key for a new request.")});
}

static enum fate fate_of_copy(const struct entry *e, int64_t first)
{
    return e->c->content && first && e->c->content != first ? FATE_CONTRADICTED : FATE_DUPLICATE;
}

static void part_copy(struct batch *b, struct entry *copy, const struct entry *first)
{
    copy->fate = fate_of_copy(copy, first->c->content);
    b->copies[b->copy_count++] = copy;
}

/* The first with an inbox id or a key goes on; its copies in the same batch are answered for here. */
static void part_inbox_copies(struct batch *b)
{
    qsort(b->inbox, b->inbox_count, sizeof *b->inbox, compare_events);
    size_t kept = 0;
    for (size_t i = 0; i < b->inbox_count; i++)
        if (kept > 0 && uuid_equal(b->inbox[kept - 1]->c->event, b->inbox[i]->c->event))
            part_copy(b, b->inbox[i], b->inbox[kept - 1]);
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

void batch_part_copies(struct batch *b)
{
    part_inbox_copies(b);
    part_key_copies(b);
}

/* ── note them, and learn which are new ──────────────────────────────────────────────────────────────────────────────────────────────── */

static void send_inbox(struct batch *b)
{
    struct journal_message *messages = ARENA_ARRAY(&b->arena, struct journal_message, b->inbox_count);
    for (size_t i = 0; i < b->inbox_count; i++)
        messages[i] = (struct journal_message){b->inbox[i]->c->event, b->inbox[i]->c->content};
    journal_send_inbox(b->pg, messages, b->inbox_count);
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

void batch_send_once(struct batch *b)
{
    size_t keyed;
    struct asker **askers = keyed_askers(b, NULL, &keyed);
    if (b->inbox_count > 0)
        send_inbox(b);
    if (keyed > 0)
        journal_send_keys(b->pg, askers, keyed, b->config->answer_lease);
}

static int event_of(const void *event, const void *entry)
{
    return uuid_compare(*(const struct uuid *)event, (*(struct entry *const *)entry)->c->event);
}

static struct entry *find_message(const struct batch *b, struct uuid event)
{
    struct entry **found = bsearch(&event, b->inbox, b->inbox_count, sizeof *b->inbox, event_of);
    invariant(found);
    return *found;
}

static bool take_inbox(struct batch *b)
{
    const struct pg_rows *rows = pg_receive(b->pg);
    if (!rows)
        return false;
    for (size_t i = 0; i < b->inbox_count; i++)
        b->inbox[i]->fate = FATE_DUPLICATE;
    for (int row = 0; row < pg_count(rows); row++)
        find_message(b, pg_uuid(rows, row, 0))->fate = FATE_OPEN;
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

bool batch_take_once(struct batch *b)
{
    return (b->inbox_count == 0 || take_inbox(b)) && (b->keyed_count == 0 || take_new_keys(b));
}

/* ── messages that were known already: a trip of their own, seldom made ──────────────────────────────────────────────────────────────── */

/* The one that has had its effect is the first: of this batch's copies, too. */
static void settle_known_message(struct batch *b, struct entry *e, int64_t first)
{
    e->fate = fate_of_copy(e, first);
    for (size_t i = 0; i < b->copy_count; i++)
        if (uuid_equal(b->copies[i]->c->event, e->c->event))
            b->copies[i]->fate = fate_of_copy(b->copies[i], first);
}

bool batch_known_messages_trip(struct batch *b)
{
    struct uuid *known = ARENA_ARRAY(&b->arena, struct uuid, b->inbox_count + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->inbox_count; i++)
        if (b->inbox[i]->fate == FATE_DUPLICATE && b->inbox[i]->c->content)
            known[n++] = b->inbox[i]->c->event;
    if (n == 0)
        return true;
    journal_send_known_messages(b->pg, known, n);
    pg_sync(b->pg);
    const struct pg_rows *rows = pg_receive(b->pg);
    for (int row = 0; rows && row < pg_count(rows); row++)
        settle_known_message(b, find_message(b, pg_uuid(rows, row, 0)), pg_int8(rows, row, 1));
    return pg_end(b->pg) && rows;
}

/* ── keys that were known already: a trip of their own, seldom made ──────────────────────────────────────────────────────────────────── */

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

/* Known a moment ago, and taken away since by the pruner: the repetition will find it gone. */
static void refuse_vanished(struct batch *b)
{
    for (size_t i = 0; i < b->keyed_count; i++)
        if (is_known(b->keyed[i]) && b->keyed[i]->fate == FATE_OPEN)
            refuse_running(b, b->keyed[i]);
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
            batch_name(b, e);
        }
    }
    refuse_vanished(b);
    return adopted;
}

static bool adopted_keys_trip(struct batch *b, struct asker *const *askers, size_t n)
{
    journal_send_adopt(b->pg, askers, n, b->config->answer_lease);
    batch_send_loads(b);
    pg_sync(b->pg);
    bool good = pg_receive(b->pg) && batch_take_loads(b);
    return pg_end(b->pg) && good;
}

bool batch_known_keys_trip(struct batch *b)
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

/* ── what stays of them ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* A refused message leaves no trace: it goes to the dead letters, and may be sent again from there. */
size_t batch_send_forgotten(struct batch *b)
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

size_t batch_send_answers(struct batch *b)
{
    struct journal_answer *answers = ARENA_ARRAY(&b->arena, struct journal_answer, b->count + 1);
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++)
        if (keeps_answer(&b->entries[i]))
            answers[n++] = (struct journal_answer){.asker = b->entries[i].c->asker, .answer = &b->entries[i].answer};
    if (n > 0)
        journal_send_answers(b->pg, answers, n);
    return n;
}

/* A key has one answer. Who stood still for longer than the lease may come with a second one: that is not kept, and so not told. */
bool batch_take_answers(struct batch *b, size_t sent)
{
    const struct pg_rows *rows = pg_receive(b->pg);
    if (!rows)
        return false;
    if ((size_t)pg_count(rows) == sent)
        return true;
    bool *kept = ARENA_ARRAY(&b->arena, bool, sent);
    for (int row = 0; row < pg_count(rows); row++)
        kept[pg_int8(rows, row, 0)] = true;
    for (size_t i = 0, n = 0; i < b->count; i++)
        if (keeps_answer(&b->entries[i]) && !kept[n++])
            answer_running(b, &b->entries[i]);
    return true;
}
