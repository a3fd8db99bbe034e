/* Sums: what can be said only when all orders have been looked at. */
#include "sums.h"

#include "clock.h"
#include "copy.h"
#include "dossier.h"
#include "memory.h"
#include <stdio.h>
#include <stdlib.h>

static void compare_money(struct audit *a)
{
    int64_t kept = a->captured - a->refunded, accounted = a->concluded + a->kept_under_way + a->kept_reviewed;
    findings_note(&a->findings, 5, "captured %lld - refunded %lld = concluded %lld + under way %lld + under review %lld",
                  (long long)a->captured, (long long)a->refunded, (long long)a->concluded, (long long)a->kept_under_way,
                  (long long)a->kept_reviewed);
    if (a->simulated_provider && kept != accounted)
        findings_add(&a->findings, 5, (struct uuid){{0}}, "the provider keeps %lld for us, orders account for %lld", (long long)kept,
                     (long long)accounted);
}

static void compare_stock(struct audit *a)
{
    for (size_t i = 0; i < a->stock.room; i++) {
        const struct stock_line *line = &a->stock.lines[i];
        if (!uuid_is_nil(line->product) && !line->seen)
            findings_add(&a->findings, 6, line->product, "product %s: preparations hold it, and there is none", id_text(line->product).p);
    }
}

/* ── 15 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* What an inbox has forgotten by now is neither missed nor found there; said, so that it is not taken for looked at. */
static void count_forgotten(struct audit *a)
{
    char note[300];
    size_t n = 0;
    int64_t sum = 0;
    for (int i = 0; i < DATABASES && n < sizeof note; i++) {
        sum += a->unasked[i];
        n += (size_t)snprintf(note + n, sizeof note - n, "%s%s %lld", i ? ", " : "", context_names[i].p, (long long)a->unasked[i]);
    }
    if (sum > 0)
        findings_note(&a->findings, 13, "past the inbox's lifetime, and not looked for: %s", note);
}

static void compare_received(struct audit *a)
{
    char note[300];
    size_t n = 0;
    for (int i = 0; i < DATABASES; i++) {
        int64_t processed = ids_count(&a->inbox[i]), dead = a->received[i] - ids_count(&a->relevant[i]);
        n += (size_t)snprintf(note + n, sizeof note - n, "%s%s %lld = %lld + %lld", i ? ", " : "", context_names[i].p,
                              (long long)a->received[i], (long long)processed, (long long)dead);
        if (n >= sizeof note)
            break;
    }
    findings_note(&a->findings, 15, "%s; %lld messages are poison or drills", note, (long long)a->poison);
    for (size_t i = 0; i < a->dead.count; i++)
        if (!a->dead.items[i].found)
            findings_add(&a->findings, 15, a->dead.items[i].id,
                         "dead letter %lld of %s: what it says that it is (partition %d, %lld) is not so",
                         (long long)a->dead.items[i].own_offset, context_names[a->dead.items[i].context].p, a->dead.items[i].partition,
                         (long long)a->dead.items[i].offset);
}

/* ── 13: by name, where the sums differ ──────────────────────────────────────────────────────────────────────────────────────────────── */

struct id_list {
    struct id_of {
        struct uuid id, order;
    } * items;
    size_t count, room;
};

static void list_add(struct id_list *list, struct uuid id, struct uuid order)
{
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 1024;
        list->items = memory_resize(list->items, list->room * sizeof *list->items);
    }
    list->items[list->count++] = (struct id_of){id, order};
}

static int compare(const void *a, const void *b)
{
    return uuid_compare(((const struct id_of *)a)->id, ((const struct id_of *)b)->id);
}

static void list_sort(struct id_list *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, compare);
}

static const struct id_of *list_find(const struct id_list *list, struct uuid id)
{
    struct id_of wanted = {.id = id};
    return list->count ? bsearch(&wanted, list->items, list->count, sizeof *list->items, compare) : NULL;
}

struct comparing {
    struct audit *audit;
    enum context context;
    struct id_list inbox, required, allowed; /* allowed: what the compacted catalog may have kept or not, and drills */
};

static bool differs(const struct comparing *c, struct uuid id)
{
    return uuid_compare(id, c->audit->forgotten[c->context]) >= 0 &&
           ids_differ(&c->audit->inbox[c->context], &c->audit->relevant[c->context], ids_bucket(id)) &&
           !dead_letters_have(&c->audit->dead, (uint8_t)c->context, id);
}

static void list_inbox(struct comparing *c)
{
    struct copy rows;
    PGconn *connection = database_open(c->audit, c->context);
    if (!connection)
        return;
    if (copy_open(&rows, connection, "select event from inbox"))
        while (copy_next(&rows))
            if (differs(c, copy_uuid(&rows, 0)))
                list_add(&c->inbox, copy_uuid(&rows, 0), (struct uuid){{0}});
    if (!copy_close(&rows))
        audit_fault(c->audit, "the database of %s: %s", context_names[c->context].p, rows.fault);
    PQfinish(connection);
}

