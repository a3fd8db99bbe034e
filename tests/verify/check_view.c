/* View: 17, 21. The messages of an order, folded once and twice, and what Redis keeps of it. */
#include "look.h"

#include "hash.h"
#include <stdio.h>
#include <stdlib.h>

static void fold_set(struct fold *f, enum field field, uint64_t value)
{
    f->values[field] = value;
    f->has[field] = true;
}

/* What is not newer than what is there changes nothing. */
static bool fold_apply(struct fold *f, const struct change *c)
{
    if (c->guard >= FIELDS || c->version <= f->versions[c->guard])
        return false;
    f->versions[c->guard] = c->version;
    f->begun = true;
    f->status = c->status > f->status ? c->status : f->status;
    f->updated = c->at > f->updated ? c->at : f->updated;
    for (size_t i = 0; i < c->count; i++)
        fold_set(f, (enum field)c->fields[i].field, c->fields[i].value);
    if (!uuid_is_nil(c->customer))
        f->customer = c->customer;
    f->entries[f->entry_count++] = c->entry;
    return true;
}

/* Whatever the view has not refused it has taken. */
static bool is_taken(const struct told_message *t)
{
    return t->change && !(t->m->dead & 1u << CONTEXT_VIEW);
}

/* A number, as Redis keeps it. */
static void fold_set_number(struct fold *f, enum field field, int number)
{
    char text[16];
    fold_set(f, field, hash_str((struct str){text, (size_t)snprintf(text, sizeof text, "%d", number)}));
}

static void fold_all(struct fold *f, const struct dossier *d, struct arena *arena)
{
    char text[INSTANT_TEXT + 1];
    *f = (struct fold){.entries = ARENA_ARRAY(arena, uint64_t, d->message_count + 1)};
    for (size_t i = 0; i < d->message_count; i++)
        if (is_taken(&d->messages[i]))
            fold_apply(f, d->messages[i].change);
    if (!f->begun)
        return;
    for (int field = 0; field < FIELDS; field++)
        if (f->versions[field])
            fold_set_number(f, (enum field)field, f->versions[field]);
    fold_set_number(f, FIELD_STATUS, f->status);
    instant_format(f->updated, text);
    fold_set(f, FIELD_UPDATED, hash_str(str_of(text)));
}

/* ── 17 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static const struct field_value *fields_of(const struct document_row *row)
{
    return (const void *)(row + 2); /* 8 bytes behind its begin: see view.c */
}

static void compare_fields(struct look *l, const struct dossier *d, const struct fold *f)
{
    bool seen[FIELDS] = {false};
    const struct field_value *fields = fields_of(d->document);
    for (size_t i = 0; i < d->document->fields; i++) {
        uint64_t field = fields[i].field;
        if (field >= FIELDS) {
            wrong(l, 17, d, "its document has a field that no event sets");
            continue;
        }
        seen[field] = true;
        if (!f->has[field])
            wrong(l, 17, d, "its document has the field %s, which no event has set", field_names[field].p);
        else if (fields[i].value != f->values[field])
            wrong(l, 17, d, "the field %s of its document is not what the events say", field_names[field].p);
    }
    for (int field = 0; field < FIELDS; field++)
        if (f->has[field] && !seen[field])
            wrong(l, 17, d, "its document lacks the field %s", field_names[field].p);
}

static void compare_entries(struct look *l, const struct dossier *d, struct fold *f)
{
    uint64_t *kept = (uint64_t *)(void *)(fields_of(d->document) + d->document->fields);
    size_t n = d->document->entries, same = 0;
    qsort(kept, n, sizeof *kept, compare);
    qsort(f->entries, f->entry_count, sizeof *f->entries, compare);
    while (same < n && same < f->entry_count && kept[same] == f->entries[same])
        same++;
    if (same < n || same < f->entry_count)
        wrong(l, 17, d, "its timeline has %zu entries, the topics %zu; not all are the same", n, f->entry_count);
}

static void compare_lists(struct look *l, const struct dossier *d, const struct fold *f)
{
    bool listed = false;
    for (size_t i = 0; i < d->listed_count; i++) {
        listed |= uuid_equal(*d->listed[i], f->customer);
        if (!uuid_equal(*d->listed[i], f->customer))
            wrong(l, 17, d, "it is in the list of customer %s, whose it is not", id_text(*d->listed[i]).p);
    }
    if (!uuid_is_nil(f->customer) && !listed)
        wrong(l, 17, d, "it is not in the list of its customer %s", id_text(f->customer).p);
}

void check_document(struct look *l, const struct dossier *d)
{
    struct fold *f = &l->fold;
    arena_reset(&l->arena);
    fold_all(f, d, &l->arena);
    looked(l, 17, d->document != NULL);
    if (f->begun && !d->document)
        wrong(l, 17, d, "Redis has no document of it");
    else if (!f->begun && d->document)
        wrong(l, 17, d, "Redis has a document of it, the topics have nothing");
    else if (d->document) {
        compare_fields(l, d, f);
        compare_entries(l, d, f);
    }
    compare_lists(l, d, f);
}

/* ── 21 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* Redis's own guard: as it stands, would it let a message pass that it has had? */
static bool guarded(const struct dossier *d, const struct fold *f, uint8_t guard)
{
    const struct field_value *fields = fields_of(d->document);
    for (size_t i = 0; i < d->document->fields; i++)
        if (fields[i].field == guard)
            return fields[i].value == f->values[guard];
    return false;
}

void check_replay(struct look *l, const struct dossier *d)
{
    struct fold *f = &l->fold; /* of check_document() */
    for (size_t i = 0; i < d->message_count; i++) {
        const struct told_message *t = &d->messages[i];
        looked(l, 21, 1);
        if (!is_taken(t))
            continue;
        if (fold_apply(f, t->change))
            wrong(l, 21, d, "a second fold takes %s again", id_text(t->m->id).p);
        else if (d->document && t->change->guard < FIELDS && t->change->version == f->versions[t->change->guard] &&
                 !guarded(d, f, t->change->guard))
            wrong(l, 21, d, "replayed, %s may change its document: %s in Redis is not %d", id_text(t->m->id).p,
                  field_names[t->change->guard].p, (int)t->change->version);
    }
}