static void list_dossier(struct comparing *c, const struct dossier *d)
{
    for (size_t i = 0; i < d->event_count; i++) {
        const struct happened *e = &d->events[i];
        bool reads = e->h->event < EVENTS && event_words[e->h->event].readers & 1u << c->context && differs(c, e->h->id);
        if (reads && e->first)
            list_add(&c->required, e->h->id, d->key);
        else if (reads && e->h->kind == KIND_PRODUCT)
            list_add(&c->allowed, e->h->id, d->key);
    }
    for (size_t i = 0; i < d->message_count; i++)
        if (d->messages[i].excused && differs(c, d->messages[i].m->id))
            list_add(&c->allowed, d->messages[i].m->id, d->key);
}

static void list_relevant(struct comparing *c)
{
    struct bucket bucket;
    struct dossier d;
    bucket_init(&bucket);
    for (size_t i = 0; i < c->audit->buckets && bucket_load(&bucket, c->audit->spills, READERS, i); i++)
        while (bucket_next(&bucket, &d))
            list_dossier(c, &d);
    bucket_release(&bucket);
}

static void name_differences(struct comparing *c)
{
    const char *context = context_names[c->context].p;
    for (size_t i = 0; i < c->required.count; i++) {
        const struct id_of *e = &c->required.items[i];
        if (list_find(&c->inbox, e->id))
            continue;
        findings_add(&c->audit->findings, 13, e->order, "order %s: event %s is not in the inbox of %s", id_text(e->order).p,
                     id_text(e->id).p, context);
        findings_add(&c->audit->findings, 15, e->order, "order %s: event %s was received by %s, and neither processed nor dead-lettered",
                     id_text(e->order).p, id_text(e->id).p, context);
        findings_add(&c->audit->findings, 21, e->order, "order %s: replayed, event %s would come to %s as if it were new",
                     id_text(e->order).p, id_text(e->id).p, context);
    }
    for (size_t i = 0; i < c->inbox.count; i++) {
        struct uuid id = c->inbox.items[i].id;
        if (!list_find(&c->required, id) && !list_find(&c->allowed, id)) {
            findings_add(&c->audit->findings, 13, id, "event %s is in the inbox of %s, and not on its topics", id_text(id).p, context);
            findings_add(&c->audit->findings, 15, id, "event %s was processed by %s, and never received", id_text(id).p, context);
        }
    }
}

static void compare_inbox(struct audit *a, enum context context)
{
    bool same = true;
    for (unsigned i = 0; i < ID_BUCKETS; i++)
        same &= !ids_differ(&a->inbox[context], &a->relevant[context], i);
    if (same)
        return;
    struct comparing c = {.audit = a, .context = context};
    list_inbox(&c);
    list_relevant(&c);
    list_sort(&c.inbox);
    list_sort(&c.required);
    list_sort(&c.allowed);
    name_differences(&c);
    free(c.inbox.items);
    free(c.required.items);
    free(c.allowed.items);
}

/* ── 20: one key, two orders ─────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void compare_keys(struct audit *a)
{
    const struct client_history *h = a->told;
    for (size_t i = 0; h && i < h->count; i++) {
        const struct client_answer *answer = &h->items[h->by_key[i]], *before = i ? &h->items[h->by_key[i - 1]] : NULL;
        if (before && before->key == answer->key && !uuid_is_nil(before->order) && !uuid_is_nil(answer->order) &&
            !uuid_equal(before->order, answer->order))
            findings_add(&a->findings, 20, answer->order, "one key has made order %s and order %s", id_text(before->order).p,
                         id_text(answer->order).p);
        if (uuid_is_nil(answer->order) && answer->outcome == OUTCOME_OK)
            findings_add(&a->findings, 19, answer->order, "a client was told %d, and nobody knows the order or the key", answer->status);
    }
    if (h) {
        struct tally t = {.looked = {[20] = (int64_t)h->count}};
        findings_count(&a->findings, &t);
    }
}

static void timed(struct audit *a, int invariant, duration began)
{
    struct tally t = {.took = {[0] = 0}};
    t.took[invariant] = clock_monotonic() - began;
    findings_count(&a->findings, &t);
}

void sums_compare(struct audit *a)
{
    compare_money(a);
    compare_stock(a);
    duration began = clock_monotonic();
    for (enum context context = 0; context < DATABASES; context++)
        compare_inbox(a, context);
    timed(a, 13, began);
    count_forgotten(a);
    compare_received(a);
    compare_keys(a);
}
